"""The allocation: parts fit purses and needs to the last unit, few get nothing, and the worst input gets an answer."""

import random
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.kinds import SupportKind
from marketplace.matching.engine.allocate import Allocation, Asks, Fairness, allocate, tier_room
from marketplace.matching.engine.allocate_flow import Network, solve, split_purses
from marketplace.matching.engine.allocate_measure import measure
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.pairs import eligible
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.text import fit_text
from tests.subjects.matching_rows import TEXTS, make_donor, make_need, random_donor, random_need

# Fitting a space of words takes longer than all the rest, and the words do not matter here.
WORDS = fit_text(TEXTS)
SIZES = (1, 2, 99, 12_345, 300_000, 10**12)


def problem_of(rng: random.Random, *, needs: int, donors: int) -> Problem:
    return build_problem(
        [random_need(rng, f"n{i:03d}") for i in range(needs)],
        donors=[random_donor(rng, f"d{i:03d}") for i in range(donors)],
        text=WORDS,
    )


def asks_for(rng: random.Random, problem: Problem) -> Asks:
    step = np.array([rng.choice((1, 1, 7, 25_000)) for _ in problem.needs.codes], dtype=np.int64)
    whole = np.array([rng.choice((0, 1, 2, 9, *SIZES)) for _ in problem.needs.codes], dtype=np.int64)
    purse = np.array([rng.choice((0, *SIZES)) for _ in problem.donors.codes], dtype=np.int64)
    return Asks(open=whole // step * step, step=step, purse=purse)


def check(problem: Problem, allocation: Allocation) -> None:
    """Parts fit, are whole, are not too many, and join only whom the rules allow."""
    asks, pairs = allocation.asks, allocation.pairs
    given_ = allocation.units > 0
    assert (allocation.units >= 0).all()
    assert (allocation.got() <= asks.open).all()
    assert (allocation.spent() <= asks.purse).all()
    assert not (allocation.units % asks.step[pairs.needs]).any()
    allowed = eligible(problem, needs=pairs.needs[given_], donors=pairs.donors[given_], rules=Rules())
    assert allowed.all()
    keys = pairs.needs << 32 | pairs.donors
    assert (np.diff(keys) > 0).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), needs=st.integers(0, 14), donors=st.integers(0, 9), is_sharded=st.booleans())
def test_parts_never_exceed_purses_or_asks_and_join_only_whom_the_rules_allow(
    seed: int, needs: int, donors: int, is_sharded: bool
) -> None:
    """R-V8: related parties never appear."""
    rng = random.Random(seed)
    problem = problem_of(rng, needs=needs, donors=donors)
    least = rng.choice((1, 5_000))
    allocation = allocate(
        problem, asks=asks_for(rng, problem), is_sharded=is_sharded, fairness=Fairness(least=least), k=4
    )
    check(problem, allocation)
    asks, pairs, units = allocation.asks, allocation.pairs, allocation.units
    worth = np.minimum(least, np.minimum(asks.open[pairs.needs], asks.purse[pairs.donors]))
    assert (units[units > 0] >= worth[units > 0]).all()
    figures = measure(allocation)
    assert figures.placed == int(allocation.got().sum()) <= min(figures.supply, figures.demand)
    assert all(0 <= share <= 1 for share in (figures.placed_share, figures.zero_help_share, figures.gini))
    assert np.isfinite(figures.score_loss)


