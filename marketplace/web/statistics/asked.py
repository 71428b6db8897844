"""What a reader of the statistics asks for: place, kind, category, days; from the address and back into it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask_babel import gettext as _

from marketplace.core.divisions import Level, at_level, is_code
from marketplace.core.errors import NotFound
from marketplace.core.kinds import NeedCategory, SupportKind, find_member
from marketplace.db.clock import CHINA, china_day
from marketplace.regions.queries import get_division, list_children
from marketplace.statistics.queries import Cohort, Step, make_cohort

ALL_KINDS = "all"
_EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; "" and None leave a part open. ``faults`` are sentences about what could not be read."""

    home: str
    area: str = ""
    # Money is what the published rate is about; ALL_KINDS is every kind of help.
    kind: str = SupportKind.MONEY.value
    category: NeedCategory | None = None
    since: date | None = None
    as_of: date | None = None
    faults: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The code of the division that is asked about."""
        return self.area or self.home

    @property
    def support_kind(self) -> SupportKind | None:
        """The kind of help, or None for all."""
        return find_member(SupportKind, self.kind)

    def moment(self, now: datetime) -> datetime:
        """The end of the day that is asked about, not after now."""
        return min(now, end_of(self.as_of)) if self.as_of else now

    def cohort(self, now: datetime) -> Cohort:
        """The needs that are asked about."""
        return make_cohort(
            self.place,
            as_of=self.moment(now),
            kind=self.support_kind,
            category=self.category,
            since=start_of(self.since) if self.since else None,
        )

    def link(self, path: str, **more: str) -> str:
        """``path`` with this question and more in its query; what stands at its default is left out."""
        said = {
            "area": self.area,
            "kind": self.kind if self.kind != SupportKind.MONEY.value else "",
            "category": self.category.value if self.category else "",
            "since": self.since.isoformat() if self.since else "",
            "as_of": self.as_of.isoformat() if self.as_of else "",
            **more,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{query}" if query else path

    def codes_link(self, step: Step, *, now: datetime, area: str = "", **more: str) -> str:
        """Where the codes behind one number are listed, as they stood on the day that the number is of."""
        dated = replace(self, as_of=self.as_of or china_day(now), area=area or self.area)
        return dated.link("/statistics/codes", step=step.value, **{key: text for key, text in more.items() if text})


def asked_of(arguments: Mapping[str, str], *, home: str) -> Asked:
    """The question in an address; NotFound for a place that does not exist."""
    faults: list[str] = []
    kind = arguments.get("kind", SupportKind.MONEY.value)
    return Asked(
        home=home,
        area=read_area(arguments),
        kind=kind if kind == ALL_KINDS or find_member(SupportKind, kind) else SupportKind.MONEY.value,
        category=find_member(NeedCategory, arguments.get("category")),
        since=read_day(arguments, "since", faults),
        as_of=read_day(arguments, "as_of", faults),
        faults=tuple(faults),
    )


def read_area(arguments: Mapping[str, str]) -> str:
    """The division asked for, a township at finest; "" for all; NotFound where there is none."""
    code = arguments.get("area", "").strip()
    if code and not is_code(code):
        raise NotFound("There is no such division.")
    return at_level(get_division(code).code, Level.TOWNSHIP) if code else ""


def read_day(arguments: Mapping[str, str], name: str, faults: list[str]) -> date | None:
    """A day written as 2018-12-17; None where the field is empty or, with a sentence, cannot be read."""
    text = arguments.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not _EARLIEST <= day < date(2200, 1, 1):
        faults.append(_("“%(text)s” is not a day. Write it as 2018-12-17.", text=text[:20]))
        return None
    return day


def start_of(day: date) -> datetime:
    """The first moment of a day in China."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def end_of(day: date) -> datetime:
    """The last moment of a day in China."""
    return start_of(day) + timedelta(days=1, microseconds=-1)


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """A division that the page can be asked about."""

    code: str
    name: str
    chosen: bool


def place_choices(home: str, chosen: str) -> list[PlaceChoice]:
    """The divisions right below the deployment's own, and the chosen one where it is finer."""
    places = [(division.code, division.name) for division in list_children(home)]
    if chosen and chosen not in {code for code, _name in places} and chosen != home:
        places.append((chosen, get_division(chosen).name))
    return [PlaceChoice(code, name, code == chosen) for code, name in places]
