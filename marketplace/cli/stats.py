"""``marketplace stats``: the success rates and what stands behind them, as a table or as one JSON document."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import click

from marketplace.cli.context import Refused, say, with_app
from marketplace.core.divisions import DIGITS, Level, significant
from marketplace.core.errors import DomainError
from marketplace.core.kinds import SupportKind, find_member
from marketplace.core.money import Money, percent
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.regions.queries import find_division, place_name
from marketplace.statistics import queries
from marketplace.statistics.degrees import Fraction, activity_of, precision_of
from marketplace.statistics.hiding import ANY
from marketplace.statistics.intervals import wilson
from marketplace.statistics.keeping import end_of, keep_day
from marketplace.statistics.queries import Rates, Step, Waiting
from marketplace.statistics.seen import of_question, rates_among, seen_needs
from marketplace.statistics.snapshots import Kept, corrections_of, find_snapshot
from marketplace.statistics.waiting import waiting_among

ALL_KINDS = "all"
_ACTIVE_DAYS = 30


@click.command()
@click.option("--area", metavar="CODE", default="", help="12-digit code of a division; the whole site without it.")
@click.option(
    "--kind",
    type=click.Choice([*(kind.value for kind in SupportKind), ALL_KINDS]),
    default=SupportKind.MONEY.value,
    show_default=True,
    help="The kind of help that is counted.",
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="A day; figures as they stood at its end.")
@click.option("--snapshot", is_flag=True, help="Keep the figures of the day of --as-of, which must be over, first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def stats(area: str, kind: str, as_of: datetime | None, snapshot: bool, as_json: bool) -> None:
    """Print the nested success rates, coverage and channels."""
    with with_app():
        if area and find_division(area) is None:
            raise Refused(say("There is no such division."))
        day = as_of.date() if as_of else None
        if snapshot:
            _keep(day)
        found = figures(area=area, kind=kind, moment=end_of(day) if day else utc_now(), day=day)
        click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _table(found))


def _keep(day: date | None) -> None:
    """Keep the figures of a day; a day that was kept stays as it was."""
    if day is None:
        raise Refused(say("Name the day whose figures are to be kept with --as-of."))
    try:
        with transaction():
            keep_day(day, now=utc_now())
    except DomainError as error:
        raise Refused(say(error.message)) from error


def figures(*, area: str, kind: str, moment: datetime, day: date | None = None) -> dict[str, Any]:
    """The document: a fraction for each rate, counts for the rest, money in fen.

    ``kind`` says which needs ``needs`` and ``success_rate`` count; households, donors and channels are of all. Where
    the figures of ``day`` were kept, they are told as they were kept, with what is counted otherwise today.
    """
    chosen = find_member(SupportKind, kind)
    cohort = queries.make_cohort(area, kind=chosen, as_of=moment)
    seen = seen_needs(cohort)
    counted = of_question(seen, cohort)
    live = rates_among(seen)
    prefix = significant(area) if area else ""
    kept = find_snapshot(day) if day and len(prefix) <= DIGITS[Level.COUNTY] else None
    rates = kept.cube.whole(prefix, kind=chosen.value if chosen else ANY) if kept else live
    reach = kept.reach(prefix) if kept else queries.coverage(area, as_of=moment)
    return {
        "as_of": china_day(moment).isoformat(),
        "area": area,
        "kind": kind,
        "households": reach.registered,
        "donors": kept.donors if kept else queries.count_donors(as_of=moment),
        "needs": {step.value: rates.of(step) for step in Step},
        "withdrawn_before_pledge": rates.withdrawn,
        "expired": rates.expired,
        "suspended": rates.suspended,
        "success_rate": {"numerator": rates.pledged, "denominator": rates.published},
        "success_rate_interval_95": _interval(rates),
        "coverage": {
            "registered_households": reach.registered,
            "households_with_need": reach.with_need,
            "households_with_money_need": reach.with_money_need,
        },
        "channels": [
            {
                "name": row.channel.label,
                "code": row.channel.value,
                "projects": row.projects,
                "agreed_fen": row.agreed_fen,
                "received_fen": row.received_fen,
            }
            for row in (kept.channel_totals if kept else queries.channels(as_of=moment))
        ],
        "time_to_pledge": _waiting(waiting_among(counted, as_of=moment)),
        "degrees": {
            "activity": _fraction(activity_of(since=moment - timedelta(days=_ACTIVE_DAYS), as_of=moment)),
            "participation": {"numerator": reach.with_need, "denominator": reach.registered},
            "precision": _fraction(precision_of(counted)),
        },
        "snapshot": _snapshot(kept, old=rates, new=live),
    }


def _interval(rates: Rates) -> dict[str, float] | None:
    """Wilson's bounds as shares of one."""
    found = wilson(rates.pledged, rates.published)
    return {"low": found.low / 1000, "high": found.high / 1000} if found else None


