"""Learn weights pairwise within a query: each thing that happened against everything else that could have.

The loss of one positive is log(1 + sum over the others of exp(their score - its own)): the pairwise logistic loss
with the sum over the others inside the logarithm, so that the others near the top of the list count most (conditional
logit, McFadden 1974; ListNet, Cao et al. 2007). A ridge holds the weights at what experts expect; signs that are
known are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 400
ENOUGH = 1e-7
_SHRINK, _GROW = 0.5, 1.3

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """Features of what was chosen (p, F) and of a sample of what was not (m, F).

    ``unseen`` is the log of how many others stand behind each sampled one; ``weight`` what the query counts, and
    ``worth`` what each of the chosen counts within it (p,), all alike where it is None.
    """

    chosen: Array
    others: Array
    unseen: float = 0.0
    weight: float = 1.0
    worth: Array | None = None

    def shares(self) -> Array:
        """What each of the chosen counts, of one in all (p,)."""
        worth = np.ones(len(self.chosen)) if self.worth is None else self.worth
        shares: Array = worth / worth.sum()
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Where the weights start (F,), how strongly each is held there (F,), and which may be below zero (F,) bool."""

    centre: Array
    strength: Array
    is_free: Array


def fit_weights(queries: Sequence[Query], *, prior: Prior) -> Array:
    """The weights (F,) of least loss: accelerated projected gradient (Beck and Teboulle 2009), restarted when it rises.

    Without queries the prior's centre. Queries without anything else to choose say nothing and are passed over.
    """
    usable = [query for query in queries if len(query.chosen) and len(query.others) and query.weight > 0]
    if not usable:
        return prior.centre.copy()
    return _descend(_Loss.of(usable, prior=prior), prior=prior)


def variances(queries: Sequence[Query]) -> Array:
    """How much each feature varies among the others of a query, in the mean over the queries by weight (F,)."""
    weights = np.array([query.weight for query in queries])
    found = np.array([query.others.var(axis=0, dtype=np.float64) for query in queries])
    mean: Array = weights @ found / weights.sum()
    return mean


def pair_loss(queries: Sequence[Query], *, weights: Array) -> float:
    """The mean loss of these weights over the queries, without the ridge; 0 where there are none."""
    usable = [query for query in queries if len(query.chosen) and len(query.others) and query.weight > 0]
    if not usable:
        return 0.0
    nothing = Prior(weights, np.zeros(len(weights)), np.ones(len(weights), dtype=bool))
    return _Loss.of(usable, prior=nothing).at(weights)[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Loss:
    chosen: Array
    others: Array
    starts: Array
    of_chosen: Array
    of_others: Array
    unseen: Array
    weight: Array
    prior: Prior

    @classmethod
    def of(cls, queries: Sequence[Query], *, prior: Prior) -> "_Loss":
        chosen, others = [len(query.chosen) for query in queries], [len(query.others) for query in queries]
        weights = np.array([query.weight for query in queries])
        of_chosen = np.repeat(np.arange(len(queries)), chosen)
        return cls(
            chosen=np.concatenate([query.chosen for query in queries]).astype(np.float64),
            others=np.concatenate([query.others for query in queries]).astype(np.float64),
            starts=np.concatenate([[0], np.cumsum(others)[:-1]]),
            of_chosen=of_chosen,
            of_others=np.repeat(np.arange(len(queries)), others),
            unseen=np.array([query.unseen for query in queries]),
            weight=(weights / weights.sum())[of_chosen] * np.concatenate([query.shares() for query in queries]),
            prior=prior,
        )

    def at(self, weights: Array) -> tuple[float, Array]:
        """Loss and gradient (F,)."""
        mine, theirs = self.chosen @ weights, self.others @ weights
        most = np.maximum.reduceat(theirs, self.starts)
        raised = np.exp(theirs - most[self.of_others])
        total = np.add.reduceat(raised, self.starts)
        behind = (most + np.log(total) + self.unseen)[self.of_chosen] - mine
        lost = self.weight / (1.0 + np.exp(-np.clip(behind, -500, 500)))
        by_query = np.bincount(self.of_chosen, lost, minlength=len(total))
        away = weights - self.prior.centre
        loss = self.weight @ np.logaddexp(0.0, behind) + (self.prior.strength * away) @ away / 2
        slope = (by_query[self.of_others] * raised / total[self.of_others]) @ self.others - lost @ self.chosen
        return float(loss), slope + self.prior.strength * away


def _descend(loss: _Loss, *, prior: Prior) -> Array:
    spread = 1.0 / np.maximum(loss.others.var(axis=0) + prior.strength, ENOUGH)
    weights = ahead = prior.centre.copy()
    best, _ = loss.at(weights)
    length, momentum = 1.0, 1.0
    for _ in range(STEPS):
        value, slope = loss.at(ahead)
        while True:
            moved = _allowed(ahead - length * spread * slope, prior)
            step = moved - ahead
            reached, _ = loss.at(moved)
            if reached <= value + slope @ step + (step * step / spread).sum() / (2 * length) + ENOUGH / 100:
                break
            length *= _SHRINK
        if reached > best:
            if momentum == 1.0:
                break
            ahead, momentum = weights, 1.0
            continue
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        gain, best = best - reached, reached
        ahead = moved + (momentum - 1) / grown * (moved - weights)
        weights, momentum, length = moved, grown, length * _GROW
        if gain < ENOUGH:
            break
    return weights


def _allowed(weights: Array, prior: Prior) -> Array:
    return np.where(prior.is_free, weights, np.maximum(weights, 0.0))
