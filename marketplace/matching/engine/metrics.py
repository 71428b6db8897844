"""How good ranked lists are: recall, NDCG, coverage and Gini of exposure, with bootstrap intervals."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = 0.95

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over queries with its bootstrap interval."""

    mean: float
    low: float
    high: float


def recall_at(shown: Sequence[Hashable], *, wanted: Collection[Hashable], k: int) -> float:
    """The share of the wanted that stands among the first k shown; ValueError where nothing is wanted."""
    targets = _wanted(wanted)
    return len(targets.intersection(shown[:k])) / len(targets)


def ndcg_at(shown: Sequence[Hashable], *, wanted: Collection[Hashable], k: int) -> float:
    """Discounted gain of the first k shown over the best possible, gain 1 for each wanted, discount log2(1 + place).

    Source: Järvelin and Kekäläinen, 2002.
    """
    targets = _wanted(wanted)
    gains = [1.0 / np.log2(place + 1) for place, one in enumerate(shown[:k], start=1) if one in targets]
    ideal = [1.0 / np.log2(place + 1) for place in range(1, min(k, len(targets)) + 1)]
    return float(sum(gains) / sum(ideal))


def coverage(lists: Sequence[Sequence[Hashable]], *, candidates: int) -> float:
    """The share of all candidates that stands in at least one list; 0 where there are none."""
    return len({one for shown in lists for one in shown}) / candidates if candidates else 0.0


def gini(exposures: Sequence[float] | Array) -> float:
    """Inequality of exposure over all candidates, the never-shown included: 0 equal, towards 1 one has all.

    0 where nothing was shown at all; ValueError for negative exposures.
    """
    counts = np.sort(np.asarray(exposures, dtype=np.float64))
    if len(counts) and counts[0] < 0:
        raise ValueError("an exposure is a count and cannot be below zero")
    total = counts.sum()
    if total == 0:
        return 0.0
    ranks = np.arange(1, len(counts) + 1)
    return float((2 * ranks - len(counts) - 1) @ counts / (len(counts) * total))


def bootstrap(
    values: Sequence[float] | Array,
    *,
    seed: int,
    statistic: Callable[[Array], float] = lambda sample: float(sample.mean()),
    resamples: int = RESAMPLES,
) -> Interval:
    """A statistic of the queries' values with its 95 % percentile interval; ValueError where there are none."""
    sample = np.asarray(values, dtype=np.float64)
    if not len(sample):
        raise ValueError("there are no queries to measure")
    rng = np.random.default_rng(seed)
    drawn = [statistic(sample[rng.integers(0, len(sample), len(sample))]) for _ in range(resamples)]
    low, high = interval_of(np.array(drawn))
    return Interval(mean=statistic(sample), low=low, high=high)


def redrawn(askers: Array, *, seed: int, resamples: int = RESAMPLES) -> Iterator[Array]:
    """How often each query counts in each resample (Q,): those of one asker are drawn together, askers (Q,) int."""
    _, who = np.unique(askers, return_inverse=True)
    rng, count = np.random.default_rng(seed), int(who.max()) + 1
    for _ in range(resamples):
        yield np.bincount(rng.integers(0, count, count), minlength=count)[who]


def interval_of(drawn: Array) -> list[float]:
    """The middle 95 % of what resamples gave: its two ends."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return [low, high]


def _wanted(wanted: Collection[Hashable]) -> set[Hashable]:
    if not wanted:
        raise ValueError("a query without anything wanted cannot be measured")
    return set(wanted)


def list_gains(hits: Array, *, wanted: Array) -> tuple[Array, Array]:
    """Recall and NDCG of many lists at once: hits (Q, k) bool by place, wanted (Q,) counts -> two (Q,) arrays.

    Recall is over what a list of k could hold, ``min(k, wanted)``, so that a query with a hundred wanted can reach 1.
    """
    discounts = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.minimum(wanted, hits.shape[1])
    return hits.sum(axis=1) / best, hits @ discounts / np.cumsum(discounts)[best - 1]


def area_under_curve(chances: Array, *, happened: Array) -> float:
    """The chance that one that happened was given more than one that did not, ties half; NaN where all are alike."""
    happened = np.asarray(happened, dtype=bool)
    yes, no = int(happened.sum()), int((~happened).sum())
    if not yes or not no:
        return float("nan")
    _, where, counts = np.unique(chances, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    return float((ranks[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def brier(chances: Array, *, happened: Array) -> float:
    """The mean squared distance of the chances from what happened (Brier 1950)."""
    return float(np.mean((np.asarray(chances, dtype=np.float64) - happened) ** 2))


def calibration_error(chances: Array, *, happened: Array, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width: |mean chance - share that happened|, weighted by cases."""
    chances = np.asarray(chances, dtype=np.float64)
    places = np.minimum((chances * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(places, chances - happened, minlength=bins)
    return float(np.abs(gaps).sum() / max(len(chances), 1))
