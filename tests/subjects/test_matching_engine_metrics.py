"""The metrics against examples worked out by hand."""

import pytest

from marketplace.matching.engine.metrics import bootstrap, coverage, gini, ndcg_at, recall_at


def test_recall_counts_the_wanted_among_the_first() -> None:
    assert recall_at(["a", "b", "c"], wanted={"b", "c", "x", "y"}, k=2) == 0.25


def test_ndcg_discounts_by_place() -> None:
    # Wanted at places 1 and 3: 1 + 1/2, over the best possible 1 + 1/log2(3).
    assert ndcg_at(["a", "b", "c"], wanted={"a", "c"}, k=3) == pytest.approx(1.5 / 1.6309297535714573)
    assert ndcg_at(["a", "c", "b"], wanted={"a", "c"}, k=3) == pytest.approx(1.0)
    assert ndcg_at(["x"], wanted={"a"}, k=3) == 0.0


def test_a_query_without_anything_wanted_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be measured"):
        recall_at(["a"], wanted=set(), k=1)


def test_coverage_is_the_share_ever_shown() -> None:
    assert coverage([["a", "b"], ["b"]], candidates=4) == 0.5
    assert coverage([], candidates=0) == 0.0


@pytest.mark.parametrize(
    ("exposures", "value"), [([1, 1, 1, 1], 0.0), ([0, 0, 0, 4], 0.75), ([1, 3], 0.25), ([0, 0], 0.0), ([], 0.0)]
)
def test_gini_by_hand(exposures: list[int], value: float) -> None:
    assert gini(exposures) == pytest.approx(value)


def test_the_bootstrap_interval_holds_the_mean_and_is_the_same_for_a_seed() -> None:
    values = [0.0, 1.0] * 50
    interval = bootstrap(values, seed=1)
    assert interval.mean == 0.5
    # The standard error is 0.05, so the interval is about 0.4 to 0.6.
    assert interval.low == pytest.approx(0.40, abs=0.02)
    assert interval.high == pytest.approx(0.60, abs=0.02)
    assert bootstrap(values, seed=1) == interval


def test_equal_values_have_no_spread_and_none_at_all_are_refused() -> None:
    interval = bootstrap([0.3, 0.3, 0.3], seed=0)
    assert interval.low == pytest.approx(interval.high) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="no queries"):
        bootstrap([], seed=0)
