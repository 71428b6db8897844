"""Pools and draws by lot equal what the rules and a draw written by hand say, pair by pair."""

import random

import numpy as np
import pytest

from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.model import EXPERT
from marketplace.matching.engine.pairs import eligible
from marketplace.matching.engine.pools import Pools
from marketplace.matching.engine.prepared import (
    Prepared,
    pools_of_donors,
    pools_of_needs,
    prepare,
    with_loose_donor,
)
from tests.subjects.matching_rows import make_donor, make_need, random_rows

RULES = [Rules(must_fit_area=area, must_fit_category=category) for area in (True, False) for category in (True, False)]
NESTED = ["513300000000", "513301000000", "513301100000", "513301100201", "513302101202"]
EVERY_BIT = (1 << 64) - 1


def market(rules: Rules) -> Prepared:
    """A market in which some donors name areas inside their own areas, and two were changed after filing."""
    needs, donors = random_rows(17, needs=90, donors=120)
    rng = random.Random(5)
    donors += [make_donor(f"x{turn:02d}", areas=rng.sample(NESTED, 3)) for turn in range(20)]
    # A division that ends like its township, its county and so on.
    needs += [make_need(f"y{turn}", division=code) for turn, code in enumerate(NESTED)]
    prepared = prepare(build_problem(needs, donors=donors), model=EXPERT, rules=rules)
    for donor in (3, 130):
        prepared = with_loose_donor(prepared, prepared.problem, donor=donor, is_new=False)
    return prepared


def allowed(prepared: Prepared) -> np.ndarray:
    """(needs, donors) bool: the rules, pair by pair."""
    needs, donors = len(prepared.problem.needs), len(prepared.problem.donors)
    rows, columns = np.repeat(np.arange(needs), donors), np.tile(np.arange(donors), needs)
    return eligible(prepared.problem, needs=rows, donors=columns, rules=prepared.rules).reshape(needs, donors)


def mixed(bits: int) -> int:
    """The finaliser of splitmix64, in whole numbers."""
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & EVERY_BIT
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & EVERY_BIT
    return bits ^ bits >> 31


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_pools_hold_whom_the_rules_allow_and_count_each_once(rules: Rules) -> None:
    prepared = market(rules)
    pairs = allowed(prepared)
    of_needs = pools_of_needs(prepared, needs=np.arange(len(pairs)))
    of_donors = pools_of_donors(prepared, donors=np.arange(pairs.shape[1]))
    for pools, own in ((of_needs, pairs), (of_donors, pairs.T)):
        assert [pools.rows(at).tolist() for at in range(len(own))] == [np.flatnonzero(row).tolist() for row in own]
        assert pools.sizes.tolist() == own.sum(axis=1).tolist()
        assert 0 < pairs.sum() < pairs.size


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_the_smallest_number_of_those_not_shown_is_drawn(rules: Rules) -> None:
    prepared = market(rules)
    pairs = allowed(prepared)
    of_needs = pools_of_needs(prepared, needs=np.arange(len(pairs)))
    of_donors = pools_of_donors(prepared, donors=np.arange(pairs.shape[1]))
    for pools, own in ((of_needs, pairs), (of_donors, pairs.T)):
        assert_drawn(pools, own)


def assert_drawn(pools: Pools, own: np.ndarray) -> None:
    rng = np.random.default_rng(9)
    marks, lots = (rng.integers(0, EVERY_BIT, size, dtype=np.uint64) for size in (own.shape[1], len(own)))
    shown = np.full((len(own), 4), -1, dtype=np.int32)
    for row, fits in enumerate(own):
        some = rng.permutation(np.flatnonzero(fits))[: rng.integers(0, 5)]
        shown[row, : len(some)] = some
    drawn = pools.draw(marks=marks, lots=lots, shown=shown)
    for row, fits in enumerate(own):
        rest = np.setdiff1d(np.flatnonzero(fits), shown[row]).tolist()
        numbers = {mixed(int(marks[one]) ^ int(lots[row])): one for one in rest}
        assert drawn[row] == (numbers[min(numbers)] if rest else -1)


def test_a_donor_that_was_taken_out_of_the_files_is_in_no_count() -> None:
    prepared = market(Rules())
    filed = prepared.postings
    assert not {3, 130} & set(filed.members.tolist())
    assert filed.starts[-1] == len(filed.members) == len(filed.firsts) - 1
    assert filed.without(3).members.tolist() == filed.members.tolist()
