"""Days on which the weekday does not decide whether offices work."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.db import Base, UtcDateTime


class CalendarDay(Base):
    """A holiday (放假) or a weekend that is worked (调休上班), for a division and everything below it."""

    __tablename__ = "calendar_day"

    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    works: Mapped[bool]
    name: Mapped[str] = mapped_column(sa.String(40))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
