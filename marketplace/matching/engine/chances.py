"""Chances that are true: a Bayesian logistic model with an expert prior, shrunk rates, and a rolling recalibration."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A base rate counts as if this many cases had been seen before.
PRIOR_CASES = 50.0
# The spread of a weight's prior is one unit of log-odds per standard deviation of its feature.
PRIOR_SPREAD = 1.0
# What drifts between the years: slope and shift seldom by more than this.
DRIFT_SPREAD = 1.0
# A drift is believed as far as its square is above this many of its variances.
NOISE = 2.0
ROUNDS = 50
ENOUGH = 1e-8
_EDGE = 1e-6
_FURTHEST = 30.0

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """Log-odds ``slope * (base + (features - centre) / scale @ weights) + shift``; the two from recalibration."""

    centre: Array
    scale: Array
    weights: Array
    base: float
    slope: float = 1.0
    shift: float = 0.0

    def of(self, features: Array) -> Array:
        """Features (n, F) -> chances (n,) strictly between 0 and 1."""
        return to_chance(self.slope * self.log_odds(features) + self.shift)

    def log_odds(self, features: Array) -> Array:
        """Before recalibration (n,)."""
        return self.base + (np.asarray(features, dtype=np.float64) - self.centre) / self.scale @ self.weights


def fit_chances(features: Array, *, happened: Array, weight: Array, expert: Array, prior_rate: float) -> Chances:
    """The most probable model: (n, F), (n,) bool, (n,) case weights, expert weights per standard deviation (F,).

    Gaussian prior around the expert's weights, the base rate a Beta prior of 50 cases at ``prior_rate``; source:
    Gelman et al., Bayesian Data Analysis, ch. 16 (posterior mode by Newton's method). No cases: the expert's.
    """
    features = np.asarray(features, dtype=np.float64)
    if not len(features):
        nothing = np.zeros(len(expert))
        return Chances(nothing, np.ones(len(expert)), expert.copy(), base=float(to_odds(np.array(prior_rate))))
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > _EDGE, scale, 1.0)
    design = np.column_stack([np.ones(len(features)), (features - centre) / scale])
    strength = np.concatenate([[0.0], np.full(len(expert), PRIOR_SPREAD**-2)])
    start = np.concatenate([[float(to_odds(shrunk_rate(happened, weight=weight, prior=prior_rate)))], expert])
    typical = np.concatenate([[1.0], np.zeros(len(expert))])
    found, _ = _mode(
        design,
        happened=happened,
        weight=weight,
        centre=start,
        strength=strength,
        believed=(typical, prior_rate),
    )
    return Chances(centre, scale, found[1:], base=float(found[0]))


def recalibrated(model: Chances, features: Array, *, happened: Array, weight: Array) -> Chances:
    """The same model with slope and shift learnt on later cases, each only as far as it is more than chance.

    Sources: Platt 1999; the positive-part shrinkage of James and Stein 1961, so that no drift is left as it was.
    """
    if not len(features):
        return model
    odds = model.log_odds(features)
    usual = float(weight @ odds / weight.sum())
    as_was = np.array([usual, 1.0])
    found, curve = _mode(
        np.column_stack([np.ones(len(odds)), odds - usual]),
        happened=happened,
        weight=weight,
        centre=as_was,
        strength=np.full(2, DRIFT_SPREAD**-2),
        believed=(np.array([1.0, model.base - usual]), float(to_chance(np.array(model.base)))),
    )
    drift, variance = found - as_was, np.diag(np.linalg.inv(curve))
    drift = drift * np.maximum(1.0 - NOISE * variance / np.maximum(drift**2, _EDGE**2), 0.0)
    slope = max(1.0 + float(drift[1]), 0.0)
    shift = usual + float(drift[0]) - slope * usual
    return Chances(model.centre, model.scale, model.weights, model.base, slope=slope, shift=shift)


def shrunk_rate(happened: Array, *, weight: Array, prior: float) -> Array:
    """The share that happened with 50 cases of the prior's rate added."""
    return np.asarray((weight @ happened + PRIOR_CASES * prior) / (weight.sum() + PRIOR_CASES))


def shrunk_log_odds(codes: Array, *, happened: Array, weight: Array, width: int, base: float) -> Array:
    """By code (width,): log-odds of its rate, shrunk to the base as by 50 cases, minus the base's."""
    yes = np.bincount(codes, weight * happened, minlength=width) + PRIOR_CASES * base
    rate = yes / (np.bincount(codes, weight, minlength=width) + PRIOR_CASES)
    lifts: Array = to_odds(rate) - to_odds(np.array(base))
    return lifts


def to_chance(odds: Array) -> Array:
    """Log-odds as a chance."""
    chances: Array = 1.0 / (1.0 + np.exp(-np.clip(odds, -_FURTHEST, _FURTHEST)))
    return chances


def to_odds(chance: Array) -> Array:
    """A chance as log-odds; 0 and 1 are moved in by a millionth."""
    inside = np.clip(chance, _EDGE, 1 - _EDGE)
    odds: Array = np.log(inside / (1 - inside))
    return odds


def _mode(
    design: Array, *, happened: Array, weight: Array, centre: Array, strength: Array, believed: tuple[Array, float]
) -> tuple[Array, Array]:
    """The mode and the curvature there, by Newton's method, damped.

    ``believed`` is a row and a rate that count as 50 more cases.
    """
    rows = np.concatenate([design, believed[0][np.newaxis]])
    target = np.concatenate([np.asarray(happened, dtype=np.float64), [believed[1]]])
    cases = np.concatenate([np.asarray(weight, dtype=np.float64), [PRIOR_CASES]])
    found = centre.astype(np.float64).copy()
    curve = ridge = np.diag(strength + ENOUGH)
    for _ in range(ROUNDS):
        chance = to_chance(rows @ found)
        slope = rows.T @ (cases * (target - chance)) - strength * (found - centre)
        curve = (rows.T * (cases * chance * (1 - chance))) @ rows + ridge
        step = np.clip(np.linalg.solve(curve, slope), -2.0, 2.0)
        found = found + step
        if float(np.abs(step).max()) < ENOUGH:
            break
    return found, curve
