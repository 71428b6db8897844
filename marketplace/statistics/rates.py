"""The nested rates of a cohort: fractions, never averages of percentages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.core.divisions import DIGITS, Level
from marketplace.core.kinds import NeedCategory
from marketplace.db import db
from marketplace.statistics.cohorts import Cohort, Step, progress

# A table by place shows no cell of fewer households than this (P2).
SMALLEST_CELL = 5


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
    # Of those not pledged: still waiting, and run out.
    expired: int = 0

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
    row = db.session.execute(sa.select(*_counts(progress(cohort)))).one()
    return Rates(*(int(count or 0) for count in row))


def rates_by_county(cohort: Cohort) -> dict[str, Rates]:
    """Counts by 12-digit county code; counties without a need are left out."""
    seen = progress(cohort)
    digits = DIGITS[Level.COUNTY]
    county = sa.func.substr(seen.c.division_code, 1, digits)
    return {f"{key}{'0' * (12 - digits)}": rates for key, rates in _grouped(seen, county).items()}


def rates_by_category(cohort: Cohort) -> dict[NeedCategory, Rates]:
    """Counts by category."""
    seen = progress(cohort)
    return {key: rates for key, rates in _grouped(seen, seen.c.category).items() if key is not None}


def rates_between(cohort: Cohort, bounds: Iterable[datetime]) -> list[Rates]:
    """Counts of the parts that ``bounds`` (ascending) cut the cohort into by day of publication."""
    starts = list(bounds)
    seen = progress(cohort)
    part = sa.case(
        *((seen.c.published_at < end, position) for position, end in enumerate(starts[1:])), else_=len(starts) - 1
    )
    found = _grouped(seen, part, seen.c.published_at >= starts[0])
    return [found.get(position, Rates()) for position in range(len(starts))]


def codes_of(cohort: Cohort, step: Step, *, after: str = "", size: int = 100) -> list[str]:
    """Need codes behind one count, in order of code, those after ``after``."""
    seen = progress(cohort)
    chosen = sa.select(seen.c.code).where(seen.c[step.value] == 1, seen.c.is_withdrawn == 0, seen.c.code > after)
    return list(db.session.scalars(chosen.order_by(seen.c.code).limit(size)))


def cells_of(rates: Mapping[str, Rates], *, least: int = SMALLEST_CELL) -> list[Cell]:
    """Rows for a public table: cells below ``least`` are hidden, and one more where one alone could be worked out."""
    hidden = {key for key, r in rates.items() if 0 < r.published < least}
    if len(hidden) == 1:
        others = [key for key, r in rates.items() if key not in hidden and r.published]
        hidden |= set(sorted(others, key=lambda key: (rates[key].published, key))[:1])
    return [Cell(key, None, None) if key in hidden else Cell(key, r.published, r.pledged) for key, r in rates.items()]


def whole_of(cohort: Cohort) -> Cohort:
    """The same cohort for all kinds of help."""
    return replace(cohort, kind=None)


def _counts(seen: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    is_in = seen.c.is_withdrawn == 0

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
        return sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0))

    steps = [count(is_in, seen.c[step.value] == 1) for step in Step]
    return [*steps, count(seen.c.is_withdrawn == 1), count(is_in, seen.c.ended_at.is_not(None))]


def _grouped(seen: sa.Subquery, key: Any, *conditions: sa.ColumnElement[bool]) -> dict[Any, Rates]:
    chosen = sa.select(key, *_counts(seen)).where(*conditions).group_by(key).order_by(key)
    return {row[0]: Rates(*(int(count or 0) for count in row[1:])) for row in db.session.execute(chosen)}
