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
