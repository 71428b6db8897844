"""When things happened: days counted from a need's first draft, then laid on the calendar of 2018."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from marketplace.db.clock import CHINA
from marketplace.demo.facts import AS_OF, OPENED

YEAR_DAYS = (AS_OF - OPENED) / timedelta(days=1)
# People work from eight in the morning to seven in the evening.
_DAY_BEGINS_H = 8
_WORKDAY_SHARE = 11 / 24


@dataclass(frozen=True, slots=True)
class Calendar:
    """Turns days since a need's first draft into moments; later days never come before earlier ones."""

    created: datetime

    @classmethod
    def ending(cls, days: float) -> "Calendar":
        """The calendar on which ``days`` after the first draft is the day of the figures."""
        return cls(AS_OF - timedelta(days=days))

    def at(self, days: float) -> datetime:
        """The moment, moved into office hours of the same day in China."""
        moment = (self.created + timedelta(days=days)).astimezone(CHINA)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        worked = (moment - midnight) * _WORKDAY_SHARE
        return (midnight + timedelta(hours=_DAY_BEGINS_H) + worked).replace(microsecond=0)


def wait_for_donor(rng: Random) -> float:
    """Days until a donor comes: most within a month, a few after three."""
    return min(0.05 + rng.expovariate(1 / 16), 110.0)


def within(rng: Random, low: float, high: float, *, room: float) -> float:
    """A number of days between ``low`` and ``high``, or inside ``room`` where that is less."""
    days = rng.uniform(low, high)
    return days if days < room else room * rng.uniform(0.2, 0.9)
