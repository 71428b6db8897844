"""Keep the figures of the days that are over: at night, or by hand."""

from datetime import date, datetime, time, timedelta

from marketplace.core.errors import Invalid
from marketplace.db.clock import CHINA, china_day
from marketplace.statistics.snapshots import last_day, take_snapshot

# A site that was down for longer than this begins again; the days between can still be counted from their moments.
_MOST_DAYS = 31
_DAY = timedelta(days=1)


def end_of(day: date) -> datetime:
    """The last moment of a day in China."""
    return datetime.combine(day + _DAY, time(), CHINA) - timedelta(microseconds=1)


def keep_day(day: date, *, now: datetime) -> bool:
    """Keep one day; False where it was kept before. Invalid for a day that is not over."""
    if day >= china_day(now):
        raise Invalid("The figures of a day are kept when it is over. Name yesterday or an earlier day.")
    return take_snapshot(day, as_of=end_of(day), now=now)


def keep_days(*, now: datetime) -> int:
    """Keep yesterday, and the days since the last one that was kept; returns how many were new."""
    yesterday = china_day(now) - _DAY
    last = last_day()
    first = yesterday if last is None else max(last + _DAY, yesterday - (_MOST_DAYS - 1) * _DAY)
    return sum(keep_day(first + n * _DAY, now=now) for n in range(max(0, (yesterday - first).days + 1)))
