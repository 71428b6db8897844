"""Pledges, their lines, and what donors attach to them; one pledge is one gift to the public."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import Labelled, SupportKind
from marketplace.core.workflow import PledgeState
from marketplace.db import Base, EncryptedText, UtcDateTime, enum_column
from marketplace.donors.models import Donor
from marketplace.needs.models import Need, NeedLine


class Way(Labelled):
    """How the help travels (给付方式); the platform itself never takes money."""

    CHARITY = "charity", "转到慈善会账户"
    SHIP = "ship", "买好寄到乡镇"
    DIRECT = "direct", "自己送到村里"


class Pledge(Base):
    """A donor's promise to one need (认领); the public sees it as a gift (捐赠)."""

    __tablename__ = "pledge"
    __table_args__ = (
        sa.CheckConstraint("value_fen >= 0", name="value_not_negative"),
        sa.CheckConstraint("from_budget_fen >= 0", name="from_budget_not_negative"),
        sa.Index("ix_pledge_state_accepted", "state", "accepted_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"), index=True)
    donor_id: Mapped[int] = mapped_column(sa.ForeignKey("donor.id"), index=True)
    state: Mapped[PledgeState] = mapped_column(enum_column(PledgeState))
    # The kind of its lines; only money moves in fen, other kinds are counted in their own unit.
    kind: Mapped[SupportKind] = mapped_column(enum_column(SupportKind))
    value_fen: Mapped[int] = mapped_column(sa.BigInteger)
    way: Mapped[Way] = mapped_column(enum_column(Way))
    # The donor's will in the donor's own words, and a promise to read it before the money is used.
    intent: Mapped[str] = mapped_column(sa.String(200), default="")
    shows_name: Mapped[bool] = mapped_column(default=False)
    shows_amount: Mapped[bool] = mapped_column(default=True)
    # Worked out once at the moment of pledging from declared relations and roles.
    at_arms_length: Mapped[bool]
    # How much it took from the donor's stated budget, and gives back when it lapses or is cancelled.
    from_budget_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    client_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lines: Mapped[list["PledgeLine"]] = relationship(back_populates="pledge", order_by="PledgeLine.id")
    need: Mapped[Need] = relationship(viewonly=True)
    donor: Mapped[Donor] = relationship(viewonly=True)


class PledgeLine(Base):
    """How much of one line of the need is promised, in the line's own unit (fen for money)."""

    __tablename__ = "pledge_line"
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.CheckConstraint("released >= 0 AND released <= quantity", name="released_within_quantity"),
        sa.UniqueConstraint("pledge_id", "line_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"), index=True)
    line_id: Mapped[int] = mapped_column(sa.ForeignKey("need_line.id"), index=True)
    quantity: Mapped[int] = mapped_column(sa.BigInteger)
    # What lapsed or was cancelled before it arrived, and is open to others again.
    released: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    pledge: Mapped[Pledge] = relationship(back_populates="lines")
    need_line: Mapped[NeedLine] = relationship(viewonly=True)

    @property
    def held(self) -> int:
        """The quantity that this pledge still keeps from others."""
        return self.quantity - self.released


class ConditionState(Labelled):
    """Where a condition stands (附带条件状态)."""

    PROPOSED = "proposed", "待审核"
    ACCEPTED = "accepted", "已同意"
    REFUSED = "refused", "未同意"


class PledgeCondition(Base):
    """What a donor asks in return; the pledge stands without it until somebody else has accepted it (R-V9)."""

    __tablename__ = "pledge_condition"
    __table_args__ = (
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided_by_somebody",
        ),
        sa.CheckConstraint("state <> 'refused' OR reason <> ''", name="refused_with_a_reason"),
        # One that waits or holds for each pledge; a refused one leaves room for another.
        sa.Index(
            "uq_pledge_condition_standing",
            "pledge_id",
            unique=True,
            sqlite_where=sa.text("state <> 'refused'"),
            postgresql_where=sa.text("state <> 'refused'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"), index=True)
    words: Mapped[str] = mapped_column(EncryptedText)
    state: Mapped[ConditionState] = mapped_column(enum_column(ConditionState), default=ConditionState.PROPOSED)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Read by the donor, so that it names nobody.
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    pledge: Mapped[Pledge] = relationship(viewonly=True)
