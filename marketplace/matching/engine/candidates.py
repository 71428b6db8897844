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
CLOSED = -32_000

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is hard beside kind, openness, budget and related parties: the donor's areas, and its categories."""

    must_fit_area: bool = True
    must_fit_category: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Donors filed under keys: P places in the order of keys (K,), those of key k at starts[k]:starts[k + 1].

    members: int64, the donor; base: (78, 13 or 1, P) int16, the terms that hang on donor, kind, category alone;
    typical, budget: (P,) int16; columns: (32, P) int8 text, (32, 0) where text has no weight.
    A blocked key is ``area * kind_room + kind * category_room (+ category)``; a dense file holds every donor
    in its own place, and keys, starts, members say who stands for which area.
    """

    is_dense: bool
    kind_room: int
    category_room: int
    keys: Array
    starts: Array
    members: Array
    base: Array
    typical: Array
    budget: Array
    columns: Array


def file_donors(donors: Donors, *, steps: Array, rules: Rules, is_dense: bool) -> Postings:
    """File open donors by area (dense), by area and kind, or by area, kind and category (where that is hard).

    steps: (13,) units per step of each feature.
    """
    base = donor_base(donors, steps=steps, must_fit_category=rules.must_fit_category)
    owner = np.repeat(np.arange(len(donors)), np.diff(donors.area_start))
    is_open = donors.is_open[owner]
    owner, areas = owner[is_open], donors.area_codes[is_open]
    by_text = steps[FEATURES.index(Feature.TEXT)] > 0
    if is_dense:
        keys, starts, members = _filed(areas, owner)
        places = np.arange(len(donors))
        kind_room, category_room = 1, 1
        base = _by_every_kind(base, kinds=donors.kinds)
    else:
        kind_room, category_room = KIND_ROOM, 1
        keys, members = _by_kind(areas, owner, kinds=donors.kinds)
        if rules.must_fit_category:
            kind_room, category_room = KIND_ROOM * CATEGORY_ROOM, CATEGORY_ROOM
            keys, members = _by_category(keys, members, categories=donors.categories)
        keys, starts, members = _filed(keys, members)
        places = members
        if rules.must_fit_category:
            own = np.repeat(keys % CATEGORY_ROOM, np.diff(starts))
            base = base[own, members][np.newaxis, :]
        else:
            base = base[:, members]
    return Postings(
        is_dense=is_dense,
        kind_room=kind_room,
        category_room=category_room,
        keys=keys,
        starts=starts,
        members=members,
        base=np.ascontiguousarray(base),
        typical=donors.log_typical[places],
        budget=donors.log_budget[places],
        columns=np.ascontiguousarray(donors.vectors[places].T)
        if by_text
        else np.empty((features.TEXT_DIMENSIONS, 0), dtype=np.int8),
    )


def need_order(needs: Needs) -> Array:
    """Rows of the needs, those of one division, kind and category together (N,) int64."""
    key = (needs.division * KIND_ROOM + needs.kind) * CATEGORY_ROOM + needs.category
    return np.argsort(key, kind="stable").astype(np.int64)


def fairness_order(needs: Needs) -> Array:
    """Rows of the needs, the never-helped first, then the longest waiting, then the most urgent, then by code."""
    return np.lexsort((-needs.urgency.astype(np.int64), -needs.waiting_days.astype(np.int64), 1 - needs.never_helped))


def neutral_order(needs: Needs) -> Array:
    """Rows of the needs as anyone sees them: the longest waiting first, then the most urgent, then by code."""
    return np.lexsort((-needs.urgency.astype(np.int64), -needs.waiting_days.astype(np.int64)))


def waiting_ties(needs: Needs) -> Array:
    """The place of each need among equals (N,) int64: longer waiting first, then by code."""
    ties = np.empty(len(needs), dtype=np.int64)
    ties[np.lexsort((-needs.waiting_days.astype(np.int64),))] = np.arange(len(needs))
    return ties


def category_levels(donors: Donors) -> Array:
    """(13, D) int64: 2 where the donor names the category, 1 where it names none at all, else 0."""
    bits = donors.categories.astype(np.int64)
    named = bits[np.newaxis, :] >> np.arange(len(CATEGORIES))[:, np.newaxis] & 1
    return np.where(bits == 0, features.CATEGORY_ANY, named * features.CATEGORY_NAMED)


def donors_for(problem: Problem, *, need: int, postings: Postings, rules: Rules) -> Array:
    """Rows of the donors that one need may be shown to, in order; ``postings`` are blocked ones."""
    kind, category = int(problem.needs.kind[need]), int(problem.needs.category[need])
    if rules.must_fit_area:
        division = int(problem.needs.division[need])
        extra = category if postings.category_room > 1 else 0
        wanted = [area * postings.kind_room + kind * postings.category_room + extra for area in ancestors(division)]
        found = [postings.members[low:high] for low, high in _places(postings, wanted)]
        rows = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    else:
        gives = problem.donors.is_open & (problem.donors.kinds >> kind & 1 == 1)
        rows = np.flatnonzero(gives)
        if rules.must_fit_category:
            bits = problem.donors.categories[rows]
            rows = rows[(bits == 0) | (bits >> category & 1 == 1)]
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


def excluded_starts(problem: Problem) -> Array:
    """(N + 1,) int64: need i's forbidden pairs are problem.excluded[starts[i]:starts[i + 1]]."""
    return np.searchsorted(problem.excluded, np.arange(len(problem.needs) + 1) << 32).astype(np.int64)


