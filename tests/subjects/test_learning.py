"""Learning from the product's own history: what is adopted, what is refused, what stands on record (R-P8)."""

import random
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.matching import learning, outcomes, service
from marketplace.matching.adopted import adopted_model, find_chance, get_model
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.explain import why_not
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.engine.pairs import pair_levels
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.teach import VALUES, Block, allowed, block_queries, card, teach, with_values_kept
from marketplace.matching.engine.worth import EXPECTED, Fates, Step, step_rates, worths
from marketplace.matching.fates import as_arrays, pair_fates
from marketplace.matching.models import Direction, LearnedModel, MatchRun, NeedChance, Outcome, Slot
from marketplace.matching.outcomes import OutcomeRow
from tests import factories
from tests.factories import NOW, days_ago
from tests.subjects.matching_rows import random_rows

RULES = Rules()


def market(seed: int) -> Problem:
    needs, donors = random_rows(seed, needs=120, donors=120)
    return build_problem(needs, donors=donors)


def block(seed: int, *, decides: Feature | None) -> Block:
    """Donors who choose, among what they may be shown, by one feature alone; by lot where it is None."""
    problem, rng = market(seed), np.random.default_rng(seed)
    pairs = []
    for donor in range(len(problem.donors)):
        needs = np.arange(len(problem.needs))
        may = needs[allowed(problem, needs=needs, donors=np.full(len(needs), donor), rules=RULES)]
        if len(may) < 2:
            continue
        levels = pair_levels(problem, needs=may, donors=np.full(len(may), donor))
        liking = levels[list(Feature).index(decides)] if decides else np.zeros(len(may))
        best = np.lexsort((rng.random(len(may)), -liking))[:2]
        pairs += [(int(need), donor) for need in may[best]]
    chosen = np.array(pairs)
    return Block(
        problem, needs=chosen[:, 0], donors=chosen[:, 1], propensity=np.ones(len(chosen)), worth=np.ones(len(chosen))
    )


def test_what_help_is_for_and_what_donors_wish_is_not_learnt_away() -> None:
    """Where success alone is learnt: wishes, urgency, hardship and waiting keep half the expert's share."""
    learnt = np.array([20.0 if feature is Feature.SUCCESS else 0.0 for feature in FEATURES])
    kept = with_values_kept(learnt)
    share = dict(zip(FEATURES, kept / kept.sum(), strict=True))
    whole = sum(EXPERT.weights.values())
    for feature in VALUES:
        assert share[feature] == pytest.approx(EXPERT.weights[feature] / whole / 2)
    assert share[Feature.BUDGET] == 0
    expert = np.array([EXPERT.weights[feature] for feature in FEATURES])
    assert with_values_kept(expert).tolist() == expert.tolist()


def test_the_allowed_pairs_are_those_without_a_hindrance() -> None:
    problem = market(1)
    needs, donors = (rows.ravel() for rows in np.meshgrid(np.arange(40), np.arange(40)))
    told = [not why_not(problem, need=n, donor=d) for n, d in zip(needs.tolist(), donors.tolist(), strict=True)]
    assert allowed(problem, needs=needs, donors=donors, rules=RULES).tolist() == told


def test_what_decides_is_learnt_and_a_better_model_is_adopted() -> None:
    blocks = [block(seed, decides=Feature.VULNERABILITY) for seed in range(3)]
    taught = teach(blocks, incumbent=EXPERT, seed=0)
    assert taught.refusal == ""
    assert max(taught.weights, key=lambda name: taught.weights[name]) == Feature.VULNERABILITY
    assert min(taught.weights.values()) >= 0
    assert taught.metrics["ndcg_new"] > taught.metrics["ndcg_old"]
    assert "vulnerability" in card("learnt-1", facts={"pledges": 9}, weights=taught.weights, metrics=taught.metrics)


def test_a_worse_model_is_refused() -> None:
    knowing = Model("knows", {Feature.VULNERABILITY: 1.0})
    blocks = [block(0, decides=Feature.WAITING), block(1, decides=Feature.VULNERABILITY)]
    taught = teach(blocks, incumbent=knowing, seed=0)
    assert taught.refusal == "not_better"
    assert taught.metrics["ndcg_new"] <= taught.metrics["ndcg_old"]


