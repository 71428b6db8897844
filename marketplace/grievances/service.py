"""Write complaints: receive, take on, answer, decide, close; what was held is let go, what was wrong is stopped."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any, cast

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import PUBLIC, Actor
from marketplace.core.codes import Choose, new_slip_code
from marketplace.core.divisions import at_level
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.workflow import GRIEVANCE_MOVES, NEED_MOVES, GrievanceState, next_state
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.grievances import policy
from marketplace.grievances.fraud_queries import find_case
from marketplace.grievances.models import Cause, Grievance, StaffLevel
from marketplace.grievances.queries import Subject, find_by_key, get_grievance
from marketplace.grievances.wording import clean, said
from marketplace.media.service import store_photo
from marketplace.needs.models import Need, ReturnReason
from marketplace.needs.review_models import PauseCause
from marketplace.needs.service import reject_need, suspend_need
from marketplace.notices.queries import find_running_notice
from marketplace.notices.service import hold_notice, release_notice, strike_entry
from marketplace.workdays.queries import calendar_of

# Working days until the answer (R-D14).
ANSWER_WITHIN = 5
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody wrote; nobody has to say who he is."""

    cause: Cause
    words: str
    contact: str = ""
    about_staff: StaffLevel | None = None
    entry_id: int | None = None
    client_key: str = ""


def receive(
    subject: Subject,
    complaint: Complaint,
    *,
    photo: IO[bytes] | None = None,
    now: datetime,
    choose: Choose = secrets.choice,
) -> Grievance:
    """Take in a complaint about ``subject``; the same form sent twice makes one (by its client key).

    Who sent it is not asked and not kept, signed in or not. What waits for the notice that it is about, or on which
    its need hangs, waits for its decision too. Raises Invalid where nothing is said.
    """
    sent = find_by_key(complaint.client_key)
    if sent is not None:
        return sent
    words = said(
        complaint.words, least=4, most=1000, sentence="Say in 4 to 1,000 characters what is wrong.", field="words"
    )
    stored = None
    if photo is not None:
        stored = store_photo(photo, division=subject.division, caption="", by=PUBLIC, now=now)
    level = complaint.about_staff
    grievance = Grievance(
        code=new_slip_code(choose),
        client_key=complaint.client_key,
        cause=complaint.cause,
        need_id=subject.need.id if subject.need else None,
        pledge_id=subject.pledge.id if subject.pledge else None,
        notice_id=subject.notice.id if subject.notice else None,
        entry_id=subject.entry_of(complaint.entry_id),
        held_notice_id=_hold(subject),
        division_code=subject.division,
        about_staff=level,
        named_division=at_level(subject.division, level.level) if level else None,
        words=words,
        contact=clean(complaint.contact)[:100] or None,
        photo_id=stored.id if stored else None,
        state=GrievanceState.RECEIVED,
        received_at=now,
        due_on=calendar_of(subject.division).after(china_day(now), ANSWER_WITHIN),
    )
    db.session.add(grievance)
    db.session.flush()
    _record(PUBLIC, "receive", grievance, now=now)
    return grievance


def take_on(code: str, *, by: Actor, now: datetime) -> Grievance:
    """This handler answers it; somebody else's case may be taken over."""
    grievance = _handled(code, by=by)
    _move(grievance, "assign", assigned_to=by.user_id, assigned_at=now)
    _record(by, "assign", grievance, now=now)
    return grievance


def answer(code: str, *, words: str, by: Actor, now: datetime) -> Grievance:
    """Answer in words that whoever has the ticket reads (R-D14)."""
    grievance = _handled(code, by=by)
    answered = said(
        words, least=4, most=600, sentence="Write the answer in 4 to 600 characters, without names.", field="words"
    )
    _move(grievance, "answer", answer=answered, answered_at=now)
    _record(by, "answer", grievance, now=now)
    return grievance


