"""How many public needs stand behind the list and behind each choice beside it, however many there are.

Needs are counted by division and category in one pass over an index; area and category are then chosen among the
cells. Where there are many, cells are kept for as long as a public page may be kept by a browser.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

import sqlalchemy as sa

from marketplace.core.divisions import Level, at_level, significant
from marketplace.core.kinds import NeedCategory
from marketplace.db import db
from marketplace.needs.models import Need

LONG_WAIT = timedelta(days=30)
# From so many on, counting them for each visitor would cost more than the page.
MANY = 5_000
KEPT_FOR = timedelta(seconds=60)
MOST_KEPT = 200


class Cell(NamedTuple):
    """The needs of one category in one division."""

    division: str
    category: NeedCategory | None
    found: int
    waits_long: int
    never_helped: int


@dataclass(frozen=True, slots=True)
class Cells:
    """Counted at a moment."""

    at: datetime
    cells: tuple[Cell, ...]

    @property
    def found(self) -> int:
        """How many needs there are in all."""
        return sum(cell.found for cell in self.cells)

    def chosen(self, area: str | None = None, categories: Sequence[NeedCategory] = ()) -> list[Cell]:
        """The cells of an area and of some categories; all where none is named."""
        prefix = significant(area) if area else ""
        return [
            cell
            for cell in self.cells
            if cell.division.startswith(prefix) and (not categories or cell.category in categories)
        ]


def count_cells(conditions: Sequence[sa.ColumnElement[bool]], *, now: datetime) -> Cells:
    """Count the needs that meet the conditions."""
    is_long = Need.published_at <= now - LONG_WAIT
    counted = (
        sa.select(
            Need.division_code,
            Need.category,
            sa.func.count(),
            sa.func.sum(sa.case((is_long, 1), else_=0)),
            sa.func.sum(sa.case((~Need.helped_before, 1), else_=0)),
        )
        .where(*conditions)
        .group_by(Need.division_code, Need.category)
    )
    return Cells(now, tuple(Cell(*row) for row in db.session.execute(counted)))


def by_county(cells: Sequence[Cell]) -> dict[str, int]:
    """Needs by the county's 12-digit code."""
    found: dict[str, int] = {}
    for cell in cells:
        county = at_level(cell.division, Level.COUNTY)
        found[county] = found.get(county, 0) + cell.found
    return found


def by_category(cells: Sequence[Cell]) -> dict[NeedCategory, int]:
    """Needs by category."""
    found: dict[NeedCategory, int] = {}
    for cell in cells:
        if cell.category is not None:
            found[cell.category] = found.get(cell.category, 0) + cell.found
    return found


class Kept:
    """Counts of many needs, kept for a minute in this process; counts of few are always new."""

    def __init__(self, *, many: int = MANY) -> None:
        self._many = many
        self._lock = Lock()
        self._kept: OrderedDict[object, Cells] = OrderedDict()

    def cells(self, key: object, count: Callable[[], Cells], *, now: datetime) -> Cells:
        """What is kept under the key for this database, or what ``count`` finds."""
        own = (str(db.engine.url), key)
        with self._lock:
            kept = self._kept.get(own)
        if kept is not None and timedelta(0) <= now - kept.at < KEPT_FOR:
            return kept
        counted = count()
        if counted.found >= self._many:
            with self._lock:
                self._kept[own] = counted
                self._kept.move_to_end(own)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return counted


kept = Kept()
