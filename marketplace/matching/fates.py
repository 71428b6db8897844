"""What became of each pair of a need and a donor, read off openings, pledges and what households said later."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa

from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.matching.engine.worth import Fates, Step
from marketplace.matching.models import Outcome, SuggestionOutcome
from marketplace.matching.outcomes import EFFECTS
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge

# Who opened a need and has not pledged by then has left it.
PATIENCE = timedelta(days=30)
_BEGUN = (PledgeState.OFFERED, PledgeState.DECLINED)
_BROKEN = (PledgeState.LAPSED, PledgeState.CANCELLED)


@dataclass(slots=True)
class Fate:
    """One pair: the moment that it began with, how far it came, with what chance it had been shown (1: unknown)."""

    need_id: int
    donor_id: int
    at: datetime
    reached: Step
    was_opened: bool = False
    is_over: bool = False
    propensity: float = 1.0
    answers: list[bool] = field(default_factory=list)


def pair_fates(*, now: datetime) -> list[Fate]:
    """Every pair that was opened in a list or pledged by ``now``, in the order of their moments."""
    found: dict[tuple[int, int], Fate] = {}
    _add_pledges(found, now=now)
    _add_openings(found, now=now)
    _add_answers(found, now=now)
    return sorted(found.values(), key=lambda fate: (fate.at, fate.need_id, fate.donor_id))


def as_arrays(fates: Sequence[Fate]) -> Fates:
    """The same for the engine."""
    return Fates(
        reached=np.array([fate.reached for fate in fates], dtype=np.int64),
        was_opened=np.array([fate.was_opened for fate in fates], dtype=bool),
        is_over=np.array([fate.is_over for fate in fates], dtype=bool),
        use=np.array([np.mean(fate.answers) if fate.answers else np.nan for fate in fates], dtype=np.float64),
    )


def _add_pledges(found: dict[tuple[int, int], Fate], *, now: datetime) -> None:
    """Where a donor pledged to a need more than once, the furthest counts, and it is over where all are."""
    chosen = (
        sa.select(Pledge, Need.published_at)
        .join(Need, Need.id == Pledge.need_id)
        .where(Pledge.accepted_at.is_not(None), Pledge.state.not_in(_BEGUN), Need.published_at.is_not(None))
        .order_by(Pledge.accepted_at, Pledge.id)
    )
    for pledge, published in db.session.execute(chosen):
        if not (pledge.accepted_at and published and published <= pledge.accepted_at <= now):
            continue
        reached, is_over = _reached(pledge, now=now), pledge.state in _BROKEN
        pair = (pledge.need_id, pledge.donor_id)
        before = found.setdefault(pair, Fate(*pair, at=pledge.accepted_at, reached=reached, is_over=is_over))
        before.reached, before.is_over = max(before.reached, reached), before.is_over and is_over


def _reached(pledge: Pledge, *, now: datetime) -> Step:
    if pledge.confirmed_at and pledge.confirmed_at <= now:
        return Step.CONFIRMED
    return Step.DELIVERED if pledge.delivered_at and pledge.delivered_at <= now else Step.PLEDGED


def _add_openings(found: dict[tuple[int, int], Fate], *, now: datetime) -> None:
    row = SuggestionOutcome
    chosen = sa.select(row.kind, row.need_id, row.donor_id, row.propensity, row.at).where(
        row.kind.in_((Outcome.OPENED, Outcome.PLEDGED)), row.propensity.is_not(None), row.at <= now
    )
    for kind, need_id, donor_id, propensity, at in db.session.execute(chosen.order_by(row.at, row.id)):
        pair = (need_id, donor_id)
        if kind is Outcome.OPENED:
            fate = found.setdefault(pair, Fate(*pair, at=at, reached=Step.OPENED, is_over=at + PATIENCE < now))
            fate.was_opened = True
        elif pair not in found:
            continue
        found[pair].propensity = 1.0 if propensity is None else propensity


def _add_answers(found: dict[tuple[int, int], Fate], *, now: datetime) -> None:
    """What the household said 30, 90 and 365 days after the delivery."""
    row = SuggestionOutcome
    chosen = sa.select(row.need_id, row.donor_id, row.good).where(row.kind.in_(EFFECTS.values()), row.at <= now)
    answers = defaultdict[tuple[int, int], list[bool]](list)
    for need_id, donor_id, good in db.session.execute(chosen):
        answers[need_id, donor_id].append(good)
    for pair, said in answers.items():
        if pair in found:
            found[pair].answers = said
