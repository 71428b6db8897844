"""Histories are read as they are written, ranked by what came before the split only, and measured without surprises."""

import gzip
import math
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.core.errors import Invalid
from marketplace.matching.engine import evaluate
from marketplace.matching.engine.chances import fit_chances, recalibrated, to_chance
from marketplace.matching.engine.factors import CONFIDENCE, FACTORS, RIDGE, alternating_least_squares
from marketplace.matching.engine.fit import Prior, Query, fit_weights, pair_loss
from marketplace.matching.engine.history import read_history
from marketplace.matching.engine.judged import measure
from marketplace.matching.engine.learnt import (
    PRIOR,
    Ranker,
    asked_in,
    gifts_to_learn_from,
    harmless_strength,
    training_windows,
)
from marketplace.matching.engine.metrics import area_under_curve, brier, calibration_error, list_gains
from marketplace.matching.engine.past import make_past
from marketplace.matching.engine.report import describe
from marketplace.matching.engine.signals import WIDE, donor_signals
from marketplace.matching.engine.sparse import table_of
from marketplace.matching.engine.spread import NOBODY, STRENGTH, spread
from marketplace.matching.engine.success import at_rate, learn_outcomes, measure_outcomes, resolved
from tests.subjects.histories import FIRST, Files, keep_columns, write_csv, write_market

GIFTS = ("donor_id", "need_id", "amount", "date")
SPLIT = FIRST + timedelta(days=650)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_market(tmp_path_factory.mktemp("market"))


def gifts_of(folder: Path, *rows: tuple[object, ...]) -> Path:
    return write_csv(folder / "gifts.csv", rows=[dict(zip(GIFTS, row, strict=True)) for row in rows], columns=GIFTS)


def needs_of(folder: Path, *rows: Mapping[str, object]) -> Path:
    columns = dict.fromkeys(column for row in rows for column in row) or {"need_id": None}
    return write_csv(folder / "needs.csv", rows=rows, columns=columns)


def row_of(measured: Mapping[str, Any], *, ranker: str, direction: str) -> dict[str, Any]:
    (found,) = [row for row in measured["rows"] if (row["ranker"], row["direction"]) == (ranker, direction)]
    return dict(found)


def test_a_compressed_file_reads_like_a_plain_one(market: Files, tmp_path: Path) -> None:
    packed = tmp_path / "gifts.csv.gz"
    packed.write_bytes(gzip.compress(market.gifts.read_bytes()))
    plain, zipped = (read_history(market.needs, gifts=path) for path in (market.gifts, packed))
    assert plain.donors == zipped.donors
    assert np.array_equal(plain.need, zipped.need)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("d", "n", "ten", "2020-01-01"), "row 2: amount is ten"),
        (("d", "n", "nan", "2020-01-01"), "row 2: amount is nan"),
        (("d", "n", 1, "01/02/2020"), "row 2: date is 01/02/2020; write YYYY-MM-DD"),
        (("d", "n", 1, ""), "row 2: date is empty"),
        (("", "n", 1, "2020-01-01"), "row 2: donor_id is empty"),
    ],
)
def test_a_row_that_cannot_be_right_is_named(tmp_path: Path, row: tuple[object, ...], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_history(needs_of(tmp_path, {"need_id": "n"}), gifts=gifts_of(tmp_path, row))


def test_gifts_need_no_amount_and_another_encoding_is_named(market: Files, tmp_path: Path) -> None:
    without = keep_columns(market.gifts, to=tmp_path / "gifts.csv", columns=("donor_id", "need_id", "date"))
    assert read_history(market.needs, gifts=without).amount.max() == 0
    other = tmp_path / "gbk.csv"
    other.write_bytes("need_id,text\nn1,棉被\n".encode("gbk"))
    with pytest.raises(Invalid, match="not in UTF-8: save it again"):
        read_history(other)


def test_needs_that_stand_twice_or_have_no_id_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="need_id n stands twice"):
        read_history(needs_of(tmp_path, {"need_id": "n"}, {"need_id": "n"}))
    with pytest.raises(Invalid, match="no column need_id"):
        read_history(needs_of(tmp_path, {"id": "n"}))
    with pytest.raises(Invalid, match="outcome is yes; write 1 / 0"):
        read_history(needs_of(tmp_path, {"need_id": "n", "outcome": "yes"}))


