"""Numbers that more than twenty households have: one case, its households paged, settled once, and money goes on."""

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.households import duplicates, shared_contacts
from marketplace.households.bulk import account_index, phone_index
from marketplace.households.models import DuplicateSign, Household, HouseholdDuplicate, SharedContact
from marketplace.households.service import insert_households
from tests.client import Client
from tests.factories import NOW, TREE, actor_for, count_rows, make_actor, make_tree, make_user
from tests.register import number_row
from tests.scenes import make_money_scene

PHONE, ACCOUNT = "16700000001", "62280000000001"
WHY = "全村共用一部座机，到村委会看过"
ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def homes(count: int, *, first: int = 1, village: str = TREE.village, **numbers: str) -> list[Household]:
    make_tree()
    rows = [
        number_row(str(n), name=f"户主{n}", born=f"{1930 + n}0101", village=village, **numbers)
        for n in range(first, first + count)
    ]
    with transaction():
        ids = insert_households(rows, now=NOW)
    return [db.session.get_one(Household, row) for row in ids]


def find() -> int:
    with transaction():
        return duplicates.find_duplicates(by=SYSTEM, now=NOW)


def reviewer() -> User:
    return make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)


def settle(code: str, *, by: User, why: str = WHY) -> None:
    with transaction():
        shared_contacts.settle_shared(code, why=why, by=actor_for(by), now=NOW)


def only() -> str:
    (case,) = shared_contacts.list_shared(actor=make_actor(Role.COUNTY_ADMIN, division=TREE.county))
    return case.code


@pytest.mark.parametrize(("number", "value", "sign"), [("phone", PHONE, "phone"), ("account", ACCOUNT, "account")])
def test_a_number_of_more_than_twenty_is_one_case_with_all_its_households(
    app: Flask, number: str, value: str, sign: str
) -> None:
    """Fraud 2"""
    homes(35, **{number: value})
    assert (find(), find(), count_rows(HouseholdDuplicate)) == (1, 0, 0)
    actor = actor_for(reviewer())
    (case,) = shared_contacts.list_shared(actor=actor)
    assert (case.sign, case.size, case.is_of_user) == (DuplicateSign(sign), 35, False)
    pages = [shared_contacts.households_of(case.code, actor=actor, page=page) for page in (1, 2)]
    assert [(len(found), more) for found, more in pages] == [(30, True), (5, False)]
    assert len({home.id for found, _ in pages for home in found}) == 35


@ONLY_SQLITE
def test_twenty_are_still_looked_at_pair_by_pair(app: Flask) -> None:
    homes(20, phone=PHONE)
    assert find() == 190
    assert count_rows(SharedContact) == 0


def test_money_waits_until_the_case_is_settled_and_again_when_more_have_the_number(app: Flask) -> None:
    """Fraud 2"""
    paid = homes(21, phone=PHONE)[0]
    find()
    scene = make_money_scene(household=paid)
    first = scene.receive({scene.lines[0]: 48_000})
    with pytest.raises(Conflict, match="possible duplicates"):
        scene.disburse(first)
    settle(only(), by=reviewer())
    scene.disburse(first)
    homes(1, first=50, phone=PHONE)
    second = scene.receive({scene.lines[0]: 100_000}, key="r2")
    with pytest.raises(Conflict, match="possible duplicates"):
        scene.disburse(second)
    assert find() == 1
    settle(only(), by=reviewer())
    scene.disburse(second)
    assert [row.size for row in db.session.scalars(sa.select(SharedContact).order_by(SharedContact.id))] == [21, 22]


@ONLY_SQLITE
def test_what_was_settled_holds_when_fewer_have_the_number(app: Flask) -> None:
    some = homes(21, phone=PHONE)
    find()
    settle(only(), by=reviewer())
    with transaction() as session:
        for home in some[5:]:
            session.get_one(Household, home.id).phone_index = None
    assert not duplicates.is_contact_disputed(some[0].id)


