"""Which place and days a disclosure is about."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from marketplace.core.divisions import significant
from marketplace.db.clock import CHINA, china_day


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment of a day up to ``until``, in one division; ``area`` "" is everywhere."""

    since: datetime
    until: datetime
    area: str = ""

    @property
    def prefix(self) -> str:
        """What the code of every division in the area starts with."""
        return significant(self.area) if self.area else ""

    @property
    def first_day(self) -> date:
        """The first day, in China."""
        return china_day(self.since)

    @property
    def last_day(self) -> date:
        """The last day, in China."""
        return china_day(self.until)


def day_start(day: date) -> datetime:
    """The first moment of a day in China."""
    return datetime.combine(day, time(), CHINA)


def make_period(*, now: datetime, area: str = "", since: date | None = None, until: date | None = None) -> Period:
    """The given days; without them from the first of January of the last day's year up to now."""
    end = min(now, day_start(until + timedelta(days=1)) - timedelta(microseconds=1)) if until else now
    start = day_start(since or china_day(end).replace(month=1, day=1))
    return Period(since=min(start, end), until=end, area=area)
