"""Who may meet whom: the hard rules, and donors filed by area and kind so that only those who may are looked at."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine import features
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.problem import CATEGORIES, KINDS, Donors, Needs, Problem

# Open digits of a code at each level: the country, province, prefecture, county, township, village.
LEVELS = np.array([10**12, 10**10, 10**8, 10**6, 10**3, 1], dtype=np.int64)
KIND_ROOM = 8
CATEGORY_ROOM = 16
AREA_ROOM = 1 << 41
# The area of everybody, where areas are not hard.
ANYWHERE = -1
CLOSED = -32_000

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is hard beside kind, openness, budget and related parties: the donor's areas, and its categories."""

    must_fit_area: bool = True
    must_fit_category: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Open donors filed under keys, for one model.

    keys: (K,) int64, sorted, by ``posting_key``; members: (P,) int32, donors, those of key k at
    starts[k]:starts[k + 1]; base: (13, D) int16, the terms that hang on category and donor alone.
    """

    by_category: bool
    keys: Array
    starts: Array
    members: Array
    base: Array

    def donors_under(self, key: int) -> Array:
        """The donors filed under a key, none where there is no such key."""
        at = int(np.searchsorted(self.keys, key))
        if at == len(self.keys) or int(self.keys[at]) != key:
            return self.members[:0]
        found: Array = self.members[self.starts[at] : self.starts[at + 1]]
        return found


def posting_key(area: int, *, kind: int, category: int, by_category: bool) -> int:
    """Kind (and category, where that is hard), then area: the order in which the sweep meets them."""
    shelf = kind * len(CATEGORIES) + category if by_category else kind
    return shelf * AREA_ROOM + 1 + area


def file_donors(donors: Donors, *, steps: Array, rules: Rules) -> Postings:
    """File open donors by kind, category (where that is hard) and area; steps: (13,) units of each feature.

    Where areas are not hard, everybody is also filed under ANYWHERE.
    """
    owner = np.repeat(np.arange(len(donors)), np.diff(donors.area_start))
    areas = donors.area_codes
    if not rules.must_fit_area:
        owner = np.concatenate([np.arange(len(donors)), owner])
        areas = np.concatenate([np.full(len(donors), ANYWHERE), areas])
    by_area = np.argsort(areas, kind="stable")
    by_area = by_area[donors.is_open[owner[by_area]]]
    keys, members = _shelved(areas[by_area], owner[by_area].astype(np.int32), donors=donors, rules=rules)
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return Postings(
        by_category=rules.must_fit_category,
        keys=keys[first],
        starts=np.append(first, len(keys)),
        members=members,
        base=donor_base(donors, steps=steps),
    )


def sweep_order(needs: Needs) -> Array:
    """Rows of the needs (N,) int32, those of one kind and category together, and within these by division."""
    order = np.argsort(needs.division).astype(np.int32)
    group = (needs.kind[order] * np.uint8(len(CATEGORIES)) + needs.category[order]).astype(np.uint8)
    return order[np.argsort(group, kind="stable")]


def need_order(needs: Needs) -> Array:
    """Rows of the needs, those of one division, kind and category together (N,) int64."""
    key = (needs.division * KIND_ROOM + needs.kind) * CATEGORY_ROOM + needs.category
    return np.argsort(key, kind="stable")


def fairness_order(needs: Needs) -> Array:
    """Rows of the needs, the never-helped first, then the longest waiting, then the most urgent, then by code."""
    return np.lexsort((-needs.urgency.astype(np.int64), -needs.waiting_days.astype(np.int64), 1 - needs.never_helped))


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


def donors_for(problem: Problem, *, need: int, postings: Postings, rules: Rules) -> Array:
    """Rows of the donors that one need may be shown to, in order."""
    kind, category = int(problem.needs.kind[need]), int(problem.needs.category[need])
    areas = ancestors(int(problem.needs.division[need])) if rules.must_fit_area else [ANYWHERE]
    keys = [posting_key(area, kind=kind, category=category, by_category=postings.by_category) for area in areas]
    rows = np.unique(np.concatenate([postings.donors_under(key) for key in keys])).astype(np.int64)
    low, high = np.searchsorted(problem.excluded, [need << 32, (need + 1) << 32])
    if low == high:
        return rows
    return np.setdiff1d(rows, problem.excluded[low:high] & 0xFFFFFFFF, assume_unique=True)


def needs_for(problem: Problem, *, donor: int, order: Array, rules: Rules) -> Array:
    """Rows of the needs that one donor may be shown, in order; ``order`` is ``need_order`` of the needs."""
    needs, donors = problem.needs, problem.donors
    if not donors.is_open[donor]:
        return np.empty(0, dtype=np.int64)
    rows = _inside(problem, donor=donor, order=order) if rules.must_fit_area else np.arange(len(needs))
    allowed = donors.kinds[donor] >> needs.kind[rows] & 1 == 1
    bits = int(donors.categories[donor])
    if rules.must_fit_category and bits:
        allowed &= bits >> needs.category[rows].astype(np.int64) & 1 == 1
    if len(problem.excluded):
        pairs = rows << 32 | donor
        at = np.minimum(np.searchsorted(problem.excluded, pairs), len(problem.excluded) - 1)
        allowed &= problem.excluded[at] != pairs
    return np.sort(rows[allowed])


def ancestors(division: int) -> list[int]:
    """The country (0), the province, ... down to the division itself, each once."""
    return list(dict.fromkeys(int(division - division % level) for level in LEVELS))


def _inside(problem: Problem, *, donor: int, order: Array) -> Array:
    """Needs inside any area of the donor, each once."""
    divisions = problem.needs.division[order]
    low, high = problem.donors.area_start[donor], problem.donors.area_start[donor + 1]
    found = []
    reached = -1
    for area in problem.donors.area_codes[low:high].tolist():
        width = next(int(level) for level in LEVELS if area % level == 0)
        if area < reached:
            continue
        reached = area + width
        first, last = np.searchsorted(divisions, [area, reached])
        found.append(order[first:last])
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


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
    """Sorted keys and the donor of each, from areas in their order and the donors that name them."""
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
    return keys, np.concatenate([owner[rows] for _, rows in found])
