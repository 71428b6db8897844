"""Allocation: spreads the donors' budgets over all open needs at once, so that few get nothing; it only proposes.

Each need has tiers of coverage (10, 30, 60, 100 %); the next tier costs more than the one before, and less for the more
vulnerable, so that the flow fills everybody's first tier before anybody's last unless the scores say otherwise by
far. Which pairs are weighed is decided first, by a rough allocation that keeps looking for partners until it can
place nothing more; one exact flow over all of them then decides who gives what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.allocate_flow import COST_STEPS, Network, solve, solve_shards
from marketplace.matching.engine.allocate_pairs import Asks, Pairs, settle, summed, weigh
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.engine.prepared import Prepared, prepare
from marketplace.matching.engine.problem import Problem

__all__ = ["Allocation", "Asks", "Fairness", "Pairs", "allocate", "tier_room"]

COUNTY = 10**6
FULL = 100
# Rounding to whole steps sets some units free; they are placed again, and after a few turns nothing moves.
MOST_TURNS = 4
PAIRS_IN_ONE_NETWORK = 2_000_000

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Fairness:
    """How far coverage goes before score.

    ``tiers`` are shares of an ask in percent, rising to 100; ``costs`` what a unit in each costs, as a share of a
    perfect score; ``vulnerability`` the share that the most vulnerable is spared;
    ``least`` the smallest part worth an offer, in units, unless it fills a need or empties a purse.
    """

    tiers: tuple[int, ...] = (10, 30, 60, 100)
    costs: tuple[float, ...] = (0.0, 0.2, 0.27, 0.34)
    vulnerability: float = 0.05
    least: int = 1

    def __post_init__(self) -> None:
        if not self.tiers or list(self.tiers) != sorted({*self.tiers}) or self.tiers[0] < 1 or self.tiers[-1] != FULL:
            raise ValueError("tiers must rise from at least 1 to 100 percent")
        if len(self.costs) != len(self.tiers) or list(self.costs) != sorted(self.costs):
            raise ValueError("there is one cost for each tier, none below the one before")
        if self.vulnerability < 0 or self.least < 1:
            raise ValueError("the vulnerability weight is not below 0 and the least part not below 1")


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """What each weighed pair would give: units (P,) int64, 0 for most; ``asks`` has the purses of open donors only."""

    asks: Asks
    pairs: Pairs
    units: Array
    turns: int

    def got(self) -> Array:
        """(N,) int64: what each need would get."""
        return summed(self.units, self.pairs.needs, size=len(self.asks.open))

    def spent(self) -> Array:
        """(D,) int64: what each donor would give."""
        return summed(self.units, self.pairs.donors, size=len(self.asks.purse))


def allocate(
    problem: Problem,
    *,
    asks: Asks,
    model: Model = EXPERT,
    rules: Rules | None = None,
    fairness: Fairness | None = None,
    k: int = 6,
    workers: int = 1,
    is_sharded: bool | None = None,
) -> Allocation:
    """Parts that exceed neither a purse nor an ask, whole steps each, no related pair among them.

    The same input gives the same parts, whatever the number of ``workers``. ``is_sharded`` solves county by county,
    in several processes, and pools what that leaves over once more; without it all stand in one network, which is
    exact, and fast enough for a prefecture. None decides by size. ValueError for asks that do not fit the problem.
    """
    fairness = fairness or Fairness()
    _check(problem, asks)
    prepared = prepare(problem, model=model, rules=rules)
    stated = Asks(asks.open, asks.step, np.where(problem.donors.is_open, asks.purse, 0))
    pairs = weigh(prepared, asks=stated, k=k)
    if is_sharded is None:
        is_sharded = len(pairs.needs) > PAIRS_IN_ONE_NETWORK
    units = np.zeros(len(pairs.needs), dtype=np.int64)
    turn = 0
    for turn in range(1, MOST_TURNS + 1):
        rest = stated.open - summed(units, pairs.needs, size=len(stated.open))
        purse = stated.purse - summed(units, pairs.donors, size=len(stated.purse))
        network = _network(prepared, pairs, rest=rest, purse=purse, asks=stated, fairness=fairness)
        if turn == 1 and is_sharded:
            shard = problem.needs.division // COUNTY
            flows = solve_shards(network, shard=shard, rough=pairs.rough, workers=workers)
        else:
            flows = solve(network)
        before, units = units, settle(stated, pairs=pairs, units=units + flows, least=fairness.least)
        was_whole = np.array_equal(before + flows, units)
        if was_whole and not (turn == 1 and is_sharded):
            break
    return Allocation(asks=stated, pairs=pairs, units=units, turns=turn)


def tier_room(open_units: Array, *, step: Array, tiers: Sequence[int]) -> Array:
    """(T, N) int64: the room of each tier; rounded up to whole steps, they add up to what is open."""
    steps = open_units // step
    ends = [_rounded_up(steps, tier) for tier in tiers]
    return np.diff(np.stack([np.zeros_like(steps), *ends]), axis=0) * step


def _rounded_up(steps: Array, tier: int) -> Array:
    """ceil(steps * tier / 100) without leaving 63 bits."""
    whole, part = np.divmod(steps, FULL)
    up: Array = whole * tier + -(-part * tier // FULL)
    return up


def _network(prepared: Prepared, pairs: Pairs, *, rest: Array, purse: Array, asks: Asks, fairness: Fairness) -> Network:
    """The network of what is still open: tiers that are filled have no room left."""
    room = tier_room(asks.open, step=asks.step, tiers=fairness.tiers)
    before = np.cumsum(room, axis=0) - room
    room = room - np.clip((asks.open - rest) - before, 0, room)
    spared = np.rint(COST_STEPS * fairness.vulnerability / FULL * prepared.problem.needs.vulnerability)
    costs = np.rint(COST_STEPS * np.array(fairness.costs))[:, np.newaxis] - spared
    return Network(
        purse=purse,
        room=room,
        needs=pairs.needs,
        donors=pairs.donors,
        gain=COST_STEPS * pairs.scores // prepared.model.full_units(),
        tier_cost=costs.astype(np.int64),
    )


def _check(problem: Problem, asks: Asks) -> None:
    if len(asks.open) != len(problem.needs) or len(asks.step) != len(problem.needs):
        raise ValueError("asks must have one row for each need")
    if len(asks.purse) != len(problem.donors):
        raise ValueError("asks must have one purse for each donor")
    if (asks.open < 0).any() or (asks.purse < 0).any() or (asks.step < 1).any() or (asks.open % asks.step).any():
        raise ValueError("amounts must not be negative, and each ask must be a whole number of its steps")
