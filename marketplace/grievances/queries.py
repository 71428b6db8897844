"""Read complaints: what a code stands for, a ticket, the handlers' list, and the public count of what came of them."""

from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, parse_code
from marketplace.core.divisions import CODE_LENGTH
from marketplace.core.errors import NotFound
from marketplace.core.identity import fold
from marketplace.core.permissions import Permission
from marketplace.core.workflow import GrievanceState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.grievances import policy
from marketplace.grievances.fraud_models import FraudCase, PoliceNote
from marketplace.grievances.models import Cause, Grievance
from marketplace.needs.models import Need
from marketplace.needs.queries import find_public_need, is_public
from marketplace.notices.models import Notice, NoticeEntry
from marketplace.notices.queries import PublicNotice, get_public_notice
from marketplace.pledges.models import Pledge
from marketplace.pledges.queries import find_pledge

_HIDDEN = "There is nothing here that you may see."
_UNDECIDED = (GrievanceState.RECEIVED, GrievanceState.ASSIGNED, GrievanceState.ANSWERED)
_UNANSWERED = (GrievanceState.RECEIVED, GrievanceState.ASSIGNED)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a complaint is about: a need, a gift, a notice, or a place where something is wrong."""

    code: str
    division: str
    need: Need | None = None
    pledge: Pledge | None = None
    notice: Notice | None = None
    shown: PublicNotice | None = None

    def entry_of(self, entry_id: int | None) -> int | None:
        """The line of the notice with this id; None for what is no line of it."""
        entries = self.notice.entries if self.notice is not None else ()
        return next((entry.id for entry in entries if entry.id == entry_id), None)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What whoever has the ticket may read: how it stands and what was said, nothing of what was written."""

    code: str
    cause: Cause
    subject_code: str
    state: GrievanceState
    received_at: datetime
    due_on: date
    assigned_at: datetime | None
    answered_at: datetime | None
    answer: str
    decided_at: datetime | None
    is_upheld: bool | None
    decision_reason: str
    put_right: str
    closed_at: datetime | None
    holds_notice: bool

    def is_late(self, today: date) -> bool:
        """True where no answer came within five working days."""
        return self.answered_at is None and self.due_on < today


@dataclass(frozen=True, slots=True)
class Handled:
    """How complaints were handled: how many came, were right, were put right, and how fast the answer was."""

    received: int
    decided: int
    upheld: int
    put_right: int
    answered: int
    answered_in_time: int
    late: int
    median_days: int | None
    # Recorded as suspected fraud, and of these reported to the police (R-V6).
    suspected: int
    reported: int


def find_subject(typed: str) -> Subject | None:
    """What the public knows under this code, or None: a need, a gift or a posted notice."""
    parsed = parse_code(typed)
    if parsed is None:
        return None
    prefix, code = parsed
    if prefix is Prefix.NEED and (need := find_public_need(code)) is not None:
        return Subject(code, need.division_code, need=need)
    if prefix is Prefix.GIFT and (pledge := find_pledge(code)) is not None and pledge.accepted_at is not None:
        return Subject(code, pledge.need.division_code, pledge=pledge)
    if prefix is Prefix.NOTICE:
        return _notice_subject(code)
    return None


def _notice_subject(code: str) -> Subject | None:
    notice = db.session.scalar(sa.select(Notice).where(Notice.code == code, Notice.posted_at.is_not(None)))
    if notice is None:
        return None
    return Subject(code, notice.division_code, notice=notice, shown=get_public_notice(code))


def get_grievance(code: str, *, actor: Actor) -> Grievance:
    """A complaint for its handlers; NotFound for whoever it is about, whoever serves under them, and elsewhere."""
    grievance = _find(code)
    if grievance is None:
        raise NotFound(_HIDDEN)
    policy.ensure_can_read(actor, grievance)
    return grievance


def get_ticket(code: str) -> Ticket:
    """How a complaint stands, for whoever has its ticket; NotFound where there is none."""
    found = _find(code)
    if found is None:
        raise NotFound("There is no ticket with this code. Check every letter and digit.")
    hidden = [need.code for need in _may_be_named(found) if not is_public(need)]
    return Ticket(
        code=found.code,
        cause=found.cause,
        subject_code=subject_code(found),
        state=found.state,
        received_at=found.received_at,
        due_on=found.due_on,
        assigned_at=found.assigned_at,
        answered_at=found.answered_at,
        answer=_without(found.answer, hidden),
        decided_at=found.decided_at,
        is_upheld=found.is_upheld,
        decision_reason=_without(found.decision_reason, hidden),
        put_right=_without(found.put_right, hidden),
        closed_at=found.closed_at,
        holds_notice=found.held_notice_id is not None,
    )


def subject_code(grievance: Grievance) -> str:
    """The public code of what it is about; empty for a place, and for a need that is no longer public."""
    if grievance.need is not None:
        return grievance.need.code if is_public(grievance.need) else ""
    about = grievance.pledge or grievance.notice
    return about.code if about is not None else ""


def _may_be_named(grievance: Grievance) -> list[Need]:
    """The needs that it touches, and the others of its notice."""
    entries = grievance.notice.entries if grievance.notice is not None else []
    return [*policy.needs_of(grievance), *(entry.need for entry in entries if entry.need is not None)]


