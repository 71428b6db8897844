"""A history cut at a day: what is known before it, and which needs may be given to in the window after it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.exposure import expected_share
from marketplace.matching.engine.factors import Factors, alternating_least_squares
from marketplace.matching.engine.history import UNKNOWN, History
from marketplace.matching.engine.kinship import Neighbours, Shares, make_neighbours, make_shares
from marketplace.matching.engine.sparse import Table, table_of

# Half-lives in horizons, the length of the window that is ranked for, so that one set of them serves a history of
# forty years and one of two.
SLOW, PLAIN, FAST, HOT = 8 / 3, 1.0, 1 / 3, 1 / 12
_NEVER = 1e9

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Past:
    """A history cut at a day: ``start`` the first day not known, ``end`` the first day after the window.

    ``candidates``: rows of the needs that may be suggested; ``seen``: donors x all needs, each pair once; ``last``
    and ``first``: how long ago its gifts were, in horizons.
    """

    history: History
    start: int
    end: int
    candidates: Array
    seen: Table
    last: Array
    first: Array

    @cached_property
    def popularity(self) -> Array:
        """Donors of each need so far (N,)."""
        return np.bincount(self.seen.columns, minlength=self.seen.width)

    @cached_property
    def recent_popularity(self) -> Array:
        """The same, each donor's last gift worth half for every third of a horizon that it is old."""
        return self._popular(FAST)

    @cached_property
    def just_popular(self) -> Array:
        """The same by twelfths of a horizon."""
        return self._popular(HOT)

    def _popular(self, half_life: float) -> Array:
        return np.bincount(self.seen.columns, 0.5 ** (self.last / half_life), minlength=self.seen.width)

    @cached_property
    def factors(self) -> Factors:
        """Tastes of donors and needs, from who gave to what."""
        return alternating_least_squares(self.seen)

    @cached_property
    def text(self) -> Table:
        """Needs x words: TF-IDF, rows of length 1 (rarity among the candidates)."""
        return _weighted(self.history.words, candidates=self.candidates)

    @cached_property
    def donor_text(self) -> Table:
        """Donors x words, weighted alike."""
        rarity = _rarity(self.history.words, candidates=self.candidates)
        words = self.history.donor_words
        return words.with_values(words.values * rarity[words.columns]).unit_rows()

    @cached_property
    def neighbours(self) -> "Neighbours":
        """Co-giving with old gifts worth half after 8/3 horizons."""
        return make_neighbours(self.seen.with_values(0.5 ** (self.last / SLOW)))

    @cached_property
    def plain_neighbours(self) -> "Neighbours":
        """Co-giving without decay."""
        return make_neighbours(self.seen.with_values(np.ones(len(self.last))))

    @cached_property
    def shares(self) -> tuple["Shares", ...]:
        """Who gives where: category, kind, then the areas by level."""
        history = self.history
        weights = 0.5 ** (self.last / PLAIN)
        return tuple(
            make_shares(codes, seen=self.seen, weights=weights) for codes in (history.category, history.kind)
        ) + tuple(make_shares(codes, seen=self.seen, weights=weights) for codes in history.areas)

    @cached_property
    def sizes(self) -> Array:
        """Log of what each need asks, else of what it usually got; NaN where neither is known (N,)."""
        history = self.history
        before = history.day < self.start
        rows = history.need[before]
        gifts = np.bincount(rows, minlength=len(history.needs))
        logs = np.bincount(rows, np.log1p(history.amount[before]), minlength=len(history.needs))
        usual = np.where(gifts > 0, logs / np.maximum(gifts, 1), np.nan)
        return np.where(np.isnan(history.asked), usual, np.log1p(history.asked))

    @cached_property
    def need_columns(self) -> Array:
        """The signals of a need alone: recency, popularity, is_new, waiting, exposure (5, candidates)."""
        last = np.full(self.seen.width, _NEVER)
        np.minimum.at(last, self.seen.columns, self.last)
        fresh = np.bincount(self.seen.columns, 0.5 ** (self.first / SLOW), minlength=self.seen.width)
        published = self.history.published
        days = np.where((published != UNKNOWN) & (published < self.start), self.start - published, 0)
        is_new = self.popularity == 0
        recency = np.where(is_new, 0.0, -np.log1p(last / FAST))
        of_needs = np.stack([recency, np.log1p(fresh), is_new, np.log1p(days)])[:, self.candidates]
        return np.vstack([of_needs, self._exposure()])

    def _exposure(self) -> Array:
        history = self.history
        if not (history.published != UNKNOWN).any():
            return np.zeros(len(self.candidates))
        share = expected_share(history.published, history.closed, rows=self.candidates, start=self.start, end=self.end)
        return np.log(share)

    @cached_property
    def donor_columns(self) -> Array:
        """The signals of a donor alone: new_rate, recent_rate, total (3, D)."""
        rows, height = self.seen.rows(), len(self.seen)
        rates = [np.bincount(rows, 0.5 ** (self.first / half), minlength=height) for half in (PLAIN, FAST)]
        columns: Array = np.log1p(np.stack([*rates, self.seen.sizes()]))
        return columns


def make_past(history: History, *, start: int, end: int) -> Past:
    """Cut a history: what is known before ``start``, and the needs that may be given to in [start, end)."""
    before = history.day < start
    key = history.donor[before] * len(history.needs) + history.need[before]
    pairs, where = np.unique(key, return_inverse=True)
    age = (start - history.day[before]) / max(end - start, 1)
    last, first = np.full(len(pairs), np.inf), np.zeros(len(pairs))
    np.minimum.at(last, where, age)
    np.maximum.at(first, where, age)
    rows, columns = np.divmod(pairs, len(history.needs))
    seen = table_of(rows, columns, np.ones(len(pairs)), height=len(history.donors), width=len(history.needs))
    return Past(
        history=history,
        start=start,
        end=end,
        candidates=np.flatnonzero(_may_be_given(history, seen=seen, start=start, end=end)),
        seen=seen,
        last=last,
        first=first,
    )


def text_profile(past: Past, donor: int, *, weights: Array) -> Array:
    """The words of a donor (width,): those of its needs, weighted by entry, and its own; of length 1, or zero."""
    low, high = past.seen.start[donor], past.seen.start[donor + 1]
    by_need = np.zeros(past.seen.width)
    by_need[past.seen.columns[low:high]] = weights[low:high]
    profile = past.text.row_sum(by_need)
    own = past.donor_text
    begin, end = own.start[donor], own.start[donor + 1]
    profile[own.columns[begin:end]] += own.values[begin:end]
    length = float(np.sqrt(profile @ profile))
    return profile / length if length > 0 else profile


def _may_be_given(history: History, *, seen: Table, start: int, end: int) -> Array:
    """Open at some time in the window where dates are known, else given to before it."""
    if not (history.published != UNKNOWN).any():
        given: Array = np.bincount(seen.columns, minlength=seen.width) > 0
        return given
    is_out = (history.published != UNKNOWN) & (history.published < end)
    is_open: Array = is_out & ((history.closed == UNKNOWN) | (history.closed >= start))
    return is_open


def _weighted(words: Table, *, candidates: Array) -> Table:
    return words.with_values(words.values * _rarity(words, candidates=candidates)[words.columns]).unit_rows()


def _rarity(words: Table, *, candidates: Array) -> Array:
    found = np.bincount(words.take(candidates).columns, minlength=words.width)
    return np.log((1 + len(candidates)) / (1 + found)) + 1.0
