"""What happened to a pledge after it was made; money events stand in the ledger, these say what was seen."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import Labelled
from marketplace.db import Base, UtcDateTime, enum_column


class ConfirmerKind(Labelled):
    """Who confirms (确认人)."""

    HOUSEHOLD = "household", "农户"
    SECOND = "second", "第二人"


class ConfirmHow(Labelled):
    """By which way a confirmation came."""

    SLIP = "slip", "凭纸条短码"
    OWN_ACCOUNT = "own_account", "本人账号"
    VISIT = "visit", "到户查看"


class Witness(Labelled):
    """Who saw the hand-over (见证人): a role, never a name."""

    WORK_TEAM = "work_team", "驻村工作队员"
    FIRST_SECRETARY = "first_secretary", "第一书记"
    SUPERVISOR = "supervisor", "村务监督员"
    GROUP_HEAD = "group_head", "村民小组长"
    VILLAGER = "villager", "村民代表"
    TEACHER = "teacher", "学校老师"
    DOCTOR = "doctor", "村医"


class Receipt(Base):
    """Help that arrived where it was promised (到位): in fen for money, in value for goods."""

    __tablename__ = "receipt"
    __table_args__ = (sa.CheckConstraint("value_fen >= 0", name="value_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"), index=True)
    value_fen: Mapped[int] = mapped_column(sa.BigInteger)
    custodian: Mapped[str] = mapped_column(sa.String(120))
    voucher_no: Mapped[str] = mapped_column(sa.String(60))
    entry_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ledger_entry.id"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    lines: Mapped[list["ReceiptLine"]] = relationship(order_by="ReceiptLine.id", cascade="all, delete-orphan")


class ReceiptLine(Base):
    """How much of one line of the need a receipt brought, in the line's own unit (fen for money)."""

    __tablename__ = "receipt_line"
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.UniqueConstraint("receipt_id", "line_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(sa.ForeignKey("receipt.id"), index=True)
    line_id: Mapped[int] = mapped_column(sa.ForeignKey("need_line.id"), index=True)
    quantity: Mapped[int] = mapped_column(sa.BigInteger)


class Use(Base):
    """Money spent, with its voucher (使用): what was bought, from whom, for how much."""

    __tablename__ = "use_of_gift"
    __table_args__ = (sa.CheckConstraint("amount_fen > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"), index=True)
    what: Mapped[str] = mapped_column(sa.String(120))
    # A kind of payee ("县供销社"), never a private person's name.
    payee: Mapped[str] = mapped_column(sa.String(120))
    voucher_no: Mapped[str] = mapped_column(sa.String(60))
    photo_id: Mapped[int | None] = mapped_column(sa.ForeignKey("photo.id"))
    amount_fen: Mapped[int] = mapped_column(sa.BigInteger)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.id"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class GivenBack(Base):
    """What one receipt brought, all of it, given back to the donor (退回) because the need was withdrawn.

    The database takes no second one that stands, none by whoever recorded the receipt or gave, and none for a need
    that goes on; rows are only ever added.
    """

    __tablename__ = "given_back"
    __table_args__ = (
        sa.CheckConstraint("length(reason) > 0", name="has_reason"),
        sa.CheckConstraint("length(voucher_no) > 0", name="has_voucher"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(sa.ForeignKey("receipt.id"), index=True)
    # The donor reads it.
    reason: Mapped[str] = mapped_column(sa.String(200))
    # Of the payment, the waybill, or the paper that the donor signed.
    voucher_no: Mapped[str] = mapped_column(sa.String(60))
    photo_id: Mapped[int | None] = mapped_column(sa.ForeignKey("photo.id"))
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.id"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))


class Delivery(Base):
    """Goods or a service handed over (送达), with a photo of the thing."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"), unique=True)
    photo_id: Mapped[int] = mapped_column(sa.ForeignKey("photo.id"))
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    witness: Mapped[Witness] = mapped_column(enum_column(Witness))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))


class Confirmation(Base):
    """An answer of the household or of a second person (确认); the database takes one "arrived" of each kind."""

    __tablename__ = "confirmation"
    __table_args__ = (
        sa.Index(
            "uq_confirmation_arrived",
            "pledge_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("arrived"),
            postgresql_where=sa.text("arrived"),
        ),
        sa.CheckConstraint("kind <> 'second' OR user_id IS NOT NULL", name="second_is_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"), index=True)
    kind: Mapped[ConfirmerKind] = mapped_column(enum_column(ConfirmerKind))
    how: Mapped[ConfirmHow] = mapped_column(enum_column(ConfirmHow))
    # What somebody says may be that nothing arrived: that is kept too, and never counts as confirmed.
    arrived: Mapped[bool]
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Feedback(Base):
    """Thanks and the report of use to the donor (反馈)."""

    __tablename__ = "feedback"
    __table_args__ = (sa.CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5", name="rating_range"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(sa.ForeignKey("pledge.id"), unique=True)
    words: Mapped[str] = mapped_column(sa.String(300))
    rating: Mapped[int | None]
    may_publish: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))


class FollowUp(Base):
    """Two questions some time after the delivery (回访): is the help still of use, is it still needed."""

    __tablename__ = "follow_up"
    __table_args__ = (
        sa.CheckConstraint("days IN (30, 90, 365)", name="days_known"),
        sa.CheckConstraint("kind <> 'second' OR user_id IS NOT NULL", name="second_is_known"),
        sa.UniqueConstraint("need_id", "days"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"))
    # How many days after the delivery it asks about.
    days: Mapped[int]
    # Who answered: the household itself, or staff who went to ask it.
    kind: Mapped[ConfirmerKind] = mapped_column(enum_column(ConfirmerKind))
    how: Mapped[ConfirmHow] = mapped_column(enum_column(ConfirmHow))
    still_useful: Mapped[bool]
    still_needed: Mapped[bool]
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