@ONLY_SQLITE
def test_a_case_is_settled_once_with_a_reason_and_never_by_whose_number_it_is(app: Flask) -> None:
    """F2"""
    homes(21, phone=PHONE)
    find()
    code, own = only(), reviewer()
    with transaction() as session:
        user = session.get_one(User, own.id)
        user.phone, user.phone_index = PHONE, phone_index(PHONE)
    with pytest.raises(Forbidden, match="your own number"):
        settle(code, by=db.session.get_one(User, own.id))
    assert shared_contacts.get_shared(code, actor=actor_for(reviewer())).is_of_user
    with pytest.raises(Invalid):
        settle(code, by=reviewer(), why=" ")
    settle(code, by=reviewer())
    with pytest.raises(Conflict):
        settle(code, by=reviewer())


@ONLY_SQLITE
def test_a_township_settles_its_own_and_a_county_what_touches_it(app: Flask) -> None:
    """Z2"""
    homes(20, phone=PHONE)
    homes(5, first=40, village=TREE.village_of_other_county, phone=PHONE)
    find()
    code = only()
    for role, division in ((Role.TOWNSHIP_REVIEWER, TREE.township), (Role.VILLAGE_CLERK, TREE.village)):
        actor = make_actor(role, division=division)
        assert shared_contacts.list_shared(actor=actor) == []
        with pytest.raises(NotFound):
            shared_contacts.get_shared(code, actor=actor)
    other = make_actor(Role.COUNTY_ADMIN, division=TREE.other_county)
    assert [case.size for case in shared_contacts.list_shared(actor=other)] == [25]


def test_the_database_keeps_what_was_settled(app: Flask) -> None:
    """F2: once, with a reason, by another."""
    homes(21, phone=PHONE, account=ACCOUNT)
    find()
    own = make_user(Role.COUNTY_ADMIN, division=TREE.county, phone=PHONE)
    said = sa.text(
        "UPDATE shared_contact SET settled_by = :who, settled_at = found_at, why = :why WHERE sign = 'phone'"
    )
    for values, says in (
        ({"who": own.id, "why": "x"}, "own number"),
        ({"who": reviewer().id, "why": ""}, "settled_with"),
    ):
        with pytest.raises(sa.exc.DBAPIError, match=says), transaction() as session:
            session.execute(said, values)
    county = make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    for case in shared_contacts.list_shared(actor=county):
        settle(case.code, by=reviewer())
    for statement, says in (
        ("UPDATE shared_contact SET why = 'x'", "settled once"),
        ("DELETE FROM shared_contact", "added"),
    ):
        with pytest.raises(sa.exc.DBAPIError, match=says), transaction() as session:
            session.execute(sa.text(statement))
    db.session.rollback()
    stored = db.session.scalars(sa.text("SELECT value_index FROM shared_contact")).all()
    assert {bytes(value) for value in stored} == {phone_index(PHONE), account_index(ACCOUNT)}


@ONLY_SQLITE
def test_the_page_shows_them_masked_and_takes_the_reason(app: Flask, client: Client) -> None:
    some = homes(31, phone=PHONE)
    find()
    client.login(reviewer())
    address = f"/desk/shared-numbers/{only()}"
    assert address in client.get("/desk/duplicates").get_data(as_text=True)
    page = client.get(address).get_data(as_text=True)
    assert some[0].code in page
    assert [hidden for hidden in (PHONE, some[0].head_name) if hidden in page] == []
    assert "page=2" in page
    second = client.get(f"{address}?page=2").get_data(as_text=True)
    assert [home.code in second for home in some] == [False] * 30 + [True]
    kept = client.post(address, data={"why": "短"})
    assert (kept.status_code, 'value="短"' in kept.get_data(as_text=True)) == (422, True)
    assert client.post(address, data={"why": WHY}).status_code == 303
    assert WHY in client.get(address).get_data(as_text=True)
    assert "没有待核实的重复户" in client.get("/desk/duplicates").get_data(as_text=True)
