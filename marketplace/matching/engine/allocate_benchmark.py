"""Measures the allocation beside a greedy one and a plain flow, in one run and on the same synthetic problem."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from statistics import median
from typing import Any

import numpy as np

from marketplace.matching.engine import top
from marketplace.matching.engine.allocate import Allocation, Asks, allocate
from marketplace.matching.engine.allocate_flow import COST_STEPS, Network, solve
from marketplace.matching.engine.allocate_measure import best_by_score, measure, score_of
from marketplace.matching.engine.allocate_pairs import Pairs, greedy
from marketplace.matching.engine.benchmark import peak_of
from marketplace.matching.engine.model import EXPERT
from marketplace.matching.engine.prepared import prepare
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.synthetic import Synthetic, synthetic_problem

NEEDS = 33_014
DONORS = 7_177
SUPPLY = 0.6
WORKERS = 2
PLACES = 10
PLAIN_TIERS = (10, 30, 60, 100)
# The plain flow's step from tier to tier, as a share of a perfect score.
PLAIN_STEP = 0.1

Progress = Callable[[str], None]
Job = Callable[[Synthetic], Allocation]


@dataclass(slots=True)
class _Method:
    name: str
    job: Job
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    allocation: Allocation | None = None


def run(
    *,
    needs: int = NEEDS,
    donors: int = DONORS,
    rounds: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    with_memory: bool = True,
) -> dict[str, Any]:
    """Every method on one problem whose purses add up to 60 % of what is asked; ValueError for sizes below 1.

    Times are wall and CPU seconds from the arrays to the parts, ranking included and the price of fairness not
    (``price_s``); peak_mb is the resident memory of a fresh process that allocates once, without its workers.
    ``score_of_best`` is each method's score over the largest that can be had on all pairs that the engine weighed.
    """
    if min(needs, donors, rounds) < 1:
        raise ValueError("the benchmark needs at least one need, one donor and one round")
    say = progress or (lambda _words: None)
    load = os.getloadavg()
    synthetic = synthetic_problem(needs, donors=donors, seed=seed)
    say("loading the solver and the compiled code")
    engine(synthetic_problem(60, donors=40, seed=seed))
    methods = [_Method(job.__name__, job) for job in (engine, engine_sharded, plain_flow, greedy_by_score)]
    for turn in range(rounds):
        for method in methods:
            say(f"round {turn + 1} of {rounds}: {method.name}")
            wall, cpu = time.perf_counter(), time.process_time()
            method.allocation = method.job(synthetic)
            method.walls.append(time.perf_counter() - wall)
            method.cpus.append(time.process_time() - cpu)
    say("the price of fairness")
    weighed = engine_pairs(methods)
    began = time.perf_counter()
    best = score_of(weighed, best_by_score(weighed, asks=asks_of(synthetic.problem)))
    price_s = time.perf_counter() - began
    rows = [_row(method, best=best, synthetic=synthetic) for method in methods]
    if with_memory:
        for row, method in zip(rows, methods, strict=True):
            say(f"memory of {method.name}")
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                row["peak_mb"] = round(
                    pool.submit(peak_of, method.job, needs=needs, donors=donors, seed=seed).result(), 1
                )
    return {
        "needs": needs,
        "donors": donors,
        "seed": seed,
        "supply": SUPPLY,
        "rounds": rounds,
        "load_before": [round(x, 2) for x in load],
        "load_after": [round(x, 2) for x in os.getloadavg()],
        "price_s": price_s,
        "rows": rows,
    }


def describe(report: dict[str, Any]) -> str:
    """The report as a table for people."""
    heads = ("placed", "zero help", "score loss", "of best", "gini", "best s", "cpu s", "peak MB")
    lines = [f"{'method':<16}" + "".join(f"{head:>11}" for head in heads)]
    for row in report["rows"]:
        shares = (row["placed_share"], row["zero_help_share"], row["score_loss"], row["score_of_best"], row["gini"])
        lines.append(
            f"{row['method']:<16}"
            + "".join(f"{share:>11.4f}" for share in shares)
            + f"{row['best_s']:>11.2f}{row['cpu_s']:>11.2f}{row['peak_mb'] or 0:>11.1f}"
        )
    lines.append(
        f"{report['needs']} synthetic needs x {report['donors']} donors, supply {report['supply']:.0%} of demand; "
        f"price of fairness {report['price_s']:.2f} s more; load {report['load_before']} -> {report['load_after']}"
    )
    return "\n".join(lines)


def asks_of(problem: Problem) -> Asks:
    """Open amounts, and budgets scaled so that they add up to SUPPLY of them.

    A donor who states no budget counts with what it usually gives.
    """
    budgets = np.where(problem.donors.budget_fen >= 0, problem.donors.budget_fen, problem.donors.typical_fen)
    budgets = np.where(problem.donors.is_open, np.maximum(budgets, 0), 0)
    stated = int(budgets.sum())
    scale = SUPPLY * int(problem.needs.amount_fen.sum()) / stated if stated else 0.0
    return Asks(
        open=problem.needs.amount_fen,
        step=np.ones(len(problem.needs), dtype=np.int64),
        purse=(budgets * scale).astype(np.int64),
    )


def engine(synthetic: Synthetic) -> Allocation:
    """The engine as it runs on a prefecture: one exact flow."""
    return allocate(synthetic.problem, asks=asks_of(synthetic.problem))


def engine_sharded(synthetic: Synthetic) -> Allocation:
    """The engine as it runs on more than a prefecture: county by county in two processes, then what is left over."""
    return allocate(synthetic.problem, asks=asks_of(synthetic.problem), is_sharded=True, workers=WORKERS)


def plain_flow(synthetic: Synthetic) -> Allocation:
    """One flow over each need's ten best donors, with four tiers and vulnerability, and nothing after it."""
    pairs, asks = _ten_best(synthetic.problem), asks_of(synthetic.problem)
    ends = [asks.open * tier // 100 for tier in PLAIN_TIERS]
    room = np.diff(np.stack([np.zeros_like(asks.open), *ends]), axis=0)
    spared = COST_STEPS * synthetic.problem.needs.vulnerability.astype(np.int64) // 1000
    costs = np.arange(len(PLAIN_TIERS))[:, np.newaxis] * int(PLAIN_STEP * COST_STEPS) - spared
    gain = COST_STEPS * pairs.scores // EXPERT.full_units()
    network = Network(asks.purse, room, pairs.needs, pairs.donors, gain, costs)
    return Allocation(asks=asks, pairs=pairs, units=solve(network), turns=1)


def greedy_by_score(synthetic: Synthetic) -> Allocation:
    """Each need's ten best donors, best score first, as much as both can."""
    pairs, asks = _ten_best(synthetic.problem), asks_of(synthetic.problem)
    units = greedy(pairs.needs, pairs.donors, scores=pairs.scores, rest=asks.open.copy(), purse=asks.purse.copy())
    return Allocation(asks=asks, pairs=pairs, units=units, turns=1)


def engine_pairs(methods: list[_Method]) -> Pairs:
    """The pairs that the engine weighed; those of the peers are among them or near."""
    first = methods[0].allocation
    if first is None:
        raise ValueError("the engine has not run yet")
    return first.pairs


def _ten_best(problem: Problem) -> Pairs:
    lists, _ = top.best_pairs(prepare(problem, model=EXPERT), k=PLACES)
    needs, place = np.nonzero(lists.partners >= 0)
    donors = lists.partners[needs, place].astype(np.int64)
    scores = lists.units[needs, place].astype(np.int64)
    order = np.lexsort((donors, needs))
    return Pairs(needs[order].astype(np.int64), donors[order], scores[order], np.zeros(len(order), dtype=np.int64))


def _row(method: _Method, *, best: float, synthetic: Synthetic) -> dict[str, Any]:
    allocation = method.allocation or method.job(synthetic)
    return {
        "method": method.name,
        **asdict(measure(allocation)),
        "score_of_best": score_of(allocation.pairs, allocation.units) / best if best else 0.0,
        "parts": int((allocation.units > 0).sum()),
        "best_s": min(method.walls),
        "median_s": median(method.walls),
        "cpu_s": min(method.cpus),
        "peak_mb": None,
    }
