"""The ranking model: thirteen weights of known sign, a version, and the whole-number form that the kernel adds up."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.features import FEATURES, TOPS, Feature

# A perfect pair scores about this many units; all sums stay inside 16 bits.
UNITS = 30_000
MOST_UNITS = 31_000
POINTS = 100


@dataclass(frozen=True)
class Model:
    """Weights by feature, none negative (every feature is monotone: more is never worse), and their version."""

    version: str
    weights: Mapping[Feature, float]

    def __post_init__(self) -> None:
        values = [float(self.weights.get(feature, 0.0)) for feature in FEATURES]
        if unknown := set(self.weights) - set(FEATURES):
            raise ValueError(f"unknown features in the weights: {sorted(unknown)}")
        if not all(np.isfinite(values)) or min(values) < 0 or sum(values) <= 0:
            raise ValueError("weights must be finite, none below zero, and at least one above zero")
        object.__setattr__(self, "weights", dict(zip(FEATURES, values, strict=True)))

    def steps(self) -> NDArray[np.int64]:
        """Units that one step of each feature adds, in the order of FEATURES (13,).

        Feature j adds ``steps[j] * level``, so its whole weight is ``steps[j] * top``; rounding to whole
        steps moves a weight by at most ``top / 2`` of 30,000 units.
        """
        values = np.array([self.weights[feature] for feature in FEATURES])
        steps: NDArray[np.int64] = np.rint(UNITS * values / values.sum() / TOPS).astype(np.int64)
        if not 0 < int((steps * TOPS).sum()) <= MOST_UNITS:
            raise ValueError("these weights cannot be told apart in 30,000 units: make them less extreme")
        return steps

    def full_units(self) -> int:
        """The score of a pair with every feature at its top; it stands for 100 points."""
        return self._full_units

    @cached_property
    def _full_units(self) -> int:
        return int((self.steps() * TOPS).sum())


EXPERT = Model(
    version="expert-1",
    weights={
        Feature.CATEGORY: 18,
        Feature.AREA: 14,
        Feature.AMOUNT: 9,
        Feature.BUDGET: 8,
        Feature.TEXT: 10,
        Feature.NEIGHBOURS: 5,
        Feature.SUCCESS: 6,
        Feature.CAPACITY: 2,
        Feature.RECENCY: 3,
        Feature.URGENCY: 7,
        Feature.VULNERABILITY: 7,
        Feature.WAITING: 7,
        Feature.NEVER_HELPED: 4,
    },
)
