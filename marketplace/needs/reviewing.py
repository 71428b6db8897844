"""Review (审核): approve, return, reject; a flagged need by two people; each decided once, by somebody entitled to it.

A decision is one UPDATE that asks for the state it decides on: of two reviewers at once one wins (C2).
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.kinds import Labelled
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.media.models import Photo
from marketplace.media.service import approve_photo
from marketplace.needs import policy
from marketplace.needs.checking import ENTRY_PENDING, is_entry_pending, lint_of, raise_refusals
from marketplace.needs.deciding import change, decide, ensure_waits, record_decision
from marketplace.needs.indexing import index_public_need
from marketplace.needs.marking import mark_need
from marketplace.needs.models import (
    Decision,
    Need,
    NeedLine,
    NeedPhoto,
    OverrideReason,
    OverrideStage,
    ReturnReason,
)
from marketplace.needs.overriding import override_findings
from marketplace.needs.public import was_helped
from marketplace.needs.queries import get_need, list_reviews
from marketplace.needs.rechecking import draw_recheck

# How long a need stays public where nobody says by when it is needed, and after that day.
PUBLIC_FOR = timedelta(days=180)
AFTER_NEEDED = timedelta(days=30)
# How long a reviewer may take a return back, if the clerk has not begun to change the need.
TAKE_BACK_WITHIN = timedelta(minutes=30)


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
    opened_at: datetime | None = None,
    by: Actor,
    now: datetime,
) -> Need:
    """Put a need before the public (R-V2); a flagged one only after a second person at the county has approved it.

    ``seen`` is the authenticity check, ``photo_tokens`` may be shown, ``overrides`` says by rule why the need may be
    public although that rule found something, ``opened_at`` is when the page was opened. Returns the need SUBMITTED
    where the second person is still to come. Raises Invalid while something is missing or refused, Conflict where
    somebody decided before.
    """
    need = _reviewable(code, by=by)
    # Whoever comes late hears that it is decided, not what would have been missing.
    ensure_waits(need)
    if is_entry_pending(need):
        raise Conflict(ENTRY_PENDING)
    if not seen:
        raise Invalid("Tick what you have looked at.", field="seen")
    if need.household_id is not None and Seen.CONSENT not in seen:
        raise Invalid("Without having seen the household's agreement a need cannot be published.", field="seen")
    findings = lint_of(need, now=now)
    raise_refusals(findings)
    override_findings(need, findings, reasons=overrides or {}, stage=OverrideStage.REVIEW, by=by, now=now)
    mark_need(need, findings=findings, now=now)
    if need.is_flagged and need.first_reviewer_id is None:
        change(need, first_reviewer_id=by.user_id, first_approved_at=now)
        record_decision(
            need, Decision.APPROVE, seen=seen, note=note, opened_at=opened_at, is_first=True, by=by, now=now
        )
        return need
    decide(
        need,
        "approve",
        reviewer_id=by.user_id,
        published_at=now,
        helped_before=was_helped(need.household_id),
        expires_on=_last_day(need, china_day(now)),
    )
    review = record_decision(need, Decision.APPROVE, seen=seen, note=note, opened_at=opened_at, by=by, now=now)
    _approve_photos(need, photo_tokens, by=by, now=now)
    index_public_need(need)
    draw_recheck(need, review)
    return need


def return_need(
    code: str, *, reason: ReturnReason, note: str = "", opened_at: datetime | None = None, by: Actor, now: datetime
) -> Need:
    """Send a need back to its poster with a reason and what to change."""
    need = _reviewable(code, by=by)
    ensure_waits(need)
    decide(need, "return", reviewer_id=by.user_id, first_reviewer_id=None, first_approved_at=None)
    record_decision(need, Decision.RETURN, note=note, reason=reason, opened_at=opened_at, by=by, now=now)
    return need


def take_return_back(code: str, *, by: Actor, now: datetime) -> Need:
    """Undo one's own return, as long as nothing has been done about it: the need waits for review again."""
    need = _reviewable(code, by=by)
    if not may_take_back(need, by=by, now=now):
        raise Conflict("This is no longer possible: the record has moved on. Reload the page.")
    decide(need, "submit", reviewer_id=None)
    record_decision(need, Decision.RESUME, by=by, now=now)
    return need


def may_take_back(need: Need, *, by: Actor, now: datetime) -> bool:
    """True for the reviewer who returned the need a moment ago."""
    if need.state is not NeedState.RETURNED:
        return False
    last = list_reviews(need)[-1:]
    return bool(last) and last[0].reviewer_id == by.user_id and now - last[0].at <= TAKE_BACK_WITHIN


def reject_need(
    code: str, *, reason: ReturnReason, note: str, opened_at: datetime | None = None, by: Actor, now: datetime
) -> Need:
    """Refuse a need for good; the poster is told why."""
    need = _reviewable(code, by=by)
    ensure_waits(need)
    if not note.strip():
        raise Invalid("Write why it is refused: the household is told.", field="note")
    decide(need, "reject", reviewer_id=by.user_id, closed_at=now)
    record_decision(need, Decision.REJECT, note=note, reason=reason, opened_at=opened_at, by=by, now=now)
    return need


def withdraw_need(code: str, *, by: Actor, now: datetime) -> Need:
    """Take a need back; refused while a pledge holds a part of it. Its page then says that it is gone (R-P5)."""
    need = get_need(code, actor=by)
    policy.ensure_can_edit(by, need)
    if any(line.pledged for line in need.lines):
        raise Conflict("Somebody has pledged to this need: the pledge has to be cancelled first.")
    decide(need, "withdraw", closed_at=now)
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
        decide(need, "expire", closed_at=now)
        audit.record(by, "need.expire", subject="need", subject_id=need.id, at=now, division=need.division_code)
    return len(due)


def _reviewable(code: str, *, by: Actor) -> Need:
    need = get_need(code, actor=by)
    policy.ensure_can_review(by, need)
    return need


def _approve_photos(need: Need, tokens: Collection[str], *, by: Actor, now: datetime) -> None:
    attached = sa.select(NeedPhoto.photo_id).where(NeedPhoto.need_id == need.id)
    for photo in db.session.scalars(sa.select(Photo).where(Photo.id.in_(attached), Photo.token.in_(tokens))):
        approve_photo(photo, by=by, now=now)


def _last_day(need: Need, today: date) -> date:
    return today + PUBLIC_FOR if need.needed_by is None else max(need.needed_by, today) + AFTER_NEEDED
