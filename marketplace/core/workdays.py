"""Working days (工作日): Monday to Friday, but for holidays and the days that are worked in exchange for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

_SATURDAY = 5
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked; ``exceptions`` says True for a weekend that is worked, False for a day off."""

    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """True where offices are open on this day."""
        return self.exceptions.get(day, day.weekday() < _SATURDAY)

    def after(self, day: date, working_days: int) -> date:
        """The last day of a term of so many working days; ``day`` itself is not counted."""
        while working_days > 0:
            day += _ONE
            working_days -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Working days after ``first`` up to and with ``last``; 0 where ``last`` is not later."""
        return sum(self.is_working(first + _ONE * n) for n in range(1, (last - first).days + 1))
