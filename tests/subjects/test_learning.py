"""Learning from the product's own history: what is adopted, what is refused, what stands on record (R-P8)."""

import random

import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.matching import learning, service
from marketplace.matching.adopted import adopted_model, find_chance, get_model
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.explain import why_not
from marketplace.matching.engine.features import Feature
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.engine.pairs import pair_levels
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.teach import Block, allowed, card, teach
from marketplace.matching.models import LearnedModel, NeedChance
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
    return Block(problem, needs=chosen[:, 0], donors=chosen[:, 1], propensity=np.ones(len(chosen)))


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
