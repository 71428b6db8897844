"""Keep the calendar: one day at a time, or a year from a CSV with the columns day, works, name."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import TextIO

from marketplace.audit.service import record
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.workdays.models import CalendarDay

COLUMNS = ("day", "works", "name")
# Announced by the State Council: the years of the demonstration, and the present one.
_BUILTIN = files("marketplace.workdays") / "data" / "days.csv"
_WORKS = {"1": True, "上班": True, "0": False, "放假": False}
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class DayRow:
    """One exception to the week: a day off, or a weekend that is worked."""

    day: date
    works: bool
    name: str


def set_day(row: DayRow, *, division: str, by: Actor, now: datetime) -> CalendarDay:
    """Enter a day for a division and all below it; a day that is already there is changed."""
    ensure_can(by, Permission.CALENDAR_KEEP, division)
    name = " ".join(row.name.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise Invalid("Name the day in 1 to %(most)s characters.", field="name", most=_LONGEST_NAME)
    entry = db.session.get(CalendarDay, (division, row.day)) or CalendarDay(division_code=division, day=row.day)
    entry.works, entry.name, entry.recorded_at, entry.recorded_by = row.works, name, now, by.user_id
    db.session.add(entry)
    db.session.flush()
    _record(by, "calendar.set", division, at=now, day=row.day.isoformat(), works=row.works)
    return entry


def drop_day(day: date, *, division: str, by: Actor, now: datetime) -> None:
    """Take an entry out: the weekday decides again, or what a higher level entered."""
    ensure_can(by, Permission.CALENDAR_KEEP, division)
    entry = db.session.get(CalendarDay, (division, day))
    if entry is None:
        raise NotFound("There is no such day in the calendar.")
    db.session.delete(entry)
    db.session.flush()
    _record(by, "calendar.drop", division, at=now, day=day.isoformat())


def load_days(rows: Iterable[DayRow], *, division: str, by: Actor, now: datetime) -> int:
    """Enter many days; returns how many."""
    return len([set_day(row, division=division, by=by, now=now) for row in rows])


def builtin_days() -> list[DayRow]:
    """The days that come with the program."""
    return read_days(io.StringIO(_BUILTIN.read_text(encoding="utf-8")))


def read_days(source: TextIO) -> list[DayRow]:
    """A CSV with the columns day (2026-10-01), works (0 or 放假, 1 or 上班) and name; Invalid names the row."""
    table = csv.DictReader(source)
    if not set(COLUMNS) <= set(table.fieldnames or ()):
        raise Invalid("The first row must name the columns %(columns)s.", field="file", columns=", ".join(COLUMNS))
    return [_read(row, number) for number, row in enumerate(table, start=2)]


def _read(row: Mapping[str, str | None], number: int) -> DayRow:
    try:
        day, works = date.fromisoformat((row["day"] or "").strip()), _WORKS[(row["works"] or "").strip()]
    except (ValueError, KeyError):
        raise Invalid(
            "Row %(row)s: write the day as 2026-10-01, and 放假 or 上班 in the second column.", field="file", row=number
        ) from None
    return DayRow(day, works, row["name"] or "")


def _record(by: Actor, action: str, division: str, *, at: datetime, **detail: str | bool) -> None:
    record(by, action, subject="calendar", subject_id=None, at=at, division=division, **detail)
