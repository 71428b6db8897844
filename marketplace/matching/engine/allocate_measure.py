"""What an allocation is worth: money placed, needs left with nothing, inequality of coverage, the price of fairness."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.allocate import Allocation
from marketplace.matching.engine.allocate_flow import Network, solve
from marketplace.matching.engine.allocate_pairs import Asks, Pairs
from marketplace.matching.engine.metrics import gini

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one allocation; shares lie in [0, 1] and are 0 where there is nothing to share.

    supply, demand, placed: units. placed_share: placed / supply, of all that open donors would give.
    zero_help_share: asking needs that get no unit / asking needs. gini: inequality over asking needs of the part of
    the ask that is covered. score_loss, the price of fairness: 1 - S / S*, where S is the sum over parts of units times
    pair score, and S* the largest such sum of any allocation that places as much as can be placed on the weighed
    pairs, found by the same flow without tiers.
    """

    supply: int
    demand: int
    placed: int
    placed_share: float
    needs: int
    zero_help: int
    zero_help_share: float
    gini: float
    score_loss: float


def measure(allocation: Allocation) -> Figures:
    """All figures; solves one more flow for the price of fairness."""
    asks, got = allocation.asks, allocation.got()
    is_asking = asks.open > 0
    needs = int(is_asking.sum())
    zero = int((got[is_asking] == 0).sum())
    supply, placed = total(asks.purse), total(got)
    best = score_of(allocation.pairs, best_by_score(allocation.pairs, asks=asks))
    return Figures(
        supply=supply,
        demand=total(asks.open),
        placed=placed,
        placed_share=placed / supply if supply else 0.0,
        needs=needs,
        zero_help=zero,
        zero_help_share=zero / needs if needs else 0.0,
        gini=gini(got[is_asking] / asks.open[is_asking]),
        score_loss=1 - score_of(allocation.pairs, allocation.units) / best if best else 0.0,
    )


def best_by_score(pairs: Pairs, *, asks: Asks) -> Array:
    """(P,) int64: as much as can be placed, and of that the allocation with the largest sum of units times score."""
    network = Network(
        purse=asks.purse,
        room=asks.open[np.newaxis],
        needs=pairs.needs,
        donors=pairs.donors,
        gain=pairs.scores,
        tier_cost=np.zeros((1, len(asks.open)), dtype=np.int64),
    )
    return solve(network)


def score_of(pairs: Pairs, units: Array) -> float:
    """The sum of units times pair score."""
    return float(units.astype(np.float64) @ pairs.scores)


def total(units: Array) -> int:
    """A sum that cannot overflow."""
    return sum(units[units > 0].tolist())
