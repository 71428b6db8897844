"""The nested rates of a cohort: fractions, never averages of percentages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.core.divisions import DIGITS, Level
from marketplace.core.kinds import NeedCategory
from marketplace.db import db
from marketplace.needs.models import Need
from marketplace.statistics.cohorts import Cohort, Step, progress
from marketplace.statistics.hiding import LEAST, hidden_of

# A table by place shows no cell of fewer households than this (P2).
SMALLEST_CELL = LEAST


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of one cohort; each of the first five is a part of the one before it."""

    published: int = 0
    pledged: int = 0
    delivered: int = 0
    confirmed: int = 0
    arms_length: int = 0
    # Beside the cohort: withdrawn before any pledge.
    withdrawn: int = 0
    # Of those not pledged: run out; held back by a reviewer, who still count as waiting.
    expired: int = 0
    suspended: int = 0

    def __add__(self, other: "Rates") -> "Rates":
        return Rates(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def of(self, step: Step) -> int:
        """The count of one step."""
        count: int = getattr(self, step.value)
        return count

    @property
    def waiting(self) -> int:
        """Published, not pledged, not run out."""
        return self.published - self.pledged - self.expired


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of a table by place, month or category; None where so few may not be shown."""

    key: str
    published: int | None
    pledged: int | None


def rates_of(cohort: Cohort) -> Rates:
    """All counts of a cohort, in one query."""
    row = db.session.execute(sa.select(*counts_of(progress(cohort)))).one()
    return Rates(*(int(count or 0) for count in row))


def rates_by_county(cohort: Cohort) -> dict[str, Rates]:
    """Counts by 12-digit county code; counties without a need are left out."""
    return {county: rates for (county, _part), rates in rates_in_grid(cohort, ()).items()}


def rates_in_grid(cohort: Cohort, bounds: Iterable[datetime]) -> dict[tuple[str, int], Rates]:
    """Counts by county code and by the part that ``bounds`` (ascending) cut the days of publication into.

    Part 0 lies before the first bound, part 1 between the first and the second, and so on; one query for all.
    """
    seen = progress(cohort)
    digits = DIGITS[Level.COUNTY]
    starts = list(bounds)
    before = [(seen.c.published_at < start, position) for position, start in enumerate(starts)]
    part = sa.case(*before, else_=len(starts)) if before else sa.literal(0)
    county = sa.func.substr(seen.c.division_code, 1, digits)
    placed = sa.select(*seen.c, county.label("county"), part.label("part")).subquery("placed")
    keys = (placed.c.county, placed.c.part)
    rows = db.session.execute(sa.select(*keys, *counts_of(placed)).group_by(*keys).order_by(*keys))
    return {(f"{row[0]}{'0' * (12 - digits)}", row[1]): Rates(*(int(count or 0) for count in row[2:])) for row in rows}


def rates_by_category(cohort: Cohort) -> dict[NeedCategory, Rates]:
    """Counts by category."""
    seen = progress(cohort)
    rows = db.session.execute(sa.select(seen.c.category, *counts_of(seen)).group_by(seen.c.category))
    found = {row[0]: Rates(*(int(count or 0) for count in row[1:])) for row in rows}
    return {category: found[category] for category in NeedCategory if category in found}


def codes_of(cohort: Cohort, step: Step, *, after: str = "", size: int = 100) -> list[str]:
    """Need codes behind one count, in order of code, those after ``after``; a hidden need is counted, not named."""
    seen = progress(cohort)
    is_hidden = sa.exists().where(Need.id == seen.c.id, Need.hidden_at.is_not(None))
    is_counted = sa.and_(seen.c[step.value] == 1, seen.c.is_withdrawn == 0)
    chosen = sa.select(seen.c.code).where(is_counted, ~is_hidden, seen.c.code > after)
    return list(db.session.scalars(chosen.order_by(seen.c.code).limit(size)))


def cells_of(rates: Mapping[str, Rates], *, least: int = SMALLEST_CELL) -> list[Cell]:
    """Rows of a public table: cells below ``least`` are hidden, and more where they could be worked out."""
    hidden = hidden_of({key: r.published for key, r in rates.items()}, least=least)
    return [Cell(key, None, None) if key in hidden else Cell(key, r.published, r.pledged) for key, r in rates.items()]


def counts_of(seen: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    """The columns that count the rows of cohorts.progress, in the order of Rates."""
    is_in = seen.c.is_withdrawn == 0

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
        return sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0))

    steps = [count(is_in, seen.c[step.value] == 1) for step in Step]
    return [
        *steps,
        count(seen.c.is_withdrawn == 1),
        count(is_in, seen.c.ended_at.is_not(None)),
        count(is_in, seen.c.is_suspended == 1),
    ]
