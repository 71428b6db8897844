"""Declared relations between a member of staff and a household, a colleague or a person."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.kinds import Labelled
from marketplace.db import Base, BlindIndex, UtcDateTime, enum_column


class Kinship(Labelled):
    """How two people are related (关系)."""

    SPOUSE = "spouse", "配偶"
    PARENT_CHILD = "parent_child", "父母、子女"
    SIBLING = "sibling", "兄弟姐妹"
    OTHER_KIN = "other_kin", "其他亲属"
    SAME_HOME = "same_home", "同住"
    BUSINESS = "business", "有生意或借贷往来"


class StaffRelative(Base):
    """A relation that bars from deciding (亲属申报); ended by a date and by somebody else, never deleted."""

    __tablename__ = "staff_relative"
    __table_args__ = (
        sa.CheckConstraint(
            "(household_id IS NOT NULL AND other_user_id IS NULL AND id_index IS NULL)"
            " OR (household_id IS NULL AND other_user_id IS NOT NULL AND id_index IS NULL)"
            " OR (household_id IS NULL AND other_user_id IS NULL AND id_index IS NOT NULL)",
            name="names_one",
        ),
        sa.CheckConstraint("other_user_id <> user_id", name="not_oneself"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        sa.CheckConstraint("ended_by <> user_id", name="never_ended_by_oneself"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    household_id: Mapped[int | None] = mapped_column(sa.ForeignKey("household.id"), index=True)
    other_user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    # Keyed trace of a relative's ID number: meets the register without telling whether the person is in it.
    id_index: Mapped[bytes | None] = mapped_column(BlindIndex, index=True)
    kinship: Mapped[Kinship] = mapped_column(enum_column(Kinship))
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    declared_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
