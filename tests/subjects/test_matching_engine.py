"""The engine's promises: exact, stable, fair, explained, and calm with any input."""

import random
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.matching.engine import peers, top
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.features import FEATURES, TOPS, Feature
from marketplace.matching.engine.lists import Policy, Source, worst_off_needs
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.engine.pairs import eligible, pair_levels, pair_units
from marketplace.matching.engine.prepared import Prepared, prepare
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.rank import Ranking, make_ranker, rank
from marketplace.matching.engine.synthetic import synthetic_problem
from tests.subjects.matching_rows import LARGEST, TEXTS, make_donor, make_need, random_rows

DAY = date(2018, 12, 17)
K = 10
RULES = [Rules(must_fit_area=area, must_fit_category=category) for area in (True, False) for category in (True, False)]
SEEDS = st.integers(0, 10_000)


def every_pair(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    needs, donors = len(problem.needs), len(problem.donors)
    return np.repeat(np.arange(needs), donors), np.tile(np.arange(donors), needs)


def by_hand(prepared: Prepared) -> tuple[list[list[int]], list[list[int]]]:
    """Both directions' lists by sorting every eligible pair: score, then waiting, then code."""
    problem = prepared.problem
    needs, donors = every_pair(problem)
    units = pair_units(problem, needs=needs, donors=donors, steps=prepared.steps)
    allowed = eligible(problem, needs=needs, donors=donors, rules=prepared.rules)
    of_need: list[list[tuple[int, int]]] = [[] for _ in range(len(problem.needs))]
    of_donor: list[list[tuple[int, int, int]]] = [[] for _ in range(len(problem.donors))]
    for need, donor, score in zip(needs[allowed], donors[allowed], units[allowed], strict=True):
        of_need[need].append((-int(score), int(donor)))
        of_donor[donor].append((-int(score), -int(problem.needs.waiting_days[need]), int(need)))
    return (
        [[donor for _, donor in sorted(pairs)[:K]] for pairs in of_need],
        [[need for _, _, need in sorted(pairs)[:K]] for pairs in of_donor],
    )


def rows_of(lists: top.Top) -> list[list[int]]:
    return [[partner for partner in row if partner != top.NOBODY] for row in lists.partners.tolist()]


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_the_kernel_equals_sorting_every_pair(rules: Rules) -> None:
    needs, donors = random_rows(3, needs=160, donors=260)
    prepared = prepare(build_problem(needs, donors=donors), model=EXPERT, rules=rules)
    by_need, by_donor = top.best_pairs(prepared, k=K)
    assert (rows_of(by_need), rows_of(by_donor)) == by_hand(prepared)


def test_two_threads_give_the_lists_of_one() -> None:
    prepared = prepare(synthetic_problem(3000, donors=2000, seed=5).problem, model=EXPERT)
    one, two = top.best_pairs(prepared, k=K, threads=1), top.best_pairs(prepared, k=K, threads=2)
    for mine, theirs in zip(one, two, strict=True):
        assert np.array_equal(mine.partners, theirs.partners)
        assert np.array_equal(mine.units, theirs.units)


@pytest.mark.parametrize("size", [(1, 1), (40, 30), (700, 1500), (50, 9000)])
def test_the_scores_equal_those_of_numpy(size: tuple[int, int]) -> None:
    problem = synthetic_problem(size[0], donors=size[1], seed=7).problem
    everyone = Rules(must_fit_area=False)
    prepared = prepare(problem, model=EXPERT, rules=everyone)
    mine = top.best_pairs(prepared, k=K)
    theirs = peers.numpy_top(problem, model=EXPERT, rules=everyone, k=K)
    for ours, others in zip(mine, theirs, strict=True):
        assert np.array_equal(ours.units, others.units)


def test_every_feature_stays_between_zero_and_its_top() -> None:
    needs, donors = random_rows(11, needs=60, donors=60)
    problem = build_problem(needs, donors=donors)
    rows, columns = every_pair(problem)
    levels = pair_levels(problem, needs=rows, donors=columns)
    assert levels.min() >= 0
    assert (levels <= TOPS[:, np.newaxis]).all()
    assert (levels.max(axis=1) > 0).all()


@pytest.mark.parametrize(
    ("feature", "worse", "better"),
    [
        (Feature.CATEGORY, {"categories": [NeedCategory.MED]}, {"categories": [NeedCategory.EDU]}),
        (Feature.AREA, {"areas": ["513301000000"]}, {"areas": ["513301100201"]}),
        (Feature.AMOUNT, {"typical_fen": 100}, {"typical_fen": 290_000}),
        (Feature.BUDGET, {"budget_fen": 100}, {"budget_fen": 300_000}),
        (Feature.TEXT, {"text": TEXTS[3]}, {"text": TEXTS[1]}),
        (Feature.NEIGHBOURS, {}, {"neighbours": {NeedCategory.EDU: 0.4}}),
        (Feature.SUCCESS, {"successes": 0, "outcomes": 9}, {"successes": 9, "outcomes": 9}),
        (Feature.CAPACITY, {"budget_fen": 300_000}, {"budget_fen": 90_000_000}),
        (Feature.RECENCY, {"last_active_days": 200}, {"last_active_days": 2}),
    ],
)
def test_more_of_a_donors_feature_scores_higher(feature: Feature, worse: dict, better: dict) -> None:
    problem = build_problem(
        [make_need()], donors=[make_donor("bad", **worse), make_donor("good", **better), make_donor("x", text=TEXTS[0])]
    )
    levels = pair_levels(problem, needs=np.array([0, 0]), donors=np.array([0, 1]))[FEATURES.index(feature)]
    assert levels[0] < levels[1]


@pytest.mark.parametrize(
    ("feature", "worse", "better"),
    [
        (Feature.URGENCY, {"urgency": 0}, {"urgency": 2}),
        (Feature.VULNERABILITY, {"vulnerability": 0.2}, {"vulnerability": 0.9}),
        (Feature.WAITING, {"waiting_days": 3}, {"waiting_days": 61}),
        (Feature.NEVER_HELPED, {}, {"never_helped": True}),
    ],
)
def test_more_of_a_needs_feature_scores_higher(feature: Feature, worse: dict, better: dict) -> None:
    problem = build_problem([make_need("bad", **worse), make_need("good", **better)], donors=[make_donor()])
    levels = pair_levels(problem, needs=np.array([0, 1]), donors=np.array([0, 0]))[FEATURES.index(feature)]
    assert levels[0] < levels[1]


@settings(max_examples=25)
@given(seed=SEEDS)
def test_no_excluded_pair_is_shown_and_no_list_repeats(seed: int) -> None:
    needs, donors = random_rows(seed, needs=25, donors=40)
    problem = build_problem(needs, donors=donors)
    ranking = rank(problem, day=DAY, seed=seed)
    for row, need in enumerate(problem.needs.codes):
        shown = [one.partner for one in ranking.for_need(need)]
        assert_shown_well(problem, needs=[row] * len(shown), donors=shown, shown=shown)
    for row, donor in enumerate(problem.donors.codes):
        shown = [one.partner for one in ranking.for_donor(donor)]
        assert_shown_well(problem, needs=shown, donors=[row] * len(shown), shown=shown)


def assert_shown_well(problem: Problem, *, needs: list[int], donors: list[int], shown: list[int]) -> None:
    assert len(shown) == len(set(shown)) <= K
    pairs = {"needs": np.array(needs, dtype=np.int64), "donors": np.array(donors, dtype=np.int64)}
    assert eligible(problem, **pairs, rules=Rules()).all()


@settings(max_examples=15)
@given(seed=SEEDS)
def test_the_order_of_the_rows_changes_nothing(seed: int) -> None:
    needs, donors = random_rows(seed, needs=30, donors=30)
    one = rank(build_problem(needs, donors=donors), day=DAY)
    random.Random(seed).shuffle(needs)
    random.Random(seed + 1).shuffle(donors)
    assert everything(rank(build_problem(needs, donors=donors), day=DAY)) == everything(one)


def everything(ranking: Ranking) -> list[object]:
    return [
        *(ranking.for_need(code) for code in ranking.problem.needs.codes),
        *(ranking.for_donor(code) for code in ranking.problem.donors.codes),
    ]


def test_single_lists_equal_those_of_the_full_run() -> None:
    needs, donors = random_rows(21, needs=150, donors=150)
    ranker = make_ranker(build_problem(needs, donors=donors), day=DAY, seed=4)
    ranking = ranker.run()
    assert everything(ranking) == [
        *(ranker.need(code) for code in ranking.problem.needs.codes),
        *(ranker.donor(code) for code in ranking.problem.donors.codes),
    ]


def test_the_same_seed_and_day_replay_the_lists_and_another_day_explores_elsewhere() -> None:
    needs, donors = random_rows(30, needs=120, donors=60)
    problem = build_problem(needs, donors=donors)
    assert everything(rank(problem, day=DAY, seed=1)) == everything(rank(problem, day=DAY, seed=1))
    assert everything(rank(problem, day=DAY, seed=1)) != everything(rank(problem, day=date(2018, 12, 18), seed=1))


def test_exploration_takes_its_share_and_logs_its_chance() -> None:
    needs = [make_need(f"n{index:03d}") for index in range(300)]
    problem = build_problem(needs, donors=[make_donor(f"d{index:02d}") for index in range(40)])
    ranking = rank(problem, day=DAY)
    places = [one for code in problem.needs.codes for one in ranking.for_need(code)]
    explored = [one for one in places if one.source is Source.EXPLORED]
    assert 0.02 <= len(explored) / len(places) <= 0.05
    assert all(one.propensity == pytest.approx(0.3 / (40 - K)) for one in explored)
    assert {one.position for one in explored} == {K}
    last = [one for one in places if one.position == K and one.source is Source.RANKED]
    assert all(one.propensity == pytest.approx(0.7) for one in last)


def test_a_list_that_shows_everything_does_not_explore() -> None:
    problem = build_problem([make_need()], donors=[make_donor(f"d{index:02d}") for index in range(K)])
    assert {one.propensity for one in rank(problem, day=DAY).for_need("n1")} == {1.0}


def test_the_floor_lifts_the_worst_off_into_every_donors_list() -> None:
    easy = [make_need(f"easy{index:02d}", urgency=2, waiting_days=1) for index in range(40)]
    hard = [
        make_need(f"hard{index:02d}", category=NeedCategory.LAW, waiting_days=300, never_helped=True, text="")
        for index in range(5)
    ]
    donor = make_donor(categories=[NeedCategory.EDU])
    problem = build_problem([*easy, *hard], donors=[donor])
    shown = rank(problem, day=DAY, policy=Policy(worst_off=0.1)).for_donor("d1")
    lifted = [one for one in shown if one.source is Source.FLOOR]
    assert [one.position for one in lifted] == [4, 7]
    assert all(one.code.startswith("hard") for one in lifted)
    without = rank(problem, day=DAY, policy=Policy(worst_off=0.1, floor_share=0, exploration=0)).for_donor("d1")
    assert not [one for one in without if one.code.startswith("hard")]


@settings(max_examples=10)
@given(seed=SEEDS)
def test_no_donor_sees_fewer_worst_off_than_the_floor_where_there_are_enough(seed: int) -> None:
    needs, donors = random_rows(seed, needs=120, donors=15)
    problem = build_problem(needs, donors=donors)
    ranking = rank(problem, day=DAY, policy=Policy(exploration=0))
    worst_off = set(worst_off_needs(problem, share=0.2).tolist())
    for row, code in enumerate(problem.donors.codes):
        shown = ranking.for_donor(code)
        if not problem.donors.is_personalised[row] or len(shown) < K:
            continue
        worst = np.array(sorted(worst_off))
        allowed = eligible(problem, needs=worst, donors=np.full(len(worst), row), rules=Rules()).sum()
        assert len(worst_off & {one.partner for one in shown}) >= min(2, allowed)


def test_a_donor_without_personalisation_sees_needs_by_waiting_then_urgency() -> None:
    needs = [
        make_need("short", waiting_days=3, urgency=2),
        make_need("long", waiting_days=90, category=NeedCategory.LAW),
        make_need("long-and-urgent", waiting_days=90, urgency=1),
    ]
    shown = rank(build_problem(needs, donors=[make_donor(is_personalised=False)]), day=DAY).for_donor("d1")
    assert [one.code for one in shown] == ["long-and-urgent", "long", "short"]
    assert {one.source for one in shown} == {Source.NEUTRAL}


def test_equal_scores_go_to_the_longer_waiting_then_to_the_code() -> None:
    needs = [make_need(code, waiting_days=days) for code, days in (("a", 400), ("b", 500), ("c", 400))]
    shown = rank(build_problem(needs, donors=[make_donor()]), day=DAY).for_donor("d1")
    assert [one.code for one in shown] == ["b", "a", "c"]
    assert len({one.units for one in shown}) == 1


def test_related_parties_are_never_matched_by_household_poster_or_need() -> None:
    needs = [make_need("n1", parties=("account:7", "household:9")), make_need("n2"), make_need("n3")]
    donors = [make_donor("d1", excluded=["account:7"]), make_donor("d2", excluded=["n2"]), make_donor("d3")]
    ranking = rank(build_problem(needs, donors=donors), day=DAY)
    assert {code: {one.code for one in ranking.for_need(code)} for code in ("n1", "n2", "n3")} == {
        "n1": {"d2", "d3"},
        "n2": {"d1", "d3"},
        "n3": {"d1", "d2", "d3"},
    }


def test_many_related_donors_do_not_push_out_the_others() -> None:
    related = [make_donor(f"a{index:03d}", excluded=["n1"]) for index in range(200)]
    free = [make_donor(f"z{index:03d}", text="", successes=0, outcomes=9) for index in range(300)]
    shown = rank(build_problem([make_need()], donors=[*related, *free]), day=DAY, policy=Policy(exploration=0))
    assert [one.code for one in shown.for_need("n1")] == [f"z{index:03d}" for index in range(K)]


@pytest.mark.parametrize("donors", [0, 1])
@pytest.mark.parametrize("needs", [0, 1])
def test_nothing_or_one_of_each_is_ranked_calmly(needs: int, donors: int) -> None:
    problem = build_problem(
        [make_need(f"n{index}") for index in range(needs)], donors=[make_donor(f"d{index}") for index in range(donors)]
    )
    ranking = rank(problem, day=DAY)
    assert [len(ranking.for_need(code)) for code in problem.needs.codes] == [donors] * needs
    assert [len(ranking.for_donor(code)) for code in problem.donors.codes] == [needs] * donors


def test_needs_and_donors_all_alike_are_ranked_by_code() -> None:
    problem = build_problem(
        [make_need(f"n{index:03d}") for index in range(200)],
        donors=[make_donor(f"d{index:03d}") for index in range(2500)],
    )
    ranking = rank(problem, day=DAY, policy=Policy(exploration=0))
    assert [one.code for one in ranking.for_need("n100")] == [f"d{index:03d}" for index in range(K)]
    assert [one.code for one in ranking.for_donor("d2000")] == [f"n{index:03d}" for index in range(K)]


@pytest.mark.parametrize("fen", [0, 1, LARGEST])
@pytest.mark.parametrize("budget", [None, 0, 1, LARGEST])
def test_the_smallest_and_the_largest_amounts_give_finite_scores(fen: int, budget: int | None) -> None:
    problem = build_problem([make_need(open_fen=fen)], donors=[make_donor(budget_fen=budget, typical_fen=budget)])
    shown = rank(problem, day=DAY).for_need("n1")
    assert len(shown) == (0 if budget == 0 else 1)
    assert all(0 <= one.points <= 100 for one in shown)


@pytest.mark.parametrize("day", [date(2018, 12, 31), date(2019, 1, 1), date(2020, 2, 29), date(9999, 12, 31)])
def test_the_ends_of_years_are_days_like_any_other(day: date) -> None:
    needs, donors = random_rows(5, needs=6, donors=6)
    ranking = rank(build_problem(needs, donors=donors), day=day)
    assert ranking.day == day
    assert any(ranking.for_need(need.code) for need in needs)


def test_a_text_of_ten_thousand_characters_is_ranked() -> None:
    problem = build_problem([make_need(text="棉被学费" * 2500)], donors=[make_donor(text="棉被" * 5000)])
    assert len(rank(problem, day=DAY).for_need("n1")) == 1


def test_a_donor_with_every_preference_fits_every_need() -> None:
    needs, _ = random_rows(2, needs=30, donors=0)
    donor = make_donor(kinds=list(SupportKind), categories=list(NeedCategory), areas=["510000000000"])
    ranking = rank(build_problem(needs, donors=[donor]), day=DAY)
    assert all(len(ranking.for_need(need.code)) == 1 for need in needs)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"division": "5133"}, "twelve digits"),
        ({"open_fen": -1}, "between 0"),
        ({"urgency": 3}, "urgency must be"),
    ],
)
def test_a_bad_row_says_what_to_change(row: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        build_problem([make_need(**row)], donors=[])


def test_a_code_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="n1 stands twice"):
        build_problem([make_need(), make_need()], donors=[])


@pytest.mark.parametrize("weights", [{}, {Feature.AREA: -1.0}, {Feature.AREA: float("nan")}, {Feature.AREA: 0.0}])
def test_weights_of_no_use_are_refused(weights: dict) -> None:
    with pytest.raises(ValueError, match="weights must be finite"):
        Model(version="bad", weights=weights)


def test_a_model_of_one_feature_ranks_by_it_alone() -> None:
    needs, donors = random_rows(9, needs=50, donors=120)
    problem = build_problem(needs, donors=donors)
    for feature in FEATURES:
        model = Model(version=f"only-{feature}", weights={feature: 1.0})
        prepared = prepare(problem, model=model)
        assert tuple(rows_of(lists) for lists in top.best_pairs(prepared, k=K)) == by_hand(prepared)
