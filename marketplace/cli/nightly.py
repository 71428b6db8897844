"""``marketplace nightly``: what is due each day; safe to run again at any time."""

import json
from contextlib import suppress

import click

from marketplace.cli.context import say, with_app
from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Conflict
from marketplace.db import db, refresh_statistics, transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.households.duplicates import find_duplicates
from marketplace.matching import learning, outcomes
from marketplace.matching import service as matching
from marketplace.media.service import sweep_photos
from marketplace.needs import service as needs
from marketplace.needs.signals import find_signals
from marketplace.notices.queries import due_notices
from marketplace.notices.service import close_notice
from marketplace.pledges import service as pledges
from marketplace.pledges.queries import due_ids
from marketplace.statistics.keeping import keep_days


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def nightly(as_json: bool) -> None:
    """Do what is due: lapse pledges, expire needs, close notices and apply what they changed, rank what is open."""
    with with_app():
        now = utc_now()
        lapsed = _lapse_pledges()
        with transaction():
            expired = needs.expire_needs(by=SYSTEM, now=now)
        changed = _close_notices()
        sweep_photos(now=now)
        with transaction():
            signals = find_signals(now=now, by=SYSTEM)
        with transaction():
            doubled = find_duplicates(by=SYSTEM, now=now)
        with transaction():
            followed = outcomes.collect(now=now)
            kept = keep_days(now=now)
        with transaction():
            learnt = learning.train(now=now, seed=china_day(now).toordinal()).version
        with transaction():
            ranked = matching.run(now=now, seed=china_day(now).toordinal()).needs
        with transaction() as session:
            refresh_statistics(session)
        if as_json:
            done: dict[str, int | str] = {"pledges_lapsed": lapsed, "needs_expired": expired}
            done |= {"statuses_changed": changed, "duplicates_found": doubled, "signals_found": signals}
            done |= {"outcomes": followed, "days_kept": kept, "model_learnt": learnt, "needs_ranked": ranked}
            click.echo(json.dumps({"at": now.isoformat(), **done}))
        else:
            click.echo(say("Pledges that ran out: %(number)d.", number=lapsed))
            click.echo(say("Needs that expired: %(number)d.", number=expired))
            click.echo(say("Possible duplicates found: %(number)d.", number=doubled))
            click.echo(say("Outcomes of suggestions and pledges noted: %(number)d.", number=followed))
            click.echo(say("Changes of status that took effect: %(number)d.", number=changed))
            click.echo(say("Signals for the counties: %(number)d.", number=signals))
            click.echo(say("Model learnt and compared: %(version)s.", version=learnt))
            click.echo(say("Days of figures kept: %(number)d.", number=kept))
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


def _close_notices() -> int:
    """One transaction for each notice, as for pledges; one that is objected to at this moment stays open."""
    now = utc_now()
    due = due_notices(now)
    db.session.rollback()
    changed = 0
    for notice_id in due:
        with suppress(Conflict), transaction():
            changed += len(close_notice(notice_id, by=SYSTEM, now=now))
    return changed
