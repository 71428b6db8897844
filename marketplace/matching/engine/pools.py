"""Who may stand in a list: needs filed like donors are, and the pool of each list as stretches of what is filed.

Filing both sides by kind (and category, where that is hard) and area makes a pool a few stretches of one array,
however large it is: nothing is looked at pair by pair before it has to be.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import ANYWHERE, AREA_ROOM, LEVELS, Postings, Rules, is_nested, widths
from marketplace.matching.engine.pairs import fits
from marketplace.matching.engine.problem import CATEGORIES, KINDS, Needs, Problem, stretches

DONOR_MASK = (1 << 32) - 1

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """The pools of n lists: list i may hold members[low[s]:high[s]] for s in start[i]:start[i + 1], some of them twice.

    Kept out of it are apart[apart_start[i]:apart_start[i + 1]]; sizes[i] are left. members, apart: int32, of ``count``
    rows of the other side.
    """

    count: int
    members: Array
    start: Array
    low: Array
    high: Array
    apart_start: Array
    apart: Array
    sizes: Array

    def rows(self, at: int) -> Array:
        """The pool of one list: rows of the other side (int64), each once, in order."""
        is_in = np.zeros(self.count, dtype=np.bool_)
        for one in range(int(self.start[at]), int(self.start[at + 1])):
            is_in[self.members[self.low[one] : self.high[one]]] = True
        is_in[self.apart[self.apart_start[at] : self.apart_start[at + 1]]] = False
        return np.flatnonzero(is_in)

    def draw(self, *, marks: Array, lots: Array, shown: Array) -> Array:
        """One of each pool by lot among those not ``shown`` (n, k) int32: (n,) int64, -1 where nobody is left.

        Each draws a number from its own mark (count,) uint64 and the list's lot (n,) uint64, and the smallest wins
        (rendezvous hashing, Thaler and Ravishankar 1998): who comes to a pool or leaves it changes the draw only
        where it is the winner itself.
        """
        # numba would slow every start of the web.
        from marketplace.matching.engine.draws import draw  # noqa: PLC0415

        drawn = np.empty(len(lots), dtype=np.int64)
        pools = (self.start, self.low, self.high, self.apart_start, self.apart)
        draw(marks[self.members], self.members, *pools, lots, shown, np.full(self.count, -1, dtype=np.int32), drawn)
        return drawn


@dataclass(frozen=True, slots=True, eq=False)
class NeedFile:
    """Needs by kind (and category, where that is hard), then division: sorted keys (N,) int64, rows (N,) int32."""

    keys: Array
    rows: Array


def file_needs(needs: Needs, *, rules: Rules) -> NeedFile:
    """File the needs, those of one key in the order of their codes."""
    keys = _shelves(needs, rules=rules) * AREA_ROOM + needs.division
    rows = np.argsort(keys, kind="stable").astype(np.int32)
    return NeedFile(keys=keys[rows], rows=rows)


def need_pools(problem: Problem, *, donors: Array, filed: NeedFile, rules: Rules) -> Pools:
    """The needs that each of some donors (n,) may be shown."""
    owner, areas, width = _searched(problem, donors=donors, rules=rules)
    at, shelf = np.nonzero(_wanted_shelves(problem, donors=donors, rules=rules)[owner])
    keys = shelf * AREA_ROOM + areas[at]
    low, high = (np.searchsorted(filed.keys, bound) for bound in (keys, keys + width[at]))
    start = np.searchsorted(owner[at], np.arange(len(donors) + 1))
    place = np.full(len(problem.donors), -1)
    place[donors] = np.arange(len(donors))
    of_list = place[problem.excluded & DONOR_MASK]
    of_list, apart = of_list[of_list >= 0], problem.excluded[of_list >= 0] >> 32
    would_fit = fits(problem, needs=apart, donors=donors[of_list], rules=rules)
    sizes = _sums(high - low, start) - np.bincount(of_list[would_fit], minlength=len(donors))
    apart_start, apart = _by_list(of_list, apart, lists=len(donors))
    return Pools(len(problem.needs), filed.rows, start, low, high, apart_start, apart, sizes)


def donor_pools(problem: Problem, *, needs: Array, filed: Postings, loose: Array, rules: Rules) -> Pools:
    """The donors that each of some needs (n,) may be shown to; ``loose`` donors are filed nowhere, but judged."""
    count = len(needs)
    division = problem.needs.division[needs][:, np.newaxis]
    areas = division - division % LEVELS if rules.must_fit_area else np.full((count, 1), ANYWHERE)
    keys = _shelves(problem.needs, rules=rules)[needs][:, np.newaxis] * AREA_ROOM + 1 + areas
    # A division that ends with zeros is its own township: the area that comes twice is looked up once.
    keys[:, 1:][keys[:, 1:] == keys[:, :-1]] = -1
    at = np.searchsorted(filed.keys, keys)
    is_found = np.append(filed.keys, -2)[at] == keys
    low = np.where(is_found, filed.starts[at], 0)
    high = np.where(is_found, np.append(filed.starts, 0)[at + 1], 0)
    sizes = (filed.firsts[high] - filed.firsts[low]).sum(axis=1)
    members = filed.members
    if len(loose):
        judged, of_list = np.tile(loose, count), np.repeat(np.arange(count), len(loose))
        is_in = fits(problem, needs=needs[of_list], donors=judged, rules=rules)
        more = np.bincount(of_list[is_in], minlength=count)
        ends = len(members) + np.cumsum(more)
        low, high, sizes = np.column_stack([low, ends - more]), np.column_stack([high, ends]), sizes + more
        members = np.append(members, judged[is_in].astype(np.int32))
    of_list, apart = _excluded_of(problem, needs=needs)
    would_fit = fits(problem, needs=needs[of_list], donors=apart, rules=rules)
    sizes = sizes - np.bincount(of_list[would_fit], minlength=count)
    apart_start, apart = _by_list(of_list, apart, lists=count)
    start = np.arange(count + 1) * low.shape[1]
    return Pools(len(problem.donors), members, start, low.ravel(), high.ravel(), apart_start, apart, sizes)


def _searched(problem: Problem, *, donors: Array, rules: Rules) -> tuple[Array, Array, Array]:
    """Where each donor looks, no area inside another: the place in ``donors`` of each area, its code, its width."""
    gives = problem.donors
    if not rules.must_fit_area:
        every = np.arange(len(donors))
        return every, np.zeros_like(every), np.full_like(every, AREA_ROOM)
    begins, counts = gives.area_start[donors], np.diff(gives.area_start)[donors]
    owner = np.repeat(np.arange(len(donors)), counts)
    areas = gives.area_codes[stretches(begins, counts)]
    is_widest = ~is_nested(owner, areas=areas)
    return owner[is_widest], areas[is_widest], widths(areas[is_widest])


def _shelves(needs: Needs, *, rules: Rules) -> Array:
    """(N,) int64: the kind of each need, with its category where that is hard, as donors' postings count them."""
    shelves: Array = needs.kind.astype(np.int64)
    return np.asarray(shelves * len(CATEGORIES) + needs.category) if rules.must_fit_category else shelves


