"""Who is still waiting, where, for what, for how long: the gap that a donor can close."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

import sqlalchemy as sa

from marketplace.core.divisions import DIGITS, Level
from marketplace.db import db
from marketplace.matching.models import Direction, Outcome, SuggestionOutcome
from marketplace.statistics.hiding import hidden_of
from marketplace.statistics.seen import SeenNeed

LONG_DAYS = 90


@dataclass(frozen=True, slots=True)
class Gap:
    """Open needs of one place or category: how many, what they are worth in fen, how long they wait."""

    needs: int
    value_fen: int
    median_days: int
    waiting_long: int
    # How often donors were shown one of them and did not pledge.
    passed_over: int


@dataclass(frozen=True, slots=True)
class GapRow:
    """One row of the table; ``gap`` is None where so few may not be shown."""

    key: str
    gap: Gap | None


@dataclass(frozen=True, slots=True)
class Gaps:
    """The open needs of a cohort by county (6 digits) and by category."""

    whole: Gap
    by_county: list[GapRow]
    by_category: list[GapRow]


def gaps_of(seen: Iterable[SeenNeed], *, as_of: datetime) -> Gaps:
    """What nobody has wholly pledged at that moment; those that ran out or were withdrawn are left out."""
    waiting = [need for need in seen if not need.pledged and need.ended_at is None]
    passed_over = _times_shown(as_of)
    counties: defaultdict[str, list[SeenNeed]] = defaultdict(list)
    categories: defaultdict[str, list[SeenNeed]] = defaultdict(list)
    for need in waiting:
        counties[need.division_code[: DIGITS[Level.COUNTY]]].append(need)
        categories[need.category.value].append(need)

    def gap(some: Sequence[SeenNeed]) -> Gap:
        days = [max(0, (as_of - need.published_at).days) for need in some]
        return Gap(
            needs=len(some),
            value_fen=sum(need.value_fen for need in some),
            median_days=median_low(days) if days else 0,
            waiting_long=sum(day > LONG_DAYS for day in days),
            passed_over=sum(passed_over.get(need.id, 0) for need in some),
        )

    def rows(found: Mapping[str, list[SeenNeed]]) -> list[GapRow]:
        hidden = hidden_of({key: len({need.whose for need in some}) for key, some in found.items()})
        made = [GapRow(key, None if key in hidden else gap(some)) for key, some in found.items()]
        return sorted(made, key=lambda row: (-(row.gap.needs if row.gap else 0), row.key))

    return Gaps(gap(waiting), rows(counties), rows(categories))


def _times_shown(as_of: datetime) -> dict[int, int]:
    """To how many donors each need was shown in their lists, by need id."""
    chosen = (
        sa.select(SuggestionOutcome.need_id, sa.func.count(sa.distinct(SuggestionOutcome.donor_id)))
        .where(
            SuggestionOutcome.kind == Outcome.SHOWN,
            SuggestionOutcome.direction == Direction.NEEDS_FOR_DONOR,
            SuggestionOutcome.at <= as_of,
        )
        .group_by(SuggestionOutcome.need_id)
    )
    return dict(db.session.execute(chosen).all())