def test_signals_know_nothing_of_what_comes_after(market: Files) -> None:
    whole = read_history(market.needs, gifts=market.gifts, donors=market.donors)
    before = whole.day < SPLIT.toordinal()
    cut = replace(whole, **{name: getattr(whole, name)[before] for name in ("donor", "need", "day", "amount")})
    window = {"start": SPLIT.toordinal(), "end": SPLIT.toordinal() + 200}
    for donor in (0, 7):
        assert np.array_equal(
            donor_signals(make_past(whole, **window), donor), donor_signals(make_past(cut, **window), donor)
        )


def test_training_windows_end_at_the_split(market: Files) -> None:
    history = read_history(market.needs, gifts=market.gifts)
    windows = training_windows(history, start=SPLIT.toordinal(), end=SPLIT.toordinal() + 100)
    assert windows[0].end == SPLIT.toordinal()
    assert all(past.start < past.end <= SPLIT.toordinal() for past in windows)


def test_ours_beats_every_baseline_on_small_donors_and_new_needs(market: Files) -> None:
    history = read_history(market.needs, gifts=market.gifts, donors=market.donors)
    measured = evaluate.run(history, split=SPLIT, min_gifts=5)
    for direction in ("donor_to_need", "need_to_donor"):
        ours = row_of(measured, ranker="jiedui", direction=direction)
        others = [row for row in measured["rows"] if row["direction"] == direction and row["ranker"] != "jiedui"]
        assert len(others) == 6
        assert ours["ndcg_at_10"] > max(row["ndcg_at_10"] for row in others)
        assert ours["ndcg_ci"][0] <= ours["ndcg_at_10"] <= ours["ndcg_ci"][1]
        assert set(ours) >= {"recall_at_10", "recall_ci", "share_shown", "gini", "queries"}
    assert measured["success"]["auc"] > 0.65
    assert measured["success"]["brier"] < measured["success"]["brier_base"]
    assert "jiedui" in describe(measured)
    shares = [row["share_shown"] for row in measured["exposure"]]
    assert shares == sorted(shares)


FORMS = {
    "all but outcomes": ("published_at", "closed_at", "category", "area", "amount", "text"),
    "text alone": ("text",),
    "categories alone": ("category",),
    "dates and areas": ("published_at", "closed_at", "area"),
}


