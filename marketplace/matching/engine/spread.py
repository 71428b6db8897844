"""Spread what is shown: contested needs go to the donors who would miss them most (exposure-aware re-ranking).

Each list gains ``score - strength * log(1 + lists that show the need already)``; places are handed out in the order
of what a donor gains over its own tenth choice. Source of the idea: Singh and Joachims 2018; the price is measured in
the same run by evaluate.py.
"""

from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRENGTH = 0.5
POOL = 150
NOBODY = -1

Array = NDArray[Any]


def pool_of(scores: Array, *, barred: Array, lots: Array, size: int) -> tuple[Array, Array]:
    """The best ``size`` of all (n,), best first, and their scores; NOBODY and -inf where fewer are left.

    Ties fall as ``lots`` says, a permutation (n,): alike for every ranker, and not by the order of the ids.
    """
    scores = np.array(scores, dtype=np.float64)
    scores[barred] = -np.inf
    mixed = scores[lots]
    best = np.argsort(-mixed, kind="stable")[:size]
    allowed = np.isfinite(mixed[best])
    return np.where(allowed, lots[best], NOBODY), np.where(allowed, mixed[best], -np.inf)


def spread(partners: Array, scores: Array, *, strength: float, length: int) -> Array:
    """Lists of ``length`` out of pools: partners, scores (Q, P), best first -> (Q, length) int64, best first.

    NOBODY and -inf where a pool is short. strength 0 gives the first of every pool.
    """
    if strength <= 0 or not partners.size:
        return _padded(partners[:, :length], length)
    own = scores[:, min(length, scores.shape[1]) - 1]
    gains = scores - np.where(np.isfinite(own), own, 0.0)[:, np.newaxis]
    return _in_order(partners, _hand_out(partners, gains, strength=strength, length=length), length)


def _in_order(partners: Array, chosen: Array, length: int) -> Array:
    """The chosen places of each pool, which is in order of score already."""
    lists = np.full((len(partners), length), NOBODY, dtype=np.int64)
    rows, places = np.nonzero(chosen)
    turn = np.arange(len(rows)) - np.searchsorted(rows, rows)
    lists[rows, turn] = partners[rows, places]
    return lists


def _padded(lists: Array, length: int) -> Array:
    out = np.full((len(lists), length), NOBODY, dtype=np.int64)
    out[:, : lists.shape[1]] = lists
    return out


def _hand_out(partners: Array, gains: Array, *, strength: float, length: int) -> Array:
    """Which places of each pool are taken (Q, P): the best offer of any donor first, re-priced when it comes up."""
    chosen = np.zeros(partners.shape, dtype=bool)
    shown = np.zeros(int(partners.max(initial=0)) + 1, dtype=np.int64)
    left = np.full(len(partners), length)
    offers = [
        (-gain, row, place)
        for row, line in enumerate(gains.tolist())
        for place, gain in enumerate(line)
        if partners[row, place] != NOBODY
    ]
    heapify(offers)
    while offers and left.any():
        price, row, place = heappop(offers)
        if not left[row]:
            continue
        need = partners[row, place]
        now = -float(gains[row, place] - strength * np.log1p(shown[need]))
        if now > price:
            heappush(offers, (now, row, place))
            continue
        chosen[row, place] = True
        left[row] -= 1
        shown[need] += 1
    return chosen
