"""Rankers beside each other: what their lists were worth, at one origin or at several pooled, with 95 % intervals.

Queries are pooled: each counts alike, whatever its origin. The bootstrap draws who asks: a donor who is asked at three
origins comes with all three lists or with none, for they are not independent of each other (cluster bootstrap; Davison
and Hinkley 1997, 3.8). The origins, and the candidates of a list, are what they are and are not drawn. What is shown
of the candidates, and how evenly, is counted within each origin and averaged over the origins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.metrics import gini, interval_of, list_gains, redrawn
from marketplace.matching.engine.spread import NOBODY

OURS = "jiedui"
RESAMPLES = 500
# Counting exposure takes longer than a mean; its interval is read to two digits.
EXPOSURE_RESAMPLES = 100

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """What one ranker showed in one origin, and what it was worth.

    ``askers`` (Q,): rows of the history; ``shown`` (Q, k): places among the ``candidates``, else NOBODY; ``gains``
    (2, Q): recall and NDCG.
    """

    askers: Array
    shown: Array
    gains: Array
    candidates: int

    @classmethod
    def of(cls, shown: Array, *, hits: Array, wanted: Array, askers: Array, candidates: int) -> "Lists":
        """From hits (Q, k) bool and how many each wanted (Q,)."""
        return cls(askers, shown, np.stack(list_gains(hits, wanted=wanted)), candidates)

    def evenness(self, weight: Array) -> tuple[float, float]:
        """The share of candidates in any list and the Gini of exposure, each list counted ``weight`` times (Q,)."""
        rows, places = np.nonzero(self.shown != NOBODY)
        exposure = np.bincount(self.shown[rows, places], weight[rows], minlength=self.candidates)
        return float((exposure > 0).mean()), gini(exposure)


def compare(origins: Sequence[Mapping[str, Lists]], *, direction: str, seed: int) -> list[dict[str, Any]]:
    """One row a ranker, over all the origins; beside ours, each other's row says how far ours is ahead of it.

    ``ours_ahead_recall`` and ``ours_ahead_ndcg`` are means over the same queries, with intervals of their own from
    the same draws: above zero ours is ahead, below it behind; an interval that holds zero tells neither.
    """
    names = list(origins[0])
    askers = np.concatenate([lists[names[0]].askers for lists in origins])
    gains = np.stack([np.concatenate([lists[name].gains for lists in origins], axis=1) for name in names])
    weights = list(redrawn(askers, seed=seed, resamples=RESAMPLES))
    means = np.stack([gains @ weight / weight.sum() for weight in weights])
    rows = [
        {"ranker": name, "direction": direction, "queries": len(askers)}
        | _gained(gains[row], means[:, row])
        | _shown([lists[name] for lists in origins], weights[:EXPOSURE_RESAMPLES])
        for row, name in enumerate(names)
    ]
    ours = names.index(OURS)
    for row, document in enumerate(rows):
        if row != ours:
            document |= _ahead(gains[ours] - gains[row], means[:, ours] - means[:, row])
    return rows


def _gained(gains: Array, means: Array) -> dict[str, Any]:
    recall, ndcg = gains.mean(axis=1).tolist()
    return {
        "recall_at_10": recall,
        "recall_ci": interval_of(means[:, 0]),
        "ndcg_at_10": ndcg,
        "ndcg_ci": interval_of(means[:, 1]),
    }


def _ahead(leads: Array, means: Array) -> dict[str, Any]:
    recall, ndcg = leads.mean(axis=1).tolist()
    return {
        "ours_ahead_recall": recall,
        "ours_ahead_recall_ci": interval_of(means[:, 0]),
        "ours_ahead_ndcg": ndcg,
        "ours_ahead_ndcg_ci": interval_of(means[:, 1]),
    }


def _shown(origins: Sequence[Lists], weights: Sequence[Array]) -> dict[str, Any]:
    ends = np.cumsum([len(lists.askers) for lists in origins])[:-1]
    drawn = np.array(
        [
            np.mean([lists.evenness(part) for lists, part in zip(origins, np.split(weight, ends), strict=True)], axis=0)
            for weight in (np.ones_like(weights[0]), *weights)
        ]
    )
    share, even = drawn[0].tolist()
    return {
        "share_shown": share,
        "share_shown_ci": _about(share, drawn[1:, 0]),
        "gini": even,
        "gini_ci": _about(even, drawn[1:, 1]),
    }


def _about(value: float, draws: Array) -> list[float]:
    """The interval of the draws moved to the value: a list drawn twice shows nothing new, so that each shows less."""
    low, high = interval_of(np.clip(draws - draws.mean() + value, 0.0, 1.0))
    return [min(low, value), max(high, value)]