@pytest.fixture(scope="module")
def small_givers(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Hundreds of donors of one to five gifts each."""
    return write_market(tmp_path_factory.mktemp("small"), donors=500, needs=150, gifts=(1, 5), open_days=400, seed=1)


@pytest.mark.parametrize("columns", FORMS.values(), ids=list(FORMS))
def test_many_small_donors_are_ranked_whatever_columns_there_are(
    small_givers: Files, tmp_path: Path, columns: tuple[str, ...]
) -> None:
    needs = keep_columns(small_givers.needs, to=tmp_path / "needs.csv", columns=("need_id", *columns))
    measured = evaluate.run(read_history(needs, gifts=small_givers.gifts), split=SPLIT, min_gifts=2)
    ours = row_of(measured, ranker="jiedui", direction="donor_to_need")
    others = [row for row in measured["rows"] if row["direction"] == "donor_to_need" and row["ranker"] != "jiedui"]
    assert ours["queries"] > 10
    assert ours["ndcg_at_10"] > max(row["ndcg_at_10"] for row in others)
    success = measured["success"]
    assert success["auc"] > 0.5
    assert success["ece"] <= 0.015


def test_chances_meet_a_rate_that_is_known_without_a_look_at_what_happened() -> None:
    chances = np.random.default_rng(0).beta(1, 9, 500)
    moved = at_rate(chances, rate=0.3)
    assert moved.mean() == pytest.approx(0.3, abs=1e-6)
    assert (np.argsort(moved, kind="stable") == np.argsort(chances, kind="stable")).all()


def test_the_calibration_error_of_true_chances_is_what_chance_alone_gives() -> None:
    rng = np.random.default_rng(3)
    chances = rng.uniform(0.2, 0.9, 2_000)
    found = measure(chances, happened=rng.random(2_000) < chances, base=0.5, seed=0)
    assert found["ece_ci"][0] < found["ece_if_true"] * 1.5
    assert measure(chances**2, happened=rng.random(2_000) < chances, base=0.5, seed=0)["ece"] > 3 * found["ece_if_true"]


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    files = write_market(tmp_path, donors=40, needs=200, seed=3)
    history = read_history(files.needs, gifts=files.gifts)
    first, second = (evaluate.run(history, split=SPLIT, min_gifts=3, seed=5) | {"seconds": 0} for _ in range(2))
    assert first == second


def test_without_gifts_only_the_success_model_is_measured(market: Files) -> None:
    measured = evaluate.run(read_history(market.needs), split=SPLIT)
    assert measured["rows"] == []
    assert measured["success"]["n"] > 100
    assert measured["success"]["auc_ci"][0] > 0.6


@pytest.mark.parametrize(
    "gifts",
    [
        [("d", "n1", 5, "2020-01-01"), ("d", "n2", 5, "2021-01-01")],
        [("d", f"n{row}", 5, f"2020-01-{row + 1:02d}") for row in range(20)] + [("d", "n1", 5, "2021-01-01")],
        [(f"d{row}", "n1", -5, "2020-01-01") for row in range(9)]
        + [(f"d{row}", "n1", 0, "2021-01-01") for row in range(9)],
        [(f"d{row % 3}", f"n{row % 4}", "", f"2020-01-{row + 1:02d}") for row in range(24)]
        + [(f"d{row}", f"n{3 - row}", 1, "2021-01-01") for row in range(3)],
    ],
)
def test_degenerate_histories_give_an_answer_without_nan(tmp_path: Path, gifts: list[tuple[object, ...]]) -> None:
    history = read_history(needs_of(tmp_path, {"need_id": "n1"}), gifts=gifts_of(tmp_path, *gifts))
    measured = evaluate.run(history, split=date(2020, 7, 1), min_gifts=1)
    figures = [value for row in measured["rows"] for value in row.values() if isinstance(value, float)]
    assert all(math.isfinite(value) for value in figures)
    assert describe(measured)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_order_of_the_rows_in_the_files_changes_nothing(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    files = write_market(tmp_path, donors=12, needs=40, days=200, gifts=(1, 9), seed=seed)
    split, measured = FIRST + timedelta(days=140), []
    for path in (None, files.needs, files.gifts):
        if path is not None:
            head, *rows = path.read_text().splitlines()
            path.write_text("\n".join([head, *rng.sample(rows, len(rows))]))
        history = read_history(files.needs, gifts=files.gifts, donors=files.donors)
        measured.append(evaluate.run(history, split=split, min_gifts=1) | {"seconds": 0})
    assert measured[0] == measured[1] == measured[2]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), donors=st.integers(1, 8), needs=st.integers(1, 12))
def test_no_list_repeats_a_need_or_shows_a_pair_seen_before(tmp_path: Path, seed: int, donors: int, needs: int) -> None:
    files = write_market(tmp_path, donors=donors, needs=needs, days=200, gifts=(1, 9), seed=seed)
    history = read_history(files.needs, gifts=files.gifts)
    past = make_past(history, start=history.day[len(history.day) // 2], end=history.day[-1] + 1)
    asked = asked_in(past, min_gifts=1)
    if not len(asked.donors):
        return
    scored = evaluate._score(
        past,
        asked,
        needs=np.arange(len(past.candidates)),
        ranker=Ranker(PRIOR.centre),
        seed=0,
        progress=lambda words: None,
    )
    for one in scored.values():
        lists = spread(one.partners, one.scores, strength=0.5, length=10)
        for row, shown in enumerate(lists.tolist()):
            told = [need for need in shown if need != NOBODY]
            assert len(told) == len(set(told))
            assert not set(told) & set(asked.known[row].tolist())


@pytest.mark.parametrize(
    "rows",
    [
        [{"outcome": 1}],
        [{"outcome": row % 2} for row in range(2)],
        [{"outcome": 1, "category": "a", "area": "513322100201", "amount": 5, "text": "棉被"}] * 40,
        [{"outcome": row % 2, "amount": (0.01, 10**10)[row % 2]} for row in range(40)],
        [{"outcome": row % 3 == 0, "text": "棉被" * 5_000} for row in range(6)],
        [{"outcome": "", "text": ""} for _ in range(6)],
    ],
    ids=["one", "two", "all alike", "1 fen and 10^12", "10,000 characters", "unknown"],
)
def test_degenerate_outcomes_give_chances_without_a_warning(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    """The years' ends are on both sides of the split."""
    days = ("2019-12-31", "2020-01-01")
    needs = [
        {"need_id": f"n{turn}-{row}", "published_at": day, "closed_at": day, **one, "outcome": _digit(one["outcome"])}
        for turn, day in enumerate(days)
        for row, one in enumerate(rows)
    ]
    history = read_history(needs_of(tmp_path, *needs))
    measured = evaluate.run(history, split=date(2020, 1, 1))
    assert describe(measured)
    learnt = learn_outcomes(history, start=date(2020, 1, 1).toordinal(), seed=0)
    chances = learnt.of(history, np.arange(len(history.needs)))
    assert ((chances > 0) & (chances < 1)).all()


def _digit(outcome: object) -> object:
    return int(outcome) if isinstance(outcome, bool) else outcome


def test_a_split_without_history_says_what_there_is(tmp_path: Path) -> None:
    history = read_history(needs_of(tmp_path, {"need_id": "n"}), gifts=gifts_of(tmp_path, ("d", "n", 1, "2020-01-01")))
    with pytest.raises(Invalid, match="from 2020-01-01 to 2020-01-01"):
        evaluate.run(history, split=date(2019, 1, 1))
    with pytest.raises(Invalid, match="Nothing here has a date"):
        evaluate.run(read_history(needs_of(tmp_path, {"need_id": "n"})), split=date(2019, 1, 1))


def test_learning_finds_the_weight_that_decides_and_keeps_known_signs() -> None:
    rng = np.random.default_rng(0)
    queries = []
    for _ in range(80):
        features = rng.normal(size=(30, 3))
        likely = features @ np.array([2.0, -1.0, 0.0]) + rng.gumbel(size=30)
        best = likely.argmax()
        queries.append(Query(chosen=features[[best]], others=np.delete(features, best, axis=0)))
    prior = Prior(np.zeros(3), np.full(3, 0.001), np.array([False, False, True]))
    weights = fit_weights(queries, prior=prior)
    assert 1.4 < weights[0] < 2.6
    assert weights[1] == 0.0
    assert abs(weights[2]) < 0.4
    assert pair_loss(queries, weights=weights) < pair_loss(queries, weights=prior.centre)
    assert np.array_equal(fit_weights([], prior=prior), prior.centre)


def test_few_cases_leave_the_expert_and_many_move_it() -> None:
    rng = np.random.default_rng(1)
    few, many = (rng.normal(size=(size, 1)) for size in (5, 4000))
    expert = np.array([1.0])
    happened = rng.random(4000) < to_chance(-1.0 - 0.5 * many[:, 0])
    small = fit_chances(few, happened=np.zeros(5, dtype=bool), weight=np.ones(5), expert=expert, prior_rate=0.3)
    large = fit_chances(many, happened=happened, weight=np.ones(4000), expert=expert, prior_rate=0.3)
    assert float(small.of(few).mean()) > 0.2
    assert large.weights[0] == pytest.approx(-0.5, abs=0.15)
    drifted = recalibrated(large, many, happened=rng.random(4000) < 0.6, weight=np.ones(4000))
    assert float(drifted.of(many).mean()) == pytest.approx(0.6, abs=0.03)


def test_a_drift_is_followed_only_as_far_as_it_is_more_than_chance() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(2000, 1))
    true = to_chance(0.3 + features[:, 0])
    even = np.ones(2000)
    model = fit_chances(features, happened=rng.random(2000) < true, weight=even, expert=np.array([1.0]), prior_rate=0.5)
    moves = []
    for _ in range(20):
        same = recalibrated(model, features[:300], happened=rng.random(300) < true[:300], weight=even[:300])
        moves.append(abs(float(same.of(features).mean() - model.of(features).mean())))
    assert np.median(moves) == 0.0
    moved = recalibrated(model, features, happened=rng.random(2000) < to_chance(-0.7 + features[:, 0]), weight=even)
    assert np.abs(moved.of(features) - to_chance(-0.7 + features[:, 0])).mean() < 0.03


