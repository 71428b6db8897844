"""The benchmark has its promised form and is exact; the engine loads no compiler before it ranks."""

import subprocess
import sys

import pytest

from marketplace.matching.engine import benchmark, benchmark_jobs, benchmark_sizes

ROW = {"method", "case", "needs", "donors", "best_s", "median_s", "cpu_s", "peak_mb"}


def test_the_report_has_its_form_and_is_exact() -> None:
    said: list[str] = []
    report = benchmark.run(needs=300, donors=200, rounds=2, seed=3, progress=said.append, with_memory=False)
    assert set(report) == {"machine", "rows", "ratios", "exact"}
    assert report["exact"] is True
    assert {"all_pairs_vs_numpy", "text_vs_sparse_dot_topn"} <= set(report["ratios"])
    assert all(set(row) == ROW and 0 < row["best_s"] <= row["median_s"] for row in report["rows"])
    cases = {(row["method"], row["case"]) for row in report["rows"]}
    assert {
        ("engine", "all_pairs"),
        ("numpy", "all_pairs"),
        ("engine", "full_lists"),
        ("engine", "one_need"),
        ("rapidfuzz", "text_only"),
    } <= cases
    assert said
    assert "all_pairs_vs_numpy" in benchmark.describe(report)


def test_memory_is_measured_in_a_process_of_its_own() -> None:
    peak = benchmark.peak_of(benchmark_jobs.engine_blocked, needs=50, donors=50, seed=0)
    assert peak > 10


def test_a_difference_from_numpy_would_be_seen() -> None:
    synthetic = benchmark.synthetic_problem(40, donors=30, seed=1)
    lists, others = benchmark_jobs.engine_all_pairs(synthetic), benchmark_jobs.numpy_all_pairs(synthetic)
    assert benchmark.same_lists(lists, others=others)
    others[0].units[3, 0] += 1
    assert not benchmark.same_lists(lists, others=others)


@pytest.mark.parametrize("sizes", [{"needs": 0}, {"donors": 0}, {"rounds": 0}])
def test_sizes_below_one_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        benchmark.run(**sizes)


def test_loading_the_engine_does_not_load_the_compiler() -> None:
    code = (
        "import sys; import marketplace.matching.engine.rank, marketplace.matching.engine.build, "
        "marketplace.matching.engine.explain, marketplace.cli.match, marketplace.cli.nightly; "
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_small_market_is_measured_beside_numpy_and_is_exact() -> None:
    said: list[str] = []
    small = benchmark_sizes.measure_small(rounds=1, seed=2, say=said.append)
    assert small.is_exact
    assert small.ratio > 0
    assert [(row["method"], row["needs"], row["donors"]) for row in small.rows] == [
        ("engine", 313, 7_177),
        ("numpy", 313, 7_177),
    ]


def test_the_large_case_has_the_form_of_a_row() -> None:
    row = benchmark_sizes.large_row(
        benchmark_jobs.engine_hard_with_text, case="blocked_with_text", rounds=1, seed=0, needs=200, donors=90
    )
    assert set(row) == ROW
