"""Pause a public need while something is looked into (暂停), put it back, or take it off for good."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import Actor
from marketplace.core.errors import Invalid
from marketplace.db import db
from marketplace.needs import policy
from marketplace.needs.deciding import LONGEST_NOTE, decide, record_decision
from marketplace.needs.models import Decision, Need
from marketplace.needs.queries import get_need
from marketplace.needs.reserving import has_open_line
from marketplace.needs.review_models import NeedPause, PauseCause

REVOKE = "need.revoke"


def suspend_need(code: str, *, cause: PauseCause = PauseCause.CHECK, note: str, by: Actor, now: datetime) -> Need:
    """Take a public need out of the list; ``note`` is for staff, the household and donors read the cause.

    Any reviewer of the area may, of the own village too: a pause protects. A covered need keeps its pledges, but
    nothing is handed over. Conflict where the need is neither open nor covered.
    """
    need = get_need(code, actor=by)
    policy.ensure_can_pause(by, need)
    if not note.strip():
        raise Invalid("Write why it is paused.", field="note")
    decide(need, "suspend")
    db.session.add(
        NeedPause(need_id=need.id, cause=cause, note=note.strip()[:LONGEST_NOTE], started_at=now, started_by=by.user_id)
    )
    _write_down(need, Decision.SUSPEND, note=note, by=by, now=now)
    return need


def resume_need(code: str, *, by: Actor, now: datetime) -> Need:
    """Put a paused need back where it stood; what the county disputed, only the county puts back, never its approver.

    It is covered where every line is still promised, and open where a pledge has lapsed in the meantime.
    """
    need = get_need(code, actor=by)
    pause = find_pause(need)
    policy.ensure_can_resume(by, need, is_disputed=pause is not None and pause.cause is PauseCause.RECHECK)
    _put_back(need)
    if pause is not None:
        pause.ended_at, pause.ended_by = now, by.user_id
    _write_down(need, Decision.RESUME, note="", by=by, now=now)
    return need


def revoke_need(code: str, *, by: Actor, now: datetime) -> Need:
    """Take a public need off for good because fraud is suspected, however far it has come (R-V6); a pause ends.

    What was given stays in the book. Conflict where the need is not public.
    """
    need = get_need(code, actor=by)
    policy.ensure_can_pause(by, need)
    decide(need, "revoke", closed_at=now)
    pause = find_pause(need)
    if pause is not None:
        pause.ended_at, pause.ended_by = now, by.user_id
    audit.record(by, REVOKE, subject="need", subject_id=need.id, at=now, division=need.division_code)
    return need


def was_revoked(household_id: int) -> bool:
    """True where an earlier need of the household was taken off because fraud was suspected, as the trail says."""
    revoked = sa.exists().where(
        AuditEntry.subject_type == "need",
        AuditEntry.subject_id == Need.id,
        AuditEntry.action == REVOKE,
        Need.household_id == household_id,
    )
    return bool(db.session.scalar(sa.select(revoked)))


def _put_back(need: Need) -> None:
    # The row first: a pledge that is cancelled at this moment waits, and then uncovers the need.
    db.session.execute(sa.select(Need.id).where(Need.id == need.id).with_for_update())
    if need.pledged_at is not None and not has_open_line(need.id):
        decide(need, "restore")
    else:
        decide(need, "resume", pledged_at=None)


def find_pause(need: Need) -> NeedPause | None:
    """The pause that holds now, or None."""
    return db.session.scalar(sa.select(NeedPause).where(NeedPause.need_id == need.id, NeedPause.ended_at.is_(None)))


def list_pauses(need: Need) -> list[NeedPause]:
    """Every span in which the need was paused, oldest first."""
    return list(db.session.scalars(sa.select(NeedPause).where(NeedPause.need_id == need.id).order_by(NeedPause.id)))


def _write_down(need: Need, decision: Decision, *, note: str, by: Actor, now: datetime) -> None:
    """A person's decision stands among the reviews; what the system did stands in the audit trail alone."""
    if by.user_id is not None:
        record_decision(need, decision, note=note, by=by, now=now)
        return
    db.session.flush()
    audit.record(by, f"need.{decision.value}", subject="need", subject_id=need.id, at=now, division=need.division_code)
