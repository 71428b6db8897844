"""The made-up year: labelled, the same for a seed, with sums that hold."""

import numpy as np
import pytest

from marketplace.matching.engine.simulate import WAYS, describe, median_wait, simulate


def test_a_year_is_labelled_and_compares_three_ways_by_county() -> None:
    report = simulate(needs=60, donors=20, seed=3)
    assert report["synthetic"] is True
    assert describe(report).startswith("SYNTHETIC")
    rows = {(row["way"], row["area"]): row for row in report["rows"]}
    for way in WAYS:
        whole = rows[way, "all"]
        counties = [row for (of, area), row in rows.items() if of == way and area != "all"]
        assert sum(row["needs"] for row in counties) == whole["needs"] == 60
        assert all(0 <= row[name] <= 1 for row in counties for name in ("success", "zero_help", "gini"))
        assert whole["success"] + whole["zero_help"] <= 1
    assert report == simulate(needs=60, donors=20, seed=3)


def test_waiting_counts_the_open_as_censored() -> None:
    days = np.array([7, 14, 21, 28])
    assert median_wait(days, np.array([True, True, True, True])) == 14
    assert median_wait(days, np.array([True, False, False, True])) == 28
    assert median_wait(days, np.array([True, False, False, False])) is None


def test_a_year_with_one_of_each_gets_an_answer() -> None:
    report = simulate(needs=1, donors=1)
    assert {row["way"] for row in report["rows"]} == set(WAYS)


@pytest.mark.parametrize("sizes", [{"needs": 0}, {"donors": 0}])
def test_an_empty_year_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        simulate(**sizes)