def test_what_is_much_for_one_category_and_little_for_another_is_learnt(tmp_path: Path) -> None:
    """Small needs of one category succeed, and large ones of the other; no column alone tells anything."""
    rng = np.random.default_rng(6)
    rows = []
    for row in range(1_200):
        category, amount = int(rng.integers(2)), float(np.exp(rng.normal(7, 1)))
        likely = 0.85 if (amount < np.exp(7)) == (category == 0) else 0.15
        day = (FIRST + timedelta(days=row)).isoformat()
        one = {"need_id": f"n{row}", "published_at": day, "closed_at": day, "category": "ab"[category]}
        rows.append(one | {"amount": round(amount, 2), "outcome": int(rng.random() < likely)})
    history = read_history(needs_of(tmp_path, *rows))
    found = measure_outcomes(history, start=FIRST.toordinal() + 800, end=FIRST.toordinal() + 1_200, seed=0)
    assert found["auc"] > 0.75
    assert found["brier"] < 0.8 * found["brier_base"]


def test_failures_that_are_known_late_do_not_make_all_that_is_late_a_success(tmp_path: Path) -> None:
    """Successes close within days, failures when they expire: of the last published only successes are known."""
    rng = np.random.default_rng(4)
    rows = []
    for number in range(1_500):
        published = int(rng.integers(0, 700))
        succeeds = rng.random() < (0.55, 0.75, 0.9)[number % 3]
        closed = published + (int(rng.integers(1, 60)) if succeeds else 180)
        begins, ends = ((FIRST + timedelta(days=day)).isoformat() for day in (published, closed))
        told = {"closed_at": ends, "outcome": int(succeeds)} if closed < 700 else {}
        rows.append({"need_id": f"n{number:04d}", "published_at": begins, "category": number % 3, **told})
    history = read_history(needs_of(tmp_path, *rows))
    learnt = learn_outcomes(history, start=FIRST.toordinal() + 700, seed=0)
    chances = learnt.of(history, np.arange(3))
    assert chances == pytest.approx([0.55, 0.75, 0.9], abs=0.06)
    assert learnt.base == pytest.approx(0.733, abs=0.04)


