"""Complaints and objections; what was written is ciphertext, and no address is kept."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.divisions import Level
from marketplace.core.kinds import Labelled
from marketplace.core.workflow import GrievanceState
from marketplace.db import Base, EncryptedText, UtcDateTime, enum_column
from marketplace.media.models import Photo
from marketplace.needs.models import Need
from marketplace.notices.models import Notice, NoticeEntry
from marketplace.pledges.models import Pledge


class Cause(Labelled):
    """What is complained of (举报事项)."""

    UNTRUE = "untrue", "情况不属实"
    FALSE_CLAIM = "false_claim", "虚报冒领"
    DIVERTED = "diverted", "挪用"
    WITHHELD = "withheld", "截留克扣"
    NOT_ARRIVED = "not_arrived", "没有收到"
    LEFT_OUT = "left_out", "该纳入的没有纳入"
    PRIVACY = "privacy", "泄露隐私"
    CONDUCT = "conduct", "工作人员作风"
    OTHER = "other", "其他"


class StaffLevel(Labelled):
    """Staff of which level a complaint is about (被反映人所在层级)."""

    VILLAGE = "village", "村里的人"
    TOWNSHIP = "township", "乡镇的人"
    COUNTY = "county", "县里的人"

    @property
    def level(self) -> Level:
        """The level of the tree."""
        return Level(self.value)


class Grievance(Base):
    """One complaint or objection; its code is the ticket with which anybody reads how it stands."""

    __tablename__ = "grievance"
    __table_args__ = (
        sa.CheckConstraint(
            "CASE WHEN need_id IS NULL THEN 0 ELSE 1 END + CASE WHEN pledge_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN notice_id IS NULL THEN 0 ELSE 1 END <= 1",
            name="one_subject",
        ),
        sa.CheckConstraint("entry_id IS NULL OR notice_id IS NOT NULL", name="entry_of_a_notice"),
        sa.CheckConstraint("(about_staff IS NULL) = (named_division IS NULL)", name="staff_has_a_place"),
        sa.CheckConstraint("state = 'received' OR assigned_to IS NOT NULL", name="somebody_answers"),
        sa.CheckConstraint("state IN ('received', 'assigned') OR answer <> ''", name="answered_in_words"),
        sa.CheckConstraint(
            "(state IN ('upheld', 'dismissed', 'closed')) = (is_upheld IS NOT NULL)", name="decided_before_closed"
        ),
        sa.CheckConstraint("is_upheld IS NULL OR held_notice_id IS NULL", name="decided_holds_nothing"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(9), unique=True)
    client_key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    cause: Mapped[Cause] = mapped_column(enum_column(Cause))
    need_id: Mapped[int | None] = mapped_column(sa.ForeignKey("need.id"), index=True)
    pledge_id: Mapped[int | None] = mapped_column(sa.ForeignKey("pledge.id"), index=True)
    notice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("notice.id"), index=True)
    # The line of the notice that is meant; None means all of it.
    entry_id: Mapped[int | None] = mapped_column(sa.ForeignKey("notice_entry.id"))
    # The notice that cannot be closed before this is decided.
    held_notice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("notice.id"))
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    # The sensitive channel: only somebody above this division may read and decide (F2).
    about_staff: Mapped[StaffLevel | None] = mapped_column(enum_column(StaffLevel))
    named_division: Mapped[str | None] = mapped_column(sa.ForeignKey("division.code"))
    words: Mapped[str] = mapped_column(EncryptedText)
    contact: Mapped[str | None] = mapped_column(EncryptedText)
    photo_id: Mapped[int | None] = mapped_column(sa.ForeignKey("photo.id"))
    state: Mapped[GrievanceState] = mapped_column(enum_column(GrievanceState), default=GrievanceState.RECEIVED)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The last day for the answer: five working days (R-D14).
    due_on: Mapped[date]
    assigned_to: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    assigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Read by whoever has the ticket, so it names nobody.
    answer: Mapped[str] = mapped_column(sa.String(600), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_upheld: Mapped[bool | None]
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_reason: Mapped[str] = mapped_column(sa.String(300), default="")
    put_right: Mapped[str] = mapped_column(sa.String(300), default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    need: Mapped[Need | None] = relationship()
    pledge: Mapped[Pledge | None] = relationship()
    notice: Mapped[Notice | None] = relationship(foreign_keys=[notice_id])
    entry: Mapped[NoticeEntry | None] = relationship()
    photo: Mapped[Photo | None] = relationship()

    @property
    def place(self) -> str:
        """The division that decides who may handle it: that of the staff it is about, else where it happened."""
        return self.named_division or self.division_code
