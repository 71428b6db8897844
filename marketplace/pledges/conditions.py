"""Conditions of donors (R-V9): read by the rules, then by a person; what nobody may ask for is refused and flagged.

A pledge never waits for its condition: it stands as if there were none, until somebody has accepted it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from marketplace.audit import service as audit
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db
from marketplace.donors.demands import GRAVE, Refused, refuse_demands
from marketplace.needs import policy as needs
from marketplace.needs.desk import in_areas
from marketplace.needs.lint import Draft, personal_data
from marketplace.needs.models import Need
from marketplace.needs.signals import note_demand
from marketplace.pledges import policy
from marketplace.pledges.models import ConditionState, Pledge, PledgeCondition
from marketplace.pledges.queries import PLEDGE, find_pledge
from marketplace.relatives.queries import Ties, ties_of

_SHORTEST, _LONGEST = 4, 200
_MOST_TRIES = 3
# While something is still to come of the pledge, a condition can matter.
_OPEN = (PledgeState.ACCEPTED, PledgeState.RECEIVED)
_NOTHING_HERE = "There is nothing here that you may see."


def propose_condition(code: str, words: str, *, by: Actor, now: datetime) -> PledgeCondition:
    """Attach a condition to one's own pledge, for somebody to look at; the same words twice are one.

    Raises Refused for what nobody may ask for, Invalid at "condition" for what is too short, too long or personal,
    Conflict where one stands already, where three were refused, or where all of the pledge has been handed over.
    """
    pledge = _own(code, by=by)
    said = " ".join(words.split())
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise Invalid("Write the condition in 4 to 200 characters.", field="condition")
    refuse_demands(said, field="condition")
    found = next(personal_data(Draft(lines=(), story=said)), None)
    if found is not None:
        raise Invalid(found.message, field="condition")
    if not _takes_conditions(pledge):
        raise Conflict("This pledge has ended or was handed over: no condition can be attached any more.")
    earlier = conditions_of(pledge.id)
    standing = next((each for each in earlier if each.state is not ConditionState.REFUSED), None)
    if standing is not None and standing.words == said:
        return standing
    if standing is not None:
        raise Conflict("This pledge has a condition already.")
    if len(earlier) >= _MOST_TRIES:
        raise Conflict("Three conditions were refused. The pledge stands without one, or you take it back.")
    condition = PledgeCondition(pledge_id=pledge.id, words=said, state=ConditionState.PROPOSED, proposed_at=now)
    db.session.add(condition)
    db.session.flush()
    _record(by, "propose", condition, now=now)
    return condition


def decide_condition(code: str, *, accepts: bool, reason: str = "", by: Actor, now: datetime) -> PledgeCondition:
    """Accept or refuse the condition of the pledge with this code; a refusal gives the donor its reason.

    Never the need's poster, nobody of the village, no relative (as for needs), and never the donor himself.
    """
    condition = _waiting(code)
    if condition is None:
        raise NotFound(_NOTHING_HERE)
    ensure_can(by, Permission.NEED_REVIEW, condition.pledge.need.division_code)
    bar = condition_bar(by, condition.pledge)
    if bar is not None:
        raise Forbidden(bar)
    why = " ".join(reason.split())
    if not accepts and not _SHORTEST <= len(why) <= _LONGEST:
        raise Invalid("Say in 4 to 200 characters why not: the donor reads it.", field="reason")
    statement = (
        sa.update(PledgeCondition)
        .where(PledgeCondition.id == condition.id, PledgeCondition.state == ConditionState.PROPOSED)
        .values(
            state=ConditionState.ACCEPTED if accepts else ConditionState.REFUSED,
            decided_by=by.user_id,
            decided_at=now,
            reason="" if accepts else why,
        )
    )
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    if not cast("sa.CursorResult[Any]", result).rowcount:
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    db.session.refresh(condition)
    _record(by, condition.state.value, condition, now=now)
    return condition


def condition_bar(actor: Actor, pledge: Pledge, ties: Ties | None = None) -> str | None:
    """Why this reviewer leaves a condition to another one, or None; ``ties`` where they are known."""
    known = ties_of(actor.user_id) if ties is None else ties
    giver = pledge.donor.user_id
    if giver is not None and (giver == actor.user_id or giver in known.users):
        return "You or a relative gave this pledge: somebody else looks at its condition."
    return needs.review_bar(actor, pledge.need, known)


def list_waiting(actor: Actor) -> list[PledgeCondition]:
    """Conditions of the reviewer's area that are his to decide, the oldest first."""
    areas = actor.areas(Permission.NEED_REVIEW)
    if not areas:
        return []
    chosen = (
        sa.select(PledgeCondition)
        .join(Pledge, Pledge.id == PledgeCondition.pledge_id)
        .join(Need, Need.id == Pledge.need_id)
        .where(
            PledgeCondition.state == ConditionState.PROPOSED,
            Pledge.state.in_(_OPEN),
            in_areas(Need.division_code, areas),
        )
        .options(
            joinedload(PledgeCondition.pledge).joinedload(Pledge.need),
            joinedload(PledgeCondition.pledge).joinedload(Pledge.donor),
        )
        .order_by(PledgeCondition.proposed_at, PledgeCondition.id)
    )
    ties = ties_of(actor.user_id)
    return [each for each in db.session.scalars(chosen) if condition_bar(actor, each.pledge, ties) is None]


