"""The public list of needs: filters, counts, search, three orders, paged by a key that stays put."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from marketplace.core.codes import parse_code
from marketplace.core.divisions import CODE_LENGTH, significant
from marketplace.core.kinds import Labelled, NeedCategory, SupportKind, Urgency
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.needs.counting import LONG_WAIT, Cells, by_category, by_county, count_cells, kept
from marketplace.needs.models import Need
from marketplace.needs.public import PublicNeed, public_cards
from marketplace.needs.searching import Search

PAGE_SIZE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The household still agrees to be public.
_IS_SHOWN = Need.hidden_at.is_(None)


class Sort(StrEnum):
    """The order of the list."""

    WAITING = "waiting"
    SMALL = "small"
    NEWEST = "newest"
    RELEVANCE = "relevance"


class Band(Labelled):
    """Bands of the amount that is still missing (还缺的金额)."""

    UP_TO_500 = "0-500", "500 元以内"
    UP_TO_2000 = "500-2000", "500 – 2,000 元"
    ABOVE_2000 = "2000-", "2,000 元以上"


_BAND_FEN: Mapping[Band, tuple[int, int | None]] = {
    Band.UP_TO_500: (0, 50_000),
    Band.UP_TO_2000: (50_000, 200_000),
    Band.ABOVE_2000: (200_000, None),
}


class Standing(Labelled):
    """Which needs the list shows (状态)."""

    OPEN = "open", "待认领"
    COVERED = "covered", "已对接"
    DONE = "done", "已送达"


_STANDING_STATES: Mapping[Standing, tuple[NeedState, ...]] = {
    Standing.OPEN: (NeedState.PUBLISHED,),
    Standing.COVERED: (NeedState.PLEDGED,),
    Standing.DONE: (NeedState.DELIVERED, NeedState.CONFIRMED, NeedState.CLOSED),
}


@dataclass(frozen=True, slots=True)
class NeedFilters:
    """What the visitor chose; the default shows every open need, longest waiting first."""

    area: str | None = None
    categories: tuple[NeedCategory, ...] = ()
    kind: SupportKind | None = None
    band: Band | None = None
    urgency: Urgency | None = None
    standing: Standing = Standing.OPEN
    waits_long: bool = False
    never_helped: bool = False
    words: str = ""
    sort: Sort = Sort.WAITING


@dataclass(frozen=True, slots=True)
class Counts:
    """How many needs stand behind the list and behind each choice."""

    open_in_all: int
    found: int
    by_category: Mapping[NeedCategory, int]
    # By the county's 12-digit code; leaves the chosen area open.
    by_county: Mapping[str, int]
    waits_long: int
    never_helped: int


@dataclass(frozen=True, slots=True)
class NeedPage:
    """One page of the list; ``next_cursor`` is None on the last."""

    cards: list[PublicNeed]
    counts: Counts
    next_cursor: str | None
    # Needs that hold only some of the words typed; shown apart, after those that hold all.
    near: list[PublicNeed] = field(default_factory=list)


def list_public_needs(
    filters: NeedFilters, cursor: str | None = None, *, now: datetime, size: int = PAGE_SIZE
) -> NeedPage:
    """One page of public needs. A malformed cursor begins at the start.

    Searched and sorted by relevance, the page holds the best matches; otherwise the order is a keyset.
    """
    search = Search.of(filters.words)
    if search is not None and filters.sort is Sort.RELEVANCE:
        return _by_relevance(filters, search, cursor, now=now, size=size)
    ordered = filters.sort if filters.sort is not Sort.RELEVANCE else Sort.WAITING
    key, falling = _key(ordered)
    order = (key.desc(), Need.code.desc()) if falling else (key.asc(), Need.code.asc())
    conditions = _conditions(filters, search, now=now)
    after = _read_cursor(cursor)
    if after is not None:
        place = sa.tuple_(key, Need.code)
        bound = sa.tuple_(sa.literal(_key_value(ordered, after[0]), key.type), sa.literal(after[1]))
        conditions.append(place < bound if falling else place > bound)
    # Each state by itself comes in order from an index; together they would be sorted anew for every page.
    states = [
        sa.select(Need.id).where(Need.state == state, *conditions).order_by(*order).limit(size + 1).subquery()
        for state in _STANDING_STATES[filters.standing]
    ]
    chosen = sa.union_all(*(sa.select(state.c.id) for state in states))
    rows = list(db.session.scalars(sa.select(Need).where(Need.id.in_(chosen)).order_by(*order).limit(size + 1)))
    shown = rows[:size]
    more = _write_cursor(ordered, shown[-1]) if len(rows) > size else None
    return NeedPage(public_cards(shown), count_needs(filters, now=now), more)


def count_needs(filters: NeedFilters, *, now: datetime) -> Counts:
    """The numbers beside the filters: each category's count leaves the chosen categories open, each county's the area.

    Where there are many needs, the numbers may be a minute old.
    """
    everywhere = replace(filters, area=None, categories=(), sort=Sort.WAITING)
    cells = _cells(everywhere, now=now)
    found = cells.chosen(filters.area, filters.categories)
    return Counts(
        open_in_all=_cells(NeedFilters(), now=now).found,
        found=sum(cell.found for cell in found),
        by_category=by_category(cells.chosen(filters.area)),
        by_county=by_county(cells.chosen(None, filters.categories)),
        waits_long=sum(cell.waits_long for cell in found),
        never_helped=sum(cell.never_helped for cell in found),
    )


def _cells(filters: NeedFilters, *, now: datetime) -> Cells:
    def count() -> Cells:
        return count_cells(_conditions(filters, Search.of(filters.words), now=now), now=now)

    return kept.cells(filters, count, now=now)


def area_condition(area: str) -> sa.ColumnElement[bool]:
    """Needs of a division or below it, as a range that an index serves."""
    prefix = significant(area)
    return Need.division_code.between(prefix.ljust(CODE_LENGTH, "0"), prefix.ljust(CODE_LENGTH, "9"))


def _conditions(filters: NeedFilters, search: Search | None, *, now: datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [Need.state.in_(_STANDING_STATES[filters.standing]), _IS_SHOWN]
    if filters.area:
        found.append(area_condition(filters.area))
    if filters.categories:
        found.append(Need.category.in_(filters.categories))
    if filters.kind:
        found.append(Need.kind == filters.kind)
    if filters.band:
        low, high = _BAND_FEN[filters.band]
        found.append(low < Need.open_fen)
        if high is not None:
            found.append(high >= Need.open_fen)
    if filters.urgency:
        found.append(Need.urgency == filters.urgency)
    if filters.waits_long:
        found.append(Need.published_at <= now - LONG_WAIT)
    if filters.never_helped:
        found.append(~Need.helped_before)
    if search is not None:
        found.append(search.all_words())
    return found


def _by_relevance(filters: NeedFilters, search: Search, cursor: str | None, *, now: datetime, size: int) -> NeedPage:
    """The needs with every word, best first; on the first page also those with some of the words."""
    ranked = search.ranked(_conditions(filters, search, now=now))
    start = ranked.index(cursor) + 1 if cursor in ranked else 0
    codes = ranked[start : start + size]
    near: list[str] = []
    if start == 0 and len(ranked) < size:
        loose = [*_conditions(filters, None, now=now), search.some_words()]
        near = [code for code in search.ranked(loose) if code not in set(ranked)][: size - len(ranked)]
    cards = {card.code: card for card in public_cards(_needs([*codes, *near]))}
    more = codes[-1] if start + size < len(ranked) else None
    return NeedPage(
        [cards[code] for code in codes],
        count_needs(filters, now=now),
        more,
        near=[cards[code] for code in near],
    )


def _needs(codes: list[str]) -> list[Need]:
    return list(db.session.scalars(sa.select(Need).where(Need.code.in_(codes))))


def _key(sort: Sort) -> tuple[sa.ColumnElement[Any], bool]:
    """The column that the list is ordered by, and whether it falls."""
    if sort is Sort.SMALL:
        return Need.open_fen.expression, False
    return Need.published_at.expression, sort is Sort.NEWEST


def _write_cursor(sort: Sort, last: Need) -> str:
    if sort is Sort.SMALL:
        return f"{last.value_fen - last.pledged_fen}.{last.code}"
    return f"{((last.published_at or _EPOCH) - _EPOCH) // _MICROSECOND}.{last.code}"


def _read_cursor(cursor: str | None) -> tuple[int, str] | None:
    number, _, code = (cursor or "").partition(".")
    parsed = parse_code(code)
    if parsed is None or not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    return int(number), parsed[1]


def _key_value(sort: Sort, number: int) -> int | datetime:
    return number if sort is Sort.SMALL else _EPOCH + number * _MICROSECOND
