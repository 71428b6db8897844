"""Who looked behind the masks of very many households on one day (P5, fraud rule 16).

The trail holds each look with its reason, and one flag a day for whoever looked more often than is usual.
"""

from datetime import datetime, time, timedelta

import sqlalchemy as sa

from marketplace.audit.models import AuditEntry
from marketplace.core.divisions import Level, at_level
from marketplace.db import db
from marketplace.db.clock import CHINA, china_day
from marketplace.households.service import REVEAL, REVEAL_FLAG
from marketplace.needs.review_models import ReviewSignal, SignalKind
from marketplace.needs.signal_decisions import Found


def of_reveals(*, since: datetime, user_id: int | None = None) -> list[Found]:
    """A person, on one day in China: the flags since then, of everybody or of one person."""
    flags = sa.select(AuditEntry).where(AuditEntry.action == REVEAL_FLAG, AuditEntry.at >= since)
    if user_id is not None:
        flags = flags.where(AuditEntry.user_id == user_id)
    rows = db.session.scalars(flags.order_by(AuditEntry.id))
    return [_found(row.user_id, row.at) for row in rows if row.user_id is not None]


def list_reveals(signal: ReviewSignal) -> list[AuditEntry]:
    """Every look of that person on that day, from the trail: when, at whom, why; none for other kinds of signals."""
    if signal.kind is not SignalKind.REVEALS:
        return []
    return _looks(signal.user_id, datetime.combine(datetime.fromisoformat(signal.span), time(), CHINA))


def _found(user: int, at: datetime) -> Found:
    day = china_day(at)
    looks = _looks(user, datetime.combine(day, time(), CHINA))
    codes = tuple(dict.fromkeys(str(look.detail["code"]) for look in looks))
    place = at_level(looks[0].division_code or "", Level.TOWNSHIP)
    return Found(SignalKind.REVEALS, user, user, place, day.isoformat(), codes, {"cases": len(looks)})


def _looks(user: int, midnight: datetime) -> list[AuditEntry]:
    chosen = sa.select(AuditEntry).where(
        AuditEntry.user_id == user,
        AuditEntry.action == REVEAL,
        AuditEntry.at >= midnight,
        AuditEntry.at < midnight + timedelta(days=1),
    )
    return list(db.session.scalars(chosen.order_by(AuditEntry.id)))