@settings(max_examples=80, deadline=None)
@given(steps=st.lists(st.integers(0, 10**12), min_size=1, max_size=8), size=st.sampled_from([1, 3, 25_000]))
def test_tiers_add_up_to_what_is_open_in_whole_steps(steps: list[int], size: int) -> None:
    step = np.full(len(steps), size)
    room = tier_room(np.array(steps) * size, step=step, tiers=(10, 30, 60, 100))
    assert room.sum(axis=0).tolist() == [count * size for count in steps]
    assert (room >= 0).all()
    assert not (room % size).any()
    assert all(first >= size for first, count in zip(room[0].tolist(), steps, strict=True) if count)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_purse_over_several_shards_adds_up_to_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    purse = rng.integers(0, 10**12, 5)
    keys = np.unique(rng.integers(0, 40, 25))
    needs, donors = keys // 5, keys % 5
    rough = np.minimum(purse[donors] // 40, rng.integers(0, 10**9, len(keys)))
    nothing = np.zeros((1, 8), dtype=np.int64)
    network = Network(purse, rng.integers(0, 10**12, (1, 8)), needs, donors, np.zeros(len(keys), np.int64), nothing)
    of_pair = needs % 3
    parts = split_purses(network, of_pair=of_pair, rough=rough, shards=3)
    has_pairs = np.isin(np.arange(5), donors) & (np.bincount(donors, network.room[0][needs], 5) > 0)
    assert (parts >= 0).all()
    assert parts.sum(axis=0)[has_pairs].tolist() == purse[has_pairs].tolist()


def same_place(count: int, **changes: Any) -> list[Any]:
    return [make_need(f"n{i:03d}", text="", **changes) for i in range(count)]


def test_everybody_gets_a_first_part_before_anybody_gets_all() -> None:
    problem = build_problem(same_place(20, open_fen=1000), donors=[make_donor(budget_fen=2000)], text=WORDS)
    allocation = allocate(problem, asks=Asks(np.full(20, 1000), np.ones(20, np.int64), np.array([2000])), k=20)
    assert allocation.got().tolist() == [100] * 20
    figures = measure(allocation)
    assert (figures.zero_help, figures.placed) == (0, 2000)


def test_the_more_vulnerable_comes_first_where_all_else_is_equal() -> None:
    needs = [make_need("a", text="", vulnerability=0.1), make_need("b", text="", vulnerability=0.9)]
    problem = build_problem(needs, donors=[make_donor(budget_fen=1000)], text=WORDS)
    allocation = allocate(problem, asks=Asks(np.array([1000, 1000]), np.ones(2, np.int64), np.array([1500])))
    assert allocation.got()[1] > allocation.got()[0] > 0


def test_things_and_places_are_never_cut() -> None:
    quilts = build_problem(
        same_place(3, kind=SupportKind.GOODS), donors=[make_donor(kinds=[SupportKind.GOODS])], text=WORDS
    )
    step = np.full(3, 22_000)
    allocation = allocate(quilts, asks=Asks(np.array([88_000] * 3), step, np.array([70_000])))
    assert allocation.got().tolist() == [22_000] * 3
    jobs = build_problem(
        same_place(3, kind=SupportKind.JOB, open_fen=0), donors=[make_donor(kinds=[SupportKind.JOB])], text=WORDS
    )
    ones = np.ones(3, np.int64)
    assert sorted(allocate(jobs, asks=Asks(ones, ones, np.array([2]))).got().tolist()) == [0, 1, 1]


def test_a_part_too_small_for_an_offer_is_not_made() -> None:
    problem = build_problem(same_place(10, open_fen=10_000), donors=[make_donor(budget_fen=12_000)], text=WORDS)
    asks = Asks(np.full(10, 10_000), np.ones(10, np.int64), np.array([12_000]))
    got = allocate(problem, asks=asks, fairness=Fairness(least=5_000)).got()
    assert got.sum() <= 12_000
    assert all(part == 0 or part >= 5_000 for part in got.tolist())


def test_closed_donors_give_nothing() -> None:
    problem = build_problem(
        same_place(2), donors=[make_donor(is_open=False), make_donor("d2", budget_fen=0)], text=WORDS
    )
    allocation = allocate(problem, asks=Asks(np.full(2, 100), np.ones(2, np.int64), np.array([500, 500])))
    assert allocation.spent().tolist() == [0, 0]


def test_the_order_of_the_rows_and_the_number_of_workers_change_nothing() -> None:
    rng = random.Random(5)
    needs = [random_need(rng, f"n{i:03d}") for i in range(60)]
    donors = [random_donor(rng, f"d{i:03d}") for i in range(25)]
    found = []
    for workers in (1, 2):
        rng.shuffle(needs)
        rng.shuffle(donors)
        problem = build_problem(needs, donors=donors, text=WORDS)
        asks = Asks(problem.needs.amount_fen, np.ones(60, np.int64), np.maximum(problem.donors.budget_fen, 0))
        allocation = allocate(problem, asks=asks, is_sharded=True, workers=workers)
        found.append((allocation.units.tolist(), allocation.pairs.needs.tolist(), allocation.pairs.donors.tolist()))
    assert found[0] == found[1]


def test_shards_in_processes_of_their_own_find_what_one_process_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(9)
    problem = problem_of(rng, needs=60, donors=25)
    asks = asks_for(rng, problem)
    alone = allocate(problem, asks=asks, is_sharded=True).units.tolist()
    monkeypatch.setattr("marketplace.matching.engine.allocate_flow.PAIRS_WORTH_A_PROCESS", 0)
    assert allocate(problem, asks=asks, is_sharded=True, workers=2).units.tolist() == alone


DEGENERATE = {
    "nobody": ([], [], []),
    "no donors": ([5], [], []),
    "no needs": ([], [5], []),
    "one of each": ([300_000], [300_000], [300_000]),
    "one fen": ([1], [1], [1]),
    "the largest": ([10**15] * 3, [10**15] * 2, [10**15, 10**15, 0]),
    "nothing asked": ([0, 0], [10], [0, 0]),
    "empty purses": ([10, 10], [0], [0, 0]),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_input_gets_a_clear_answer_without_a_warning(name: str) -> None:
    asked, purses, wanted = DEGENERATE[name]
    problem = build_problem(
        same_place(len(asked)), donors=[make_donor(f"d{i}") for i in range(len(purses))], text=WORDS
    )
    asks = Asks(np.array(asked, np.int64), np.ones(len(asked), np.int64), np.array(purses, np.int64))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        allocation = allocate(problem, asks=asks)
        figures = measure(allocation)
    assert sum(allocation.got().tolist()) == sum(wanted)
    assert np.isfinite([figures.placed_share, figures.zero_help_share, figures.gini, figures.score_loss]).all()


def test_sums_beyond_63_bits_are_solved_in_coarser_units() -> None:
    count = 20
    huge = np.full(count, 10**18)
    pairs = np.arange(count)
    zero = np.zeros(count, np.int64)
    flows = solve(Network(huge, huge[np.newaxis], pairs, pairs, zero, zero[np.newaxis]))
    assert (flows <= 10**18).all()
    assert (flows > 10**18 - 10**4).all()


@pytest.mark.parametrize(
    "asks",
    [
        Asks(np.array([1]), np.array([1]), np.array([1, 1])),
        Asks(np.array([1, 1]), np.array([1, 1]), np.array([1])),
        Asks(np.array([-1]), np.array([1]), np.array([1])),
        Asks(np.array([5]), np.array([2]), np.array([1])),
    ],
    ids=["purses", "needs", "negative", "step"],
)
def test_asks_that_do_not_fit_are_refused(asks: Asks) -> None:
    problem = build_problem([make_need()], donors=[make_donor()], text=WORDS)
    with pytest.raises(ValueError, match=r"must|one"):
        allocate(problem, asks=asks)


@pytest.mark.parametrize(
    "wrong", [{"tiers": (30, 10, 100)}, {"tiers": (10, 90)}, {"costs": (0, 1)}, {"costs": (1, 0, 0, 0)}, {"least": 0}]
)
def test_a_fairness_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"tiers|cost|least"):
        Fairness(**wrong)