def uphold(code: str, *, reason: str, by: Actor, now: datetime) -> Grievance:
    """The complaint is right: the line of the notice is struck, the need is stopped, what was held is let go."""
    grievance = _decide(code, "uphold", reason=reason, by=by, now=now, is_upheld=True)
    if grievance.notice is not None:
        entries = [grievance.entry] if grievance.entry is not None else grievance.notice.entries
        for entry in entries:
            strike_entry(entry, reason=grievance.decision_reason, by=by, now=now)
            _stop_need(entry.need, grievance, by=by, now=now)
    _stop_need(grievance.need, grievance, by=by, now=now)
    if grievance.pledge is not None:
        _stop_need(grievance.pledge.need, grievance, by=by, now=now)
    return grievance


def dismiss(code: str, *, reason: str, by: Actor, now: datetime) -> Grievance:
    """The complaint is not right, for a reason; what was held is let go."""
    return _decide(code, "dismiss", reason=reason, by=by, now=now, is_upheld=False)


def close(code: str, *, put_right: str = "", by: Actor, now: datetime) -> Grievance:
    """End a decided case; an upheld one says what was put right, one of suspected fraud is closed as it is recorded."""
    grievance = _handled(code, by=by)
    if find_case(grievance) is not None:
        policy.ensure_can_record_fraud(by, grievance)
    next_state(GRIEVANCE_MOVES, grievance.state, "close")
    done = clean(put_right)
    if grievance.is_upheld and not done:
        raise Invalid("Say what was put right.", field="put_right")
    _move(grievance, "close", put_right=done[:_LONGEST_REASON], closed_at=now)
    _record(by, "close", grievance, now=now)
    return grievance


def _decide(code: str, move: str, *, reason: str, by: Actor, now: datetime, is_upheld: bool) -> Grievance:
    grievance = _handled(code, by=by)
    next_state(GRIEVANCE_MOVES, grievance.state, move)
    why = said(
        reason,
        least=4,
        most=_LONGEST_REASON,
        sentence="Every decision has a reason: write it in 4 to 300 characters.",
        field="reason",
    )
    held = grievance.held_notice_id
    values = {"is_upheld": is_upheld, "decided_by": by.user_id, "decided_at": now, "decision_reason": why}
    _move(grievance, move, held_notice_id=None, **values)
    if held is not None:
        release_notice(held)
    _record(by, move, grievance, now=now, reason=why)
    return grievance


def _hold(subject: Subject) -> int | None:
    """The notice that waits from now on: the one that is meant, or the one on which the need hangs."""
    notice = subject.notice
    if notice is None and subject.need is not None:
        notice = find_running_notice(subject.need)
    return notice.id if notice is not None and hold_notice(notice.id) else None


def _stop_need(need: Need | None, grievance: Grievance, *, by: Actor, now: datetime) -> None:
    """Take the need from where it stands out of the public list; one that has moved on is told about, not stopped."""
    if need is None:
        return
    # The right to decide on the complaint was checked; stopping the need follows from it.
    actor = replace(by, is_system=True)
    if (need.state, "suspend") in NEED_MOVES:
        suspend_need(need.code, cause=PauseCause.COMPLAINT, note=grievance.decision_reason, by=actor, now=now)
    elif (need.state, "reject") in NEED_MOVES:
        reject_need(need.code, reason=ReturnReason.OTHER, note=grievance.decision_reason, by=actor, now=now)


def _handled(code: str, *, by: Actor) -> Grievance:
    grievance = get_grievance(code, actor=by)
    policy.ensure_can_handle(by, grievance)
    return grievance


def _move(grievance: Grievance, move: str, **values: Any) -> None:
    """Make the move only from the state that was read; whoever is second gets a Conflict."""
    before = grievance.state
    values["state"] = next_state(GRIEVANCE_MOVES, before, move)
    statement = sa.update(Grievance).where(Grievance.id == grievance.id, Grievance.state == before).values(**values)
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    if not cast("sa.CursorResult[Any]", result).rowcount:
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    db.session.refresh(grievance)


def _record(by: Actor, act: str, grievance: Grievance, *, now: datetime, reason: str | None = None) -> None:
    audit.record(
        by,
        f"grievance.{act}",
        subject="grievance",
        subject_id=grievance.id,
        at=now,
        division=grievance.division_code,
        reason=reason,
    )