def _wanted_shelves(problem: Problem, *, donors: Array, rules: Rules) -> Array:
    """(n, shelves) bool: where each donor looks; nowhere where it is closed."""
    gives = problem.donors
    wanted = gives.kinds[donors, np.newaxis] >> np.arange(len(KINDS), dtype=np.uint8) & 1 == 1
    wanted &= gives.is_open[donors, np.newaxis]
    if not rules.must_fit_category:
        return np.asarray(wanted)
    bits = gives.categories[donors, np.newaxis]
    named = (bits == 0) | (bits >> np.arange(len(CATEGORIES), dtype=np.uint16) & 1 == 1)
    return np.asarray(wanted[:, :, np.newaxis] & named[:, np.newaxis, :]).reshape(len(donors), -1)


def _excluded_of(problem: Problem, *, needs: Array) -> tuple[Array, Array]:
    """The forbidden pairs of some needs (n,): places in ``needs``, and the donors."""
    begins, ends = (np.searchsorted(problem.excluded, needs + turn << 32) for turn in (0, 1))
    counts = ends - begins
    return np.repeat(np.arange(len(needs)), counts), problem.excluded[stretches(begins, counts)] & DONOR_MASK


def _sums(values: Array, start: Array) -> Array:
    """The sum of the values of each list: those of list i stand at start[i]:start[i + 1]."""
    sums = np.concatenate([[0], np.cumsum(values)])
    return np.asarray(sums[start[1:]] - sums[start[:-1]])


def _by_list(owner: Array, rows: Array, *, lists: int) -> tuple[Array, Array]:
    """Rows with the list that each belongs to, in any order -> where each list's begin, and the rows (int32)."""
    order = np.argsort(owner, kind="stable")
    return np.searchsorted(owner[order], np.arange(lists + 1)), rows[order].astype(np.int32)
