"""Which pairs an allocation weighs, and how its flows become parts that can be offered: whole steps, none too small."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine import top
from marketplace.matching.engine.prepared import Prepared, among, prepare
from marketplace.matching.engine.top import NOBODY, Top

# After so many rounds of looking for partners next to nothing more is placed.
MOST_ROUNDS = 12
WORTH_A_ROUND = 2000
_MASK = (1 << 32) - 1

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """What is to be placed where: open (N,), step (N,), purse (D,), all int64 units of one sort (fen, or places).

    ``open`` is what a need still asks, a whole number of its ``step``s (1 for money, the price of one for things);
    0 = takes no part. ``purse`` is what a donor would give at most.
    """

    open: Array
    step: Array
    purse: Array


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """P pairs in the order of (need, donor), all int64: rows, scores in model units, units of the rough allocation."""

    needs: Array
    donors: Array
    scores: Array
    rough: Array


def weigh(prepared: Prepared, *, asks: Asks, k: int) -> Pairs:
    """Each need's best k donors and each donor's best k needs; then the same again among who is left over.

    A rough allocation, best score first, empties purses and fills needs between the rounds, so that a large purse
    meets as many needs as it can fill, and each pair that the last coin could take is among them.
    """
    keys, scores, rough = (np.empty(0, dtype=np.int64) for _ in range(3))
    rest, purse = asks.open.copy(), asks.purse.copy()
    total = int(purse.sum())
    for _ in range(MOST_ROUNDS):
        new_keys, new_scores = _best(prepared, rest=rest, purse=purse, k=k)
        if not len(new_keys):
            break
        placed = greedy(new_keys >> 32, new_keys & _MASK, scores=new_scores, rest=rest, purse=purse)
        keys, first = np.unique(np.concatenate([keys, new_keys]), return_index=True)
        scores = np.concatenate([scores, new_scores])[first]
        # A pair that comes again was empty before: one of its two was used up otherwise.
        rough = np.concatenate([rough, placed])[first]
        if int(placed.sum()) * WORTH_A_ROUND < total:
            break
    return Pairs(needs=keys >> 32, donors=keys & _MASK, scores=scores, rough=rough)


def greedy(needs: Array, donors: Array, *, scores: Array, rest: Array, purse: Array) -> Array:
    """(P,) int64: pair by pair, best score first, as much as both can; ``rest`` and ``purse`` are lowered."""
    placed = np.zeros(len(needs), dtype=np.int64)
    left, free = rest.tolist(), purse.tolist()
    order = np.argsort(-scores, kind="stable")
    for place, need, donor in zip(order.tolist(), needs[order].tolist(), donors[order].tolist(), strict=True):
        units = min(left[need], free[donor])
        if units:
            placed[place] = units
            left[need] -= units
            free[donor] -= units
    rest[:], purse[:] = left, free
    return placed


def settle(asks: Asks, *, pairs: Pairs, units: Array, least: int) -> Array:
    """(P,) int64 units in whole steps of each need; no sum of a need or a purse grows beyond its own.

    A part below ``least`` goes back unless it fills the need or empties the purse; what rounding took goes to the
    need's other donors as far as their purses reach, best score first.
    """
    needs, donors = pairs.needs, pairs.donors
    step = asks.step[needs]
    kept = units // step * step
    kept[kept < np.minimum(least, np.minimum(asks.open[needs], asks.purse[donors]))] = 0
    short = np.unique(needs[kept != units])
    free = asks.purse - summed(kept, donors, size=len(asks.purse))
    got, wanted = (summed(u, needs, size=len(asks.open)) for u in (kept, units))
    starts, ends = np.searchsorted(needs, short), np.searchsorted(needs, short, side="right")
    for need, low, high in zip(short.tolist(), starts.tolist(), ends.tolist(), strict=True):
        size, asked = int(asks.step[need]), int(asks.open[need])
        missing = min(-(-int(wanted[need]) // size) * size, asked) - int(got[need])
        # Those who give already come first, then the better score.
        for place in low + np.lexsort((-pairs.scores[low:high], kept[low:high] == 0)):
            donor = donors[place]
            more = min(missing, int(free[donor])) // size * size
            if more and kept[place] + more >= min(least, asked, int(asks.purse[donor])):
                kept[place] += more
                free[donor] -= more
                missing -= more
    return kept


def summed(units: Array, rows: Array, *, size: int) -> Array:
    """Exact sums by row (size,) int64."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, rows, units)
    return sums


def _best(prepared: Prepared, *, rest: Array, purse: Array, k: int) -> tuple[Array, Array]:
    """Sorted keys ``need << 32 | donor`` and scores: best donors of open needs, best needs of donors with units."""
    problem = prepared.problem
    takes_part = problem.donors.is_open & (purse > 0)
    rows = np.flatnonzero(rest > 0)
    if not len(rows) or not takes_part.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    narrowed = replace(problem, donors=replace(problem.donors, is_open=takes_part))
    narrow = prepare(narrowed, model=prepared.model, rules=prepared.rules)
    by_need, by_donor = top.best_pairs(among(narrow, rows=rows), k=k)
    keys, scores = _keyed(by_need, is_need=True)
    more_keys, more_scores = _keyed(by_donor, is_need=False)
    keys, first = np.unique(np.concatenate([keys, more_keys]), return_index=True)
    return keys, np.concatenate([scores, more_scores])[first]


def _keyed(lists: Top, *, is_need: bool) -> tuple[Array, Array]:
    own, place = np.nonzero(lists.partners != NOBODY)
    partners = lists.partners[own, place].astype(np.int64)
    needs, donors = (own, partners) if is_need else (partners, own)
    return needs.astype(np.int64) << 32 | donors, lists.units[own, place].astype(np.int64)
