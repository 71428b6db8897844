"""Signals of collusion (红旗): decisions and postings that look as if nobody had really looked.

The rules find, in ``signal_decisions``, ``signal_postings`` and ``signal_reveals``; a person decides what a signal
means (F2).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.accounts.queries import is_below
from marketplace.audit import service as audit
from marketplace.core.actor import SYSTEM, Actor, ensure_can
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.db.clock import CHINA, china_day
from marketplace.needs.deciding import LONGEST_NOTE
from marketplace.needs.desk import in_areas
from marketplace.needs.review_models import ReviewSignal, SignalKind
from marketplace.needs.signal_decisions import Found, of_decisions
from marketplace.needs.signal_postings import of_postings
from marketplace.needs.signal_reveals import of_reveals
from marketplace.relatives.queries import is_same_person

LOOKED_BACK = timedelta(days=92)


def find_signals(*, now: datetime, by: Actor) -> int:
    """Look through the last quarter's decisions and postings and keep what is new; returns how many signals are new."""
    since = now - LOOKED_BACK
    found = [*of_decisions(since=since), *of_postings(since=since, now=now), *of_reveals(since=since)]
    return _keep(found, now=now, by=by)


def note_reveals(*, by: Actor, now: datetime) -> int:
    """Raise the signal about whoever has just looked into very many households, without waiting for the night (P5)."""
    midnight = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    found = of_reveals(since=midnight, user_id=by.user_id)
    return _keep(found, now=now, by=SYSTEM) if found else 0


def note_demand(demand: str, *, user_id: int, division: str, code: str, by: Actor, now: datetime) -> bool:
    """Raise the signal about a donor who asks for what nobody may ask for with a need (fraud 29); one for each day."""
    found = Found(
        kind=SignalKind.DEMAND,
        user_id=user_id,
        other_user_id=user_id,
        division=division,
        span=china_day(now).isoformat(),
        cases=(code,),
        figures={"cases": 1},
    )
    audit.record(
        by, "signal.demand", subject="need", subject_id=None, at=now, division=division, code=code, asks=demand
    )
    return bool(_keep([found], now=now, by=SYSTEM))


def _keep(found: Sequence[Found], *, now: datetime, by: Actor) -> int:
    """Add what is not known yet."""
    same = (ReviewSignal.kind, ReviewSignal.user_id, ReviewSignal.other_user_id, ReviewSignal.span)
    known = {tuple(row) for row in db.session.execute(sa.select(*same))}
    new = [each for each in found if (each.kind, each.user_id, each.other_user_id, each.span) not in known]
    db.session.add_all(_row(each, now) for each in new)
    db.session.flush()
    if new:
        audit.record(by, "signal.find", subject="review_signal", subject_id=None, at=now, found=len(new))
    return len(new)


def close_signal(signal_id: int, *, reason: str, by: Actor, now: datetime) -> ReviewSignal:
    """Say what was found and close it; never the person it names, nor anybody who works under that person (F2)."""
    signal = db.session.get(ReviewSignal, signal_id)
    if signal is None or not by.can(Permission.SIGNAL_READ, signal.division_code):
        raise NotFound("There is no such signal.")
    ensure_can(by, Permission.SIGNAL_CLOSE, signal.division_code)
    _ensure_is_free(signal, by)
    if not reason.strip():
        raise Invalid("Write what you found.", field="reason")
    if signal.closed_at is not None:
        raise Conflict("Somebody else has closed this signal.")
    signal.closed_at, signal.closed_by = now, by.user_id
    signal.closing_reason = reason.strip()[:LONGEST_NOTE]
    db.session.flush()
    audit.record(
        by, "signal.close", subject="review_signal", subject_id=signal.id, at=now, division=signal.division_code
    )
    return signal


def count_signals(actor: Actor) -> int:
    """How many open signals this person may close."""
    return len(list_signals(actor=actor)) if actor.has(Permission.SIGNAL_CLOSE) else 0


def list_signals(*, actor: Actor, closed: bool = False) -> list[ReviewSignal]:
    """The signals of the actor's area, never one that names the actor; the latest first."""
    areas = actor.areas(Permission.SIGNAL_READ)
    if not areas:
        return []
    stands = ReviewSignal.closed_at.is_not(None) if closed else ReviewSignal.closed_at.is_(None)
    chosen = sa.select(ReviewSignal).where(stands, in_areas(ReviewSignal.division_code, areas))
    rows = db.session.scalars(chosen.order_by(ReviewSignal.found_at.desc(), ReviewSignal.id.desc()))
    return [row for row in rows if not _names(row, actor)]


def _ensure_is_free(signal: ReviewSignal, by: Actor) -> None:
    if _names(signal, by):
        raise Forbidden("This signal names you: somebody else looks into it.")
    if is_below(by, {signal.user_id, signal.other_user_id}):
        raise Forbidden("This signal names somebody above you: somebody else looks into it.")


def _names(signal: ReviewSignal, actor: Actor) -> bool:
    if actor.user_id is None:
        return False
    return any(is_same_person(actor.user_id, named) for named in {signal.user_id, signal.other_user_id})


def _row(found: Found, now: datetime) -> ReviewSignal:
    return ReviewSignal(
        kind=found.kind,
        user_id=found.user_id,
        other_user_id=found.other_user_id,
        division_code=found.division,
        span=found.span,
        cases=list(found.cases),
        figures=found.figures,
        found_at=now,
    )