def test_open_needs_are_censored_and_those_that_lasted_long_count_for_them(tmp_path: Path) -> None:
    rows = [
        {"need_id": f"n{row}", "published_at": f"2020-01-{1 + row % 28:02d}", "closed_at": closed, "outcome": 1}
        for row, closed in enumerate(["2020-02-01"] * 20 + ["2020-05-20"] * 5 + ["2021-05-01"] * 5)
    ]
    late = [{"need_id": "m", "published_at": "2020-05-15", "closed_at": "2021-01-01", "outcome": 0}]
    history = read_history(needs_of(tmp_path, *rows, *late))
    known, weight = resolved(history, start=date(2020, 6, 1).toordinal())
    assert len(known) == 25
    assert weight.min() >= 1.0
    assert weight.max() > weight.min()


def test_metrics_equal_examples_worked_out_by_hand() -> None:
    recall, ndcg = list_gains(np.array([[True, False, True]]), wanted=np.array([2]))
    assert recall[0] == 1.0
    assert ndcg[0] == pytest.approx(1.5 / 1.6309297535714573)
    happened = np.array([True, False, False, True])
    assert area_under_curve(np.array([0.9, 0.1, 0.5, 0.5]), happened=happened) == pytest.approx(0.875)
    assert math.isnan(area_under_curve(np.array([0.5]), happened=np.array([True])))
    assert brier(np.array([1.0, 0.5]), happened=np.array([True, False])) == pytest.approx(0.125)
    assert calibration_error(np.array([0.05, 0.05, 0.95]), happened=np.array([0, 0, 1])) == pytest.approx(0.05)


def test_hidden_communities_and_passing_fashions_are_learnt_without_any_column(tmp_path: Path) -> None:
    """Half of the gifts stay in the donor's community and a quarter follow what was given to in the last days."""
    rng, days, count = np.random.default_rng(8), 900, 240
    of_donor, of_need = rng.integers(0, 8, 160), rng.integers(0, 8, count)
    gifts: list[tuple[str, str, int, str]] = []
    for day in range(days):
        hot = [int(one[1][1:]) for one in gifts[-20:]] or [0]
        for donor in rng.integers(0, 160, 4).tolist():
            near = np.flatnonzero(of_need == of_donor[donor])
            need = rng.choice((near, near, np.array(hot), np.arange(count))[rng.integers(4)])
            gifts.append((f"d{donor}", f"n{need}", 5, (FIRST + timedelta(days=day)).isoformat()))
    history = read_history(needs_of(tmp_path, {"need_id": "n0"}), gifts=gifts_of(tmp_path, *gifts))
    measured = evaluate.run(history, split=SPLIT, min_gifts=5)
    for direction in ("donor_to_need", "need_to_donor"):
        ours = row_of(measured, ranker="jiedui", direction=direction)["ndcg_at_10"]
        others = [row for row in measured["rows"] if row["direction"] == direction and row["ranker"] != "jiedui"]
        assert ours >= 0.97 * max(row["ndcg_at_10"] for row in others)
    assert sum(measured["weights"][signal] for signal in WIDE) > 0


