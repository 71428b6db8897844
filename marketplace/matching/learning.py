"""Learn from the product's own history: pledges teach the ranking, covered and expired needs the chances.

What was learnt is kept whether it is adopted or refused. A worse model never takes the place of the old one.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np
import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import SYSTEM
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.matching.adopted import adopted_model
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.history import History, make_history
from marketplace.matching.engine.success import learn_outcomes, measure_outcomes
from marketplace.matching.engine.teach import Block, card, teach
from marketplace.matching.loading import donor_rows, gift_mixes, need_rows
from marketplace.matching.models import LearnedModel, NeedChance, Outcome, SuggestionOutcome
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge

# Three blocks to learn from and one to be measured on, each with as many pledges.
BLOCKS = 4
HELD_OUT = 0.25
_BEGUN = (PledgeState.OFFERED, PledgeState.DECLINED)


def train(*, now: datetime, seed: int = 0) -> LearnedModel:
    """Learn, compare with the model in use on what was held out, and keep the result with its card."""
    incumbent = adopted_model()
    taught = teach(_blocks(now=now), incumbent=incumbent, seed=seed)
    first, last, pledges = db.session.execute(
        sa.select(sa.func.min(Pledge.accepted_at), sa.func.max(Pledge.accepted_at), sa.func.count(Pledge.accepted_at))
    ).one()
    chances = _learn_chances(now=now, seed=seed)
    metrics = taught.metrics | {f"chance_{name}": value for name, value in chances[0].items()}
    record = LearnedModel(
        version=f"learnt-{(db.session.scalar(sa.select(sa.func.max(LearnedModel.id))) or 0) + 1}",
        at=now,
        first_pledge_at=first,
        last_pledge_at=last,
        pledges=pledges,
        weights=taught.weights,
        metrics=metrics,
        card="",
        compared_with=incumbent.version,
        refusal=taught.refusal,
    )
    facts = {
        "trained on (UTC)": now.isoformat(timespec="minutes"),
        "pledges": f"{pledges}, from {_day(first)} to {_day(last)}",
        "compared with": incumbent.version,
        "use": "orders lists and gives reasons; people decide",
        "not for": "refusing a need or a donor",
    }
    record.card = card(record.version, facts=facts, weights=taught.weights, metrics=metrics)
    db.session.add(record)
    db.session.flush()
    _keep_chances(chances[1], model=record)
    audit.record(
        SYSTEM, "match.train", subject="learned_model", subject_id=record.id, at=now, refusal=taught.refusal or "none"
    )
    return record


def _blocks(*, now: datetime) -> list[Block]:
    """The market at the start of each of four spans of time, and the pledges made in each span."""
    chosen = (
        sa.select(Pledge.accepted_at, Pledge.need_id, Pledge.donor_id, Need.published_at)
        .join(Need, Need.id == Pledge.need_id)
        .where(Pledge.accepted_at.is_not(None), Pledge.state.not_in(_BEGUN), Need.published_at.is_not(None))
        .order_by(Pledge.accepted_at, Pledge.id)
    )
    made = [
        (at, need, donor)
        for at, need, donor, published in db.session.execute(chosen)
        if at and published and published <= at <= now
    ]
    shown = _propensities()
    spans = [span.tolist() for span in np.array_split(np.arange(len(made)), BLOCKS + 1)][1:]
    return [_block([made[row] for row in span], shown=shown) for span in spans if span]


def _block(made: Sequence[tuple[datetime, int, int]], *, shown: Mapping[tuple[int, int], float]) -> Block:
    opens = made[0][0]
    day = china_day(opens)
    needs = need_rows(day=day, as_of=(opens, made[-1][0]))
    donors = donor_rows(day=day, mixes=gift_mixes(before=opens), before=opens)
    problem = build_problem(needs.values(), donors=donors.values())
    pairs = dict.fromkeys((need, donor) for _, need, donor in made if need in needs and donor in donors)
    return Block(
        problem=problem,
        needs=np.array([problem.need_index(needs[need].code) for need, _ in pairs], dtype=np.int64),
        donors=np.array([problem.donor_index(donors[donor].code) for _, donor in pairs], dtype=np.int64),
        propensity=np.array([shown.get(pair, 1.0) for pair in pairs]),
    )


def _propensities() -> dict[tuple[int, int], float]:
    """With what chance a pair had been shown before it came about; pairs that no list held are left out."""
    columns = (SuggestionOutcome.need_id, SuggestionOutcome.donor_id, SuggestionOutcome.propensity)
    chosen = sa.select(*columns).where(
        SuggestionOutcome.kind == Outcome.PLEDGED, SuggestionOutcome.propensity.is_not(None)
    )
    return {(need, donor): chance for need, donor, chance in db.session.execute(chosen) if chance is not None}


def _learn_chances(*, now: datetime, seed: int) -> tuple[dict[str, object], dict[str, float]]:
    """How true the chances were on the latest quarter of needs, and the chance of each open need by its code.

    Where they were not truer than the rate of all, every need gets the rate of all.
    """
    history = _needs_as_history(now=now)
    if history is None:
        return {}, {}
    today = china_day(now).toordinal()
    cut = int(np.quantile(history.published, 1 - HELD_OUT))
    measured = measure_outcomes(history, start=cut, end=today + 1, seed=seed)
    learnt = learn_outcomes(history, start=today, seed=seed)
    is_true = measured["n"] > 0 and measured["brier"] <= measured["brier_base"]
    waiting = np.flatnonzero(history.closed < 0)
    chances = learnt.of(history, waiting) if is_true else np.full(len(waiting), learnt.base)
    kept = ("n", "auc", "brier", "brier_base", "ece")
    found = {history.needs[row]: float(chance) for row, chance in zip(waiting.tolist(), chances, strict=True)}
    # Where every outcome was the same there is no AUC, and the database's JSON knows no NaN.
    metrics = {name: None if measured[name] != measured[name] else measured[name] for name in kept}
    return metrics, found


def _needs_as_history(*, now: datetime) -> History | None:
    """Every need that was public: covered is a success, expired a failure, open not known yet; None where none was."""
    chosen = sa.select(Need).where(Need.published_at.is_not(None), Need.published_at <= now)
    chosen = chosen.where(Need.state != NeedState.WITHDRAWN)
    rows = {
        need.code: {
            "published_at": china_day(need.published_at).isoformat(),
            "closed_at": _closed_on(need),
            "outcome": "1" if need.pledged_at else "0" if need.state is NeedState.EXPIRED else "",
            "category": need.category.value if need.category else "",
            "area": need.division_code,
            "kind": need.kind.value if need.kind else "",
            "amount": str(need.value_fen),
            "text": need.title,
        }
        for need in db.session.scalars(chosen)
        if need.published_at is not None
    }
    return make_history(rows) if rows else None


def _closed_on(need: Need) -> str:
    if need.pledged_at:
        return china_day(need.pledged_at).isoformat()
    if need.state is NeedState.EXPIRED and need.expires_on:
        return need.expires_on.isoformat()
    return ""


def _keep_chances(chances: Mapping[str, float], *, model: LearnedModel) -> None:
    db.session.execute(sa.delete(NeedChance))
    ids = {code: need_id for need_id, code in db.session.execute(sa.select(Need.id, Need.code))}
    db.session.add_all(
        NeedChance(need_id=ids[code], model_id=model.id, chance=chance) for code, chance in chances.items()
    )
    db.session.flush()


def _day(at: datetime | None) -> date | str:
    return china_day(at) if at else "none"
