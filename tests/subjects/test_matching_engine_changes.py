"""Ten thousand random changes: what is carried from one to the next equals what is made from all rows anew."""

import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.changes import change_donor, change_need, drop_need, filed
from marketplace.matching.engine.problem import DonorRow, NeedRow
from marketplace.matching.engine.rank import Ranker, Ranking, make_ranker
from marketplace.matching.engine.text import TextSpace, fit_text
from tests.subjects.matching_rows import TEXTS, random_donor, random_need, random_rows

DAY = date(2018, 12, 31)
CHANGES = 10_000
CHECKED_EVERY = 50
PLACES = 4
Market = tuple[dict[str, NeedRow], dict[str, DonorRow]]


def make_anew(market: Market, text: TextSpace) -> Ranker:
    problem = build_problem(market[0].values(), donors=market[1].values(), text=text)
    return make_ranker(problem, day=DAY, k=PLACES, seed=7)


def change_at_random(rng: random.Random, ranker: Ranker, market: Market) -> tuple[Ranker, str]:
    """One thing that happens to a market, done to both; returns whose list it is first of all."""
    needs, donors = market
    turn = rng.random()
    if turn < 0.2 and needs:
        gone = rng.choice(sorted(needs))
        del needs[gone]
        return drop_need(ranker, gone), ""
    if turn < 0.55:
        need = random_need(rng, f"n{rng.randrange(40):04d}")
        needs[need.code] = need
        return change_need(ranker, need), need.code
    if turn < 0.75 and donors:
        old = donors[rng.choice(sorted(donors))]
        told = {
            "paused": {"is_open": not old.is_open},
            "budget": {"budget_fen": rng.choice((None, 0, 1, 90_000, 10**12))},
            "related": {"excluded": [f"household:{rng.randrange(30)}" for _ in range(rng.randrange(3))]},
            "neutral": {"is_personalised": not old.is_personalised},
        }
        donor = replace(old, **told[rng.choice(sorted(told))])
    else:
        donor = random_donor(rng, f"d{rng.randrange(30):04d}")
    donors[donor.code] = donor
    return change_donor(ranker, donor), donor.code


def lists_of(ranking: Ranking) -> list[object]:
    return [
        *(ranking.for_need(code) for code in ranking.problem.needs.codes),
        *(ranking.for_donor(code) for code in ranking.problem.donors.codes),
    ]


def test_ten_thousand_random_changes_give_what_a_full_run_gives() -> None:
    """Needs come, change and go, donors pause, change budgets, wishes and relations; every list, place and chance."""
    rng = random.Random(2018)
    text = fit_text(TEXTS)
    market: Market = ({}, {})
    ranker = make_anew(market, text)
    for turn in range(CHANGES):
        ranker, code = change_at_random(rng, ranker, market)
        own = ranker.need(code) if code.startswith("n") else ranker.donor(code) if code else []
        if turn % CHECKED_EVERY == 0:
            anew = make_anew(market, text).run()
            one, other = ranker.setting.prepared.problem, anew.problem
            assert np.array_equal(one.excluded, other.excluded)
            assert lists_of(ranker.run()) == lists_of(anew)
            assert own == (anew.for_need(code) if code.startswith("n") else anew.for_donor(code) if code else [])
            assert [ranker.need(each) for each in one.needs.codes] == [
                anew.for_need(each) for each in other.needs.codes
            ]
        if turn % 1000 == 999:
            ranker = filed(ranker)
    assert len(market[0]) > 10
    assert len(market[1]) > 10


def test_a_donors_change_files_nobody_else_again() -> None:
    needs, donors = random_rows(5, needs=20, donors=20)
    ranker = make_ranker(build_problem(needs, donors=donors), day=DAY)
    changed = change_donor(ranker, replace(donors[3], budget_fen=777))
    before, after = ranker.setting.prepared.postings, changed.setting.prepared.postings
    assert after.keys is before.keys
    assert after.members.tolist() == [donor for donor in before.members.tolist() if donor != 3]
    assert changed.setting.prepared.loose.tolist() == [3]
    again = filed(changed)
    assert again.setting.prepared.loose.tolist() == []
    assert lists_of(again.run()) == lists_of(changed.run())


def test_a_need_that_comes_moves_no_lot_of_the_others() -> None:
    """Who was drawn by lot stays drawn: only the newcomer's own number can win a place from it."""
    needs, donors = random_rows(31, needs=200, donors=1)
    donor = replace(donors[0], kinds=[need.kind for need in needs], areas=(), categories=(), is_open=True)
    donor = replace(donor, budget_fen=None, is_personalised=True, excluded=())
    moved = 0
    problem = build_problem(needs[1:], donors=[donor])
    for seed in range(40):
        ranker = make_ranker(problem, day=DAY, seed=seed)
        before = [one.code for one in ranker.donor(donor.code)]
        after = [one.code for one in change_need(ranker, needs[0]).donor(donor.code)]
        moved += before[-1] != after[-1] and needs[0].code not in after
    assert moved == 0


@pytest.mark.parametrize("code", ["n0", "n1", "n9"])
def test_a_need_that_is_not_there_cannot_be_dropped(code: str) -> None:
    ranker = make_ranker(build_problem([], donors=[]), day=DAY)
    with pytest.raises(KeyError, match=code):
        drop_need(ranker, code)
