"""What makes a list more than a sorting: the floor for the worst off, exploration by lot, and neutral lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import (
    KIND_ROOM,
    Rules,
    fairness_order,
    needs_for,
    neutral_order,
)
from marketplace.matching.engine.pairs import pair_units
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.top import NOBODY, Prepared, Top, donors_of

Array = NDArray[Any]
COUNTY = 10**6
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
    order = fairness_order(needs)
    group = (needs.division[order] // COUNTY) * KIND_ROOM + needs.kind[order]
    _, which, sizes = np.unique(group, return_inverse=True, return_counts=True)
    by_group = np.argsort(which, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[by_group] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows: Array = np.sort(order[place < np.ceil(share * sizes[which])])
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


def explore_donors(setting: Setting, lists: Lists, *, rows: Sequence[int]) -> None:
    """Exploration in the lists of the needs ``rows[i]``, which are row i of ``lists``."""
    prepared = setting.prepared
    for at, lot in _drawn(setting, lists, codes=prepared.problem.needs.codes, rows=rows, label="need"):
        pool = donors_of(prepared, need=rows[at])
        partner = _place_drawn(setting, lists, at, pool=pool, marks=setting.donor_marks, lot=lot)
        lists.units[at, -1] = _units(prepared, need=rows[at], donor=partner)


def explore_needs(setting: Setting, lists: Lists, *, rows: Sequence[int]) -> None:
    """Exploration in the lists of the donors ``rows[i]``, which are row i of ``lists``."""
    prepared = setting.prepared
    problem, rules = prepared.problem, setting.policy.rules
    for at, lot in _drawn(setting, lists, codes=problem.donors.codes, rows=rows, label="donor"):
        pool = needs_for(problem, donor=rows[at], order=prepared.order, rules=rules)
        partner = _place_drawn(setting, lists, at, pool=pool, marks=setting.need_marks, lot=lot)
        lists.units[at, -1] = _units(prepared, need=partner, donor=rows[at])


def _drawn(
    setting: Setting, lists: Lists, *, codes: Sequence[str], rows: Sequence[int], label: str
) -> list[tuple[int, int]]:
    """The lists whose last place goes by lot, each with its lot; notes the chance of those that do not.

    A list takes part where more is eligible than it has places for.
    """
    chance = min(setting.policy.exploration * setting.k, 1.0)
    drawn = []
    for at in np.flatnonzero(lists.has_more).tolist() if chance > 0 else []:
        turn, lot = _lots(setting, f"{label}/{codes[rows[at]]}")
        lists.propensity[at, -1] = 1.0 - chance
        if turn < chance:
            drawn.append((at, lot))
    return drawn


def _place_drawn(setting: Setting, lists: Lists, at: int, *, pool: Array, marks: Array, lot: int) -> int:
    """Put one of the pool that is not in the list into the last place; every one has the same chance.

    Each draws a number from its own mark and the list's lot, and the smallest wins (rendezvous hashing, Thaler and
    Ravishankar 1998): who comes to a pool or leaves it changes the draw only where it is the winner itself.
    """
    rest = np.setdiff1d(pool, lists.partners[at], assume_unique=True)
    partner = int(rest[_mixed(marks[rest] ^ np.uint64(lot)).argmin()])
    lists.partners[at, -1] = partner
    lists.sources[at, -1] = Source.EXPLORED
    lists.propensity[at, -1] = min(setting.policy.exploration * setting.k, 1.0) / len(rest)
    return partner


def _lots(setting: Setting, name: str) -> tuple[float, int]:
    """A number in [0, 1) and one of 64 bits that hang on seed, day and the list's own name alone."""
    digest = blake2b(f"{setting.seed}/{setting.day.isoformat()}/{name}".encode(), digest_size=14).digest()
    return int.from_bytes(digest[:6]) / 2**48, int.from_bytes(digest[6:])


def marks_of(codes: Sequence[str]) -> Array:
    """Codes -> (n,) uint64, the same on every machine."""
    digests = b"".join(blake2b(code.encode(), digest_size=8).digest() for code in codes)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def _mixed(bits: Array) -> Array:
    """64-bit numbers scattered evenly (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    bits = (bits ^ bits >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ bits >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ bits >> np.uint64(31))


def make_neutral(setting: Setting, lists: Lists, *, rows: Sequence[int]) -> None:
    """Lists of donors who switched personalisation off: by waiting time, then urgency, then code; no score."""
    problem = setting.prepared.problem
    is_off = ~problem.donors.is_personalised[rows]
    if not is_off.any():
        return
    place = setting.neutral_place
    for at in np.flatnonzero(is_off).tolist():
        pool = needs_for(problem, donor=rows[at], order=setting.prepared.order, rules=setting.policy.rules)
        shown = pool[np.argsort(place[pool])][: setting.k]
        lists.partners[at] = NOBODY
        lists.partners[at, : len(shown)] = shown
        lists.units[at] = 0
        lists.sources[at] = Source.NEUTRAL
        lists.propensity[at] = lists.partners[at] != NOBODY


def _units(prepared: Prepared, *, need: int, donor: int) -> int:
    pair = pair_units(prepared.problem, needs=np.array([need]), donors=np.array([donor]), steps=prepared.steps)
    return int(pair[0])
