"""Write audit rows; the only writer of the table."""

from datetime import datetime

from marketplace.audit.models import AuditEntry
from marketplace.core.actor import Actor
from marketplace.db import db


def record(
    actor: Actor,
    action: str,
    *,
    subject: str,
    subject_id: int | None,
    at: datetime,
    division: str | None = None,
    **detail: str | int | bool | list[str] | None,
) -> AuditEntry:
    """Add one act to the trail; ``detail`` must hold codes and numbers, never a name, phone or ID."""
    entry = AuditEntry(
        at=at,
        user_id=actor.user_id,
        action=action,
        subject_type=subject,
        subject_id=subject_id,
        division_code=division,
        detail=detail,
    )
    db.session.add(entry)
    return entry
