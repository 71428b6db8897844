"""Notices, what stands on them, and the photos of the board on which they were posted."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import Labelled
from marketplace.core.workflow import NoticeState
from marketplace.db import Base, UtcDateTime, enum_column
from marketplace.households.models import StatusProposal
from marketplace.media.models import Photo
from marketplace.needs.models import Need

# A notice hangs at least so many days after the day of its posting.
SHORTEST_DAYS = 5
ENTRY_DAYS = 7
LONGEST_DAYS = 60


class NoticeKind(Labelled):
    """What a notice is about (公示事项)."""

    STATUS = "status", "农户状态变更"
    NEED = "need", "需求"


class Notice(Base):
    """A notice of one village; the public knows it by its random code and reads the township only."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.CheckConstraint(f"days BETWEEN {SHORTEST_DAYS} AND {LONGEST_DAYS}", name="long_enough"),
        sa.CheckConstraint("open_objections >= 0", name="objections_not_negative"),
        # Whatever the code does: a notice with an open objection cannot be closed.
        sa.CheckConstraint("state <> 'closed' OR open_objections = 0", name="objections_hold"),
        sa.CheckConstraint("state <> 'open' OR posted_at IS NOT NULL", name="open_is_posted"),
        sa.CheckConstraint("(posted_at IS NULL) = (ends_on IS NULL)", name="end_counts_from_posting"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    kind: Mapped[NoticeKind] = mapped_column(enum_column(NoticeKind))
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    days: Mapped[int]
    # Where the rule asks for names on the board: masked, on a page of their own, gone after the end.
    shows_names: Mapped[bool] = mapped_column(default=False)
    state: Mapped[NoticeState] = mapped_column(enum_column(NoticeState), default=NoticeState.PLANNED, index=True)
    # How many objections nobody has decided on yet; grievances count them here.
    open_objections: Mapped[int] = mapped_column(default=0)
    planned_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    planned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    posted_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    posted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The last day on which the notice hangs.
    ends_on: Mapped[date | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    entries: Mapped[list["NoticeEntry"]] = relationship(back_populates="notice", order_by="NoticeEntry.position")
    boards: Mapped[list["BoardPhoto"]] = relationship(order_by="BoardPhoto.id", viewonly=True)


class NoticeEntry(Base):
    """One line of a notice: a proposed change of status, or a need."""

    __tablename__ = "notice_entry"
    __table_args__ = (
        sa.UniqueConstraint("notice_id", "position"),
        sa.CheckConstraint("(proposal_id IS NULL) <> (need_id IS NULL)", name="one_subject"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(sa.ForeignKey("notice.id"), index=True)
    position: Mapped[int]
    proposal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("household_status_proposal.id"), index=True)
    need_id: Mapped[int | None] = mapped_column(sa.ForeignKey("need.id"), index=True)
    notice: Mapped[Notice] = relationship(back_populates="entries")
    proposal: Mapped[StatusProposal | None] = relationship()
    need: Mapped[Need | None] = relationship()


class BoardPhoto(Base):
    """A photo of the posted board with the digest of the archived file; the database refuses any change."""

    __tablename__ = "notice_board_photo"
    __table_args__ = (sa.CheckConstraint("length(sha256) = 32", name="whole_digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(sa.ForeignKey("notice.id"), index=True)
    photo_id: Mapped[int] = mapped_column(sa.ForeignKey("photo.id"), unique=True)
    # SHA-256 of the archived JPEG: whoever has the file can tell that it is still the same.
    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    taken_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    photo: Mapped[Photo] = relationship()
