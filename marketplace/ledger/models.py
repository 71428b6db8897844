"""The book: accounts, entries, lines and the running totals of each subject, all in fen or whole units."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import Labelled
from marketplace.db import Base, UtcDateTime, enum_column

# The unit of money; goods are booked in their own unit (床, 台 ...) and never mix with it.
FEN = "fen"


class AccountRole(Labelled):
    """What an account stands for."""

    DONOR = "donor", "捐赠人"
    PROMISE = "promise", "承诺"
    CUSTODY = "custody", "保管"
    HANDED = "handed", "已拨付"
    SPENT = "spent", "已使用"


class EntryKind(Labelled):
    """What an entry records."""

    PLEDGE = "pledge", "承诺"
    RELEASE = "release", "解除"
    RECEIVE = "receive", "到位"
    DISBURSE = "disburse", "拨付"
    USE = "use", "使用"
    RETURN = "return", "退回"
    REVERSE = "reverse", "冲正"


class LedgerAccount(Base):
    """One account: a role held by somebody (a donor's code, a unit's name, a place), in one unit."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        sa.UniqueConstraint("role", "holder", "unit"),
        # Lets a line's foreign key carry the unit, so that units cannot mix.
        sa.UniqueConstraint("id", "unit"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[AccountRole] = mapped_column(enum_column(AccountRole))
    holder: Mapped[str] = mapped_column(sa.String(160))
    unit: Mapped[str] = mapped_column(sa.String(16), default=FEN)


class LedgerEntry(Base):
    """One event of a gift or agreement: a set of lines, each from one account to another."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        sa.Index("ix_ledger_entry_subject", "subject_type", "subject_id"),
        sa.CheckConstraint("(kind = 'reverse') = (reverses_id IS NOT NULL)", name="reverse_names_one"),
        sa.CheckConstraint("kind <> 'reverse' OR length(reason) > 0", name="reverse_has_reason"),
        sa.CheckConstraint(
            "kind <> 'reverse' OR (approved_by IS NOT NULL AND approved_by <> actor_id)",
            name="reverse_has_second_person",
        ),
    )

    # Sequence number; never reused, so a hole would show.
    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(enum_column(EntryKind))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    subject_type: Mapped[str] = mapped_column(sa.String(20))
    subject_id: Mapped[int]
    # The donor's will: what the money may be used for, as a code such as "need:XQ-…" or "channel:central".
    earmark: Mapped[str] = mapped_column(sa.String(80))
    # The caller's own key: the same request sent twice makes one entry.
    client_key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    request_sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    voucher_no: Mapped[str] = mapped_column(sa.String(60), default="")
    evidence_sha256: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ledger_entry.id"), unique=True)
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    actor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    approved_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    lines: Mapped[list["LedgerLine"]] = relationship(back_populates="entry", lazy="selectin", order_by="LedgerLine.id")


class LedgerLine(Base):
    """An amount taken from one account and put into another: two postings that sum to zero by construction."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="amount_positive"),
        sa.CheckConstraint("from_account_id <> to_account_id", name="moves"),
        sa.ForeignKeyConstraint(["from_account_id", "unit"], ["ledger_account.id", "ledger_account.unit"]),
        sa.ForeignKeyConstraint(["to_account_id", "unit"], ["ledger_account.id", "ledger_account.unit"]),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.id"), index=True)
    from_account_id: Mapped[int] = mapped_column(index=True)
    to_account_id: Mapped[int] = mapped_column(index=True)
    unit: Mapped[str] = mapped_column(sa.String(16), default=FEN)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    memo: Mapped[str] = mapped_column(sa.String(120), default="")
    entry: Mapped[LedgerEntry] = relationship(back_populates="lines")
    source: Mapped[LedgerAccount] = relationship(
        primaryjoin="LedgerLine.from_account_id == LedgerAccount.id",
        foreign_keys=[from_account_id],
        viewonly=True,
        lazy="joined",
    )
    target: Mapped[LedgerAccount] = relationship(
        primaryjoin="LedgerLine.to_account_id == LedgerAccount.id",
        foreign_keys=[to_account_id],
        viewonly=True,
        lazy="joined",
    )


class LedgerBalance(Base):
    """Running totals of one subject in one unit; the database refuses a total that breaks the order of events.

    pledged - released covers received; received - returned covers disbursed; disbursed covers used.
    """

    __tablename__ = "ledger_balance"
    __table_args__ = (
        sa.CheckConstraint(
            "pledged >= 0 AND released >= 0 AND received >= 0 AND disbursed >= 0 AND used >= 0 AND returned >= 0",
            name="not_negative",
        ),
        sa.CheckConstraint("received + released <= pledged", name="received_within_pledged"),
        sa.CheckConstraint("disbursed + returned <= received", name="disbursed_within_received"),
        sa.CheckConstraint("used <= disbursed", name="used_within_disbursed"),
    )

    subject_type: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(sa.String(16), primary_key=True, default=FEN)
    pledged: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    released: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    received: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    disbursed: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    used: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    returned: Mapped[int] = mapped_column(sa.BigInteger, default=0)
