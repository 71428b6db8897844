"""How templates write money, numbers, days, places and terms."""

from collections.abc import Callable
from datetime import date, datetime

from flask import Flask

from marketplace.core.divisions import Level
from marketplace.core.kinds import Labelled
from marketplace.core.money import Money, percent
from marketplace.db.clock import CHINA, china_day
from marketplace.regions.queries import place_name
from marketplace.web.i18n import ENGLISH, current_code
from marketplace.web.terms import english


def yuan(fen: int) -> str:
    """``1,480.00``."""
    return Money(fen).yuan


def short(fen: int) -> str:
    """``1,480``; fen are written only where there are some."""
    return Money(fen).short


def wan(fen: int) -> str:
    """``147,898.074``, in ten thousands of yuan."""
    return Money(fen).wan


def number(value: int) -> str:
    """``33,014``."""
    return f"{value:,}"


def day(moment: datetime | date) -> str:
    """``2018-12-17``, the day in China."""
    shown = china_day(moment) if isinstance(moment, datetime) else moment
    return shown.isoformat()


def minute(moment: datetime) -> str:
    """``2018-12-17 20:14``, China time."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def days_since(moment: datetime, now: datetime) -> int:
    """Whole days between two moments; 0 where the first is still to come."""
    return max(0, (now - moment).days)


def place(code: str, finest: Level = Level.TOWNSHIP) -> str:
    """``石渠县 · 洛须镇``; staff's own pages may ask for the village."""
    return place_name(code, Level(finest))


def term(member: Labelled) -> str:
    """A member of a closed list in the reader's language."""
    return english(member) if current_code() == ENGLISH else member.label


FILTERS: tuple[Callable[..., object], ...] = (yuan, short, wan, number, day, minute, days_since, place, term)


def setup_filters(app: Flask) -> None:
    """Give templates the filters and ``percent(part, whole)``."""
    app.jinja_env.filters.update({write.__name__: write for write in FILTERS})
    app.jinja_env.globals["percent"] = percent
