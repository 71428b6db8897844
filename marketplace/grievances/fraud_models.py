"""Cases of suspected fraud (涉嫌骗捐); rows are only ever added, and the database refuses the rest."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import Labelled
from marketplace.db import Base, EncryptedText, UtcDateTime, enum_column
from marketplace.grievances.models import Grievance


class Suspicion(Labelled):
    """What is suspected (涉嫌的情形)."""

    INVENTED = "invented", "编造或隐瞒事实"
    FORGED = "forged", "伪造材料"
    FALSE_CLAIM = "false_claim", "冒名领取"
    CLAIMED_TWICE = "claimed_twice", "重复领取"
    DIVERTED = "diverted", "挪用、截留"
    COLLUSION = "collusion", "内外串通"


class FraudCase(Base):
    """What is suspected after a complaint was right, on what evidence, recorded by whom; one for each complaint."""

    __tablename__ = "fraud_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    grievance_id: Mapped[int] = mapped_column(sa.ForeignKey("grievance.id"), unique=True)
    suspicion: Mapped[Suspicion] = mapped_column(enum_column(Suspicion))
    # Both may name people: only those who handle the complaint read them.
    summary: Mapped[str] = mapped_column(EncryptedText)
    evidence: Mapped[str] = mapped_column(EncryptedText)
    # The day on which the complaint came in: nothing was reported to the police before it.
    complained_on: Mapped[date]
    opened_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    grievance: Mapped[Grievance] = relationship(viewonly=True)
    police_notes: Mapped[list["PoliceNote"]] = relationship(order_by="PoliceNote.id", viewonly=True)

    @property
    def report(self) -> "PoliceNote | None":
        """The note that says when it was reported to the police, or None."""
        return next((note for note in self.police_notes if note.reported_on is not None), None)


class PoliceNote(Base):
    """Said on a day: reported to the police on which date, under which number; or not yet, and why."""

    __tablename__ = "police_note"
    __table_args__ = (
        sa.CheckConstraint("(reported_on IS NULL) = (why_not <> '')", name="reported_or_why_not"),
        sa.CheckConstraint("reported_on IS NULL OR reported_on <= noted_on", name="not_in_the_future"),
        sa.Index(
            "uq_police_note_reported",
            "case_id",
            unique=True,
            sqlite_where=sa.text("reported_on IS NOT NULL"),
            postgresql_where=sa.text("reported_on IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("fraud_case.id"), index=True)
    reported_on: Mapped[date | None]
    # The police station and the number of its receipt (受案回执).
    reference: Mapped[str] = mapped_column(sa.String(120), default="")
    why_not: Mapped[str] = mapped_column(sa.String(300), default="")
    noted_on: Mapped[date]
    noted_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FraudTold(Base):
    """A donor was told that the need of this pledge was withdrawn: it stands on the donor's own pages since then."""

    __tablename__ = "fraud_told"
    __table_args__ = (sa.UniqueConstraint("pledge_id", "case_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("fraud_case.id"), index=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"))
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
