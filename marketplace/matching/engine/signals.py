"""What a history says of a donor and a need before a day: sixteen signals, each known from what came earlier.

Times are measured in horizons (the length of the window that is ranked for), so that one set of half-lives serves a
history of forty years and one of two. Neighbours follow user-based co-giving (Resnick et al. 1994; cosine with
discounts for needs that many donors share, Adamic and Adar 2003; decay in time, Ding and Li 2005).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.history import UNKNOWN, History
from marketplace.matching.engine.sparse import Table, table_of

Array = NDArray[Any]

SLOW, PLAIN, FAST = 8 / 3, 1.0, 1 / 3
# Shares by category and area count as if this many typical gifts had been seen before.
PRIOR_GIFTS = 5.0
SHARED_PRIOR = 5.0
SMALL = 1e-3
_TENFOLD = 10.0
_NEVER = 1e9


class Signal(StrEnum):
    """One term of the ranking by history; all but three can only raise a score by being larger."""

    NEIGHBOURS = "neighbours"
    SMALL_NEIGHBOURS = "small_neighbours"
    SHARED_NEEDS = "shared_needs"
    TEXT = "text"
    CATEGORY = "category"
    KIND = "kind"
    AREA = "area"
    AMOUNT = "amount"
    BUDGET = "budget"
    NEW_RATE = "new_rate"
    RECENT_RATE = "recent_rate"
    TOTAL = "total"
    RECENCY = "recency"
    POPULARITY = "popularity"
    IS_NEW = "is_new"
    WAITING = "waiting"


SIGNALS = tuple(Signal)
SIGN_UNKNOWN = frozenset({Signal.TOTAL, Signal.IS_NEW, Signal.WAITING})


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
        return np.bincount(self.seen.columns, 0.5 ** (self.last / FAST), minlength=self.seen.width)

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
        """The signals of a need alone: recency, popularity, is_new, waiting (4, candidates)."""
        last = np.full(self.seen.width, _NEVER)
        np.minimum.at(last, self.seen.columns, self.last)
        fresh = np.bincount(self.seen.columns, 0.5 ** (self.first / SLOW), minlength=self.seen.width)
        published = self.history.published
        days = np.where((published != UNKNOWN) & (published < self.start), self.start - published, 0)
        is_new = self.popularity == 0
        recency = np.where(is_new, 0.0, -np.log1p(last / FAST))
        return np.stack([recency, np.log1p(fresh), is_new, np.log1p(days)])[:, self.candidates]

    @cached_property
    def donor_columns(self) -> Array:
        """The signals of a donor alone: new_rate, recent_rate, total (3, D)."""
        rows, height = self.seen.rows(), len(self.seen)
        rates = [np.bincount(rows, 0.5 ** (self.first / half), minlength=height) for half in (PLAIN, FAST)]
        columns: Array = np.log1p(np.stack([*rates, self.seen.sizes()]))
        return columns


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Donors x needs with weights, the same by need, and each donor's length under the discounted cosine."""

    by_donor: Table
    by_need: Table
    discount: Array
    length: Array

    def likeness(self, donor: int) -> Array:
        """Cosine of every donor with this one over the needs they share (D,); 0 for the donor itself."""
        low, high = self.by_donor.start[donor], self.by_donor.start[donor + 1]
        columns = self.by_donor.columns[low:high]
        weights = np.zeros(self.by_donor.width)
        weights[columns] = self.by_donor.values[low:high] * self.discount[columns]
        alike: Array = self.by_need.row_sum(weights) / np.maximum(self.length[donor] * self.length, SMALL**2)
        alike[donor] = 0.0
        return alike

    def shared(self, donor: int, *, donors_of_need: Array) -> Array:
        """How many needs each donor shares with this one, a need of many donors counting less (D,)."""
        low, high = self.by_donor.start[donor], self.by_donor.start[donor + 1]
        columns = self.by_donor.columns[low:high]
        weights = np.zeros(self.by_donor.width)
        weights[columns] = self.by_donor.values[low:high] / (donors_of_need[columns] + SHARED_PRIOR)
        return self.by_need.row_sum(weights)


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Codes of the needs (N,), the log of each code's share of all giving, and giving by (donor, code)."""

    codes: Array
    log_base: Array
    given: Table

    def lift(self, donor: int, *, wished: Array) -> Array:
        """Log of how much more of each need's code this donor gives to than all do (N,); wishes count as giving."""
        if not len(self.log_base):
            return np.zeros(len(self.codes))
        low, high = self.given.start[donor], self.given.start[donor + 1]
        counts = np.bincount(self.given.columns[low:high], self.given.values[low:high], minlength=len(self.log_base))
        if len(wished):
            counts[wished] = counts[wished] + PRIOR_GIFTS / len(wished)
        share = (counts + PRIOR_GIFTS * np.exp(self.log_base)) / (counts.sum() + PRIOR_GIFTS)
        # The last place answers code -1, unknown.
        lifts: Array = np.append(np.log(share) - self.log_base, 0.0)[self.codes]
        return lifts


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


