"""Households that may be one: what points to it, who decides, and what a decision does."""

from dataclasses import replace

import pytest
from flask import Flask

from marketplace.audit.models import AuditEntry
from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.households import duplicates
from marketplace.households.addresses import read_address
from marketplace.households.bulk import account_index, phone_index
from marketplace.households.models import DuplicateSign, DuplicateVerdict, Household, HouseholdDuplicate
from marketplace.households.rows import HouseholdRow
from marketplace.households.service import insert_households
from marketplace.needs import service as needs
from tests.client import Client
from tests.factories import NOW, TREE, count_rows, make_actor, make_household, make_tree, make_user
from tests.register import id_of, number_row
from tests.scenes import make_money_scene

V = DuplicateVerdict


def _homes(*rows: HouseholdRow) -> list[Household]:
    make_tree()
    with transaction():
        ids = insert_households(rows, now=NOW)
    return [db.session.get_one(Household, row) for row in ids]


def _find() -> int:
    with transaction():
        return duplicates.find_duplicates(by=SYSTEM, now=NOW)


def test_a_common_phone_account_or_person_is_noted_once(app: Flask) -> None:
    """Fraud 2, 8: the sound of the name with year of birth and village; a likeness of names alone is nothing."""
    _homes(
        number_row("1", name="扎西次仁", phone="16700000001", account="62280000000001"),
        number_row("2", name="泽仁拉姆", phone="16700000001", account="62280000000001"),
        number_row("3", name="扎西次仁", born="19800506"),
        number_row("4", name="扎希次仁", born="19801111"),
        number_row("5", name="扎西泽仁", born="19800506"),
        number_row("6", name="扎西次仁", born="19800506", village=TREE.other_village),
    )
    assert _find() == 2
    assert _find() == 0
    reviewer = make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    signs = sorted(candidate.signs for candidate in duplicates.list_duplicates(actor=reviewer))
    assert signs == [[DuplicateSign.PERSON], [DuplicateSign.PHONE, DuplicateSign.ACCOUNT]]


WITHIN = ("石渠县", "洛须镇", "温拖村")
SAME_HOUSE = [
    ("三组12号", "3组12号"),
    ("三组12号", "第三村民小组 十二号"),
    ("三组12号", "３组１２号"),
    ("三组十二号", "叁社12號"),
    ("石渠县洛须镇温拖村三组12号", "温拖村3组12号"),
    ("扎科自然村一百零三号", "扎科自然村103号"),
    ("安置点2栋1单元302", "安置点二幢一单元302室"),
]
OTHER_HOUSE = [
    ("三组12号", "三组21号"),
    ("三组12号", "三组112号"),
    ("三组12号", "二组12号"),
    ("扎科自然村3号", "拉龙自然村3号"),
    ("温拖村扎科自然村3号", "温拖村拉龙自然村3号"),
    ("安置点2栋302室", "安置点3栋202室"),
    ("八一村3号", "九一村3号"),
]


def _is_same(one: str, other: str) -> bool:
    first, second = (read_address(text, within=WITHIN) for text in (one, other))
    assert first is not None
    assert second is not None
    return first.is_like(second)


@pytest.mark.parametrize(("one", "other"), SAME_HOUSE)
def test_one_house_written_in_two_ways_is_one(one: str, other: str) -> None:
    """Fraud 8: numerals, full width, traditional characters, names of the divisions around it."""
    assert _is_same(one, other)


@pytest.mark.parametrize(("one", "other"), OTHER_HOUSE)
def test_another_number_or_another_place_is_another_house(one: str, other: str) -> None:
    """Fraud 8: numbers are compared exactly, however alike the rest is."""
    assert not _is_same(one, other)


@pytest.mark.parametrize("text", ["", "三组", "第3村民小组", "扎科自然村", "温拖村", "温拖村三组", "3", "八一村"])
def test_a_village_or_a_group_alone_is_no_house(text: str) -> None:
    assert read_address(text, within=WITHIN) is None


def test_households_of_one_house_in_one_village_are_noted(app: Flask) -> None:
    """Fraud 8: in another village, or in the group alone, nothing points to anything."""
    rows = [
        replace(number_row(str(number), name=name, born=f"19{60 + number}0101", village=village), group_name=text)
        for number, (name, village, text) in enumerate(
            [
                ("扎西", TREE.village, "三组12号"),
                ("拉姆", TREE.village, "3组十二号"),
                ("多吉", TREE.village, "三组"),
                ("卓玛", TREE.village, "3组"),
                ("次仁", TREE.other_village, "三组12号"),
                ("格桑", TREE.village, "三组13号"),
            ]
        )
    ]
    first, second, *_ = _homes(*rows)
    assert _find() == 1
    (pair,) = duplicates.list_duplicates(actor=make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.township))
    assert (pair.first.id, pair.second.id, pair.signs) == (first.id, second.id, [DuplicateSign.ADDRESS])


