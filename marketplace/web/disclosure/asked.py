"""What a reader of the disclosure asks for: place, days, state, words; from the address and back into it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from marketplace.core.kinds import find_member
from marketplace.disclosure.queries import GiftFilters, Period, Standing, make_period
from marketplace.web.statistics.asked import read_area, read_day

_LONGEST_SEARCH = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; "" and None leave a part open. ``faults`` are sentences about what could not be read."""

    home: str
    area: str = ""
    since: date | None = None
    until: date | None = None
    standing: Standing = Standing.CURRENT
    words: str = ""
    faults: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The code of the division that is asked about."""
        return self.area or self.home

    def period(self, now: datetime) -> Period:
        """Place and days."""
        return make_period(now=now, area=self.place, since=self.since, until=self.until)

    def filters(self, now: datetime) -> GiftFilters:
        """What the list is filtered by."""
        return GiftFilters(self.period(now), self.standing, self.words)

    def link(self, path: str, **more: str) -> str:
        """``path`` with this question and more in its query; what stands at its default is left out."""
        said = {
            "area": self.area,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "state": self.standing.value if self.standing is not Standing.CURRENT else "",
            "q": self.words,
            **more,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{query}" if query else path


def asked_of(arguments: Mapping[str, str], *, home: str) -> Asked:
    """The question in an address; NotFound for a place that does not exist."""
    faults: list[str] = []
    return Asked(
        home=home,
        area=read_area(arguments),
        since=read_day(arguments, "since", faults),
        until=read_day(arguments, "until", faults),
        standing=find_member(Standing, arguments.get("state")) or Standing.CURRENT,
        words=_plain(arguments.get("q", ""))[:_LONGEST_SEARCH],
        faults=tuple(faults),
    )


def _plain(text: str) -> str:
    """One line without control characters, which no name holds and not every database takes."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
