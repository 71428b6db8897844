"""Read the calendar of a division."""

from datetime import date

import sqlalchemy as sa

from marketplace.core.divisions import ancestors
from marketplace.core.workdays import Calendar
from marketplace.db import db
from marketplace.workdays.models import CalendarDay


def calendar_of(division: str) -> Calendar:
    """The working days of a division: what a lower level enters for a day stands before what a higher one does."""
    rows = db.session.execute(
        sa.select(CalendarDay.division_code, CalendarDay.day, CalendarDay.works).where(
            CalendarDay.division_code.in_(ancestors(division))
        )
    ).all()
    by_level = sorted(rows, key=lambda row: len(row.division_code.rstrip("0")))
    return Calendar({row.day: row.works for row in by_level})


def list_days(division: str, *, since: date) -> list[CalendarDay]:
    """What holds for a division from a day on, its own entries and those of the levels above it, by day."""
    chosen = sa.select(CalendarDay).where(CalendarDay.division_code.in_(ancestors(division)), CalendarDay.day >= since)
    return list(db.session.scalars(chosen.order_by(CalendarDay.day, CalendarDay.division_code)))


def has_year(division: str, year: int) -> bool:
    """False where nobody has entered this year's days yet: then weekends alone are free."""
    return any(day.day.year == year for day in list_days(division, since=date(year, 1, 1)))
