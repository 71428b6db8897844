"""What makes a list more than a sorting: the floor for the worst off, exploration by lot, and neutral lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import FAIRNESS_BITS, Rules, fairness_keys, neutral_order
from marketplace.matching.engine.pairs import pair_units
from marketplace.matching.engine.pools import Pools
from marketplace.matching.engine.prepared import Prepared, needs_of, pools_of_donors, pools_of_needs
from marketplace.matching.engine.problem import KINDS, Problem
from marketplace.matching.engine.top import NOBODY, Top

Array = NDArray[Any]
COUNTY = 10**6
# Lists whose last places are drawn together: more would only take memory.
AT_ONCE = 65_536
DEFAULT_RULES = Rules()


class Source(IntEnum):
    """Why a pair stands in a list."""

    RANKED = 0
    FLOOR = 1
    EXPLORED = 2
    NEUTRAL = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """How lists are made: the hard rules, the floor's share and where it begins, the share of exploration.

    ``floor_share`` of a donor's places, all after the first ``floor_after``, go to the worst-off needs (in
    each county and kind, the first ``worst_off`` of the never-helped and longest-waiting) where the score
    alone gave them fewer. ``exploration`` of all places are drawn by lot among everything eligible.
    """

    rules: Rules = DEFAULT_RULES
    floor_share: float = 0.2
    floor_after: int = 3
    worst_off: float = 0.2
    exploration: float = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Lists by row, all (rows, k): partners int32 (NOBODY = no more), units int16, sources uint8, propensity.

    Propensity (float64) is the chance, over draws of the seed, that this partner stood in the list.
    has_more (rows,) bool: more was eligible than the list has places for.
    """

    partners: Array
    units: Array
    sources: Array
    propensity: Array
    has_more: Array


@dataclass(frozen=True, eq=False)
class Setting:
    """What every list of a run shares."""

    prepared: Prepared
    policy: Policy
    k: int
    seed: int
    day: date

    @cached_property
    def worst_off(self) -> Array:
        """Rows of the needs that the floor is for."""
        return worst_off_needs(self.prepared.problem, share=self.policy.worst_off)

    @cached_property
    def neutral_place(self) -> Array:
        """(N,) the place of each need in a list without personalisation."""
        return np.argsort(neutral_order(self.prepared.problem.needs))

    @cached_property
    def need_marks(self) -> Array:
        """(N,) uint64: what each need brings to a draw of lots."""
        return marks_of(self.prepared.problem.needs.codes)

    @cached_property
    def donor_marks(self) -> Array:
        """(D,) uint64: what each donor brings to a draw of lots."""
        return marks_of(self.prepared.problem.donors.codes)


def worst_off_needs(problem: Problem, *, share: float) -> Array:
    """Rows of the first ``share`` of each county and kind: never helped first, then the longest waiting."""
    needs = problem.needs
    group = needs.division // COUNTY * len(KINDS) + needs.kind
    keys = group << FAIRNESS_BITS | fairness_keys(needs)
    order = np.argsort(keys, kind="stable")
    begins = np.flatnonzero(np.diff(keys[order] >> FAIRNESS_BITS, prepend=-1))
    sizes = np.diff(begins, append=len(order))
    place = np.arange(len(order)) - np.repeat(begins, sizes)
    rows: Array = np.sort(order[place < np.repeat(np.ceil(share * sizes), sizes)])
    return rows


def ranked(best: Top) -> Lists:
    """Lists from a top of k + 1, whose last column only tells whether there is more."""
    partners = np.ascontiguousarray(best.partners[:, :-1])
    return Lists(
        partners=partners,
        units=np.ascontiguousarray(best.units[:, :-1]),
        sources=np.full(partners.shape, Source.RANKED, dtype=np.uint8),
        propensity=(partners != NOBODY).astype(np.float64),
        has_more=best.partners[:, -1] != NOBODY,
    )


