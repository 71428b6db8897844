"""``marketplace nightly``: what is due each day; safe to run again at any time."""

import json

import click

from marketplace.cli.context import say, with_app
from marketplace.core.actor import SYSTEM
from marketplace.db import db, transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.matching import outcomes
from marketplace.matching import service as matching
from marketplace.media.service import sweep_photos
from marketplace.needs import service as needs
from marketplace.pledges import service as pledges
from marketplace.pledges.queries import due_ids


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def nightly(as_json: bool) -> None:
    """Do what is due: lapse pledges that did not arrive, expire needs that nobody took, rank what is open."""
    with with_app():
        now = utc_now()
        lapsed = _lapse_pledges()
        with transaction():
            expired = needs.expire_needs(by=SYSTEM, now=now)
        sweep_photos(now=now)
        with transaction():
            followed = outcomes.collect(now=now)
        with transaction():
            ranked = matching.run(now=now, seed=china_day(now).toordinal()).needs
        if as_json:
            done = {"pledges_lapsed": lapsed, "needs_expired": expired, "outcomes": followed, "needs_ranked": ranked}
            click.echo(json.dumps({"at": now.isoformat(), **done}))
        else:
            click.echo(say("Pledges that ran out: %(number)d.", number=lapsed))
            click.echo(say("Needs that expired: %(number)d.", number=expired))
            click.echo(say("Outcomes of suggestions and pledges noted: %(number)d.", number=followed))
            click.echo(say("Open needs ranked: %(number)d.", number=ranked))


def _lapse_pledges() -> int:
    """One transaction for each pledge: an interrupted run has done whole pledges, and donors never wait for long."""
    now = utc_now()
    due = due_ids(now)
    db.session.rollback()
    lapsed = 0
    for pledge_id in due:
        with transaction():
            lapsed += pledges.lapse_pledge(pledge_id, now=now)
    return lapsed
