"""Runs of the engine and the pairs that each suggested."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.kinds import Labelled
from marketplace.db import Base, UtcDateTime, enum_column


class Direction(Labelled):
    """For whom a list of suggestions was made."""

    DONORS_FOR_NEED = "donors_for_need", "为需求找爱心人士"
    NEEDS_FOR_DONOR = "needs_for_donor", "为爱心人士找需求"


class Slot(Labelled):
    """Why a pair stands at its place in a list."""

    SCORE = "score", "按分数"
    FAIRNESS = "fairness", "留给等得最久和从未受助的"
    EXPLORATION = "exploration", "试一试"
    NEUTRAL = "neutral", "按等待时间"


class MatchRun(Base):
    """One run of the engine: what it saw, with which model and seed, so that it can be replayed."""

    __tablename__ = "match_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    day: Mapped[date]
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    model_version: Mapped[str] = mapped_column(sa.String(40))
    needs: Mapped[int]
    donors: Mapped[int]
    milliseconds: Mapped[int]


class MatchSnapshot(Base):
    """What a run ranked and what came of it: enough to replay the run bit for bit on any machine."""

    __tablename__ = "match_snapshot"

    run_id: Mapped[int] = mapped_column(sa.ForeignKey("match_run.id"), primary_key=True, autoincrement=False)
    # SHA-256 of every list of the run, in hexadecimal.
    digest: Mapped[str] = mapped_column(sa.String(64))
    # Arrays, codes, model, policy, seed and day; without texts, names or party keys. None once it was thinned out.
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class MatchChange(Base):
    """A need or a donor that changed since the last full run: what every process brings its warm arrays up to."""

    __tablename__ = "match_change"
    __table_args__ = (
        sa.CheckConstraint("(need_id IS NULL) <> (donor_id IS NULL)", name="one_side"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    need_id: Mapped[int | None] = mapped_column(sa.ForeignKey("need.id"))
    donor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("donor.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Suggestion(Base):
    """One ranked pair (推荐) in one direction, with its score, its reasons and its propensity."""

    __tablename__ = "suggestion"
    __table_args__ = (
        sa.Index("ix_suggestion_need", "need_id", "direction", "rank"),
        sa.Index("ix_suggestion_donor", "donor_id", "direction", "rank"),
        sa.UniqueConstraint("direction", "need_id", "donor_id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("match_run.id"), index=True)
    direction: Mapped[Direction] = mapped_column(enum_column(Direction))
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"))
    donor_id: Mapped[int] = mapped_column(sa.ForeignKey("donor.id"))
    rank: Mapped[int]
    slot: Mapped[Slot] = mapped_column(enum_column(Slot))
    # Points out of 100; the terms below sum to it.
    score: Mapped[int]
    propensity: Mapped[float]
    # [[message id, params, points], ...]
    terms: Mapped[list[Any]] = mapped_column(sa.JSON)
    # The level of each of the engine's features, in its order; None for what was written before they were kept.
    levels: Mapped[list[int] | None] = mapped_column(sa.JSON)


class Outcome(Labelled):
    """What became of a suggestion (推荐的结果), or of a pledge that nothing was suggested for."""

    SHOWN = "shown", "显示"
    OPENED = "opened", "打开"
    PLEDGED = "pledged", "认领"
    LAPSED = "lapsed", "失效或取消"
    DELIVERED = "delivered", "送达"
    CONFIRMED = "confirmed", "两人确认"
    EFFECTIVE_30 = "effective_30", "30 天后"
    EFFECTIVE_90 = "effective_90", "90 天后"
    EFFECTIVE_365 = "effective_365", "365 天后"


class SuggestionOutcome(Base):
    """One thing that happened to a pair, once: who was shown what at which place, and what came of it.

    Run, model, direction, rank, slot and propensity are those of the list in which the donor was shown the need
    before it happened; they are empty where it was not shown. Ids only: nothing of a person, device or address.
    """

    __tablename__ = "suggestion_outcome"
    __table_args__ = (
        sa.Index("ix_suggestion_outcome_pair", "need_id", "donor_id"),
        sa.Index("ix_suggestion_outcome_kind", "kind", "at"),
        sa.CheckConstraint(
            "(run_id IS NULL) = (rank IS NULL) AND (run_id IS NULL) = (slot IS NULL)"
            " AND (run_id IS NULL) = (direction IS NULL) AND (run_id IS NULL) = (propensity IS NULL)",
            name="whole_place",
        ),
        sa.CheckConstraint("run_id IS NOT NULL OR kind NOT IN ('shown', 'opened')", name="seen_in_a_list"),
        sa.CheckConstraint("good OR kind IN ('effective_30', 'effective_90', 'effective_365')", name="good_by_itself"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    # What makes it happen once only: "shown:<direction>:<run>:<need>:<donor>", "pledged:<pledge>".
    key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    kind: Mapped[Outcome] = mapped_column(enum_column(Outcome))
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"))
    donor_id: Mapped[int] = mapped_column(sa.ForeignKey("donor.id"))
    pledge_id: Mapped[int | None] = mapped_column(sa.ForeignKey("pledge.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(sa.ForeignKey("match_run.id"))
    model_version: Mapped[str] = mapped_column(sa.String(40), default="")
    direction: Mapped[Direction | None] = mapped_column(enum_column(Direction))
    rank: Mapped[int | None]
    slot: Mapped[Slot | None] = mapped_column(enum_column(Slot))
    propensity: Mapped[float | None]
    # False only for a household that says, 30, 90 or 365 days later, that the help is of no use (any more).
    good: Mapped[bool] = mapped_column(default=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class LearnedModel(Base):
    """Weights learnt from the product's own pledges, with what they were measured by; refused ones are kept as well."""

    __tablename__ = "learned_model"
    __table_args__ = (sa.CheckConstraint("refusal IN ('', 'too_few', 'not_better')", name="known_refusal"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(40), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    first_pledge_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_pledge_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pledges: Mapped[int]
    compared_with: Mapped[str] = mapped_column(sa.String(40))
    weights: Mapped[dict[str, float]] = mapped_column(sa.JSON)
    metrics: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    card: Mapped[str] = mapped_column(sa.Text)
    # Why it was not adopted; empty where it was.
    refusal: Mapped[str] = mapped_column(sa.String(20), default="")


class NeedChance(Base):
    """The chance that an open need will be wholly covered in time: a help for staff, never a decision (R-P8)."""

    __tablename__ = "need_chance"
    __table_args__ = (sa.CheckConstraint("chance > 0 AND chance < 1", name="between"),)

    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[int] = mapped_column(sa.ForeignKey("learned_model.id"))
    chance: Mapped[float]