def _fraction(found: Fraction) -> dict[str, int]:
    return {"numerator": found.part, "denominator": found.whole}


def _waiting(found: Waiting) -> dict[str, Any]:
    """Kaplan and Meier's median in days, and the shares of one pledged within some days."""
    within = {str(days): None if tenths is None else tenths / 1000 for days, tenths in found.within}
    return {"median_days": found.median_days, "within": within, "censored": found.needs - found.matched}


def _snapshot(kept: Kept | None, *, old: Rates, new: Rates) -> dict[str, Any] | None:
    if kept is None:
        return None
    changed = [{"name": c.name, "old": c.old, "new": c.new} for c in corrections_of(old, new)]
    return {"taken_at": kept.taken_at.isoformat(), "corrections": changed}


def _table(found: dict[str, Any]) -> str:
    place = place_name(found["area"]) if found["area"] else say("everywhere")
    reach = found["coverage"]
    lines = [
        say("As of %(day)s, %(place)s, kind of help: %(kind)s", day=found["as_of"], place=place, kind=found["kind"]),
        _count(say("Households"), found["households"]),
        _count(say("Donors"), found["donors"]),
        *_rates(found["needs"]),
        _count(say("Withdrawn before any pledge (not counted)"), found["withdrawn_before_pledge"]),
        *(
            say("Correction of %(name)s: %(old)s then, %(new)s counted today", **change)
            for change in (found["snapshot"] or {"corrections": []})["corrections"]
        ),
        _share(say("Households with a published need"), reach["households_with_need"], reach["registered_households"]),
        "",
        say("Channels: projects, agreed, received (10,000 yuan), arrival rate"),
    ]
    return "\n".join([*lines, *(_channel(row) for row in found["channels"])])


def _rates(needs: dict[str, int]) -> list[str]:
    words = {
        Step.PUBLISHED: say("Published"),
        Step.PLEDGED: say("Matched"),
        Step.DELIVERED: say("Delivered"),
        Step.CONFIRMED: say("Confirmed by two people"),
        Step.ARMS_LENGTH: say("Of these at arm's length"),
    }
    return [_share(words[step], needs[step.value], needs[Step.PUBLISHED.value]) for step in Step]


def _count(name: str, count: int) -> str:
    return say("%(name)s: %(count)s", name=name, count=f"{count:,}")


def _share(name: str, part: int, whole: int) -> str:
    return say(
        "%(name)s: %(part)s of %(whole)s, %(percent)s %%",
        name=name,
        part=f"{part:,}",
        whole=f"{whole:,}",
        percent=percent(part, whole),
    )


def _channel(row: dict[str, Any]) -> str:
    agreed, received = row["agreed_fen"], row["received_fen"]
    rate = percent(received, agreed)
    return f"{row['name']}  {row['projects']:,}  {Money(agreed).wan}  {Money(received).wan}  {rate} %"
