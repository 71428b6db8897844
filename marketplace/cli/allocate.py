"""``marketplace match allocate``: work out who could give what to whom; people decide on it."""

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
