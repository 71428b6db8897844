"""Stored photos: what was kept of an upload and who may see it."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.db import Base, UtcDateTime


class Photo(Base):
    """A re-encoded picture under a random name; the upload itself is dropped, its digest stays."""

    __tablename__ = "photo"
    __table_args__ = (
        sa.CheckConstraint("width > 0 AND height > 0 AND size_bytes > 0", name="not_empty"),
        # A second person ticks "no face, no document, no address plate" before the public sees it.
        sa.CheckConstraint("checked_by IS NULL OR checked_by <> uploaded_by", name="second_person"),
        sa.CheckConstraint("NOT is_public OR checked_at IS NOT NULL", name="public_is_checked"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(sa.String(43), unique=True)
    upload_sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    # The village or other division that the photo belongs to; who may see it follows from this.
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"))
    caption: Mapped[str] = mapped_column(sa.String(120), default="")
    uploaded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_public: Mapped[bool] = mapped_column(default=False)
