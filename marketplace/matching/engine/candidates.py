"""Who may meet whom: the hard rules, and donors filed by area and kind so that only those who may are looked at."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine import features
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.problem import CATEGORIES, KINDS, Donors, Needs

# Open digits of a code at each level: the country, province, prefecture, county, township, village.
LEVELS = np.array([10**12, 10**10, 10**8, 10**6, 10**3, 1], dtype=np.int64)
AREA_ROOM = 1 << 41
# The area of everybody, where areas are not hard.
ANYWHERE = -1
CLOSED = -32_000
FAIRNESS_BITS = 34
_LONGEST = np.int64(np.iinfo(np.int32).max)

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is hard beside kind, openness, budget and related parties: the donor's areas, and its categories."""

    must_fit_area: bool = True
    must_fit_category: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Open donors filed under keys, for one model.

    keys: (K,) int64, sorted: the shelf (kind, with its category where that is hard) times AREA_ROOM, plus 1 and the
    area. members: (P,) int32, donors, those of key k at starts[k]:starts[k + 1]; firsts: (P + 1,) how many members
    before each place are not filed in a wider area too. base: (13, D) int16, the terms that hang on category and donor
    alone.
    """

    by_category: bool
    keys: Array
    starts: Array
    members: Array
    firsts: Array
    base: Array

    def without(self, donor: int) -> "Postings":
        """The same with one donor filed nowhere."""
        at = np.flatnonzero(self.members == donor)
        return replace(
            self,
            starts=self.starts - np.searchsorted(at, self.starts),
            members=np.delete(self.members, at),
            firsts=_counted(np.delete(np.diff(self.firsts), at)),
        )


def file_donors(donors: Donors, *, steps: Array, rules: Rules) -> Postings:
    """File open donors by kind, category (where that is hard) and area; steps: (13,) units of each feature.

    Where areas are not hard, everybody is also filed under ANYWHERE.
    """
    owner = np.repeat(np.arange(len(donors), dtype=np.int32), np.diff(donors.area_start))
    areas = donors.area_codes
    is_first = ~is_nested(owner, areas=areas)
    if not rules.must_fit_area:
        owner = np.concatenate([np.arange(len(donors), dtype=np.int32), owner])
        areas = np.concatenate([np.full(len(donors), ANYWHERE), areas])
        is_first = np.arange(len(owner)) < len(donors)
    by_area = np.argsort(areas, kind="stable")
    by_area = by_area[donors.is_open[owner[by_area]]]
    keys, rows = _shelved(areas[by_area], owner[by_area], donors=donors, rules=rules)
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return Postings(
        by_category=rules.must_fit_category,
        keys=keys[first],
        starts=np.append(first, len(keys)),
        members=owner[by_area][rows],
        firsts=_counted(is_first[by_area][rows]),
        base=donor_base(donors, steps=steps),
    )


def is_nested(owner: Array, *, areas: Array) -> Array:
    """Which areas (n,) lie inside another area of the same owner (n,): bool; an owner's areas are distinct."""
    begins = owner * np.int64(AREA_ROOM) + areas
    order = np.argsort(begins)
    reached = np.maximum.accumulate((begins + widths(areas))[order])
    nested = np.zeros(len(areas), dtype=np.bool_)
    nested[order[1:]] = begins[order[1:]] < reached[:-1]
    return nested


def widths(areas: Array) -> Array:
    """How many codes lie in each area: 1 for a village, 10**12 for the country."""
    return np.asarray(LEVELS[(areas[:, np.newaxis] % LEVELS == 0).argmax(axis=1)])


def _counted(is_counted: Array) -> Array:
    return np.concatenate([[0], np.cumsum(is_counted)])


def sweep_order(needs: Needs) -> Array:
    """Rows of the needs (N,) int32, those of one kind and category together, and within these by division."""
    order = np.argsort(needs.division).astype(np.int32)
    group = (needs.kind[order] * np.uint8(len(CATEGORIES)) + needs.category[order]).astype(np.uint8)
    return order[np.argsort(group, kind="stable")]


def fairness_keys(needs: Needs) -> Array:
    """(N,) int64 of FAIRNESS_BITS bits: smallest the never-helped, then the longest waiting, then the most urgent."""
    was_helped = 1 - needs.never_helped.astype(np.int64)
    return np.asarray(was_helped << 33 | _LONGEST - needs.waiting_days << 2 | 2 - needs.urgency)


def neutral_order(needs: Needs) -> Array:
    """Rows of the needs as anyone sees them: the longest waiting first, then the most urgent, then by code."""
    return np.lexsort((-needs.urgency.astype(np.int64), -needs.waiting_days.astype(np.int64)))


def waiting_order(needs: Needs) -> Array:
    """Rows of the needs (N,) int32 as equals are ordered: the longest waiting first, then by code."""
    longest = np.int32(needs.waiting_days.max(initial=0))
    days = longest - needs.waiting_days
    # numpy sorts 16-bit numbers stably in one walk.
    days = days.astype(np.uint16) if days.max(initial=0) < 1 << 16 else days
    return np.argsort(days, kind="stable").astype(np.int32)


def places_of(order: Array) -> Array:
    """(N,) int32: the place of each row in an order of all rows."""
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return places


def category_levels(donors: Donors) -> Array:
    """(13, D) int16: 2 where the donor names the category, 1 where it names none at all, else 0."""
    bits = donors.categories.astype(np.int16)
    named = bits[np.newaxis, :] >> np.arange(len(CATEGORIES), dtype=np.int16)[:, np.newaxis] & np.int16(1)
    return np.where(bits == 0, np.int16(features.CATEGORY_ANY), named * np.int16(features.CATEGORY_NAMED))


def donor_base(donors: Donors, *, steps: Array) -> Array:
    """(13, D) int16 terms by category that hang on the donor: category, neighbours, success, capacity, recency."""
    step = dict(zip(FEATURES, steps.tolist(), strict=True))
    own = (
        step[Feature.SUCCESS] * donors.success.astype(np.int16)
        + step[Feature.CAPACITY] * donors.capacity.astype(np.int16)
        + step[Feature.RECENCY] * donors.recency.astype(np.int16)
    )
    base: Array = step[Feature.NEIGHBOURS] * donors.neighbours.T.astype(np.int16)
    base += step[Feature.CATEGORY] * category_levels(donors)
    base += own
    return base


def _shelved(areas: Array, owner: Array, *, donors: Donors, rules: Rules) -> tuple[Array, Array]:
    """Sorted keys, and which of the areas (in their order, each with the donor that names it) stands there."""
    kinds, bits = donors.kinds[owner], donors.categories[owner]
    found = []
    for kind in range(len(KINDS)):
        gives = np.flatnonzero(kinds >> kind & 1)
        if not rules.must_fit_category:
            found.append((kind, gives))
            continue
        wanted = bits[gives]
        for category in range(len(CATEGORIES)):
            fits = (wanted == 0) | (wanted >> category & 1 == 1)
            found.append((kind * len(CATEGORIES) + category, gives[fits]))
    keys = np.concatenate([shelf * AREA_ROOM + 1 + areas[rows] for shelf, rows in found])
    return keys, np.concatenate([rows for _, rows in found])
