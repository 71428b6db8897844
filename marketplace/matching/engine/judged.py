"""How true chances are, beside what happened: AUC, Brier, ECE with their intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.metrics import area_under_curve, bootstrap, brier, calibration_error

RESAMPLES = 200

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """n cases of a test: the chance that each was given, what happened, the base rate that it is held against (n,)."""

    chances: Array
    happened: Array
    base: Array

    @classmethod
    def pooled(cls, parts: Sequence["Judged"]) -> "Judged":
        """The cases of several tests as one."""
        return cls(
            chances=np.concatenate([part.chances for part in parts]),
            happened=np.concatenate([part.happened for part in parts]),
            base=np.concatenate([part.base for part in parts]),
        )

    def measure(self, *, seed: int) -> dict[str, Any]:
        """measure() of these cases."""
        return measure(self.chances, happened=self.happened, base=self.base, seed=seed)


def measure(chances: Array, *, happened: Array, base: float | Array, seed: int) -> dict[str, Any]:
    """AUC, Brier, Brier of the base rate alone, ECE of 10 bins, each with its bootstrap 95 % interval, and n.

    ``ece_if_true`` is the ECE to expect by chance where every chance is exactly true: fewer cases cannot show less.
    """
    if not len(chances):
        return {"auc": None, "brier": None, "brier_base": None, "ece": None, "n": 0}
    rows = np.arange(len(chances))
    measures = {
        "auc": lambda at: area_under_curve(chances[at], happened=happened[at]),
        "brier": lambda at: brier(chances[at], happened=happened[at]),
        "ece": lambda at: calibration_error(chances[at], happened=happened[at]),
    }
    document: dict[str, Any] = {"n": len(rows), "base_rate": float(np.mean(base))}
    for name, statistic in measures.items():
        found = bootstrap(rows, seed=seed, statistic=_by_rows(statistic), resamples=RESAMPLES)
        document[name], document[f"{name}_ci"] = found.mean, [found.low, found.high]
    document["brier_base"] = brier(np.broadcast_to(base, len(rows)), happened=happened)
    rng = np.random.default_rng([seed, 13])
    drawn = [calibration_error(chances, happened=rng.random(len(rows)) < chances) for _ in range(RESAMPLES)]
    document["ece_if_true"] = float(np.mean(drawn))
    return document


def _by_rows(statistic: Callable[[Array], float]) -> Callable[[Array], float]:
    return lambda sample: statistic(sample.astype(np.int64))