def test_a_decision_needs_a_reason_is_made_once_and_is_audited(app: Flask) -> None:
    first, second = _homes(number_row("1", phone="16700000001"), number_row("2", name="拉姆", phone="16700000001"))
    _find()
    reviewer = make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    decide = duplicates.decide_duplicate
    for verdict, why in ((V.KEEP_FIRST, " "), (None, "两家都去过")):
        with pytest.raises(Invalid), transaction():
            decide(first.code, second.code, verdict=verdict, why=why, by=reviewer, now=NOW)
    with transaction():
        decide(second.code, first.code, verdict=V.KEEP_FIRST, why="两家都去过，是一家人", by=reviewer, now=NOW)
    with pytest.raises(Conflict), transaction():
        decide(first.code, second.code, verdict=V.DIFFERENT, why="两家都去过", by=reviewer, now=NOW)
    assert duplicates.list_duplicates(actor=reviewer) == []
    assert db.session.query(AuditEntry).filter_by(action="duplicate.decide").count() == 1  # type: ignore[call-arg]
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    with pytest.raises(Conflict) as refused, transaction():
        needs.start_need(household_code=second.code, village=None, client_key="a", by=clerk, now=NOW)
    assert refused.value.params == {"code": first.code}
    with transaction():
        needs.start_need(household_code=first.code, village=None, client_key="b", by=clerk, now=NOW)


def test_a_township_decides_on_its_own_pairs_and_a_county_on_those_that_touch_it(app: Flask) -> None:
    """Z2."""
    first, second = _homes(
        number_row("1", phone="16700000001"),
        number_row("2", name="拉姆", phone="16700000001", village=TREE.village_of_other_county),
    )
    _find()
    county = make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    assert len(duplicates.list_duplicates(actor=county)) == 1
    for role, place in ((Role.TOWNSHIP_REVIEWER, TREE.township), (Role.VILLAGE_CLERK, TREE.village)):
        with pytest.raises(NotFound):
            duplicates.get_duplicate(first.code, second.code, actor=make_actor(role, division=place))
    with pytest.raises(Forbidden), transaction():
        duplicates.find_duplicates(by=county, now=NOW)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_pages_show_both_masked_and_take_the_decision(app: Flask, client: Client) -> None:
    number = id_of()
    first, second = _homes(
        number_row("1", name="扎西次仁", phone="16700000001", number=number),
        number_row("2", name="拉姆", phone="16700000001"),
    )
    _find()
    client.login(make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township))
    address = f"/desk/duplicates/{first.code}/{second.code}"
    assert address in client.get("/desk/duplicates").get_data(as_text=True)
    page = client.get(address).get_data(as_text=True)
    assert "167****0001" in page
    assert [hidden for hidden in (number, "16700000001", "扎西次仁") if hidden in page] == []
    kept = client.post(address, data={"why": "两家都去过，共用电话"})
    assert kept.status_code == 422
    assert "两家都去过，共用电话" in kept.get_data(as_text=True)
    assert client.post(address, data={"verdict": "different", "why": "两家都去过，共用电话"}).status_code == 303
    assert "没有待核实的重复户" in client.get("/desk/duplicates").get_data(as_text=True)
    assert count_rows(HouseholdDuplicate) == 1


@pytest.mark.parametrize("number", ["phone", "bank_account"])
def test_money_of_a_number_that_three_households_share_waits_until_it_is_decided(app: Flask, number: str) -> None:
    """Fraud 2: two households with one number are looked into; with three nothing is passed on before."""
    value = {"phone": "16700000001", "bank_account": "62280000000001"}[number]
    paid, other, third = (
        make_household(**{number: value, f"{number}_index": index(value)})
        for index in [{"phone": phone_index, "bank_account": account_index}[number]] * 3
    )
    with transaction() as session:
        for column in (number, f"{number}_index"):
            setattr(session.get_one(Household, third.id), column, None)
    scene = make_money_scene(household=paid)
    first = scene.receive({scene.lines[0]: 48_000})
    scene.disburse(first)
    with transaction() as session:
        back = session.get_one(Household, third.id)
        setattr(back, number, value)
        setattr(back, f"{number}_index", {"phone": phone_index, "bank_account": account_index}[number](value))
    rest = scene.receive({scene.lines[0]: 100_000}, key="r2")
    with pytest.raises(Conflict, match="possible duplicates"):
        scene.disburse(rest)
    _find()
    county = make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    with transaction():
        duplicates.decide_duplicate(
            paid.code, other.code, verdict=V.DIFFERENT, why="两家都去过，合用一部电话", by=county, now=NOW
        )
    scene.disburse(rest)
