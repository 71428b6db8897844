"""Further sizes of the benchmark: a small market beside numpy, and a million needs in a process of their own."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from marketplace.matching.engine.benchmark import (
    Job,
    Measure,
    Progress,
    peak_mb,
    reset_peak,
    same_lists,
)
from marketplace.matching.engine.benchmark_jobs import (
    engine_hard,
    engine_hard_full_lists,
    engine_hard_with_text,
    engine_with_text,
    numpy_with_text,
)
from marketplace.matching.engine.synthetic import Synthetic, synthetic_problem

SMALL_NEEDS, SMALL_DONORS = 313, 7_177
LARGE_NEEDS, LARGE_DONORS = 1_000_000, 100_000
# Rounds of a fifth of a second each would otherwise be over before a clock can tell them apart.
SMALL_TURNS = 3


@dataclass(frozen=True, slots=True)
class Small:
    """The rows of the small market, how many times as fast as numpy, and whether every list was the same."""

    rows: list[dict[str, Any]]
    ratio: float
    is_exact: bool


def measure_small(*, rounds: int, seed: int, say: Progress) -> Small:
    """The published market's 313 needs beside 7,177 donors, every pair and feature, engine and numpy in turn."""
    synthetic = synthetic_problem(SMALL_NEEDS, donors=SMALL_DONORS, seed=seed)
    mine = Measure("engine", "with_text", engine_with_text)
    other = Measure("numpy", "with_text", numpy_with_text)
    is_exact = True
    mine.job(synthetic)
    for turn in range(SMALL_TURNS * rounds):
        say(f"small market, turn {turn + 1}")
        is_exact &= same_lists(mine.once(synthetic), others=other.once(synthetic))
    rows = [measure.row(synthetic) for measure in (mine, other)]
    return Small(rows=rows, ratio=min(other.walls) / min(mine.walls), is_exact=is_exact)


def measure_large(*, rounds: int, seed: int, say: Progress) -> list[dict[str, Any]]:
    """A million needs, area, kind and category hard: without text, with it, and once the lists as they are shown.

    Each in a process of its own.
    """
    cases: list[tuple[str, Callable[[Synthetic], Any], int]] = [
        ("blocked", engine_hard, rounds),
        ("blocked_with_text", engine_hard_with_text, rounds),
        ("full_lists", engine_hard_full_lists, 1),
    ]
    rows = []
    for case, job, times in cases:
        say(f"{LARGE_NEEDS} x {LARGE_DONORS}: {case}")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            rows.append(pool.submit(large_row, job, case=case, rounds=times, seed=seed).result())
    return rows


def large_row(
    job: Job, *, case: str, rounds: int, seed: int, needs: int = LARGE_NEEDS, donors: int = LARGE_DONORS
) -> dict[str, Any]:
    """One case of this process: times of each round, and the peak memory since the problem stood."""
    synthetic = synthetic_problem(needs, donors=donors, seed=seed)
    reset_peak()
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        job(synthetic)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "method": "engine",
        "case": case,
        "needs": needs,
        "donors": donors,
        "best_s": min(walls),
        "median_s": statistics.median(walls),
        "cpu_s": min(cpus),
        "peak_mb": round(peak_mb(), 1),
    }
