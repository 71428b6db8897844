"""The clock that surfaces read and pass on as ``now``; the demonstration's starts in its own year."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock:
    """Real time, or real time shifted so that it started at a given moment."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def start_at(self, moment: datetime | None) -> None:
        """Let the clock show ``moment`` now and run on from there; None is real time."""
        self._shift = timedelta() if moment is None else moment - datetime.now(UTC)

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC) + self._shift


clock = Clock()


def utc_now() -> datetime:
    """The current moment, aware UTC; only surfaces call it."""
    return clock.now()


def china_day(moment: datetime) -> date:
    """The calendar day in China of an aware moment."""
    return moment.astimezone(CHINA).date()