def _places(postings: Postings, wanted: list[int]) -> list[tuple[int, int]]:
    at = np.searchsorted(postings.keys, wanted)
    return [
        (int(postings.starts[place]), int(postings.starts[place + 1]))
        for place, key in zip(at, wanted, strict=True)
        if place < len(postings.keys) and postings.keys[place] == key
    ]


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


def donor_base(donors: Donors, *, steps: Array, must_fit_category: bool) -> Array:
    """(13, D) int16 terms by category that hang on the donor; CLOSED where the donor may not be shown.

    They are those of category, neighbours, success, capacity and recency.
    """
    step = dict(zip(FEATURES, steps.tolist(), strict=True))
    by_category = category_levels(donors)
    base = (
        step[Feature.CATEGORY] * by_category
        + step[Feature.NEIGHBOURS] * donors.neighbours.astype(np.int64).T
        + step[Feature.SUCCESS] * donors.success.astype(np.int64)
        + step[Feature.CAPACITY] * donors.capacity.astype(np.int64)
        + step[Feature.RECENCY] * donors.recency.astype(np.int64)
    )
    is_closed = ~donors.is_open[np.newaxis, :]
    if must_fit_category:
        is_closed = is_closed | (by_category == features.CATEGORY_OTHER)
    return np.where(is_closed, CLOSED, base).astype(np.int16)


def _by_every_kind(base: Array, *, kinds: Array) -> Array:
    """(13, D) -> (6 x 13, D), CLOSED where the donor does not give the kind."""
    gives = kinds >> np.arange(len(KINDS))[:, np.newaxis] & 1 == 1
    return np.where(gives[:, np.newaxis, :], base, CLOSED).astype(np.int16).reshape(-1, base.shape[1])


def _filed(keys: Array, members: Array) -> tuple[Array, Array, Array]:
    """Distinct keys, where each begins, and the members in their order."""
    order = np.argsort(keys, kind="stable")
    distinct, first = np.unique(keys[order], return_index=True)
    starts = np.concatenate([first, [len(keys)]]).astype(np.int64)
    return distinct.astype(np.int64), starts, members[order].astype(np.int64)


def _by_kind(areas: Array, owner: Array, *, kinds: Array) -> tuple[Array, Array]:
    gives = [kinds[owner] >> kind & 1 == 1 for kind in range(len(KINDS))]
    keys = [areas[has] * KIND_ROOM + kind for kind, has in enumerate(gives)]
    return np.concatenate(keys), np.concatenate([owner[has] for has in gives])


def _by_category(keys: Array, owner: Array, *, categories: Array) -> tuple[Array, Array]:
    bits = categories[owner]
    gives = [(bits == 0) | (bits >> category & 1 == 1) for category in range(len(CATEGORIES))]
    filed = [keys[has] * CATEGORY_ROOM + category for category, has in enumerate(gives)]
    return np.concatenate(filed), np.concatenate([owner[has] for has in gives])
