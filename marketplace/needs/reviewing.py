"""Review (审核): approve, return, reject, suspend, withdraw, expire; each decided once, by somebody entitled to it.

A decision is one UPDATE that asks for the state it decides on: of two reviewers at once one wins (C2).
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.kinds import Labelled
from marketplace.core.workflow import NEED_MOVES, NeedState, next_state
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.media.models import Photo
from marketplace.media.service import approve_photo
from marketplace.needs import policy
from marketplace.needs.checking import lint_of, raise_refusals
from marketplace.needs.indexing import index_public_need
from marketplace.needs.models import (
    Decision,
    Need,
    NeedLine,
    NeedPhoto,
    NeedReview,
    OverrideReason,
    OverrideStage,
    ReturnReason,
)
from marketplace.needs.overriding import override_findings
from marketplace.needs.public import was_helped
from marketplace.needs.queries import get_need

# How long a need stays public where nobody says by when it is needed, and after that day.
PUBLIC_FOR = timedelta(days=180)
AFTER_NEEDED = timedelta(days=30)


class Seen(Labelled):
    """What a reviewer looked at before deciding (看过什么)."""

    CONSENT = "consent", "同意书"
    HOME_VISIT = "home_visit", "入户记录"
    PRICE = "price", "物价比对"
    REGISTER = "register", "户档案"


def approve_need(
    code: str,
    *,
    seen: Collection[Seen],
    photo_tokens: Collection[str] = (),
    overrides: Mapping[str, OverrideReason] | None = None,
    note: str = "",
    by: Actor,
    now: datetime,
) -> Need:
    """Put a need before the public; ``seen`` is the authenticity check (R-V2), ``photo_tokens`` may be shown.

    ``overrides`` says by rule why the need may be public although that rule found something.

    Raises Invalid while something is missing or refused, Conflict where somebody decided before.
    """
    need = _reviewable(code, by=by)
    # Whoever comes late hears that it is decided, not what would have been missing.
    next_state(NEED_MOVES, need.state, "approve")
    if not seen:
        raise Invalid("Tick what you have looked at.", field="seen")
    if need.household_id is not None and Seen.CONSENT not in seen:
        raise Invalid("Without having seen the household's agreement a need cannot be published.", field="seen")
    findings = lint_of(need, now=now)
    raise_refusals(findings)
    override_findings(need, findings, reasons=overrides or {}, stage=OverrideStage.REVIEW, by=by, now=now)
    helped = was_helped(need.household_id)
    _decide(
        need,
        "approve",
        reviewer_id=by.user_id,
        published_at=now,
        helped_before=helped,
        expires_on=_last_day(need, china_day(now)),
    )
    _record(need, Decision.APPROVE, seen=seen, note=note, by=by, now=now)
    _approve_photos(need, photo_tokens, by=by, now=now)
    index_public_need(need)
    return need


def return_need(code: str, *, reason: ReturnReason, note: str = "", by: Actor, now: datetime) -> Need:
    """Send a need back to its poster with a reason and what to change."""
    need = _reviewable(code, by=by)
    _decide(need, "return", reviewer_id=by.user_id)
    _record(need, Decision.RETURN, note=note, reason=reason, by=by, now=now)
    return need


def reject_need(code: str, *, reason: ReturnReason, note: str, by: Actor, now: datetime) -> Need:
    """Refuse a need for good; the poster is told why."""
    need = _reviewable(code, by=by)
    next_state(NEED_MOVES, need.state, "reject")
    if not note.strip():
        raise Invalid("Write why it is refused: the household is told.", field="note")
    _decide(need, "reject", reviewer_id=by.user_id, closed_at=now)
    _record(need, Decision.REJECT, note=note, reason=reason, by=by, now=now)
    return need


def suspend_need(code: str, *, note: str, by: Actor, now: datetime) -> Need:
    """Take a public need out of the list while something is looked into."""
    need = get_need(code, actor=by)
    policy.ensure_can_review(by, need)
    if not note.strip():
        raise Invalid("Write why it is paused.", field="note")
    _decide(need, "suspend")
    _record(need, Decision.SUSPEND, note=note, by=by, now=now)
    return need


def resume_need(code: str, *, by: Actor, now: datetime) -> Need:
    """Put a paused need back into the list."""
    need = get_need(code, actor=by)
    policy.ensure_can_review(by, need)
    _decide(need, "resume")
    _record(need, Decision.RESUME, note="", by=by, now=now)
    return need


def withdraw_need(code: str, *, by: Actor, now: datetime) -> Need:
    """Take a need back; refused while a pledge holds a part of it. Its page then says that it is gone (R-P5)."""
    need = get_need(code, actor=by)
    policy.ensure_can_edit(by, need)
    if any(line.pledged for line in need.lines):
        raise Conflict("Somebody has pledged to this need: the pledge has to be cancelled first.")
    _decide(need, "withdraw", closed_at=now)
    audit.record(by, "need.withdraw", subject="need", subject_id=need.id, at=now, division=need.division_code)
    return need


def expire_needs(*, now: datetime, by: Actor) -> int:
    """Close public needs whose last day has passed and of which nothing is pledged; returns how many."""
    due = db.session.scalars(
        sa.select(Need).where(
            Need.state == NeedState.PUBLISHED, Need.expires_on < china_day(now), ~Need.lines.any(NeedLine.pledged > 0)
        )
    ).all()
    for need in due:
        _decide(need, "expire", closed_at=now)
        audit.record(by, "need.expire", subject="need", subject_id=need.id, at=now, division=need.division_code)
    return len(due)


def _reviewable(code: str, *, by: Actor) -> Need:
    need = get_need(code, actor=by)
    policy.ensure_can_review(by, need)
    return need


def _decide(need: Need, move: str, **values: Any) -> None:
    """Make the move only from the state that was read; whoever is second gets a Conflict."""
    before = need.state
    values["state"] = next_state(NEED_MOVES, before, move)
    statement = sa.update(Need).where(Need.id == need.id, Need.state == before).values(**values)
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    if not cast("sa.CursorResult[Any]", result).rowcount:
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    db.session.expire(need)


def _record(
    need: Need,
    decision: Decision,
    *,
    note: str,
    by: Actor,
    now: datetime,
    seen: Collection[Seen] = (),
    reason: ReturnReason | None = None,
) -> None:
    if by.user_id is None:
        raise Invalid("A need is reviewed by a person.")
    review = NeedReview(
        need_id=need.id,
        reviewer_id=by.user_id,
        decision=decision,
        reason=reason,
        note=note.strip()[:300],
        documents=sorted(document.value for document in seen),
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
    )


def _approve_photos(need: Need, tokens: Collection[str], *, by: Actor, now: datetime) -> None:
    attached = sa.select(NeedPhoto.photo_id).where(NeedPhoto.need_id == need.id)
    for photo in db.session.scalars(sa.select(Photo).where(Photo.id.in_(attached), Photo.token.in_(tokens))):
        approve_photo(photo, by=by, now=now)


def _last_day(need: Need, today: date) -> date:
    return today + PUBLIC_FOR if need.needed_by is None else max(need.needed_by, today) + AFTER_NEEDED