def _without(text: str, codes: list[str]) -> str:
    """What a handler wrote, without the codes that no public page names any more."""
    for code in codes:
        text = text.replace(code, "…")
    return text


def find_by_key(client_key: str) -> Grievance | None:
    """The complaint that this form has made already, or None."""
    return db.session.scalar(sa.select(Grievance).where(Grievance.client_key == client_key))


def list_grievances(actor: Actor, *, today: date, decided: bool = False, limit: int = 100) -> list[Grievance]:
    """Cases that this handler may read: undecided ones by their due day, the overdue first; or the decided, latest."""
    chosen = sa.select(Grievance).where(readable(actor)).options(selectinload(Grievance.need))
    if decided:
        chosen = chosen.where(Grievance.state.not_in(_UNDECIDED)).order_by(
            (Grievance.state == GrievanceState.CLOSED), Grievance.decided_at.desc(), Grievance.id.desc()
        )
    else:
        overdue = sa.case((sa.and_(Grievance.state.in_(_UNANSWERED), Grievance.due_on < today), 0), else_=1)
        chosen = chosen.where(Grievance.state.in_(_UNDECIDED)).order_by(overdue, Grievance.due_on, Grievance.id)
    return list(db.session.scalars(chosen.limit(limit)))


def count_open(actor: Actor, *, today: date) -> tuple[int, int]:
    """(undecided, of these overdue) for this handler."""
    late = sa.and_(Grievance.state.in_(_UNANSWERED), Grievance.due_on < today)
    chosen = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((late, 1), else_=0)), 0))
    undecided, overdue = db.session.execute(
        chosen.select_from(Grievance).where(readable(actor), Grievance.state.in_(_UNDECIDED))
    ).one()
    return undecided, overdue


def objections_to(notice: Notice) -> list[Grievance]:
    """What was objected to a notice, the latest first; for staff who may read the notice: codes and states."""
    chosen = sa.select(Grievance).where(
        sa.or_(Grievance.notice_id == notice.id, Grievance.held_notice_id == notice.id),
        Grievance.named_division.is_(None),
    )
    return list(db.session.scalars(chosen.order_by(Grievance.id.desc())))


def upheld_about(need: Need) -> list[Grievance]:
    """Complaints about a need, or a gift to it, that were right: its donors and its clerk are told."""
    pledges = sa.select(Pledge.id).where(Pledge.need_id == need.id)
    lines = sa.select(NoticeEntry.id, NoticeEntry.notice_id).where(NoticeEntry.need_id == need.id).subquery()
    is_whole = sa.and_(Grievance.entry_id.is_(None), Grievance.notice_id.in_(sa.select(lines.c.notice_id)))
    is_line = Grievance.entry_id.in_(sa.select(lines.c.id))
    chosen = sa.select(Grievance).where(
        Grievance.is_upheld.is_(True),
        sa.or_(Grievance.need_id == need.id, Grievance.pledge_id.in_(pledges), is_line, is_whole),
    )
    return list(db.session.scalars(chosen.order_by(Grievance.decided_at, Grievance.id)))


def handled(*, today: date) -> Handled:
    """The count over all complaints, for the public; days are calendar days from receipt to answer."""
    rows = db.session.execute(
        sa.select(
            Grievance.state,
            Grievance.is_upheld,
            Grievance.received_at,
            Grievance.answered_at,
            Grievance.due_on,
        )
    ).all()
    answers = [(china_day(row.answered_at), row.due_on, china_day(row.received_at)) for row in rows if row.answered_at]
    days = [(answered - received).days for answered, _, received in answers]
    return Handled(
        received=len(rows),
        decided=sum(row.is_upheld is not None for row in rows),
        upheld=sum(row.is_upheld is True for row in rows),
        put_right=sum(row.is_upheld is True and row.state is GrievanceState.CLOSED for row in rows),
        answered=len(answers),
        answered_in_time=sum(answered <= due for answered, due, _ in answers),
        late=sum(row.answered_at is None and row.due_on < today for row in rows),
        median_days=int(median(days)) if days else None,
        suspected=db.session.scalar(sa.select(sa.func.count()).select_from(FraudCase)) or 0,
        reported=db.session.scalar(sa.select(sa.func.count(PoliceNote.reported_on))) or 0,
    )


def _find(code: str) -> Grievance | None:
    return db.session.scalar(sa.select(Grievance).where(Grievance.code == folded(code)))


def folded(typed: str) -> str:
    """A ticket as people type it, in its own form: ``k7qp 3xwd`` is ``K7QP-3XWD``."""
    plain = "".join(c for c in fold(typed) if c.isascii() and c.isalnum())
    return f"{plain[:4]}-{plain[4:]}"


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The condition for complaints that this handler may read, as policy.ensure_can_read has it."""
    place = sa.func.coalesce(Grievance.named_division, Grievance.division_code)
    areas = actor.areas(Permission.GRIEVANCE_HANDLE)
    within = (place.between(area.ljust(CODE_LENGTH, "0"), area.ljust(CODE_LENGTH, "9")) for area in areas)
    named = Grievance.named_division.in_(policy.reach_of_staff(actor))
    return sa.and_(sa.or_(sa.false(), *within), sa.or_(Grievance.named_division.is_(None), ~named))
