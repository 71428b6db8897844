"""The figures of each day as they stood and were shown; a day is written once and never changed."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.db import Base, UtcDateTime


class Snapshot(Base):
    """All counts of one day (每日快照), so that an old figure can be had again whatever changed since."""

    __tablename__ = "statistics_snapshot"

    day: Mapped[date] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # What snapshots.py writes and reads.
    figures: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
