"""What the review keeps beside its decisions: second looks, pauses, and signals of collusion."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.kinds import Labelled
from marketplace.db import Base, UtcDateTime, enum_column
from marketplace.needs.models import ReturnReason


class PauseCause(Labelled):
    """Why a public need is paused (暂停原因)."""

    COMPLAINT = "complaint", "有人举报，正在核查"
    RECHECK = "recheck", "县里复查有不同意见"
    CHECK = "check", "正在核实情况"


class SignalKind(Labelled):
    """What looks as if nobody had really looked (审核异常)."""

    PAIR = "pair", "一对发布人和审核员几乎全部通过，而且很快"
    BURST = "burst", "一小时内处理很多条"
    NIGHT = "night", "半夜处理"
    POST_BURST = "post_burst", "一小时内发布很多条"
    POST_NIGHT = "post_night", "半夜发布"
    COPIES = "copies", "同一发布人为不同农户写的理由几乎一样"
    CLERK_SHARE = "clerk_share", "一个发布人名下农户得到的帮扶远超全乡平均"
    VILLAGE_SHARE = "village_share", "一个村得到的帮扶远超它的户数份额"
    REVEALS = "reveals", "一天内查看很多农户的完整姓名和号码"
    DEMAND = "demand", "捐赠人要求合影、直接联系或接触孩子"


class Recheck(Base):
    """An approval drawn at random for a second look at the county (复查)."""

    __tablename__ = "need_recheck"
    __table_args__ = (
        sa.CheckConstraint("done_by <> approver_id", name="by_another"),
        sa.CheckConstraint(
            "(done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (agrees IS NULL)", name="done_or_not"
        ),
        sa.CheckConstraint("agrees IS NULL OR agrees OR reason IS NOT NULL", name="disagrees_with_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"), index=True)
    # The approval that was drawn: each at most once.
    review_id: Mapped[int] = mapped_column(sa.ForeignKey("need_review.id"), unique=True)
    approver_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    agrees: Mapped[bool | None]
    reason: Mapped[ReturnReason | None] = mapped_column(enum_column(ReturnReason))
    note: Mapped[str] = mapped_column(sa.String(300), default="")


class NeedPause(Base):
    """One span in which a public need was paused (暂停): from when, why, until when."""

    __tablename__ = "need_pause"
    __table_args__ = (
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="ends_after_it_starts"),
        sa.Index(
            "uq_need_pause_open",
            "need_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"), index=True)
    cause: Mapped[PauseCause] = mapped_column(enum_column(PauseCause))
    # For staff; donors and the household read the cause.
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # None where the system itself acted.
    started_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class ReviewSignal(Base):
    """Something for a person to look into (红旗); never public, never closed by whom it names (F2)."""

    __tablename__ = "review_signal"
    __table_args__ = (
        sa.UniqueConstraint("kind", "user_id", "other_user_id", "span"),
        sa.CheckConstraint("closed_by <> user_id AND closed_by <> other_user_id", name="never_closed_by_the_named"),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL OR length(closing_reason) > 0)",
            name="closed_with_a_reason",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[SignalKind] = mapped_column(enum_column(SignalKind))
    # The reviewer or clerk who is named; a pair names the clerk too, the others the same person twice.
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    other_user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    # When: "2018-Q4", "2018-12-17 02".
    span: Mapped[str] = mapped_column(sa.String(20))
    # Codes of the needs (of the households, where it is about looking into them), and what was counted over them.
    cases: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    figures: Mapped[dict[str, int]] = mapped_column(sa.JSON, default=dict)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    closing_reason: Mapped[str] = mapped_column(sa.String(300), default="")
