"""The flow under the allocation: donors' purses -> needs in steps of rising cost, solved exactly in whole units."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Scores are told apart to one part in 500: finer costs make the flow slower and change no decision of weight.
COST_STEPS = 500
# Sums of capacities stay far inside 63 bits; larger problems are solved in coarser units.
MOST_TOTAL = 2**56
PAIRS_WORTH_A_PROCESS = 60_000

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """P pairs between purses and needs, as rows of both; needs have T tiers of room.

    purse (D,), room (T, N): int64 units of money (fen) or places; needs, donors (P,): rows; gain (P,): int64,
    what a unit from this donor to this need is worth; tier_cost (T, N): int64, what a unit in this tier costs.
    """

    purse: Array
    room: Array
    needs: Array
    donors: Array
    gain: Array
    tier_cost: Array


def solve(network: Network) -> Array:
    """(P,) int64 units placed on each pair: as much as can be placed at all, at the least cost less gain.

    Source: successive approximation of min-cost flow (Goldberg 1997), as OR-tools solves it.
    """
    if not len(network.needs) or not network.purse.any() or not network.room.any():
        return np.zeros(len(network.needs), dtype=np.int64)
    # OR-tools takes a fifth of a second to load, and only an allocation needs it.
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # noqa: PLC0415

    unit = _unit_of(network)
    needs, need_at = np.unique(network.needs, return_inverse=True)
    donors, donor_at = np.unique(network.donors, return_inverse=True)
    purse, room = network.purse[donors] // unit, network.room[:, needs] // unit
    need_nodes = len(donors) + np.arange(len(needs))
    source, sink = len(donors) + len(needs), len(donors) + len(needs) + 1
    flow = SimpleMinCostFlow()
    most = np.minimum(purse[donor_at], room.sum(axis=0)[need_at])
    arcs = flow.add_arcs_with_capacity_and_unit_cost(donor_at, len(donors) + need_at, most, -network.gain)
    flow.add_arcs_with_capacity_and_unit_cost(
        np.full(len(donors), source), np.arange(len(donors)), purse, np.zeros(len(donors), dtype=np.int64)
    )
    for size, cost in zip(room, network.tier_cost[:, needs], strict=True):
        flow.add_arcs_with_capacity_and_unit_cost(need_nodes, np.full(len(needs), sink), size, cost)
    total = int(purse.sum())
    flow.set_node_supply(source, total)
    flow.set_node_supply(sink, -total)
    status = flow.solve_max_flow_with_min_cost()
    if status != flow.OPTIMAL:
        raise ArithmeticError(f"the flow could not be solved: {status}")
    return np.asarray(flow.flows(arcs), dtype=np.int64) * unit


def solve_shards(network: Network, *, shard: Array, rough: Array, workers: int) -> Array:
    """The same, shard by shard, each purse split over its shards first as a rough allocation spent it.

    shard (N,): int64, which shard a need belongs to; rough (P,): units of the rough allocation. What a purse did not
    spend there is split by what its needs ask for in each shard; the parts add up to the purse exactly.
    """
    of_pair = np.unique(shard[network.needs], return_inverse=True)[1]
    count = int(of_pair.max(initial=-1)) + 1
    if count <= 1:
        return solve(network)
    shares = split_purses(network, of_pair=of_pair, rough=rough, shards=count)
    rows = [np.flatnonzero(of_pair == number) for number in range(count)]
    parts = [_part(network, pairs, purse=shares[number]) for number, pairs in enumerate(rows)]
    flows = np.zeros(len(network.needs), dtype=np.int64)
    for pairs, found in zip(rows, _solve_all(parts, workers=workers), strict=True):
        flows[pairs] = found
    return flows


def split_purses(network: Network, *, of_pair: Array, rough: Array, shards: int) -> Array:
    """(shards, D) int64: what of each purse goes to which shard; the columns add up to the purses."""
    size = len(network.purse)
    place = of_pair * size + network.donors
    spent = np.zeros(shards * size, dtype=np.int64)
    np.add.at(spent, place, rough)
    parts: Array = spent.reshape(shards, size)
    asked = network.room.sum(axis=0)[network.needs].astype(np.float64)
    pulls = np.bincount(place, weights=asked, minlength=shards * size).reshape(shards, size)
    total = pulls.sum(axis=0)
    unspent = np.where(total > 0, network.purse - parts.sum(axis=0), 0)
    share = np.divide(pulls, total, out=np.zeros_like(pulls), where=total > 0)
    # Floats only say which shard gets how much of what was not spent; whole units make the parts add up.
    more = (share * unspent).astype(np.int64)
    more[share.argmax(axis=0), np.arange(size)] += unspent - more.sum(axis=0)
    split: Array = parts + more
    return split


def _part(network: Network, pairs: Array, *, purse: Array) -> Network:
    """The pairs of one shard with nothing but its own rows, so that little travels to another process."""
    needs, need_at = np.unique(network.needs[pairs], return_inverse=True)
    donors, donor_at = np.unique(network.donors[pairs], return_inverse=True)
    return Network(
        purse=purse[donors],
        room=network.room[:, needs],
        needs=need_at,
        donors=donor_at,
        gain=network.gain[pairs],
        tier_cost=network.tier_cost[:, needs],
    )


def _solve_all(parts: Sequence[Network], *, workers: int) -> list[Array]:
    """Every shard, the largest first, in several processes where that pays: the solver keeps Python's lock."""
    if workers < 2 or sum(len(part.needs) for part in parts) < PAIRS_WORTH_A_PROCESS:
        return [solve(part) for part in parts]
    order = sorted(range(len(parts)), key=lambda number: -len(parts[number].needs))
    found: list[Array] = [np.empty(0, dtype=np.int64)] * len(parts)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for number, flows in zip(order, pool.map(solve, [parts[number] for number in order]), strict=True):
            found[number] = flows
    return found


def _unit_of(network: Network) -> int:
    """How many units are counted as one, so that no sum leaves its 63 bits; 1 for every real problem."""
    largest = max(_exact_sum(network.purse), _exact_sum(network.room))
    return max(1, -(-largest // MOST_TOTAL))


def _exact_sum(values: Array) -> int:
    """A sum that cannot overflow: high and low halves apart."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
