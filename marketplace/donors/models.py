"""Donors, what they want to give, and whom they are related to."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import DonorType
from marketplace.db import Base, BlindIndex, EncryptedText, UtcDateTime, enum_column


class Donor(Base):
    """Who gives (爱心人士, 企业, 社会组织 ...)."""

    __tablename__ = "donor"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), unique=True)
    donor_type: Mapped[DonorType] = mapped_column(enum_column(DonorType), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    credit_code: Mapped[str | None] = mapped_column(sa.String(18), unique=True)
    # A unit's contact number; a person's stands on the user account.
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    phone_index: Mapped[bytes | None] = mapped_column(BlindIndex, index=True)
    # A public page of one's own exists only on request.
    has_public_page: Mapped[bool] = mapped_column(default=False)
    shows_name: Mapped[bool] = mapped_column(default=False)
    shows_amount: Mapped[bool] = mapped_column(default=True)
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    preference: Mapped["Preference"] = relationship(
        back_populates="donor", lazy="selectin", cascade="all, delete-orphan", single_parent=True
    )


class Preference(Base):
    """What a donor wants to give (意愿): empty lists mean "anything".

    ``budget_fen`` is what is left to promise; None where the donor states no budget. ``places`` is how many jobs and
    training places there are in all (名额), those that were promised included; None where the donor states none.
    """

    __tablename__ = "donor_preference"
    __table_args__ = (
        sa.CheckConstraint("budget_fen >= 0", name="budget_not_negative"),
        sa.CheckConstraint("places >= 0", name="places_not_negative"),
    )

    donor_id: Mapped[int] = mapped_column(sa.ForeignKey("donor.id", ondelete="CASCADE"), primary_key=True)
    kinds: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    categories: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    # Division codes of 12 digits, at any level.
    areas: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    budget_fen: Mapped[int | None] = mapped_column(sa.BigInteger)
    places: Mapped[int | None]
    words: Mapped[str] = mapped_column(sa.String(500), default="")
    personalised: Mapped[bool] = mapped_column(default=True)
    paused: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    donor: Mapped[Donor] = relationship(back_populates="preference")


class RelatedParty(Base):
    """A declared relation (亲属, 所在单位 ...) between a donor and a household or a user."""

    __tablename__ = "related_party"
    __table_args__ = (sa.CheckConstraint("(household_id IS NULL) <> (user_id IS NULL)", name="names_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(sa.ForeignKey("donor.id"), index=True)
    household_id: Mapped[int | None] = mapped_column(sa.ForeignKey("household.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    relation: Mapped[str] = mapped_column(sa.String(40))
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
