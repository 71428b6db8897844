"""Figures with their definitions: the nested rates, coverage, channels; read only, over all the rest."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.core.divisions import DIGITS, Level, significant
from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.households.models import Household
from marketplace.needs.models import Need
from marketplace.pairings.queries import ChannelTotals, channel_totals
from marketplace.statistics.cohorts import Cohort, Step
from marketplace.statistics.rates import (
    Cell,
    Rates,
    cells_of,
    codes_of,
    rates_by_category,
    rates_by_county,
    rates_in_grid,
    rates_of,
)
from marketplace.statistics.waiting import Waiting, waiting_of

__all__ = [
    "Cell",
    "ChannelTotals",
    "Cohort",
    "Coverage",
    "Rates",
    "Step",
    "Waiting",
    "cells_of",
    "channels",
    "codes_of",
    "count_donors",
    "coverage",
    "make_cohort",
    "need_rates",
    "rates_by_category",
    "rates_by_county",
    "rates_in_grid",
    "rates_of",
    "waiting_of",
]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Households with at least one published need, of any kind and of money, beside all that are registered."""

    registered: int
    with_need: int
    with_money_need: int


def make_cohort(
    area: str = "",
    *,
    as_of: datetime,
    kind: SupportKind | None = SupportKind.MONEY,
    category: NeedCategory | None = None,
    since: datetime | None = None,
) -> Cohort:
    """A cohort by the 12-digit code of a division; "" is everywhere."""
    return Cohort(as_of=as_of, area=significant(area) if area else "", kind=kind, category=category, since=since)


def need_rates(
    area: str = "",
    *,
    as_of: datetime,
    kind: SupportKind | None = SupportKind.MONEY,
    category: NeedCategory | None = None,
    since: datetime | None = None,
) -> Rates:
    """The nested counts of needs first published in a division, as they stood at ``as_of``."""
    return rates_of(make_cohort(area, as_of=as_of, kind=kind, category=category, since=since))


def coverage(area: str = "", *, as_of: datetime) -> Coverage:
    """How many of the registered households have published a need: a rate says nothing about reach."""
    prefix = significant(area) if area else ""
    registered = sa.select(sa.func.count(Household.id)).where(
        Household.registered_at <= as_of, Household.division_code.startswith(prefix, autoescape=True)
    )
    with_need = sa.select(
        sa.func.count(sa.distinct(Need.household_id)),
        sa.func.count(sa.distinct(sa.case((Need.kind == SupportKind.MONEY, Need.household_id)))),
    ).where(Need.published_at <= as_of, Need.division_code.startswith(prefix, autoescape=True))
    of_any, of_money = db.session.execute(with_need).one()
    return Coverage(db.session.scalar(registered) or 0, of_any, of_money)


def coverage_by_county(*, as_of: datetime) -> dict[str, Coverage]:
    """Coverage of each county by its 6 digits."""
    homes = sa.select(_county(Household.division_code)).where(Household.registered_at <= as_of).subquery("homes")
    counted = sa.select(homes.c.county, sa.func.count()).group_by(homes.c.county)
    registered: dict[str, int] = dict(db.session.execute(counted).all())
    needs = sa.select(_county(Need.division_code), Need.household_id, Need.kind).where(Need.published_at <= as_of)
    asked = needs.subquery("asked")
    with_need = sa.select(
        asked.c.county,
        sa.func.count(sa.distinct(asked.c.household_id)),
        sa.func.count(sa.distinct(sa.case((asked.c.kind == SupportKind.MONEY, asked.c.household_id)))),
    )
    asking = {row[0]: (row[1], row[2]) for row in db.session.execute(with_need.group_by(asked.c.county))}
    return {c: Coverage(registered.get(c, 0), *asking.get(c, (0, 0))) for c in sorted({*registered, *asking})}


def _county(code: sa.orm.InstrumentedAttribute[str]) -> sa.Label[str]:
    return sa.func.substr(code, 1, DIGITS[Level.COUNTY]).label("county")


def count_donors(*, as_of: datetime) -> int:
    """Donors who had registered by then."""
    return db.session.scalar(sa.select(sa.func.count(Donor.id)).where(Donor.joined_at <= as_of)) or 0


def channels(*, as_of: datetime) -> list[ChannelTotals]:
    """Projects and money of each channel, from the ledger."""
    return channel_totals(as_of)