def floor_places(policy: Policy, *, k: int) -> list[int]:
    """Which places (from 0) the floor may take: spread over those after ``floor_after``, never the last."""
    room = k - 1 - policy.floor_after
    count = min(int(np.ceil(policy.floor_share * k)), max(room, 0))
    return [policy.floor_after + turn * room // count for turn in range(count)]


def raise_floor(setting: Setting, lists: Lists, *, worst: Top) -> None:
    """Put the best of the worst off into the reserved places of every list that holds too few of them."""
    places = floor_places(setting.policy, k=setting.k)
    if not places:
        return
    is_worst = np.zeros(len(setting.prepared.problem.needs) + 1, dtype=np.bool_)
    is_worst[setting.worst_off] = True
    kept = setting.k - 1 - len(places)
    held = is_worst[lists.partners[:, :kept]].sum(axis=1)
    for row in np.flatnonzero((held < len(places)) & (lists.partners[:, -1] != NOBODY)):
        _raise_one(lists, int(row), worst=worst, places=places[held[row] :], kept=kept)


def _raise_one(lists: Lists, row: int, *, worst: Top, places: Sequence[int], kept: int) -> None:
    k = lists.partners.shape[1]
    ranked = list(zip(lists.partners[row].tolist(), lists.units[row].tolist(), strict=True))
    head = {partner for partner, _ in ranked[:kept]}
    raised = [
        (partner, units)
        for partner, units in zip(worst.partners[row].tolist(), worst.units[row].tolist(), strict=True)
        if partner != NOBODY and partner not in head
    ][: len(places)]
    chosen = {partner for partner, _ in raised}
    rest = [pair for pair in ranked if pair[0] not in chosen][: k - len(raised)]
    for place, pair in zip(places, raised, strict=False):
        rest.insert(place, pair)
    lists.partners[row] = [partner for partner, _ in rest]
    lists.units[row] = [units for _, units in rest]
    lists.sources[row] = [Source.FLOOR if partner in chosen else Source.RANKED for partner, _ in rest]


def explore_donors(setting: Setting, lists: Lists, *, rows: Array) -> None:
    """Exploration in the lists of the needs ``rows[i]``, which are row i of ``lists``."""
    prepared = setting.prepared
    for at, lots in _drawn(setting, lists, codes=prepared.problem.needs.codes, rows=rows, label="need"):
        pools = pools_of_needs(prepared, needs=rows[at])
        donors = _place_drawn(setting, lists, at, pools=pools, marks=setting.donor_marks, lots=lots)
        lists.units[at, -1] = pair_units(prepared.problem, needs=rows[at], donors=donors, steps=prepared.steps)


def explore_needs(setting: Setting, lists: Lists, *, rows: Array) -> None:
    """Exploration in the lists of the donors ``rows[i]``, which are row i of ``lists``."""
    prepared = setting.prepared
    for at, lots in _drawn(setting, lists, codes=prepared.problem.donors.codes, rows=rows, label="donor"):
        pools = pools_of_donors(prepared, donors=rows[at])
        needs = _place_drawn(setting, lists, at, pools=pools, marks=setting.need_marks, lots=lots)
        lists.units[at, -1] = pair_units(prepared.problem, needs=needs, donors=rows[at], steps=prepared.steps)


def _drawn(
    setting: Setting, lists: Lists, *, codes: Sequence[str], rows: Array, label: str
) -> Iterator[tuple[Array, Array]]:
    """The lists whose last place goes by lot, some at a time, each with its lot; notes the chance of those kept.

    A list takes part where more is eligible than it has places for.
    """
    chance = min(setting.policy.exploration * setting.k, 1.0)
    may_explore = np.flatnonzero(lists.has_more) if chance > 0 else np.empty(0, dtype=np.int64)
    lists.propensity[may_explore, -1] = 1.0 - chance
    for first in range(0, len(may_explore), AT_ONCE):
        part = may_explore[first : first + AT_ONCE]
        turns, lots = _lots(setting, [f"{label}/{codes[row]}" for row in rows[part].tolist()])
        if (turns < chance).any():
            yield part[turns < chance], lots[turns < chance]


def _place_drawn(setting: Setting, lists: Lists, at: Array, *, pools: Pools, marks: Array, lots: Array) -> Array:
    """Put one of each pool that is not in the list into the last place; every one has the same chance."""
    shown = lists.partners[at]
    drawn = pools.draw(marks=marks, lots=lots, shown=shown)
    lists.partners[at, -1] = drawn
    lists.sources[at, -1] = Source.EXPLORED
    chance = min(setting.policy.exploration * setting.k, 1.0)
    lists.propensity[at, -1] = chance / (pools.sizes - (shown != NOBODY).sum(axis=1))
    return drawn


def _lots(setting: Setting, names: Sequence[str]) -> tuple[Array, Array]:
    """For each list a number in [0, 1) and one of 64 bits, which hang on seed, day and the list's own name alone."""
    day = f"{setting.seed}/{setting.day.isoformat()}/"
    digests = [blake2b(f"{day}{name}".encode(), digest_size=14).digest() for name in names]
    turns = np.array([int.from_bytes(digest[:6]) for digest in digests]) / 2**48
    return turns, np.array([int.from_bytes(digest[6:]) for digest in digests], dtype=np.uint64)


def marks_of(codes: Sequence[str]) -> Array:
    """Codes -> (n,) uint64, the same on every machine."""
    digests = b"".join(blake2b(code.encode(), digest_size=8).digest() for code in codes)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def make_neutral(setting: Setting, lists: Lists, *, rows: Array) -> None:
    """Lists of donors who switched personalisation off: by waiting time, then urgency, then code; no score."""
    problem = setting.prepared.problem
    is_off = ~problem.donors.is_personalised[rows]
    if not is_off.any():
        return
    place = setting.neutral_place
    for at in np.flatnonzero(is_off).tolist():
        pool = needs_of(setting.prepared, donor=int(rows[at]))
        shown = _first(place[pool], pool, k=setting.k)
        lists.partners[at] = NOBODY
        lists.partners[at, : len(shown)] = shown
        lists.units[at] = 0
        lists.sources[at] = Source.NEUTRAL
        lists.propensity[at] = lists.partners[at] != NOBODY


def _first(places: Array, rows: Array, *, k: int) -> Array:
    """The rows with the k smallest places, in their order."""
    if len(rows) > k:
        nearest = np.argpartition(places, k)[:k]
        places, rows = places[nearest], rows[nearest]
    return np.asarray(rows[np.argsort(places)])
