"""Learn from the product's own history: what became of pairs teaches the ranking, of needs the chances.

What was learnt is kept whether it is adopted or refused. A worse model never takes the place of the old one.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from marketplace.audit import service as audit
from marketplace.core.actor import SYSTEM
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.matching.adopted import adopted_model
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.history import UNKNOWN, History, make_history
from marketplace.matching.engine.success import learn_outcomes, measure_outcomes
from marketplace.matching.engine.teach import Block, card, teach
from marketplace.matching.engine.worth import Step, step_rates, worths
from marketplace.matching.fates import Fate, as_arrays, pair_fates
from marketplace.matching.loading import donor_rows, gift_mixes, need_rows
from marketplace.matching.models import LearnedModel, NeedChance, Outcome, SuggestionOutcome
from marketplace.matching.outcomes import EFFECTS
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge

# Three blocks to learn from and one to be measured on, each with as many pledges.
BLOCKS = 4
HELD_OUT = 0.25
NEARLY_ALL = 0.99


def train(*, now: datetime, seed: int = 0) -> LearnedModel:
    """Learn, compare with the model in use on what was held out, and keep the result with its card."""
    incumbent, fates = adopted_model(), pair_fates(now=now)
    taught = teach(_blocks(fates), incumbent=incumbent, seed=seed)
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
        "outcomes": _told_outcomes(now=now),
        "a step is followed by the next": _told_steps(fates),
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


def _told_outcomes(*, now: datetime) -> str:
    """How often each kind of outcome is on record."""
    row = SuggestionOutcome
    chosen = sa.select(row.kind, sa.func.count(), sa.func.sum(sa.cast(row.good, sa.Integer))).where(row.at <= now)
    counted = {kind: (count, good) for kind, count, good in db.session.execute(chosen.group_by(row.kind))}
    told = []
    for kind in Outcome:
        count, good = counted.get(kind, (0, 0))
        told.append(f"{kind.value} {count}" + (f" ({good} of use)" if kind in EFFECTS.values() else ""))
    return ", ".join(told)


def _told_steps(fates: Sequence[Fate]) -> str:
    """The rates that a pair's worth is made of."""
    rates = zip(Step, step_rates(as_arrays(fates)).tolist(), strict=True)
    return ", ".join(f"{step.name.lower()} {rate:.3f}" for step, rate in rates)


def _blocks(fates: Sequence[Fate]) -> list[Block]:
    """The market at the start of each of four spans of time, and the pairs that began in each span.

    Each span has as many pledges as the next; what was opened before the first of them is left out.
    """
    worth = worths(as_arrays(fates))
    pledged = [place for place, fate in enumerate(fates) if fate.reached > Step.OPENED]
    starts = [int(span[0]) for span in np.array_split(pledged, BLOCKS + 1)[1:] if len(span)]
    return [_block(fates[low:high], worth=worth[low:high]) for low, high in pairwise([*starts, len(fates)])]


def _block(begun: Sequence[Fate], *, worth: NDArray[np.float64]) -> Block:
    opens = begun[0].at
    day = china_day(opens)
    needs = need_rows(day=day, as_of=(opens, begun[-1].at))
    donors = donor_rows(day=day, mixes=gift_mixes(before=opens), before=opens)
    problem = build_problem(needs.values(), donors=donors.values())
    inside = [place for place, one in enumerate(begun) if one.need_id in needs and one.donor_id in donors]
    pairs = [begun[place] for place in inside]
    return Block(
        problem=problem,
        needs=np.array([problem.need_index(needs[one.need_id].code) for one in pairs], dtype=np.int64),
        donors=np.array([problem.donor_index(donors[one.donor_id].code) for one in pairs], dtype=np.int64),
        propensity=np.array([one.propensity for one in pairs]),
        worth=worth[inside],
    )


def _learn_chances(*, now: datetime, seed: int) -> tuple[dict[str, object], dict[str, float]]:
    """How true the chances were on the latest quarter of needs that had their time, and each open need's by its code.

    A need had its time when nearly all that ended had ended at its age: of younger ones only the quick are known.
    Where the chances were not truer than the rate of all, or nothing failed to tell it by, every need gets that rate.
    """
    history = _needs_as_history(now=now)
    if history is None:
        return {}, {}
    today = china_day(now).toordinal()
    ended = history.closed != UNKNOWN
    lasted = (history.closed - history.published)[ended]
    full = today - int(np.quantile(lasted, NEARLY_ALL) if len(lasted) else 0)
    grown = history.published[history.published <= full]
    cut = int(np.quantile(grown, 1 - HELD_OUT)) if len(grown) else full
    measured = measure_outcomes(history, start=cut, end=full + 1, seed=seed)
    learnt = learn_outcomes(history, start=today, seed=seed)
    # Where every outcome was the same there is no AUC: not a number, and nothing to tell true chances by.
    is_true = measured["n"] > 0 and measured["auc"] == measured["auc"] and measured["brier"] <= measured["brier_base"]
    waiting = np.flatnonzero(history.closed < 0)
    chances = learnt.of(history, waiting) if is_true else np.full(len(waiting), learnt.base)
    kept = ("n", "auc", "brier", "brier_base", "ece")
    found = {history.needs[row]: float(chance) for row, chance in zip(waiting.tolist(), chances, strict=True)}
    # The database's JSON knows no NaN.
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
