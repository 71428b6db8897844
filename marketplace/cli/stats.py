"""``marketplace stats``: the success rates and what stands behind them, as a table or as one JSON document."""

import json
from datetime import datetime, time, timedelta
from typing import Any

import click

from marketplace.cli.context import Refused, say, with_app
from marketplace.core.kinds import SupportKind, find_member
from marketplace.core.money import Money, percent
from marketplace.db.clock import CHINA, china_day, utc_now
from marketplace.regions.queries import find_division, place_name
from marketplace.statistics import queries
from marketplace.statistics.queries import Step

ALL_KINDS = "all"


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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def stats(area: str, kind: str, as_of: datetime | None, as_json: bool) -> None:
    """Print the nested success rates, coverage and channels."""
    with with_app():
        if area and find_division(area) is None:
            raise Refused(say("There is no such division."))
        found = figures(area=area, kind=kind, moment=end_of_day(as_of) if as_of else utc_now())
        click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _table(found))


def end_of_day(day: datetime) -> datetime:
    """The last moment of a day in China."""
    return datetime.combine(day.date() + timedelta(days=1), time(), CHINA) - timedelta(microseconds=1)


def figures(*, area: str, kind: str, moment: datetime) -> dict[str, Any]:
    """The document: a fraction for each rate, counts for the rest, money in fen.

    ``kind`` says which needs ``needs`` and ``success_rate`` count; households, donors and channels are of all.
    """
    chosen = find_member(SupportKind, kind)
    rates = queries.need_rates(area, kind=chosen, as_of=moment)
    reach = queries.coverage(area, as_of=moment)
    return {
        "as_of": china_day(moment).isoformat(),
        "area": area,
        "kind": kind,
        "households": reach.registered,
        "donors": queries.count_donors(as_of=moment),
        "needs": {step.value: rates.of(step) for step in Step},
        "withdrawn_before_pledge": rates.withdrawn,
        "success_rate": {"numerator": rates.pledged, "denominator": rates.published},
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
            for row in queries.channels(as_of=moment)
        ],
    }


def _table(found: dict[str, Any]) -> str:
    place = place_name(found["area"]) if found["area"] else say("everywhere")
    reach = found["coverage"]
    lines = [
        say("As of %(day)s, %(place)s, kind of help: %(kind)s", day=found["as_of"], place=place, kind=found["kind"]),
        _count(say("Households"), found["households"]),
        _count(say("Donors"), found["donors"]),
        *_rates(found["needs"]),
        _count(say("Withdrawn before any pledge (not counted)"), found["withdrawn_before_pledge"]),
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
