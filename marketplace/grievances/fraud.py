"""Suspected fraud (R-V6): the case is recorded, the need is withdrawn, its donors are told, the police date is kept.

Nothing of it is ever changed: what comes later is a row of its own.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid, NotFound
from marketplace.core.workflow import NEED_MOVES
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.db.once import insert_once
from marketplace.grievances import policy
from marketplace.grievances.fraud_models import FraudCase, FraudTold, PoliceNote, Suspicion
from marketplace.grievances.fraud_queries import find_case
from marketplace.grievances.models import Grievance
from marketplace.grievances.queries import get_grievance
from marketplace.grievances.wording import clean, said
from marketplace.needs.models import Need
from marketplace.needs.service import revoke_need
from marketplace.pledges.stopping import stop_pledges

_LONGEST_REFERENCE = 120


@dataclass(frozen=True, slots=True)
class Police:
    """When it was reported to the police and under which number; without a day, why it is not reported yet."""

    reported_on: date | None = None
    reference: str = ""
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Suspected:
    """What is suspected, and what speaks for it: papers, photos, who was heard, and where they lie."""

    suspicion: Suspicion
    summary: str
    evidence: str


def open_case(code: str, *, suspected: Suspected, police: Police, by: Actor, now: datetime) -> FraudCase:
    """Record that fraud is suspected behind a complaint that was right; once for each complaint.

    Every public need that it is about is withdrawn, what was promised to them and has not arrived is released, and
    each donor is told. Forbidden for whoever took part, for his relatives and for those who work under him (F2).
    """
    grievance = get_grievance(code, actor=by)
    policy.ensure_can_record_fraud(by, grievance)
    if not grievance.is_upheld:
        raise Conflict("Decide first that the complaint is right; then record what is suspected.")
    values = {
        "grievance_id": grievance.id,
        "suspicion": suspected.suspicion,
        "summary": said(
            suspected.summary,
            least=10,
            most=1000,
            sentence="Write in 10 to 1,000 characters what is suspected.",
            field="summary",
        ),
        "evidence": said(
            suspected.evidence,
            least=4,
            most=500,
            sentence="Write in 4 to 500 characters what speaks for it.",
            field="evidence",
        ),
        "complained_on": china_day(grievance.received_at),
        "opened_by": by.user_id,
        "opened_at": now,
    }
    if not insert_once(db.session, FraudCase, key=["grievance_id"], values=values):
        raise Conflict("Somebody else has just recorded this case. Reload the page.")
    case = db.session.scalars(sa.select(FraudCase).where(FraudCase.grievance_id == grievance.id)).one()
    _add_note(case, police, by=by, now=now)
    needs = [need for need in policy.needs_of(grievance) if (need.state, "revoke") in NEED_MOVES]
    told = sorted({pledge_id for need in needs for pledge_id in _withdraw(need, by=by, now=now)})
    db.session.add_all(FraudTold(case_id=case.id, pledge_id=pledge_id, told_at=now) for pledge_id in told)
    db.session.flush()
    _record(by, "open", grievance, now=now, suspicion=suspected.suspicion.value, told=len(told))
    return case


def note_police(code: str, *, police: Police, by: Actor, now: datetime) -> PoliceNote:
    """Add the day on which a case was reported to the police, once; or, until then, why it is not reported yet."""
    grievance = get_grievance(code, actor=by)
    policy.ensure_can_record_fraud(by, grievance)
    # The case's row is held: of two who name a day at once, the second sees the first.
    case_id = db.session.scalar(sa.select(FraudCase.id).where(FraudCase.grievance_id == grievance.id).with_for_update())
    case = find_case(grievance)
    if case_id is None or case is None:
        raise NotFound("There is nothing here that you may see.")
    if case.report is not None:
        raise Conflict("The day of the report to the police stands already; it is never changed.")
    note = _add_note(case, police, by=by, now=now)
    is_reported = note.reported_on is not None
    _record(by, "reported" if is_reported else "not_reported", grievance, now=now)
    return note


def _add_note(case: FraudCase, police: Police, *, by: Actor, now: datetime) -> PoliceNote:
    today, day = china_day(now), police.reported_on
    why_not = ""
    if day is None:
        why_not = said(
            police.why_not,
            least=4,
            most=300,
            sentence="Write in 4 to 300 characters why it is not reported to the police yet.",
            field="why_not",
        )
    elif not case.complained_on <= day <= today:
        raise Invalid(
            "The day lies between the complaint (%(first)s) and today (%(last)s).",
            field="reported_on",
            first=case.complained_on.isoformat(),
            last=today.isoformat(),
        )
    note = PoliceNote(
        case_id=case.id,
        reported_on=day,
        reference=clean(police.reference)[:_LONGEST_REFERENCE] if day is not None else "",
        why_not=why_not,
        noted_on=today,
        noted_by=by.user_id,
        noted_at=now,
    )
    db.session.add(note)
    db.session.flush()
    db.session.expire(case, ["police_notes"])
    return note


def _withdraw(need: Need, *, by: Actor, now: datetime) -> list[int]:
    """Take the need off and end what is promised to it; the pledges whose donors are to be told."""
    # The right to record the case was checked; withdrawing the need follows from it.
    actor = replace(by, is_system=True)
    told = stop_pledges(need.id, by=by, now=now)
    revoke_need(need.code, by=actor, now=now)
    # A pledge that was made between the two.
    return told + stop_pledges(need.id, but=told, by=by, now=now)


def _record(by: Actor, act: str, grievance: Grievance, *, now: datetime, **detail: str | int) -> None:
    audit.record(
        by,
        f"fraud.{act}",
        subject="grievance",
        subject_id=grievance.id,
        at=now,
        division=grievance.division_code,
        **detail,
    )
