"""Several origins are measured each by itself and pooled, and how far ours is ahead is read query by query."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marketplace.core.errors import Invalid
from marketplace.matching.engine import evaluate, origins
from marketplace.matching.engine.compare import OURS, Lists, compare
from marketplace.matching.engine.history import History, read_history
from marketplace.matching.engine.metrics import bootstrap, redrawn
from marketplace.matching.engine.origins import months_later, windows_of
from marketplace.matching.engine.report import describe
from tests.subjects.histories import FIRST, write_market

SPLITS = [date(2021, 6, 1), date(2021, 9, 1)]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    files = write_market(tmp_path_factory.mktemp("market"), donors=40, needs=200)
    return read_history(files.needs, gifts=files.gifts)


@pytest.fixture(scope="module")
def pooled(history: History) -> dict[str, Any]:
    return origins.run(history, splits=SPLITS[::-1], months=3, min_gifts=3)


def rows_by_name(measured: dict[str, Any], *, direction: str) -> dict[str, dict[str, Any]]:
    return {row["ranker"]: row for row in measured["rows"] if row["direction"] == direction}


def lists_of(*recalls: float, askers: list[int] | None = None) -> Lists:
    """Lists with these recalls; each shows a need of its own, of ten."""
    shown = np.arange(len(recalls))[:, np.newaxis]
    gains = np.array([recalls, recalls])
    return Lists(np.array(askers or range(len(recalls))), shown, gains, candidates=10)


def test_each_origin_is_the_document_of_that_split_alone(history: History, pooled: dict[str, Any]) -> None:
    alone = evaluate.run(history, split=SPLITS[0], until=SPLITS[1], min_gifts=3)
    assert pooled["origins"][0] | {"seconds": 0} == alone | {"seconds": 0}
    same = origins.run(history, splits=SPLITS[:1], until=SPLITS[1], min_gifts=3)
    assert same | {"seconds": 0} == alone | {"seconds": 0}


@pytest.mark.parametrize("direction", ["donor_to_need", "need_to_donor"])
def test_pooled_means_count_every_query_alike_and_shares_every_origin(pooled: dict[str, Any], direction: str) -> None:
    parts = [rows_by_name(one, direction=direction) for one in pooled["origins"]]
    assert parts[0][OURS]["queries"] != parts[1][OURS]["queries"]
    for name, row in rows_by_name(pooled, direction=direction).items():
        sizes = [part[name]["queries"] for part in parts]
        assert row["queries"] == sum(sizes)
        for figure in ("recall_at_10", "ndcg_at_10"):
            assert row[figure] == pytest.approx(np.average([part[name][figure] for part in parts], weights=sizes))
        for figure in ("share_shown", "gini"):
            assert row[figure] == pytest.approx(np.mean([part[name][figure] for part in parts]))


def test_pooled_success_is_of_the_cases_of_all_origins(pooled: dict[str, Any]) -> None:
    parts = [one["success"] for one in pooled["origins"]]
    assert pooled["success"]["n"] == sum(part["n"] for part in parts)
    squares = sum(part["brier"] * part["n"] for part in parts)
    assert pooled["success"]["brier"] == pytest.approx(squares / pooled["success"]["n"])
    assert pooled["success"]["brier_base"] == pytest.approx(
        sum(part["brier_base"] * part["n"] for part in parts) / pooled["success"]["n"]
    )


def test_the_difference_to_each_other_ranker_has_its_own_interval(pooled: dict[str, Any]) -> None:
    for measured in (pooled, *pooled["origins"]):
        rows = rows_by_name(measured, direction="donor_to_need")
        for name, row in rows.items():
            if name == OURS:
                assert not [key for key in row if key.startswith("ours_ahead")]
                continue
            for ahead, figure in (("ours_ahead_recall", "recall_at_10"), ("ours_ahead_ndcg", "ndcg_at_10")):
                assert row[ahead] == pytest.approx(rows[OURS][figure] - row[figure])
                low, high = row[f"{ahead}_ci"]
                assert low <= row[ahead] <= high


def test_every_interval_holds_its_value(pooled: dict[str, Any]) -> None:
    for row in pooled["rows"]:
        for name, value in row.items():
            if (interval := row.get(f"{name.removesuffix('_at_10')}_ci")) is not None:
                assert interval[0] <= value <= interval[1], name


def test_what_is_better_for_every_query_is_above_though_the_plain_intervals_overlap() -> None:
    theirs = np.linspace(0.0, 0.8, 9)
    ours, other = compare([{OURS: lists_of(*(theirs + 0.1)), "other": lists_of(*theirs)}], direction="x", seed=0)
    assert ours["recall_ci"][0] < other["recall_ci"][1]
    assert other["ours_ahead_recall_ci"] == pytest.approx([0.1, 0.1])


def test_lists_of_one_donor_at_many_origins_are_no_more_witnesses_than_one() -> None:
    """Two donors at ten origins: the interval is as wide as that of two lists, and shares count each origin alone."""
    once = compare([{OURS: lists_of(0.0, 1.0)}], direction="x", seed=0)[0]
    (often,) = compare([{OURS: lists_of(0.0, 1.0)} for _ in range(10)], direction="x", seed=0)
    assert (often["queries"], often["recall_at_10"]) == (20, 0.5)
    assert often["recall_ci"] == once["recall_ci"] == [0.0, 1.0]
    assert [often["share_shown"], once["share_shown"]] == pytest.approx([0.2, 0.2])
    others = [{OURS: lists_of(0.0, 1.0, askers=[2 * turn, 2 * turn + 1])} for turn in range(10)]
    (many,) = compare(others, direction="x", seed=0)
    assert 0.2 < many["recall_ci"][0] < 0.4


def test_where_everybody_asks_once_donors_are_drawn_like_plain_queries() -> None:
    values = np.random.default_rng(0).random(30)
    plain = bootstrap(values, seed=5, resamples=50)
    drawn = [values @ weight / weight.sum() for weight in redrawn(np.arange(30), seed=5, resamples=50)]
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([plain.low, plain.high])


def test_an_origin_where_nobody_can_be_asked_stays_in_the_document(history: History) -> None:
    measured = origins.run(history, splits=[FIRST + timedelta(days=30), SPLITS[1]], months=1, min_gifts=5)
    empty, full = measured["origins"]
    assert (empty["rows"], empty["donors"]) == ([], 0)
    assert [row["queries"] for row in measured["rows"]] == [row["queries"] for row in full["rows"]]
    assert empty["split"] in describe(measured)


def test_the_table_names_every_origin_and_says_above_level_or_below(pooled: dict[str, Any]) -> None:
    told = describe(pooled)
    assert "2 origins from 2021-06-01 to 2021-12-01" in told
    assert "2021-09-01 .. 2021-12-01" in told
    random = rows_by_name(pooled, direction="need_to_donor")["random"]
    assert random["ours_ahead_ndcg_ci"][0] > 0
    lines = [line for line in told.splitlines() if line.startswith("random") and line.endswith("above")]
    assert [line for line in lines if f"{random['ours_ahead_ndcg']:+.3f}" in line]


def test_outcomes_of_several_origins_are_pooled_without_any_gift(tmp_path: Path) -> None:
    files = write_market(tmp_path, donors=2, needs=300)
    measured = origins.run(read_history(files.needs), splits=SPLITS)
    assert measured["rows"] == []
    assert measured["success"]["n"] == sum(one["success"]["n"] for one in measured["origins"])
    assert "success model" in describe(measured)


def test_splits_come_in_any_order_and_run_to_the_next_without_a_length() -> None:
    first, second = SPLITS
    assert windows_of([second, first]) == [(first, second), (second, None)]
    assert windows_of([second, first], until=date(2022, 1, 1)) == [(first, second), (second, date(2022, 1, 1))]
    assert windows_of([second, first], months=3) == [(first, second), (second, date(2021, 12, 1))]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"splits": [SPLITS[0], SPLITS[0]]}, "--split 2021-06-01 stands twice"),
        ({"splits": SPLITS, "months": 4}, "from 2021-06-01 runs to 2021-10-01, over the next split 2021-09-01"),
        ({"splits": SPLITS, "months": 3, "until": date(2022, 1, 1)}, "either --until or the length"),
        (
            {"splits": [*SPLITS, date(2030, 1, 1)], "months": 3},
            "before --split 2030-01-01 and from it to before 2030-04",
        ),
        ({"splits": [date(2019, 1, 1), *SPLITS]}, "before --split 2019-01-01"),
        ({"splits": SPLITS, "until": SPLITS[0]}, "before --split 2021-09-01 and from it to before 2021-06-01"),
    ],
    ids=["twice", "overlap", "two ends", "after the end", "before the beginning", "ends before it begins"],
)
def test_splits_that_cannot_be_right_are_named(history: History, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        origins.run(history, **arguments)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2020, 2, 29), 12, date(2021, 2, 28)),
        (date(2021, 10, 31), 1, date(2021, 11, 30)),
        (date(2021, 12, 31), 2, date(2022, 2, 28)),
        (date(2001, 1, 1), 36, date(2004, 1, 1)),
        (date(2021, 1, 1), 12 * 9_000, date.max),
    ],
)
def test_a_window_ends_on_the_same_day_of_a_later_month(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later
