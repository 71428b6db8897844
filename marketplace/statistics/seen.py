"""The needs of a cohort as they stood at its moment, read once and counted in many ways."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.needs.models import CatalogueItem, Need, NeedLine
from marketplace.statistics.cohorts import Cohort, progress
from marketplace.statistics.hiding import hidden_of
from marketplace.statistics.rates import Cell, Rates


class SeenNeed(NamedTuple):
    """One need: where, what, since when, whose, and each step as 0 or 1; see cohorts.progress."""

    id: int
    division_code: str
    category: NeedCategory
    kind: SupportKind
    published_at: datetime
    # The household, or minus the need's own id where it is a village's.
    whose: int
    value_fen: int
    delivered_at: datetime | None
    pledged: int
    delivered: int
    confirmed: int
    arms_length: int
    matched_at: datetime | None
    ended_at: datetime | None
    is_withdrawn: int
    is_suspended: int
    is_closed: bool
    # A line was picked from the catalogue under another category.
    strays: bool


def seen_needs(cohort: Cohort) -> list[SeenNeed]:
    """All needs of a cohort, those included that were withdrawn; one query."""
    p = progress(cohort)
    strays = sa.exists().where(
        NeedLine.need_id == Need.id, NeedLine.item_id == CatalogueItem.id, CatalogueItem.category != Need.category
    )
    is_closed = sa.and_(Need.state == NeedState.CLOSED, Need.closed_at <= cohort.as_of)
    own = {"value_fen": Need.value_fen, "delivered_at": Need.delivered_at, "is_closed": is_closed, "strays": strays}
    columns = [own[name] if name in own else p.c[name] for name in SeenNeed._fields]
    return [SeenNeed(*row) for row in db.session.execute(sa.select(*columns).join_from(p, Need, Need.id == p.c.id))]


def of_question(seen: Iterable[SeenNeed], cohort: Cohort, *, with_withdrawn: bool = False) -> list[SeenNeed]:
    """Those of a cohort's area, kind and category that count: without the ones withdrawn before any pledge."""
    return [
        need
        for need in seen
        if (with_withdrawn or not need.is_withdrawn)
        and need.division_code.startswith(cohort.area)
        and cohort.kind in (None, need.kind)
        and cohort.category in (None, need.category)
    ]


def rates_among(seen: Iterable[SeenNeed]) -> Rates:
    """Their counts."""
    return Rates(*map(sum, zip(*map(counts_of_one, seen), strict=True))) if seen else Rates()


def counts_of_one(need: SeenNeed) -> tuple[int, ...]:
    """What one need adds to each count of Rates."""
    if need.is_withdrawn:
        return (0, 0, 0, 0, 0, 1, 0, 0)
    steps = (1, need.pledged, need.delivered, need.confirmed, need.arms_length)
    return (*steps, 0, int(need.ended_at is not None), need.is_suspended)


def cells_by_part(seen: Sequence[SeenNeed], bounds: Iterable[datetime]) -> list[Cell]:
    """Counts by the part that ``bounds`` cut the days of publication into, as a public table may show them (P2)."""
    starts = list(bounds)
    parts: defaultdict[int, list[SeenNeed]] = defaultdict(list)
    for need in seen:
        parts[sum(need.published_at >= start for start in starts)].append(need)
    every = {f"{number:04d}": parts[number] for number in range(len(starts) + 1)}
    hidden = hidden_of({key: len({need.whose for need in some}) for key, some in every.items()})
    return [
        Cell(key, None, None) if key in hidden else Cell(key, len(some), sum(need.pledged for need in some))
        for key, some in every.items()
    ]
