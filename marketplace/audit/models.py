"""The audit trail: one row for each act, added and never changed (the database refuses both)."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.db import Base, UtcDateTime


class AuditEntry(Base):
    """Who did what to which record, when; ``detail`` holds no personal datum."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index("ix_audit_entry_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(sa.String(40))
    subject_type: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    division_code: Mapped[str | None] = mapped_column(sa.String(12), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
