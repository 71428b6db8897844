"""Households: the bulk writer, registering one, the right area, masks."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.codes import parse_code
from marketplace.core.errors import Forbidden, Invalid, NotFound
from marketplace.core.kinds import ExitAttribute, PovertyAttribute, PovertyCause
from marketplace.core.permissions import Role
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import db, transaction
from marketplace.households import queries, service
from marketplace.households.models import Household, StatusChange
from marketplace.households.service import HouseholdRow, InvalidHousehold, MemberRow, insert_households
from tests import factories
from tests.factories import NOW, TREE, Tree
from tests.register import id_of


def member(**changes: object) -> MemberRow:
    head = MemberRow(
        person_no="",
        name="扎西次仁",
        id_number=id_of(),
        relation="户主",
        ethnicity="藏族",
        education="小学",
        school_status="非在校",
        health="长期慢性病",
        labour="普通劳动力",
        work_months=0,
    )
    return replace(head, **changes)


def row(number: str = "", **changes: object) -> HouseholdRow:
    made = HouseholdRow(
        registry_no=number,
        division_code=TREE.village,
        head_name="扎西次仁",
        attribute=PovertyAttribute.GENERAL,
        exit_attribute=ExitAttribute.POOR,
        main_cause=PovertyCause.ILLNESS,
        members=(member(person_no=f"{number}01" if number else ""),),
        income_fen=273_650,
        phone="13900000001",
    )
    return replace(made, **changes)


def register(household: HouseholdRow, *, by: Actor = SYSTEM) -> Household:
    with transaction():
        return service.register_household(household, by=by, now=NOW)[0]


def history() -> list[tuple[HouseholdStatus, date]]:
    chosen = sa.select(StatusChange).order_by(StatusChange.id)
    return [(change.status, change.effective_on) for change in db.session.scalars(chosen)]


def test_many_households_keep_their_order_and_repeat_with_the_same_seed(tree: Tree) -> None:
    rows = [row(f"{at:04d}") for at in range(5)]
    with transaction():
        ids = insert_households(rows, now=NOW, choose=Random(7).choice)
    found = [db.session.get_one(Household, household_id) for household_id in ids]
    assert [household.registry_no for household in found] == [household.registry_no for household in rows]
    expected = Random(7)
    codes = [household.code for household in found]
    assert codes[0].startswith("HB-" + "".join(expected.choice("23456789BCDFGHJKMNPQRSTVWXYZ") for _ in range(6)))
    assert all(parse_code(code) for code in codes)
    assert len(set(codes)) == 5


def test_a_household_that_has_left_poverty_comes_with_its_history(tree: Tree) -> None:
    gone = row("0001", status=HouseholdStatus.EXITED, status_since=date(2017, 12, 1))
    with transaction():
        insert_households([replace(gone, registered_at=NOW - timedelta(days=1500))], now=NOW)
    assert history() == [
        (HouseholdStatus.REGISTERED, (NOW - timedelta(days=1500)).date()),
        (HouseholdStatus.EXITED, date(2017, 12, 1)),
    ]


def test_the_database_itself_refuses_one_id_number_in_two_households(tree: Tree) -> None:
    number = id_of()
    rows = [row(f"000{at}", members=(member(id_number=number, person_no="1"),)) for at in (1, 2)]
    with pytest.raises(IntegrityError), transaction():
        insert_households(rows, now=NOW)


def test_a_household_without_a_number_gets_the_next_of_its_village(tree: Tree) -> None:
    first = register(row())
    second = register(row())
    assert (first.registry_no, second.registry_no) == (f"{tree.village}0001", f"{tree.village}0002")
    assert [person.person_no for person in second.members] == [f"{tree.village}000201"]
    assert history() == [(HouseholdStatus.REGISTERED, NOW.date())] * 2


def test_a_number_in_use_and_every_broken_rule_are_told_at_once(tree: Tree) -> None:
    register(row("77"))
    bad = row("77", income_fen=0, members=(member(health="", person_no="7701"),))
    with pytest.raises(InvalidHousehold) as refused:
        register(bad)
    found = {(finding.code, finding.field) for finding in refused.value.findings}
    assert found == {("RG02", "registry_no"), ("IN02", "income_fen"), ("NU01", "health")}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 1


def test_only_a_village_takes_households(tree: Tree) -> None:
    with pytest.raises(Invalid, match="village"):
        register(row(division_code=tree.township))


@pytest.mark.parametrize(
    ("role", "division", "error"),
    [
        (Role.VILLAGE_CLERK, TREE.other_village, NotFound),
        (Role.COUNTY_ADMIN, TREE.other_county, NotFound),
        (Role.TOWNSHIP_REVIEWER, TREE.township, Forbidden),
        (Role.AUDITOR, TREE.prefecture, Forbidden),
        (Role.DONOR, TREE.prefecture, Forbidden),
    ],
)
def test_who_may_not_write_here_registers_nothing(
    tree: Tree, role: Role, division: str, error: type[Exception]
) -> None:
    """Z2: beside the area answers as if there were nothing; without the role it is said."""
    with pytest.raises(error):
        register(row(), by=factories.make_actor(role, division=division))


@pytest.mark.parametrize("division", [TREE.village, TREE.township, TREE.county, TREE.prefecture])
def test_a_role_reaches_down_to_the_households_below_it(tree: Tree, division: str) -> None:
    code = register(row()).code
    reader = factories.make_actor(Role.AUDITOR, division=division)
    assert queries.get_household(code, actor=reader).code == code
    assert [found.code for found in queries.list_households(reader).rows] == [code]


def test_a_household_reads_itself_and_nobody_else(tree: Tree) -> None:
    user = factories.make_user(Role.HOUSEHOLD, division=tree.village)
    own = factories.make_household(user=user)
    other = factories.make_household()
    actor = factories.actor_for(user)
    assert queries.get_household(own.code, actor=actor).id == own.id
    with pytest.raises(Forbidden):
        queries.get_household(other.code, actor=actor)


def test_masks_leave_a_first_character_and_nothing_of_a_child(tree: Tree) -> None:
    grown, child = member(), member(name="泽仁", id_number=id_of(born="20080901"), relation="之子")
    household = register(row(members=(grown, replace(child, school_status="小学"))))
    first, second = queries.masked_members(household, on=NOW.date())
    assert (first.name, first.age, first.is_child) == ("扎**", 38, False)
    assert first.id_number == f"9{'*' * 15}{grown.id_number[-2:]}"
    assert (second.name, second.id_number, second.age, second.health, second.is_child) == ("", "", None, "", True)
    assert queries.masked_phone(household) == "139****0001"


def test_the_rules_go_on_looking_at_what_is_registered(tree: Tree) -> None:
    household = register(row(members=(member(health="残疾"),)))
    assert [finding.code for finding in queries.findings_of(household, on=NOW.date())] == ["NU04"]


def test_registering_counts_the_households_of_a_place(tree: Tree) -> None:
    register(row())
    assert queries.count_households(tree.county) == 1
    assert queries.count_households(tree.other_county) == 0
