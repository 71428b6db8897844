"""What is unusual about a household's need: help that it had already, the amount, the limit (fraud rules 5 and 7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import sqlalchemy as sa

from marketplace.core.divisions import Level, at_level
from marketplace.core.money import Money
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.needs.caps import MOST_FEN, asked_by
from marketplace.needs.listing import area_condition
from marketplace.needs.models import Need, NeedLine

HELPED_WITHIN = timedelta(days=365)
# Fewer amounts say nothing of what is usual.
FEWEST = 10
DEVIATIONS = 3
# This close below the limit looks as if it had been measured.
NEAR_LIMIT_PERCENT = 2
_HELPED = (NeedState.DELIVERED, NeedState.CONFIRMED, NeedState.CLOSED)


@dataclass(frozen=True, slots=True)
class Unusual:
    """One unusual thing: a rule, a translatable sentence with its values."""

    rule: str
    message: str
    params: dict[str, str]


def helped_already(need: Need, *, now: datetime) -> Iterator[Unusual]:
    """The household was wholly given the same item within twelve months."""
    given = (
        sa.select(NeedLine.name, Need.code)
        .join(NeedLine.need)
        .where(
            Need.household_id == need.household_id,
            Need.id != need.id,
            Need.state.in_(_HELPED),
            Need.delivered_at > now - HELPED_WITHIN,
        )
        .order_by(Need.id)
    )
    codes = dict(db.session.execute(given).all())
    for line in need.lines:
        if line.name in codes:
            yield Unusual(
                "helped_already",
                "%(name)s: the household was given it within twelve months (%(code)s).",
                {"name": line.name, "code": codes[line.name]},
            )


def far_amount(need: Need, *, now: datetime) -> Iterator[Unusual]:
    """More than three median absolute deviations above the median of households' needs of its category there."""
    township = at_level(need.division_code, Level.TOWNSHIP)
    chosen = sa.select(Need.value_fen).where(
        area_condition(township),
        Need.category == need.category,
        Need.household_id.is_not(None),
        Need.published_at > now - HELPED_WITHIN,
        Need.value_fen > 0,
        Need.id != need.id,
    )
    amounts = list(db.session.scalars(chosen))
    if len(amounts) < FEWEST:
        return
    middle = median(amounts)
    deviation = median(abs(amount - middle) for amount in amounts)
    if deviation and need.value_fen - middle > DEVIATIONS * deviation:
        yield Unusual(
            "far_amount",
            "%(yuan)s yuan is far above what is usual for this in the township (half ask for at most %(middle)s yuan).",
            {"yuan": Money(need.value_fen).short, "middle": Money(int(middle)).short},
        )


def near_limit(need: Need, *, now: datetime) -> Iterator[Unusual]:
    """Just below the sum of a year above which a written approval is needed."""
    asked = asked_by(need.household_id or 0, but=need, now=now)
    whole = asked.value_fen + need.value_fen
    if MOST_FEN * (100 - NEAR_LIMIT_PERCENT) <= whole * 100 <= MOST_FEN * 100:
        yield Unusual(
            "near_limit",
            "With this need the household asks for %(sum)s yuan within a year, just below the limit of %(most)s yuan.",
            {"sum": Money(whole).short, "most": Money(MOST_FEN).short},
        )