def donor_signals(past: Past, donor: int) -> Array:
    """(candidates, 16) float32, in the order of SIGNALS; a column that the history does not know is zero."""
    rows = past.candidates
    columns = {signal: np.zeros(len(rows)) for signal in SIGNALS}
    columns[Signal.NEIGHBOURS], columns[Signal.SMALL_NEIGHBOURS] = (
        _log(one[rows]) for one in _from_neighbours(past, donor)
    )
    columns[Signal.SHARED_NEEDS] = _log(_from_shared(past, donor)[rows])
    columns[Signal.TEXT] = past.text.dot(text_profile(past, donor, weights=0.5 ** (past.last / PLAIN)))[rows]
    columns[Signal.CATEGORY], columns[Signal.KIND], columns[Signal.AREA] = (x[rows] for x in _lifts(past, donor))
    columns[Signal.AMOUNT], columns[Signal.BUDGET] = (x[rows] for x in _amounts(past, donor))
    names = (Signal.RECENCY, Signal.POPULARITY, Signal.IS_NEW, Signal.WAITING)
    columns.update(zip(names, past.need_columns, strict=True))
    for name, value in zip(
        (Signal.NEW_RATE, Signal.RECENT_RATE, Signal.TOTAL), past.donor_columns[:, donor], strict=True
    ):
        columns[name] = np.full(len(rows), value)
    return np.stack([columns[signal] for signal in SIGNALS], axis=1).astype(np.float32)


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


def make_neighbours(given: Table) -> Neighbours:
    """Prepare co-giving: a need that n donors share counts 1 / log(1 + n)."""
    donors = np.bincount(given.columns, minlength=given.width)
    discount = 1.0 / np.log1p(np.maximum(donors, 1))
    squares = given.values.astype(np.float64) ** 2 * discount[given.columns]
    length = np.sqrt(np.bincount(given.rows(), squares, minlength=len(given)))
    return Neighbours(by_donor=given, by_need=given.transposed(), discount=discount, length=length)


def make_shares(codes: Array, *, seen: Table, weights: Array) -> Shares:
    """Giving by code; needs without a code count for nothing."""
    known = codes[seen.columns] != UNKNOWN
    width = int(codes.max(initial=UNKNOWN)) + 1
    of_pair = codes[seen.columns][known]
    base = np.bincount(of_pair, weights[known], minlength=width) + 1.0
    given = table_of(seen.rows()[known], of_pair, weights[known], height=len(seen), width=width)
    return Shares(codes=codes, log_base=np.log(base / base.sum()), given=given)


def _may_be_given(history: History, *, seen: Table, start: int, end: int) -> Array:
    """Open at some time in the window where dates are known, else given to before it."""
    if not (history.published != UNKNOWN).any():
        given: Array = np.bincount(seen.columns, minlength=seen.width) > 0
        return given
    is_out = (history.published != UNKNOWN) & (history.published < end)
    is_open: Array = is_out & ((history.closed == UNKNOWN) | (history.closed >= start))
    return is_open


def _from_neighbours(past: Past, donor: int) -> tuple[Array, Array]:
    alike = past.neighbours.likeness(donor)
    plain = past.plain_neighbours.likeness(donor)
    plain *= _TENFOLD / np.sqrt(past.seen.sizes() + 1.0)
    return past.neighbours.by_donor.row_sum(alike), past.plain_neighbours.by_donor.row_sum(plain)


def _from_shared(past: Past, donor: int) -> Array:
    given = past.neighbours
    return given.by_donor.row_sum(given.shared(donor, donors_of_need=past.popularity))


def _lifts(past: Past, donor: int) -> tuple[Array, Array, Array]:
    history = past.history
    low, high = history.wishes.start[donor], history.wishes.start[donor + 1]
    nobody = np.zeros(0, dtype=np.int64)
    category, kind, *areas = past.shares
    own = [np.array([code]) if code != UNKNOWN else nobody for code in history.donor_areas[:, donor]]
    near = [share.lift(donor, wished=codes) for share, codes in zip(areas, own, strict=True)]
    return (
        category.lift(donor, wished=history.wishes.columns[low:high]),
        kind.lift(donor, wished=nobody),
        np.mean(near, axis=0),
    )


def _amounts(past: Past, donor: int) -> tuple[Array, Array]:
    """Minus the distance from the donor's usual size, in logs; the log of the budget's share of the size, at most 0."""
    low, high = past.seen.start[donor], past.seen.start[donor + 1]
    usual = past.sizes[past.seen.columns[low:high]]
    usual = usual[~np.isnan(usual)]
    fit = np.zeros(past.seen.width)
    if len(usual):
        distance = np.abs(past.sizes - usual.mean())
        unknown = np.isnan(distance)
        fit = -np.where(unknown, distance[~unknown].mean() if not unknown.all() else 0.0, distance)
    budget = past.history.budget[donor]
    cover = np.zeros(past.seen.width)
    if not np.isnan(budget):
        cover = np.minimum(np.nan_to_num(np.log1p(budget) - np.log1p(past.history.asked)), 0.0)
    return fit, cover


def _weighted(words: Table, *, candidates: Array) -> Table:
    return words.with_values(words.values * _rarity(words, candidates=candidates)[words.columns]).unit_rows()


def _rarity(words: Table, *, candidates: Array) -> Array:
    found = np.bincount(words.take(candidates).columns, minlength=words.width)
    return np.log((1 + len(candidates)) / (1 + found)) + 1.0


def _log(values: Array) -> Array:
    return np.log(values + SMALL)
