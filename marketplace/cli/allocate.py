"""``marketplace match allocate / simulate``: who could give what to whom; what it does over a made-up year."""

import json
from typing import Any

import click

from marketplace.allocations import service
from marketplace.cli.context import say, with_app
from marketplace.core.actor import SYSTEM
from marketplace.core.errors import NotFound
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.regions.models import Division

_WORKERS = 2
_SORTS = (("money", "money and things", "fen"), ("places", "jobs and places", "places"))


@click.command()
@click.option("--area", metavar="CODE", default="", help="A division's twelve digits; the whole site without it.")
@click.option("--benchmark", "measures", is_flag=True, help="Measure on synthetic needs beside its peers instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def allocate(area: str, measures: bool, as_json: bool) -> None:
    """Propose who could give what to whom; staff decide at /desk/allocation, and nothing happens before."""
    if measures:
        # The measured libraries take a second to load, and only this needs them.
        from marketplace.matching.engine import allocate_benchmark  # noqa: PLC0415

        measured = allocate_benchmark.run(progress=lambda words: click.echo(words, err=True))
        click.echo(json.dumps(measured) if as_json else allocate_benchmark.describe(measured))
        return
    with with_app() as app:
        document = _proposal(area or app.config["SETTINGS"].home_division)
        click.echo(json.dumps(document) if as_json else _told(document))


def _proposal(area: str) -> dict[str, Any]:
    now = utc_now()
    if db.session.get(Division, area) is None:
        raise NotFound("There is no division with the code %(code)s.", code=area)
    plan = service.plan_allocation(area, now=now, workers=_WORKERS)
    with transaction():
        kept = service.keep_plan(plan, by=SYSTEM, now=now)
        return {"proposal": kept.code, "area": area, "parts": len(plan.parts), "figures": plan.figures}


def _told(document: dict[str, Any]) -> str:
    words = (
        "%(name)s: %(helped)d of %(needs)d needs would get something; %(placed)d of %(supply)d %(unit)s placed; "
        "price of fairness %(loss).1f %%."
    )
    lines = []
    for sort, name, unit in _SORTS:
        figures = document["figures"][sort]
        values = {key: figures[key] for key in ("needs", "placed", "supply")}
        helped, loss = figures["needs"] - figures["zero_help"], 100 * figures["score_loss"]
        lines.append(say(words, name=say(name), unit=say(unit), helped=helped, loss=loss, **values))
    code = document["proposal"]
    lines.append(
        say("Proposal %(code)s: look at it and decide at %(path)s.", code=code, path=f"/desk/allocation/{code}")
    )
    return "\n".join(lines)


@click.command()
@click.option("--needs", default=1_500, show_default=True, type=click.IntRange(1, 50_000), help="Needs of the year.")
@click.option("--donors", default=350, show_default=True, type=click.IntRange(1, 20_000), help="Donors of the year.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31), help="Decides every lot.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def simulate(needs: int, donors: int, seed: int, as_json: bool) -> None:
    """A made-up year: browsing alone, ranked lists, proposals on top. Synthetic: it describes no real place."""
    # The engine's compiled code takes a second to load, and only this needs it.
    from marketplace.matching.engine import simulate as year  # noqa: PLC0415

    report = year.simulate(needs=needs, donors=donors, seed=seed)
    click.echo(json.dumps(report) if as_json else year.describe(report))
