"""One decision on a need: made only from what was read, so that of two people at once one wins; written down once."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.workflow import NEED_MOVES, NeedState, next_state
from marketplace.db import db
from marketplace.needs.models import Decision, Need, NeedReview, ReturnReason

LONGEST_NOTE = 300


def ensure_waits(need: Need) -> None:
    """Conflict with what happened where somebody has decided on a need that was sent for review."""
    if need.state is not NeedState.SUBMITTED:
        raise Conflict("Somebody else was first: this need is now “%(state)s”.", state=need.state)


def decide(need: Need, move: str, **values: Any) -> None:
    """Make the move only from the state that was read; whoever is second gets a Conflict (C2)."""
    values["state"] = next_state(NEED_MOVES, need.state, move)
    change(need, **values)


def change(need: Need, **values: Any) -> None:
    """Write to a need only where neither its state nor its first approver has moved on since it was read."""
    unmoved = (
        Need.id == need.id,
        Need.state == need.state,
        Need.first_reviewer_id.is_not_distinct_from(need.first_reviewer_id),
    )
    statement = sa.update(Need).where(*unmoved).values(**values)
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    if not cast("sa.CursorResult[Any]", result).rowcount:
        db.session.expire(need)
        raise Conflict("Somebody else was first: this need is now “%(state)s”.", state=need.state)
    db.session.expire(need)


def record_decision(
    need: Need,
    decision: Decision,
    *,
    note: str = "",
    by: Actor,
    now: datetime,
    seen: Collection[StrEnum] = (),
    reason: ReturnReason | None = None,
    is_first: bool = False,
    opened_at: datetime | None = None,
) -> NeedReview:
    """The decision and its row in the audit trail."""
    if by.user_id is None:
        raise Invalid("A need is reviewed by a person.")
    review = NeedReview(
        need_id=need.id,
        reviewer_id=by.user_id,
        decision=decision,
        reason=reason,
        note=note.strip()[:LONGEST_NOTE],
        documents=sorted(document.value for document in seen),
        is_first=is_first,
        opened_at=opened_at,
        at=now,
    )
    db.session.add(review)
    db.session.flush()
    audit.record(
        by,
        f"need.{decision.value}",
        subject="need",
        subject_id=need.id,
        at=now,
        division=need.division_code,
        reason=reason.value if reason else None,
        seen=review.documents,
        is_first=is_first,
    )
    return review
