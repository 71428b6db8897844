"""The definition of every feature, pair by pair: what the kernel must equal and the reasons are made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine import features
from marketplace.matching.engine.candidates import LEVELS, Rules
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.problem import Problem

Array = NDArray[Any]


def pair_levels(problem: Problem, *, needs: Array, donors: Array) -> Array:
    """(13, n) int64 levels, in the order of FEATURES, of the n pairs (needs[i], donors[i])."""
    asks, gives = problem.needs, problem.donors
    levels = {
        Feature.CATEGORY: category_levels(problem, needs=needs, donors=donors),
        Feature.AREA: area_levels(problem, needs=needs, donors=donors),
        Feature.AMOUNT: amount_levels(asks.log_amount[needs], typical=gives.log_typical[donors]),
        Feature.BUDGET: budget_levels(asks.log_amount[needs], budget=gives.log_budget[donors]),
        Feature.TEXT: text_levels(asks.vectors[needs], words=gives.vectors[donors]),
        Feature.NEIGHBOURS: gives.neighbours[donors, asks.category[needs]],
        Feature.SUCCESS: gives.success[donors],
        Feature.CAPACITY: gives.capacity[donors],
        Feature.RECENCY: gives.recency[donors],
        Feature.URGENCY: asks.urgency[needs],
        Feature.VULNERABILITY: asks.vulnerability[needs],
        Feature.WAITING: asks.waiting[needs],
        Feature.NEVER_HELPED: asks.never_helped[needs],
    }
    return np.stack([levels[feature].astype(np.int64) for feature in FEATURES])


def pair_units(problem: Problem, *, needs: Array, donors: Array, steps: Array) -> Array:
    """(n,) int64 scores of the pairs: the sum over features of units per step times level."""
    units: Array = steps @ pair_levels(problem, needs=needs, donors=donors)
    return units


def category_levels(problem: Problem, *, needs: Array, donors: Array) -> Array:
    """2 where the donor names the need's category, 1 where it names none at all, else 0."""
    bits = problem.donors.categories[donors].astype(np.int64)
    named = bits >> problem.needs.category[needs] & 1
    return np.where(bits == 0, features.CATEGORY_ANY, named * features.CATEGORY_NAMED)


def area_levels(problem: Problem, *, needs: Array, donors: Array) -> Array:
    """The nearest area of the donor that holds the need's division: 1 the country ... 6 the village; 0 none."""
    division = problem.needs.division[needs]
    starts, codes = problem.donors.area_start, problem.donors.area_codes
    nearest = np.zeros(len(needs), dtype=np.int64)
    counts = starts[donors + 1] - starts[donors]
    for turn in range(int(counts.max(initial=0))):
        has = np.flatnonzero(counts > turn)
        area = codes[starts[donors[has]] + turn]
        level = (area[:, np.newaxis] % LEVELS == 0).argmax(axis=1)
        inside = division[has] - division[has] % LEVELS[level] == area
        nearest[has] = np.maximum(nearest[has], np.where(inside, 1 + level, 0))
    return nearest


def amount_levels(amount: Array, *, typical: Array) -> Array:
    """64 where the open amount is what the donor usually gives, 0 from four doublings away or where unknown."""
    distance = np.abs(amount.astype(np.int64) - typical)
    levels = features.AMOUNT_REACH - np.minimum(distance, features.AMOUNT_REACH)
    return np.where(amount > 0, levels, 0)


def budget_levels(amount: Array, *, budget: Array) -> Array:
    """64 where the budget covers the open amount, 0 where it covers a sixteenth or less or is not stated."""
    lack = np.clip(amount.astype(np.int64) - budget, 0, features.AMOUNT_REACH)
    return np.where(amount > 0, features.AMOUNT_REACH - lack, 0)


def text_levels(vectors: Array, *, words: Array) -> Array:
    """Cosine of the two text vectors in 1/127, none below 0."""
    dots = (vectors.astype(np.int64) * words).sum(axis=1)
    levels: Array = np.clip(dots >> features.TEXT_SHIFT, 0, features.TEXT_LENGTH)
    return levels


def eligible(problem: Problem, *, needs: Array, donors: Array, rules: Rules) -> Array:
    """(n,) bool: the hard rules for the pairs (needs[i], donors[i])."""
    allowed: Array = fits(problem, needs=needs, donors=donors, rules=rules) & ~problem.is_excluded(needs, donors=donors)
    return allowed


def fits(problem: Problem, *, needs: Array, donors: Array, rules: Rules) -> Array:
    """(n,) bool: the same but for related parties."""
    allowed: Array = problem.donors.kinds[donors] >> problem.needs.kind[needs] & 1 == 1
    allowed &= problem.donors.is_open[donors]
    if rules.must_fit_area:
        allowed &= area_levels(problem, needs=needs, donors=donors) > 0
    if rules.must_fit_category:
        allowed &= category_levels(problem, needs=needs, donors=donors) > 0
    return allowed
