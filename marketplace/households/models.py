"""Registered households, their members, and the dated history of their status."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import ExitAttribute, Labelled, MonitoredAs, PovertyAttribute, PovertyCause, StatusMove
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import Base, BlindIndex, EncryptedText, UtcDateTime, enum_column


class Household(Base):
    """The unit that is registered (农户); the public knows it by its random code alone."""

    __tablename__ = "household"
    __table_args__ = (
        sa.CheckConstraint("income_fen IS NULL OR income_fen >= 0", name="income_not_negative"),
        sa.CheckConstraint("member_count >= 0", name="member_count_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    # The number in the national register (户编号); identifies the household across imports.
    registry_no: Mapped[str] = mapped_column(sa.String(30), unique=True)
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    group_name: Mapped[str] = mapped_column(sa.String(60), default="")
    head_name: Mapped[str] = mapped_column(sa.String(60))
    status: Mapped[HouseholdStatus] = mapped_column(enum_column(HouseholdStatus), default=HouseholdStatus.REGISTERED)
    # Registered here before the register knows it: its entry still has to pass a notice.
    entry_pending: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    attribute: Mapped[PovertyAttribute] = mapped_column(enum_column(PovertyAttribute))
    exit_attribute: Mapped[ExitAttribute] = mapped_column(enum_column(ExitAttribute))
    main_cause: Mapped[PovertyCause] = mapped_column(enum_column(PovertyCause))
    unsafe_house: Mapped[bool | None]
    safe_water: Mapped[bool | None]
    scarce_water: Mapped[bool | None]
    # Net income per person and year, in fen.
    income_fen: Mapped[int | None] = mapped_column(sa.BigInteger)
    member_count: Mapped[int] = mapped_column(default=0)
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    phone_index: Mapped[bytes | None] = mapped_column(BlindIndex, index=True)
    bank_account: Mapped[str | None] = mapped_column(EncryptedText)
    bank_account_index: Mapped[bytes | None] = mapped_column(BlindIndex, index=True)
    # The person who speaks for the household with an own account, if there is one.
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), unique=True)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    members: Mapped[list["Member"]] = relationship(
        back_populates="household", order_by="Member.person_no", cascade="all, delete-orphan"
    )


class Member(Base):
    """A person of a household; the ID number is ciphertext, found again by a keyed index."""

    __tablename__ = "member"
    __table_args__ = (
        sa.UniqueConstraint("household_id", "person_no"),
        sa.CheckConstraint("work_months IS NULL OR work_months BETWEEN 0 AND 12", name="work_months_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(sa.ForeignKey("household.id", ondelete="CASCADE"), index=True)
    person_no: Mapped[str] = mapped_column(sa.String(34))
    name: Mapped[str] = mapped_column(sa.String(60))
    id_number: Mapped[str] = mapped_column(EncryptedText)
    # The first 18 characters' index: an ID card and the disability card made from it meet.
    id_index: Mapped[bytes] = mapped_column(BlindIndex, unique=True)
    # The rest in the register's own words; none of it reaches a public page.
    relation: Mapped[str] = mapped_column(sa.String(20))
    ethnicity: Mapped[str] = mapped_column(sa.String(20), default="")
    education: Mapped[str] = mapped_column(sa.String(20), default="")
    school_status: Mapped[str] = mapped_column(sa.String(20), default="")
    health: Mapped[str] = mapped_column(sa.String(40), default="")
    labour: Mapped[str] = mapped_column(sa.String(20), default="")
    work_place: Mapped[str] = mapped_column(sa.String(20), default="")
    work_months: Mapped[int | None]
    serious_illness_insured: Mapped[bool | None]
    household: Mapped[Household] = relationship(back_populates="members")


class StatusChange(Base):
    """One dated change of a household's status (动态管理); added, never overwritten."""

    __tablename__ = "household_status_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(sa.ForeignKey("household.id"), index=True)
    status: Mapped[HouseholdStatus] = mapped_column(enum_column(HouseholdStatus))
    effective_on: Mapped[date]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class ProposalState(Labelled):
    """Where a proposed change of status stands."""

    PENDING = "pending", "待生效"
    APPLIED = "applied", "已生效"
    DROPPED = "dropped", "不予变更"


