"""Measures the engine beside its peers in one run: interleaved rounds, wall and CPU time, peak memory, exactness."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from marketplace.matching.engine import top
from marketplace.matching.engine.benchmark_jobs import (
    DAY,
    ONE_NEEDS,
    PLACES,
    OneNeeds,
    engine_all_pairs,
    engine_blocked,
    engine_full_lists,
    engine_text_only,
    engine_with_text,
    numpy_all_pairs,
    numpy_one_need,
    numpy_with_text,
    rapidfuzz_text_only,
    sklearn_text_only,
    sparse_text_only,
)
from marketplace.matching.engine.model import EXPERT
from marketplace.matching.engine.prepared import prepare
from marketplace.matching.engine.rank import rank
from marketplace.matching.engine.synthetic import Synthetic, synthetic_problem
from marketplace.matching.engine.top import Top

NEEDS = 33_014
DONORS = 7_177
ROUNDS = 5
# Peers that take tens of seconds run once; the rows say how often each ran under machine.rounds.
ONCE = ("rapidfuzz", "sklearn")
# What a first ranking is timed on: the open needs of a prefecture. A warm process takes a tenth of a second for them.
FIRST_NEEDS = 1_784
KIBIBYTES_PER_MB = 1024

Progress = Callable[[str], None]
Job = Callable[[Synthetic], Any]


@dataclass(slots=True)
class Measure:
    """The rounds of one method on one case; ``per`` is how many answers a round gives (times are per answer)."""

    method: str
    case: str
    job: Job
    per: int = 1
    rounds: int = ROUNDS
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    def once(self, synthetic: Synthetic) -> Any:
        """Run one round and note its times."""
        wall, cpu = time.perf_counter(), time.process_time()
        answer = self.job(synthetic)
        self.walls.append((time.perf_counter() - wall) / self.per)
        self.cpus.append((time.process_time() - cpu) / self.per)
        return answer

    def row(self, synthetic: Synthetic) -> dict[str, Any]:
        """The row of the report."""
        return {
            "method": self.method,
            "case": self.case,
            "needs": len(synthetic.problem.needs),
            "donors": len(synthetic.problem.donors),
            "best_s": min(self.walls),
            "median_s": statistics.median(self.walls),
            "cpu_s": min(self.cpus),
            "peak_mb": round(self.peak_mb, 1),
        }


def run(
    *,
    needs: int = NEEDS,
    donors: int = DONORS,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
    with_text_peers: bool = True,
    with_memory: bool = True,
) -> dict[str, Any]:
    """Measure every case and check that the engine's lists equal numpy's; ValueError for sizes below 1.

    Times are seconds from the arrays to both directions' lists (one_need: to one list, kept warm; text_only:
    needs' lists by text alone). ``peak_mb`` is the peak resident memory of a fresh process that does the
    round once, interpreter, libraries and problem included. ``ratios`` compare best rounds of this run.
    """
    if min(needs, donors, rounds) < 1:
        raise ValueError("the benchmark needs at least one need, one donor and one round")
    say = progress or _silent
    load_before = os.getloadavg()
    say(f"making {needs} needs and {donors} donors (seed {seed})")
    synthetic = synthetic_problem(needs, donors=donors, seed=seed)
    measures = _measures(rounds=rounds, needs=needs, with_text_peers=with_text_peers)
    say("first call of the engine (compiles once, then loads from the cache)")
    with _fresh_process() as process:
        first_call = process.submit(first_call_s, min(needs, FIRST_NEEDS), donors=donors, seed=seed).result()
    is_exact = _run_rounds(measures, synthetic=synthetic, rounds=rounds, say=say)
    if with_memory:
        _measure_memory(measures, needs=needs, donors=donors, seed=seed, say=say)
    return {
        "machine": _machine(measures, load_before=load_before, first_call=first_call),
        "rows": [measure.row(synthetic) for measure in measures],
        "ratios": _ratios(measures),
        "exact": is_exact,
    }


def describe(report: dict[str, Any]) -> str:
    """The report as a table for people."""
    lines = [f"{'method':<16}{'case':<18}{'pairs':>20}{'best s':>12}{'median s':>12}{'cpu s':>12}{'peak MB':>10}"]
    for row in report["rows"]:
        times = "".join(f"{row[key]:>12.6f}" for key in ("best_s", "median_s", "cpu_s"))
        pairs = f"{row['needs']} x {row['donors']}"
        lines.append(f"{row['method']:<16}{row['case']:<18}{pairs:>20}{times}{row['peak_mb']:>10.1f}")
    for name, value in report["ratios"].items():
        lines.append(f"{name}: {'not measured' if value is None else f'{value:.1f}'}")
    machine = report["machine"]
    lines.append(f"first ranking of a fresh process: {machine['first_call_s']:.2f} s")
    lines.append(f"exact: {report['exact']}; load {machine['load_before']} -> {machine['load_after']}")
    lines += machine["notes"]
    return "\n".join(lines)


def _measures(*, rounds: int, needs: int, with_text_peers: bool) -> list[Measure]:
    ones = min(ONE_NEEDS, needs)
    found = [
        Measure("engine", "all_pairs", engine_all_pairs),
        Measure("numpy", "all_pairs", numpy_all_pairs),
        Measure("engine", "with_text", engine_with_text),
        Measure("numpy", "with_text", numpy_with_text),
        Measure("engine", "blocked", engine_blocked),
        Measure("engine", "full_lists", engine_full_lists),
        Measure("engine", "one_need", OneNeeds(), per=ones),
        Measure("numpy", "one_need", numpy_one_need),
        Measure("engine", "text_only", engine_text_only),
    ]
    if with_text_peers:
        found.append(Measure("rapidfuzz", "text_only", rapidfuzz_text_only))
        if find_spec("sklearn") is not None:
            found.append(Measure("sklearn", "text_only", sklearn_text_only))
        if find_spec("sparse_dot_topn") is not None:
            found.append(Measure("sparse_dot_topn", "text_only", sparse_text_only))
    for measure in found:
        measure.rounds = 1 if measure.method in ONCE else rounds
    return found


def _run_rounds(measures: list[Measure], *, synthetic: Synthetic, rounds: int, say: Progress) -> bool:
    is_exact = True
    for measure in measures:
        if isinstance(measure.job, OneNeeds):
            measure.job(synthetic)
    for turn in range(rounds):
        answers: dict[tuple[str, str], Any] = {}
        for measure in measures:
            if turn < measure.rounds:
                say(f"round {turn + 1} of {measure.rounds}: {measure.method} {measure.case}")
                answers[measure.method, measure.case] = measure.once(synthetic)
        for case in ("all_pairs", "with_text"):
            is_exact &= same_lists(answers["engine", case], others=answers["numpy", case])
        is_exact &= _one_need_agrees(synthetic, answers["numpy", "one_need"])
    return is_exact


def same_lists(lists: tuple[Top, Top], *, others: tuple[Top, Top]) -> bool:
    """Equal scores in every place of both directions, and equal partners wherever no equal score ends the list."""
    return all(_same(one, other) for one, other in zip(lists, others, strict=True))


def _same(one: Top, other: Top) -> bool:
    if not np.array_equal(one.units, other.units):
        return False
    is_tied = one.units == one.units[:, -1:]
    mine, theirs = (np.where(is_tied, top.NOBODY, lists.partners) for lists in (one, other))
    return bool(np.array_equal(np.sort(mine, axis=1), np.sort(theirs, axis=1)))


def _one_need_agrees(synthetic: Synthetic, other: Top) -> bool:
    mine = top.best_donors(prepare(synthetic.problem, model=EXPERT), need=0, k=PLACES)
    return _same(mine, other)


def first_call_s(needs: int, *, donors: int, seed: int) -> float:
    """Seconds of the first ranking in this process: loading or compiling the code, and all lists as they are shown."""
    problem = synthetic_problem(needs, donors=donors, seed=seed).problem
    began = time.perf_counter()
    rank(problem, day=DAY)
    return time.perf_counter() - began


def _fresh_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _measure_memory(measures: list[Measure], *, needs: int, donors: int, seed: int, say: Progress) -> None:
    for measure in measures:
        say(f"memory of {measure.method} {measure.case}")
        with _fresh_process() as pool:
            # What is kept warm in this process must be made anew in that one.
            job = OneNeeds() if isinstance(measure.job, OneNeeds) else measure.job
            measure.peak_mb = pool.submit(peak_of, job, needs=needs, donors=donors, seed=seed).result()


def peak_of(job: Job, *, needs: int, donors: int, seed: int) -> float:
    """Peak resident megabytes of this process over one round, counted from after the problem was made."""
    synthetic = synthetic_problem(needs, donors=donors, seed=seed)
    reset_peak()
    job(synthetic)
    return peak_mb()


def reset_peak() -> None:
    """Count peak memory from now on, so that making the problem does not count; only Linux can."""
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        # 5 sets the high-water mark back to what is resident now.
        reset.write_text("5")


def peak_mb() -> float:
    """Peak resident megabytes of this process; not-a-number where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / KIBIBYTES_PER_MB
    return float("nan")


def _ratios(measures: list[Measure]) -> dict[str, float | None]:
    best = {(measure.method, measure.case): min(measure.walls) for measure in measures}
    sparse = best.get(("sparse_dot_topn", "text_only"))
    return {
        "all_pairs_vs_numpy": best["numpy", "all_pairs"] / best["engine", "all_pairs"],
        "with_text_vs_numpy": best["numpy", "with_text"] / best["engine", "with_text"],
        "text_vs_sparse_dot_topn": sparse / best["engine", "with_text"] if sparse else None,
    }


def _machine(measures: list[Measure], *, load_before: tuple[float, float, float], first_call: float) -> dict[str, Any]:
    absent = [name for name in ("sklearn", "sparse_dot_topn") if find_spec(name) is None]
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in ("numpy", "numba", "rapidfuzz")},
        "load_before": [round(load, 2) for load in load_before],
        "load_after": [round(load, 2) for load in os.getloadavg()],
        "first_call_s": first_call,
        "rounds": {f"{measure.method} {measure.case}": len(measure.walls) for measure in measures},
        "notes": [f"{name}: not installed, not measured" for name in absent],
    }


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _silent(message: str) -> None:
    """Nobody is listening."""
