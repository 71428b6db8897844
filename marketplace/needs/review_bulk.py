"""Write what the review keeps beside its decisions, many at once, for the demonstration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.db import db
from marketplace.needs.models import Decision, Need, NeedReview, ReturnReason
from marketplace.needs.review_models import NeedPause, PauseCause, Recheck


@dataclass(frozen=True, slots=True)
class LookRow:
    """A second look that was made: who, when, and the reason where it did not agree."""

    by: int
    at: datetime
    reason: ReturnReason | None = None
    note: str = ""


def note_look(review: NeedReview, *, seconds: int, draw: int | None) -> None:
    """How long a reviewer had the page open, and what was drawn after an approval."""
    review.opened_at, review.draw = review.at - timedelta(seconds=seconds), draw


def insert_recheck(need: Need, review: NeedReview, look: LookRow | None) -> None:
    """A drawn approval, looked at again or still waiting."""
    recheck = Recheck(
        need_id=need.id,
        review_id=review.id,
        approver_id=review.reviewer_id,
        division_code=need.division_code,
        drawn_at=review.at,
    )
    if look is not None:
        recheck.done_at, recheck.done_by, recheck.agrees = look.at, look.by, look.reason is None
        recheck.reason, recheck.note = look.reason, look.note
    db.session.add(recheck)


def insert_pause(need: Need, *, cause: PauseCause, note: str, by: int, at: datetime) -> None:
    """A pause that still holds, with its decision."""
    db.session.add(NeedPause(need_id=need.id, cause=cause, note=note, started_at=at, started_by=by))
    db.session.add(
        NeedReview(need_id=need.id, reviewer_id=by, decision=Decision.SUSPEND, note=note, documents=[], at=at)
    )


def insert_first_approval(need: Need, *, by: int, at: datetime, documents: Sequence[str], seconds: int) -> None:
    """The first of two approvals of a flagged need that still waits."""
    need.first_reviewer_id, need.first_approved_at = by, at
    review = NeedReview(
        need_id=need.id,
        reviewer_id=by,
        decision=Decision.APPROVE,
        documents=list(documents),
        is_first=True,
        opened_at=at - timedelta(seconds=seconds),
        at=at,
    )
    db.session.add(review)
