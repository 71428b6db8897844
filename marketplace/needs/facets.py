"""The public needs as arrays, longest waiting first: filtered, counted and put in order without the database.

One reading serves every visitor of a minute where there are many needs, which is as long as a browser may keep a public
page; where there are few, each visitor has a reading of his own. What a page shows of a need is always read anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from marketplace.core.divisions import CODE_LENGTH, significant
from marketplace.core.kinds import Labelled, NeedCategory, SupportKind, Urgency
from marketplace.db import db
from marketplace.needs.filters import BAND_FEN, STANDING_STATES, NeedFilters, Standing
from marketplace.needs.models import Need

Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int8]
Mask: TypeAlias = npt.NDArray[np.bool_]

LONG_WAIT = timedelta(days=30)
# From so many on, reading them for each visitor would cost more than the page.
MANY = 2_000
KEPT_FOR = timedelta(seconds=60)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BELOW_COUNTY = 10**6


def micros(moment: datetime) -> int:
    """Microseconds since 1970, as ``Facets.published`` counts."""
    return (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True, eq=False)
class Facets:
    """Public needs of one standing, read at a moment; every array has one element a need, longest waiting first."""

    at: datetime
    ids: Ints
    published: Ints
    open_fen: Ints
    # The 12-digit code as a number.
    division: Ints
    # Places in NeedCategory, SupportKind, Urgency; -1 is none.
    category: Codes
    kind: Codes
    urgency: Codes
    helped: Mask
    # Places of the needs from the smallest missing amount to the largest, equals by id.
    smallest: Ints
    # The counties there are, and each need's place among them.
    counties: Ints
    county: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def fulfilling(self, filters: NeedFilters, *, now: datetime) -> Mask:
        """Which pass all filters but words."""
        return self.passing(filters, now=now) & self.within(filters.area) & self.of_any(filters.categories)

    def passing(self, filters: NeedFilters, *, now: datetime) -> Mask:
        """Which pass all filters but area, categories and words."""
        found = np.ones(len(self), dtype=np.bool_)
        if filters.kind:
            found &= self.kind == _place(filters.kind)
        if filters.band:
            low, high = BAND_FEN[filters.band]
            found &= self.open_fen > low
            if high is not None:
                found &= self.open_fen <= high
        if filters.urgency:
            found &= self.urgency == _place(filters.urgency)
        if filters.waits_long:
            found &= self.waits_long(now)
        if filters.never_helped:
            found &= ~self.helped
        return found

    def within(self, area: str | None) -> Mask:
        """Which belong to a division or lie below it; all where none is named."""
        prefix = significant(area) if area else ""
        low, high = int(prefix.ljust(CODE_LENGTH, "0")), int(prefix.ljust(CODE_LENGTH, "9"))
        return (self.division >= low) & (self.division <= high)

    def of_any(self, categories: Sequence[NeedCategory]) -> Mask:
        """Which are of one of these categories; all where none is named."""
        if not categories:
            return np.ones(len(self), dtype=np.bool_)
        return np.isin(self.category, [_place(category) for category in categories])

    def among(self, wanted: Ints) -> Mask:
        """Which have one of these ids."""
        last = int(self.ids.max(initial=0))
        table = np.zeros(last + 1, dtype=np.bool_)
        table[wanted[wanted <= last]] = True
        return table[self.ids]

    def waits_long(self, now: datetime) -> Mask:
        """Which have waited for over 30 days."""
        return self.published <= micros(now - LONG_WAIT)

    def by_county(self, chosen: Mask) -> dict[str, int]:
        """How many of the chosen there are, by the county's 12-digit code."""
        found = np.bincount(self.county[chosen], minlength=len(self.counties))
        return {str(code): int(many) for code, many in zip(self.counties, found, strict=True) if many}

    def by_category(self, chosen: Mask) -> dict[NeedCategory, int]:
        """How many of the chosen there are, by category."""
        found = np.bincount(self.category[chosen] + 1, minlength=len(NeedCategory) + 1)[1:]
        return {category: int(many) for category, many in zip(NeedCategory, found, strict=True) if many}


def read_facets(standing: Standing, *, now: datetime) -> Facets:
    """The needs of this standing that the public may see now."""
    # Without an order SQLite would take an index that leads it to every row.
    rows = db.session.execute(
        sa.select(
            Need.id,
            _published_text(),
            Need.open_fen,
            sa.type_coerce(Need.division_code, sa.String),
            *(sa.type_coerce(column, sa.String) for column in (Need.category, Need.kind, Need.urgency)),
            Need.helped_before,
        )
        .where(Need.state.in_(STANDING_STATES[standing]), Need.hidden_at.is_(None), Need.published_at.is_not(None))
        .order_by(Need.state, Need.division_code)
    ).all()
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * 8
    ids = np.array(columns[0], dtype=np.int64)
    published = np.array(columns[1], dtype="datetime64[us]").astype(np.int64)
    order = np.lexsort((ids, published))
    ids, open_fen = ids[order], np.array(columns[2], dtype=np.int64)[order]
    division = np.array(columns[3], dtype=np.str_).astype(np.int64)[order]
    counties, county = np.unique(division // _BELOW_COUNTY, return_inverse=True)
    return Facets(
        at=now,
        ids=ids,
        published=published[order],
        open_fen=open_fen,
        division=division,
        category=_places(NeedCategory, columns[4])[order],
        kind=_places(SupportKind, columns[5])[order],
        urgency=_places(Urgency, columns[6])[order],
        helped=np.array(columns[7], dtype=np.bool_)[order],
        smallest=np.lexsort((ids, open_fen)),
        counties=counties * _BELOW_COUNTY,
        county=county,
    )


class Kept:
    """Readings of many needs, kept for a minute in this process; few are always read anew."""

    def __init__(self, *, many: int = MANY) -> None:
        self._many = many
        self._lock = Lock()
        self._kept: WeakKeyDictionary[sa.Engine, dict[Standing, Facets]] = WeakKeyDictionary()

    def facets(self, standing: Standing, *, now: datetime, read: Callable[..., Facets] = read_facets) -> Facets:
        """What is kept of this standing for this database, or what ``read`` finds; one reader at a time."""
        with self._lock:
            own = self._kept.setdefault(db.engine, {})
            kept = own.get(standing)
            if kept is not None and timedelta(0) <= now - kept.at < KEPT_FOR:
                return kept
            facets = read(standing, now=now)
            own.pop(standing, None)
            if len(facets) >= self._many:
                own[standing] = facets
            return facets


kept = Kept()


def _published_text() -> sa.ColumnElement[str]:
    """The moment of publication as ISO text in UTC: making a hundred thousand datetimes would take longer."""
    if db.engine.dialect.name == "sqlite":
        return sa.type_coerce(Need.published_at, sa.String)
    return sa.cast(sa.func.timezone("UTC", Need.published_at), sa.String)


def _place(member: Labelled) -> int:
    return list(type(member)).index(member)


def _places(kind: type[Labelled], codes: Sequence[str | None]) -> Codes:
    places: dict[str | None, int] = {None: -1, **{member.value: place for place, member in enumerate(kind)}}
    return np.array([places[code] for code in codes], dtype=np.int8)