def test_few_lists_leave_plain_rankers_scores_unread(tmp_path: Path) -> None:
    files = write_market(tmp_path, donors=20, needs=100, seed=2)
    measured = evaluate.run(read_history(files.needs, gifts=files.gifts), split=SPLIT, min_gifts=3)
    assert [measured["weights"][signal] for signal in WIDE] == [0.0] * len(WIDE)
    assert measured["strength"] == STRENGTH


def test_where_too_few_donors_gave_enough_smaller_ones_teach_too(market: Files) -> None:
    history = read_history(market.needs, gifts=market.gifts)
    windows = training_windows(history, start=SPLIT.toordinal(), end=SPLIT.toordinal() + 200)
    assert gifts_to_learn_from(windows, min_gifts=2) == (2, True)
    gifts, is_wide = gifts_to_learn_from(windows, min_gifts=40)
    assert is_wide
    assert gifts < 40
    assert gifts_to_learn_from(windows[:0], min_gifts=40) == (40, False)


def test_factors_solve_the_weighted_least_squares_of_one_donor() -> None:
    rng = np.random.default_rng(4)
    rows, columns = np.nonzero(rng.random((6, 9)) < 0.4)
    found = alternating_least_squares(table_of(rows, columns, np.ones(len(rows)), height=6, width=9))
    assert found.of(0)[columns[rows == 0]].min() > 0.8
    seen = np.zeros((6, 9))
    seen[rows, columns] = 1.0
    weights = 1.0 + CONFIDENCE * seen
    left = (found.donors.T * weights[:, 0]) @ found.donors + RIDGE * np.eye(FACTORS)
    assert found.needs[0] == pytest.approx(np.linalg.solve(left, found.donors.T @ (weights[:, 0] * seen[:, 0])))


@pytest.mark.parametrize(("ahead", "expected"), [(100.0, STRENGTH), (0.1, 0.0)])
def test_lists_are_spread_only_as_far_as_it_costs_no_recall(tmp_path: Path, ahead: float, expected: float) -> None:
    """Every donor gives to the same ten needs, which are far ahead of ten others in the score, or hardly."""
    rows = [(f"d{donor}", f"n{need:02d}", 5, "2020-01-01") for donor in range(40) for need in range(20, 40)]
    new = [(f"d{donor}", f"n{need:02d}", 5, "2021-01-01") for donor in range(40) for need in range(10)]
    old = [("first", f"n{need:02d}", 5, "2020-01-01") for need in range(40)]
    history = read_history(needs_of(tmp_path, {"need_id": "n00"}), gifts=gifts_of(tmp_path, *old, *rows, *new))
    past = make_past(history, start=date(2020, 6, 1).toordinal(), end=date(2021, 6, 1).toordinal())
    asked = asked_in(past, min_gifts=1)
    score = ahead * (np.arange(len(past.candidates)) < 10) + 0.001 * np.arange(len(past.candidates))
    assert harmless_strength(past, asked, scores_of=lambda donor: score, seed=0) == expected


def test_spreading_keeps_lists_whole_and_shows_more_needs() -> None:
    partners = np.tile(np.arange(30), (6, 1))
    scores = np.tile(-0.01 * np.arange(30.0), (6, 1))
    plain, wide = (spread(partners, scores, strength=strength, length=5) for strength in (0.0, 1.0))
    assert len(np.unique(plain)) == 5
    assert len(np.unique(wide)) > 20
    assert all(len(set(shown)) == 5 for shown in wide.tolist())
    short = spread(np.array([[3, NOBODY]]), np.array([[1.0, -np.inf]]), strength=0.5, length=4)
    assert short.tolist() == [[3, NOBODY, NOBODY, NOBODY]]
