"""The public list of needs: filters, counts, search, three orders, paged by a key that stays put."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from marketplace.core.codes import parse_code
from marketplace.core.divisions import CODE_LENGTH, significant
from marketplace.db import db
from marketplace.needs.counting import Counts, count_needs
from marketplace.needs.facets import Facets, Ints, Mask, kept
from marketplace.needs.filters import STANDING_STATES, NeedFilters, Sort, Standing
from marketplace.needs.models import Need
from marketplace.needs.public import PublicNeed, public_cards
from marketplace.needs.searching import Search

PAGE_SIZE = 20
# So many matches are ranked at once; those that have waited less long are ranked among themselves, on later pages.
RANKED = 100


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

    Where there are many needs, numbers and order may be a minute old; a need that may no longer be seen is left out.
    """
    facets = kept.facets(filters.standing, now=now)
    open_in_all = len(facets if filters.standing is Standing.OPEN else kept.facets(Standing.OPEN, now=now))
    search = Search.of(filters.words)
    matching = facets.among(search.all_words()) if search else None
    found, counts = count_needs(facets, filters, matching, open_in_all=open_in_all, now=now)
    near: list[int] = []
    if search is not None and filters.sort is Sort.RELEVANCE:
        chosen, more = _by_relevance(facets.ids[found], search, cursor, size=size)
        if not cursor and len(chosen) < size:
            nearly = facets.fulfilling(filters, now=now) & facets.among(search.some_words()) & ~found
            near = search.ranked(facets.ids[nearly][:RANKED].tolist())[: size - len(chosen)]
    else:
        chosen, more = _in_order(facets, found, filters.sort, cursor, size=size)
    needs = {need.id: need for need in db.session.scalars(sa.select(Need).where(Need.id.in_([*chosen, *near])))}
    cards = {card.code: card for card in public_cards([need for need in needs.values() if _is_seen(need, filters)])}
    return NeedPage(
        [cards[code] for code in (needs[id_].code for id_ in chosen) if code in cards],
        counts,
        _write_cursor(facets, filters.sort, needs[chosen[-1]], is_ranked=search is not None) if more else None,
        near=[cards[code] for code in (needs[id_].code for id_ in near) if code in cards],
    )


def area_condition(area: str) -> sa.ColumnElement[bool]:
    """Needs of a division or below it, as a range that an index serves."""
    prefix = significant(area)
    return Need.division_code.between(prefix.ljust(CODE_LENGTH, "0"), prefix.ljust(CODE_LENGTH, "9"))


def _is_seen(need: Need, filters: NeedFilters) -> bool:
    """False for a need that has left the list since it was read."""
    return need.state in STANDING_STATES[filters.standing] and need.hidden_at is None


def _in_order(facets: Facets, found: Mask, sort: Sort, cursor: str | None, *, size: int) -> tuple[list[int], bool]:
    """The ids of one page by a plain order, equals by id, and whether more follow."""
    key, tie = _keys(facets, sort)
    order = facets.smallest[found[facets.smallest]] if sort is Sort.SMALL else np.flatnonzero(found)
    order = order[::-1] if sort is Sort.NEWEST else order
    start = _start(key[order], tie[order], sort, cursor)
    page = order[start : start + size]
    return facets.ids[page].tolist(), start + size < len(order)


def _keys(facets: Facets, sort: Sort) -> tuple[Ints, Ints]:
    """What the list is ordered by, rising, and what its equals are ordered by."""
    if sort is Sort.SMALL:
        return facets.open_fen, facets.ids
    return (-facets.published, -facets.ids) if sort is Sort.NEWEST else (facets.published, facets.ids)


def _start(key: Ints, tie: Ints, sort: Sort, cursor: str | None) -> int:
    """How many stand before what comes after the cursor, which may have left the list."""
    number, _, code = (cursor or "").partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 18) or parse_code(code) is None:
        return 0
    sign = -1 if sort is Sort.NEWEST else 1
    first, last = np.searchsorted(key, sign * int(number)), np.searchsorted(key, sign * int(number), "right")
    return int(first + np.searchsorted(tie[first:last], sign * _id_of(code), "right"))


def _by_relevance(ids: Ints, search: Search, cursor: str | None, *, size: int) -> tuple[list[int], bool]:
    """One page of those with every word, best first, and whether more follow."""
    last = _id_of(cursor) if cursor else 0
    at = np.flatnonzero(ids == last)
    start = int(at[0]) // RANKED * RANKED if len(at) else 0
    page: list[int] = []
    for block in range(start, len(ids), RANKED):
        ranked = search.ranked(ids[block : block + RANKED].tolist())
        rest = ranked[ranked.index(last) + 1 :] if last in ranked else ranked
        missing = size - len(page)
        page += rest[:missing]
        if len(page) == size:
            return page, len(rest) > missing or block + RANKED < len(ids)
    return page, False


def _id_of(code: str) -> int:
    """The id of the need with this code; 0 where there is none."""
    return db.session.scalar(sa.select(Need.id).where(Need.code == code)) or 0


def _write_cursor(facets: Facets, sort: Sort, last: Need, *, is_ranked: bool) -> str:
    if sort is Sort.RELEVANCE and is_ranked:
        return last.code
    place = np.flatnonzero(facets.ids == last.id)[0]
    return f"{(facets.open_fen if sort is Sort.SMALL else facets.published)[place]}.{last.code}"