def conditions_of(pledge_id: int) -> list[PledgeCondition]:
    """Every condition of a pledge, oldest first: for its donor."""
    chosen = sa.select(PledgeCondition).where(PledgeCondition.pledge_id == pledge_id)
    return list(db.session.scalars(chosen.order_by(PledgeCondition.id)))


def accepted_conditions(need_id: int) -> list[str]:
    """What was accepted for a need: all that the clerk and the household are shown."""
    chosen = (
        sa.select(PledgeCondition.words)
        .join(Pledge, Pledge.id == PledgeCondition.pledge_id)
        .where(Pledge.need_id == need_id, PledgeCondition.state == ConditionState.ACCEPTED)
    )
    return list(db.session.scalars(chosen.order_by(PledgeCondition.id)))


def may_propose(pledge: Pledge, earlier: Sequence[PledgeCondition]) -> bool:
    """True where the donor may attach one now."""
    is_free = all(each.state is ConditionState.REFUSED for each in earlier)
    return _takes_conditions(pledge) and is_free and len(earlier) < _MOST_TRIES


def _takes_conditions(pledge: Pledge) -> bool:
    """Not handed over yet, and never will it be where the need was withdrawn."""
    return pledge.state in _OPEN and pledge.need.state is not NeedState.WITHDRAWN


def flag_demand(refused: Refused, *, division: str, code: str, by: Actor, now: datetime) -> bool:
    """Let the county look at whoever asks for contact, a child, a photo of people or worse (fraud 29); once a day."""
    if refused.demand not in GRAVE or by.user_id is None:
        return False
    return note_demand(refused.demand.value, user_id=by.user_id, division=division, code=code, by=by, now=now)


def _own(code: str, *, by: Actor) -> Pledge:
    found = find_pledge(code)
    if found is None:
        raise NotFound(_NOTHING_HERE)
    policy.ensure_is_own(by, found)
    return found


def _waiting(code: str) -> PledgeCondition | None:
    chosen = sa.select(PledgeCondition).join(Pledge, Pledge.id == PledgeCondition.pledge_id)
    waits = sa.and_(Pledge.code == code, PledgeCondition.state == ConditionState.PROPOSED)
    return db.session.scalar(chosen.where(waits))


def _record(by: Actor, act: str, condition: PledgeCondition, *, now: datetime) -> None:
    audit.record(
        by,
        f"condition.{act}",
        subject=PLEDGE,
        subject_id=condition.pledge_id,
        at=now,
        division=condition.pledge.need.division_code,
    )