@pytest.mark.parametrize("blocks", [[], [block(0, decides=None)]])
def test_too_little_to_learn_from_is_said(blocks: list[Block]) -> None:
    taught = teach(blocks, incumbent=EXPERT, seed=0)
    assert taught.refusal == "too_few"
    assert all(np.isfinite(list(taught.weights.values())))


def fates(*, reached: list[Step], over: bool = False, use: float = float("nan")) -> Fates:
    """Pairs that were all opened in a list, and ended alike."""
    count = len(reached)
    return Fates(np.array(reached), np.ones(count, dtype=bool), np.full(count, over), np.full(count, use))


def test_without_outcomes_a_step_is_worth_what_experts_expect() -> None:
    assert step_rates(fates(reached=[])).tolist() == pytest.approx(EXPECTED)
    worth = worths(fates(reached=list(Step)))
    assert worth.tolist() == sorted(worth.tolist())
    assert 0 < worth[0] < worth[-1] < 1


def test_many_outcomes_move_a_step_and_pledges_under_way_are_censored() -> None:
    lapsed, under_way = [Step.PLEDGED] * 500, [Step.PLEDGED] * 5_000
    delivered = [Step.DELIVERED] * 500
    ended = Fates(
        reached=np.array(lapsed + under_way + delivered),
        was_opened=np.zeros(6_000, dtype=bool),
        is_over=np.array([True] * 500 + [False] * 5_500),
        use=np.full(6_000, np.nan),
    )
    rates = step_rates(ended)
    # Half of those that left the step went on; 50 cases at .8 hold it up a little.
    assert rates[Step.PLEDGED] == pytest.approx((500 + 40) / 1_050)
    assert rates[Step.OPENED] == pytest.approx(EXPECTED[Step.OPENED])
    assert worths(ended)[0] == 0.0
    assert worths(ended)[600] == pytest.approx(rates[1:].prod())


def test_what_households_say_months_later_is_the_worth_of_their_help() -> None:
    assert worths(fates(reached=[Step.CONFIRMED] * 9, use=0.0)).tolist() == [0.0] * 9
    assert worths(fates(reached=[Step.CONFIRMED] * 9, use=1.0)).tolist() == [1.0] * 9
    useless = step_rates(fates(reached=[Step.CONFIRMED] * 200, use=0.0))
    assert useless[Step.CONFIRMED] == pytest.approx(50 * EXPECTED[-1] / 250)


def test_what_nothing_came_of_stands_among_the_others() -> None:
    whole = block(0, decides=Feature.WAITING)
    worth = np.where(np.arange(len(whole.needs)) % 2, 0.0, 0.5)
    queries = block_queries(replace(whole, worth=worth), rules=RULES, seed=0)
    assert sum(len(query.chosen) for query in queries) == 2 * int((worth > 0).sum())
    assert all(query.worth is not None and (query.worth == 0.5).all() for query in queries)


def test_promises_that_lapse_teach_the_opposite_of_promises_that_are_kept() -> None:
    """Donors pledge by lot; what they promise to the most vulnerable is kept, the rest lapses."""
    blocks = []
    for seed in range(3):
        plain = block(seed, decides=None)
        levels = pair_levels(plain.problem, needs=plain.needs, donors=plain.donors)
        kept = levels[list(Feature).index(Feature.VULNERABILITY)]
        blocks.append(replace(plain, worth=(kept >= np.median(kept)).astype(np.float64)))
    told = teach(blocks, incumbent=EXPERT, seed=0).weights
    deaf = teach([replace(one, worth=np.ones(len(one.worth))) for one in blocks], incumbent=EXPERT, seed=0).weights
    share = [weights[Feature.VULNERABILITY] / sum(weights.values()) for weights in (told, deaf)]
    assert share[0] > 1.5 * share[1]


