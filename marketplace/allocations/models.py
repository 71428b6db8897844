"""Proposals of the allocation: what each need would get from whom, and what people decided."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import Labelled
from marketplace.db import Base, UtcDateTime, enum_column
from marketplace.donors.models import Donor
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge


class AllocationState(Labelled):
    """Where a proposal stands (分配方案状态); nothing happens until somebody accepts."""

    OPEN = "open", "待决定"
    OFFERED = "offered", "已全部邀约"
    DISCARDED = "discarded", "已作废"


class Waiting(Labelled):
    """Why a need would get less than it asks, or all of it."""

    NOTHING = "nothing", "够了"
    NO_DONOR = "no_donor", "没有合适的爱心人士"
    USED_UP = "used_up", "合适的预算都已用在别处"
    TOO_LITTLE = "too_little", "剩下的不够一整份"


class Allocation(Base):
    """One proposal (分配方案) for an area: the figures that it was made with, and what became of it."""

    __tablename__ = "allocation"
    __table_args__ = (
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_when_decided"),
        sa.Index("ix_allocation_division_at", "division_code", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"))
    state: Mapped[AllocationState] = mapped_column(enum_column(AllocationState), default=AllocationState.OPEN)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    # None where the command line made it.
    maker_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    model_version: Mapped[str] = mapped_column(sa.String(40))
    # {"money": figures, "places": figures} as the engine defines them.
    figures: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    needs: Mapped[list["AllocationNeed"]] = relationship(order_by="AllocationNeed.id", viewonly=True)
    parts: Mapped[list["AllocationPart"]] = relationship(order_by="AllocationPart.id", viewonly=True)


class AllocationNeed(Base):
    """What one need asked and would get: fen, or places where it asks for jobs, training or time."""

    __tablename__ = "allocation_need"
    __table_args__ = (
        sa.CheckConstraint("asked >= 0 AND given >= 0 AND given <= asked", name="given_within_asked"),
        sa.UniqueConstraint("allocation_id", "need_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    allocation_id: Mapped[int] = mapped_column(sa.ForeignKey("allocation.id"), index=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"), index=True)
    is_places: Mapped[bool]
    asked: Mapped[int] = mapped_column(sa.BigInteger)
    given: Mapped[int] = mapped_column(sa.BigInteger)
    why: Mapped[Waiting] = mapped_column(enum_column(Waiting))
    need: Mapped[Need] = relationship(viewonly=True)


class AllocationPart(Base):
    """What one donor would give to one need; an offer once somebody accepted it."""

    __tablename__ = "allocation_part"
    __table_args__ = (
        sa.CheckConstraint("value_fen >= 0", name="value_not_negative"),
        sa.CheckConstraint("score >= 0 AND score <= 100", name="score_in_points"),
        sa.UniqueConstraint("allocation_id", "need_id", "donor_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    allocation_id: Mapped[int] = mapped_column(sa.ForeignKey("allocation.id"), index=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"), index=True)
    donor_id: Mapped[int] = mapped_column(sa.ForeignKey("donor.id"), index=True)
    # [[line id, quantity], ...] in each line's own unit.
    quantities: Mapped[list[Any]] = mapped_column(sa.JSON)
    value_fen: Mapped[int] = mapped_column(sa.BigInteger)
    # Points out of 100; the terms sum to it.
    score: Mapped[int]
    terms: Mapped[list[Any]] = mapped_column(sa.JSON)
    pledge_id: Mapped[int | None] = mapped_column(sa.ForeignKey("pledge.id"), unique=True)
    donor: Mapped[Donor] = relationship(viewonly=True)
    need: Mapped[Need] = relationship(viewonly=True)
    pledge: Mapped[Pledge | None] = relationship(viewonly=True)
