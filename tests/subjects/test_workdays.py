"""The calendar: weekends, holidays, weekends that are worked; a county's entries before the prefecture's."""

import io
from datetime import date

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workdays import Calendar
from marketplace.db import transaction
from marketplace.workdays.queries import calendar_of, has_year
from marketplace.workdays.service import DayRow, builtin_days, drop_day, load_days, read_days, set_day
from tests.factories import NOW, TREE, make_actor, make_tree

BUILTIN = Calendar({row.day: row.works for row in builtin_days()})


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        # Friday; the weekend does not count.
        (date(2018, 12, 14), date(2018, 12, 19)),
        # The Saturday before New Year was worked, the holiday ended on Tuesday.
        (date(2018, 12, 27), date(2019, 1, 2)),
        # Spring Festival: sent on the last day before it.
        (date(2018, 2, 14), date(2018, 2, 24)),
        (date(2026, 9, 30), date(2026, 10, 10)),
    ],
)
def test_three_working_days_are_counted_as_offices_count_them(sent: date, due: date) -> None:
    assert BUILTIN.after(sent, 3) == due


def test_worked_weekends_of_the_builtin_years_are_weekends() -> None:
    assert all(row.day.weekday() >= 5 for row in builtin_days() if row.works)
    assert {row.day.year for row in builtin_days()} == {2018, 2019, 2026}


@given(
    start=st.dates(date(2018, 1, 1), date(2019, 6, 1)),
    days=st.integers(0, 40),
    odd=st.dictionaries(st.dates(date(2018, 1, 1), date(2019, 12, 31)), st.booleans(), max_size=60),
)
def test_a_term_and_the_days_inside_it_agree(start: date, days: int, odd: dict[date, bool]) -> None:
    calendar = Calendar(odd)
    due = calendar.after(start, days)
    assert calendar.between(start, due) == days
    assert days == 0 or calendar.is_working(due)
    assert calendar.between(due, start) == 0


def test_a_county_enters_its_own_day_before_the_prefectures(app: Flask) -> None:
    make_tree()
    new_year = date(2019, 2, 5)
    county = make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    with transaction():
        set_day(DayRow(new_year, False, "藏历新年"), division=TREE.prefecture, by=SYSTEM, now=NOW)
        set_day(DayRow(new_year, True, "值班"), division=TREE.county, by=county, now=NOW)
    assert calendar_of(TREE.village).is_working(new_year)
    assert not calendar_of(TREE.village_of_other_county).is_working(new_year)
    with transaction():
        drop_day(new_year, division=TREE.county, by=county, now=NOW)
    assert not calendar_of(TREE.village).is_working(new_year)
    assert has_year(TREE.county, 2019)
    assert not has_year(TREE.county, 2020)


def test_only_the_county_keeps_its_calendar(app: Flask) -> None:
    """Z2"""
    row = DayRow(date(2019, 2, 5), False, "藏历新年")
    for role, division, error in (
        (Role.TOWNSHIP_REVIEWER, TREE.township, Forbidden),
        (Role.COUNTY_ADMIN, TREE.other_county, NotFound),
    ):
        with pytest.raises(error), transaction():
            set_day(row, division=TREE.county, by=make_actor(role, division=division), now=NOW)


def test_a_year_is_read_from_a_file_and_a_wrong_row_is_named(app: Flask) -> None:
    make_tree()
    rows = read_days(io.StringIO("day,works,name\n2027-10-01,放假,国庆节\n2027-10-09,上班,国庆节调休\n"))
    assert rows == [DayRow(date(2027, 10, 1), False, "国庆节"), DayRow(date(2027, 10, 9), True, "国庆节调休")]
    with transaction():
        assert load_days(rows, division=TREE.prefecture, by=SYSTEM, now=NOW) == 2
        assert load_days(rows, division=TREE.prefecture, by=SYSTEM, now=NOW) == 2
    for bad in ("day,works\n", "day,works,name\n2027-13-01,放假,x\n", "day,works,name\n2027-10-01,maybe,x\n"):
        with pytest.raises(Invalid) as refused:
            read_days(io.StringIO(bad))
        assert refused.value.field == "file"
