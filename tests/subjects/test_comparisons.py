"""Lists of other offices compared with the register: keyed indexes alone, and two people for whoever is on one."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import DomainError, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.households.comparisons import Compared, lists_of, load_list
from marketplace.households.models import ComparisonEntry, ComparisonKind, Household
from marketplace.households.service import insert_households
from marketplace.needs.marking import mark_need
from marketplace.needs.models import Need
from tests import factories as f
from tests.client import Client
from tests.factories import NOW, TREE
from tests.register import id_of, number_row

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DAY = date(2018, 11, 30)


def load(*numbers: str, kind: ComparisonKind = ComparisonKind.VEHICLE, **options: object) -> Compared:
    """A list as an office sends it."""
    content = "\n".join(["姓名,证件号码", *(f"某人,{number}" for number in numbers)]).encode()
    given = {"division": TREE.county, "as_of": DAY, "by": SYSTEM, "now": NOW, **options}
    with transaction():
        return load_list(content, kind=kind, **given)  # type: ignore[arg-type]


def home(number: str, serial: str = "1") -> Household:
    """A household of one person with this ID number."""
    with transaction():
        (made,) = insert_households([number_row(serial, number=number)], now=NOW)
    return db.session.get_one(Household, made)


@pytest.fixture(autouse=True)
def _places(app: Flask) -> None:
    f.make_tree()


def test_a_list_keeps_keyed_indexes_and_takes_the_place_of_the_earlier_one(app: Flask) -> None:
    """P4: no number and no name; fraud 4."""
    number, stranger = id_of(), id_of()
    household = home(number)
    assert load(number, stranger, number, f"{stranger}43") == Compared(2, 1, ())
    assert [(found.kind, found.as_of) for found in lists_of(household.id)] == [(ComparisonKind.VEHICLE, DAY)]
    stored = db.session.execute(sa.select(sa.text("*")).select_from(ComparisonEntry.__table__)).all()
    assert number not in repr(stored)
    assert "某人" not in repr(stored)
    load(stranger, kind=ComparisonKind.DEAD)
    load(number, division=TREE.prefecture)
    load(stranger, as_of=DAY + timedelta(days=9))
    assert [found.as_of for found in lists_of(household.id)] == [DAY], "the prefecture's own list stands"
    load(stranger, division=TREE.prefecture)
    assert lists_of(household.id) == []


@ONLY_SQLITE
def test_a_need_of_a_household_with_somebody_on_a_list_is_decided_by_two(app: Flask) -> None:
    """R-V5, fraud 4: a person decides; nothing is refused by itself, and nobody is named."""
    number = id_of()
    need = f.make_need(NeedState.SUBMITTED, household=home(number))
    for kind, flagged in ((None, False), (ComparisonKind.PAYROLL, True)):
        if kind is not None:
            load(number, kind=kind)
        with transaction() as session:
            marks = mark_need(session.get_one(Need, need.id), now=NOW)
        assert [mark.params for mark in marks if mark.rule == "on_list"] == (
            [{"list": "财政供养人员", "day": "2018-11-30"}] if flagged else []
        )
        assert db.session.get_one(Need, need.id).is_flagged is flagged


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("content", "sentence"), [(b"a,b\n1,2\n", "no column"), (b"\x00", "not a table"), (b"PK\x03\x04x", "damaged")]
)
def test_what_is_no_list_is_refused(app: Flask, content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence), transaction():
        load_list(content, kind=ComparisonKind.DEAD, division=TREE.county, as_of=DAY, by=SYSTEM, now=NOW)


@ONLY_SQLITE
def test_one_row_without_a_number_refuses_the_list_whole(app: Flask) -> None:
    number = id_of()
    load(number)
    done = load(id_of(), "11010519491231002", number[:17] + ("1" if number[17] != "1" else "2"), "")
    assert [row for row, _ in done.refused] == [3, 4, 5]
    assert number not in repr(done.refused)
    assert f.count_rows(ComparisonEntry) == 1
    assert load(id_of(), id_of(), dry_run=True).listed == 2
    assert f.count_rows(ComparisonEntry) == 1


@ONLY_SQLITE
def test_only_the_system_loads_lists_of_known_places_and_past_days(app: Flask) -> None:
    clerk = f.make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    for wrong, error in (
        ({"by": clerk}, DomainError),
        ({"division": "999999999999"}, NotFound),
        ({"as_of": NOW.date() + timedelta(days=2)}, Invalid),
    ):
        with pytest.raises(error):
            load(id_of(), **wrong)
    assert f.count_rows(ComparisonEntry) == 0


@ONLY_SQLITE
def test_the_reviewer_and_the_households_page_tell_which_list_and_of_which_day(
    app: Flask, client_as: Callable[..., Client]
) -> None:
    number = id_of()
    household = home(number)
    need = f.make_need(NeedState.SUBMITTED, household=household)
    load(number)
    with transaction() as session:
        mark_need(session.get_one(Need, need.id), now=NOW)
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    for path in (f"/desk/households/{household.code}", f"/desk/review/{need.code}"):
        page = reviewer.get(path).get_data(as_text=True)
        assert "名下有机动车" in page, path
        assert "2018-11-30" in page, path
        assert number not in page