class StatusProposal(Base):
    """A change of status that the village has voted on (民主评议) and that takes effect after its notice (公示)."""

    __tablename__ = "household_status_proposal"
    __table_args__ = (
        sa.CheckConstraint("(move = 'monitor') = (monitored_as IS NOT NULL)", name="kind_of_monitoring"),
        sa.CheckConstraint("votes_for >= 0 AND votes_against >= 0 AND abstained >= 0", name="votes_not_negative"),
        sa.CheckConstraint("votes_for + votes_against + abstained = present", name="everybody_counted"),
        sa.CheckConstraint("votes_for * 2 > present", name="majority"),
        sa.CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided_once"),
        sa.Index(
            "uq_household_status_proposal_pending",
            "household_id",
            unique=True,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(sa.ForeignKey("household.id"), index=True)
    move: Mapped[StatusMove] = mapped_column(enum_column(StatusMove))
    status_after: Mapped[HouseholdStatus] = mapped_column(enum_column(HouseholdStatus))
    monitored_as: Mapped[MonitoredAs | None] = mapped_column(enum_column(MonitoredAs))
    reason: Mapped[str] = mapped_column(sa.String(160))
    # The appraisal: when the villagers met, how many came, how they voted, and the minutes.
    appraised_on: Mapped[date]
    present: Mapped[int]
    votes_for: Mapped[int]
    votes_against: Mapped[int]
    abstained: Mapped[int]
    minutes_id: Mapped[int] = mapped_column(sa.ForeignKey("photo.id"))
    proposed_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[ProposalState] = mapped_column(enum_column(ProposalState), default=ProposalState.PENDING)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dropped_because: Mapped[str] = mapped_column(sa.String(200), default="")
    household: Mapped[Household] = relationship()


class DuplicateSign(Labelled):
    """What two households have in common (重复迹象)."""

    PHONE = "phone", "电话相同"
    ACCOUNT = "account", "银行账号相同"
    PERSON = "person", "同村同名同音同年生"
    ADDRESS = "address", "同村住址相同"


class DuplicateVerdict(Labelled):
    """What was decided about two households (核实结论)."""

    KEEP_FIRST = "keep_first", "是同一户，保留左边"
    KEEP_SECOND = "keep_second", "是同一户，保留右边"
    DIFFERENT = "different", "不是同一户"


class HouseholdDuplicate(Base):
    """Two households that may be one; a person decides, nothing is deleted."""

    __tablename__ = "household_duplicate"
    __table_args__ = (
        sa.UniqueConstraint("first_id", "second_id"),
        sa.CheckConstraint("first_id < second_id", name="one_order"),
        sa.CheckConstraint(
            "verdict IS NULL OR (decided_by IS NOT NULL AND decided_at IS NOT NULL AND length(why) > 0)",
            name="decided_with_reason",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(sa.ForeignKey("household.id", ondelete="CASCADE"))
    second_id: Mapped[int] = mapped_column(sa.ForeignKey("household.id", ondelete="CASCADE"), index=True)
    signs: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    verdict: Mapped[DuplicateVerdict | None] = mapped_column(enum_column(DuplicateVerdict))
    why: Mapped[str] = mapped_column(sa.String(200), default="")
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SharedContact(Base):
    """One number that very many households have (公用号码): one case, settled by somebody who has looked at them."""

    __tablename__ = "shared_contact"
    __table_args__ = (
        sa.CheckConstraint("sign IN ('phone', 'account')", name="a_number"),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL OR why <> '')",
            name="settled_with_reason",
        ),
        sa.Index(
            "uq_shared_contact_open",
            "value_index",
            "sign",
            unique=True,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(9), unique=True)
    sign: Mapped[DuplicateSign] = mapped_column(enum_column(DuplicateSign))
    value_index: Mapped[bytes] = mapped_column(BlindIndex)
    # How many households had it then: what was settled holds for as many and no more.
    size: Mapped[int]
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(sa.String(200), default="")


class ComparisonKind(Labelled):
    """What a list of another office says of those on it (比对名单)."""

    DEAD = "dead", "已死亡"
    MOVED = "moved", "户口已迁出"
    PAYROLL = "payroll", "财政供养人员"
    VEHICLE = "vehicle", "名下有机动车"
    COMPANY = "company", "名下有企业"
    PROPERTY = "property", "名下有商品房"


class ComparisonEntry(Base):
    """One person on such a list: only a keyed index of the ID number is kept, never the number or the name."""

    __tablename__ = "comparison_entry"
    __table_args__ = (sa.UniqueConstraint("id_index", "kind", "division_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ComparisonKind] = mapped_column(enum_column(ComparisonKind))
    # Whose list it is: a county's, or the prefecture's.
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"))
    id_index: Mapped[bytes] = mapped_column(BlindIndex)
    # The day on which the list was true.
    as_of: Mapped[date]