def test_a_pair_is_read_with_all_that_became_of_it(app: Flask) -> None:
    needs, donor = [factories.make_need(published_at=days_ago(90)) for _ in range(4)], factories.make_donor()
    factories.make_pledge(PledgeState.CONFIRMED, need=needs[0], donor=donor)
    factories.make_pledge(PledgeState.LAPSED, need=needs[1], donor=donor)
    with transaction() as session:
        run = MatchRun(at=NOW, day=NOW.date(), seed=1, model_version="m", needs=1, donors=1, milliseconds=1)
        session.add(run)
        session.flush()
        place = {"run_id": run.id, "model_version": "m", "direction": Direction.NEEDS_FOR_DONOR, "rank": 1}
        shown = {**place, "slot": Slot.EXPLORATION, "propensity": 0.25, "donor_id": donor.id}
        outcomes.insert_outcomes(
            OutcomeRow(kind=kind, need_id=need.id, at=days_ago(ago), **shown)  # type: ignore[arg-type]
            for need, ago in ((needs[0], 21), (needs[2], 60), (needs[3], 2))
            for kind in (Outcome.SHOWN, Outcome.OPENED)
        )
        outcomes.collect(now=NOW)
        outcomes.note_effect(needs[0].id, days=30, useful=True, now=days_ago(1))
        outcomes.note_effect(needs[0].id, days=90, useful=False, now=days_ago(0))
    found = {fate.need_id: fate for fate in pair_fates(now=NOW)}
    kept, lapsed, left, looked = (found[need.id] for need in needs)
    assert (kept.reached, kept.was_opened, kept.propensity, kept.answers) == (Step.CONFIRMED, True, 0.25, [True, False])
    assert (lapsed.reached, lapsed.is_over, lapsed.was_opened, lapsed.propensity) == (Step.PLEDGED, True, False, 1.0)
    assert [(one.reached, one.is_over) for one in (left, looked)] == [(Step.OPENED, True), (Step.OPENED, False)]
    assert as_arrays([kept]).use.tolist() == [0.5]
    assert list(found) == [needs[2].id, needs[0].id, needs[1].id, needs[3].id]


def train() -> LearnedModel:
    with transaction():
        record = learning.train(now=NOW)
        db.session.flush()
        db.session.expunge(record)
    return record


def test_without_any_history_the_experts_go_on_and_the_refusal_is_kept(app: Flask) -> None:
    record = train()
    assert (record.refusal, record.pledges) == ("too_few", 0)
    assert record.card.startswith("Model learnt-1")
    assert adopted_model() is EXPERT


def test_pledges_and_needs_give_a_record_and_chances_of_the_open_ones_alone(app: Flask) -> None:
    rng = random.Random(0)
    for number in range(6):
        made = days_ago(20 + number)
        factories.make_pledge(need=factories.make_need(published_at=days_ago(40)), accepted_at=made)
        state = rng.choice((NeedState.EXPIRED, NeedState.PUBLISHED))
        factories.make_need(state, published_at=days_ago(60 + number))
    record = train()
    assert record.pledges == 6
    assert record.refusal == "too_few"
    judged = set(db.session.scalars(sa.select(NeedChance.need_id)))
    states = db.session.scalars(sa.select(factories.Need.state).where(factories.Need.id.in_(judged))).all()
    assert set(states) <= {NeedState.PUBLISHED}
    assert all(0 < (find_chance(need_id) or 0) < 1 for need_id in judged)
    assert [train().version, adopted_model().version] == ["learnt-2", EXPERT.version]


def test_an_adopted_model_ranks_and_its_runs_can_be_replayed(app: Flask) -> None:
    need, donor = factories.make_need(), factories.make_donor(preference={"kinds": ["goods"]})
    with transaction() as session:
        for version, refusal in (("learnt-1", ""), ("learnt-2", "not_better")):
            session.add(
                LearnedModel(
                    version=version,
                    at=NOW,
                    pledges=0,
                    compared_with=EXPERT.version,
                    weights={"waiting": 3.0, "budget": 1.0},
                    metrics={},
                    card="",
                    refusal=refusal,
                )
            )
    with transaction():
        assert service.run(now=NOW).model_version == "learnt-1"
    judged = service.judge(need.code, donor_code=donor.code)
    assert judged.explanation.version == "learnt-1"
    assert {reason.feature for reason in judged.explanation.reasons} <= {Feature.WAITING, Feature.BUDGET}
    assert get_model("learnt-1").weights[Feature.WAITING] == 3.0
    assert get_model("expert-1") is EXPERT
