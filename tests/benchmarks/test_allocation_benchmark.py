"""The allocation's benchmark has its form and reaches its targets beside its peers."""

import pytest

from marketplace.matching.engine import allocate_benchmark
from marketplace.matching.engine.allocate_measure import measure
from marketplace.matching.engine.synthetic import synthetic_problem

MOST_ZERO_HELP, LEAST_PLACED, MOST_LOSS = 0.03, 0.73, 0.03


def test_the_engine_reaches_its_targets_and_leaves_fewer_with_nothing_than_its_peers() -> None:
    said: list[str] = []
    report = allocate_benchmark.run(needs=1_500, donors=330, seed=1, progress=said.append, with_memory=False)
    rows = {row["method"]: row for row in report["rows"]}
    assert set(rows) == {"engine", "engine_sharded", "plain_flow", "greedy_by_score"}
    for name in ("engine", "engine_sharded"):
        assert rows[name]["zero_help_share"] <= MOST_ZERO_HELP < rows["greedy_by_score"]["zero_help_share"]
        assert rows[name]["placed_share"] >= max(LEAST_PLACED, rows["plain_flow"]["placed_share"])
        assert rows[name]["score_loss"] <= 1.5 * MOST_LOSS
    assert rows["engine"]["score_loss"] <= MOST_LOSS
    assert rows["engine"]["supply"] == pytest.approx(0.6 * rows["engine"]["demand"], rel=0.001)
    assert said
    assert "zero help" in allocate_benchmark.describe(report)


@pytest.mark.slow
def test_a_whole_prefecture_is_allocated_within_the_targets() -> None:
    figures = measure(allocate_benchmark.engine(synthetic_problem(33_014, donors=7_177, seed=0)))
    assert figures.zero_help_share <= MOST_ZERO_HELP
    assert figures.placed_share >= LEAST_PLACED
    assert figures.score_loss <= MOST_LOSS


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        allocate_benchmark.run(needs=0)
