"""What a history says of a donor and a need before a day: twenty-two signals, each known from what came earlier.

Seventeen are what experts expect to matter. Five more are the scores of plain rankers, so that whatever one of those
alone gets right the ranking can learn; they are read only where there are lists enough to learn from (``wide``).
"""

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.history import UNKNOWN
from marketplace.matching.engine.past import PLAIN, Past, text_profile

Array = NDArray[Any]

SMALL = 1e-3
_TENFOLD = 10.0


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
    EXPOSURE = "exposure"
    COGIVING = "cogiving"
    TASTES = "tastes"
    WORDS = "words"
    LATELY_POPULAR = "lately_popular"
    JUST_POPULAR = "just_popular"


SIGNALS = tuple(Signal)
WIDE = (Signal.COGIVING, Signal.TASTES, Signal.WORDS, Signal.LATELY_POPULAR, Signal.JUST_POPULAR)
SIGN_UNKNOWN = frozenset({Signal.TOTAL, Signal.IS_NEW, Signal.WAITING})


def donor_signals(past: Past, donor: int, *, wide: bool = False) -> Array:
    """(candidates, 22) float32, in the order of SIGNALS; zero what the history does not know, and WIDE unless asked."""
    rows = past.candidates
    columns = {signal: np.zeros(len(rows)) for signal in SIGNALS}
    lately, alike = past.neighbours.likeness(donor), past.plain_neighbours.likeness(donor)
    cogiving = past.plain_neighbours.by_donor
    columns[Signal.NEIGHBOURS] = _log(past.neighbours.by_donor.row_sum(lately)[rows])
    columns[Signal.SMALL_NEIGHBOURS] = _log(
        cogiving.row_sum(alike * (_TENFOLD / np.sqrt(past.seen.sizes() + 1.0)))[rows]
    )
    columns[Signal.SHARED_NEEDS] = _log(_from_shared(past, donor)[rows])
    columns[Signal.TEXT] = past.text.dot(text_profile(past, donor, weights=0.5 ** (past.last / PLAIN)))[rows]
    columns[Signal.CATEGORY], columns[Signal.KIND], columns[Signal.AREA] = (x[rows] for x in _lifts(past, donor))
    columns[Signal.AMOUNT], columns[Signal.BUDGET] = (x[rows] for x in _amounts(past, donor))
    names = (Signal.RECENCY, Signal.POPULARITY, Signal.IS_NEW, Signal.WAITING, Signal.EXPOSURE)
    columns.update(zip(names, past.need_columns, strict=True))
    for name, value in zip(
        (Signal.NEW_RATE, Signal.RECENT_RATE, Signal.TOTAL), past.donor_columns[:, donor], strict=True
    ):
        columns[name] = np.full(len(rows), value)
    if wide:
        columns[Signal.COGIVING] = cogiving.row_sum(alike)[rows]
        columns[Signal.TASTES] = past.factors.of(donor)[rows]
        columns[Signal.WORDS] = past.text.dot(text_profile(past, donor, weights=np.ones(len(past.last))))[rows]
        columns[Signal.LATELY_POPULAR] = np.log1p(past.recent_popularity[rows])
        columns[Signal.JUST_POPULAR] = np.log1p(past.just_popular[rows])
    return np.stack([columns[signal] for signal in SIGNALS], axis=1).astype(np.float32)


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


def _log(values: Array) -> Array:
    return np.log(values + SMALL)
