"""Who gives: registration by type, wishes, what is public, declared relations, budget."""

from typing import Any

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.actor import PUBLIC, Actor
from marketplace.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.core.identity import credit_check_character
from marketplace.core.kinds import DonorType, NeedCategory, SupportKind
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.donors import service
from marketplace.donors.models import Donor, Preference, RelatedParty
from marketplace.donors.queries import find_donor_id, find_public_donor, get_own_donor, relations_of
from marketplace.donors.service import DonorRow, Registration, Wishes, role_of
from tests.factories import NOW, TREE, actor_for, count_rows, grant, make_donor, make_household, make_tree, make_user

FIRST17 = "91510000MA6CXXXX0"
CREDIT = FIRST17 + credit_check_character(FIRST17)
PASSWORD = "雪山下面有一条清亮的河"
PERSON = {"donor_type": DonorType.INDIVIDUAL, "name": "卓玛", "phone": "13900000001", "password": PASSWORD + "呀"}
FIRM = {
    "donor_type": DonorType.PRIVATE_FIRM,
    "name": "川西青稞有限公司",
    "contact": "王经理",
    "phone": "13900000002",
    "password": PASSWORD + "呀",
    "credit_code": CREDIT,
}


def _register(said: dict[str, Any], *, user: User | None = None, **changes: Any) -> Donor:
    make_tree()
    with transaction():
        return service.register_donor(
            Registration(**{"agrees": True, **said, **changes}), user=user, home_division=TREE.prefecture, now=NOW
        )


def _actor(donor: Donor) -> Actor:
    return actor_for(db.session.get_one(User, donor.user_id))


def test_a_person_registers_and_is_anonymous_by_default(app: Flask) -> None:
    """R-P2"""
    donor = _register(PERSON, employer="州医院")
    assert (donor.shows_name, donor.has_public_page, donor.phone, donor.credit_code) == (False, False, None, None)
    user = db.session.get_one(User, donor.user_id)
    assert (user.name, user.unit, [(g.role, g.division_code) for g in user.grants]) == (
        "卓玛",
        "州医院",
        [(Role.DONOR, TREE.prefecture)],
    )
    assert donor.preference.budget_fen is None


def test_a_firm_registers_with_its_credit_code(app: Flask) -> None:
    donor = _register(FIRM, credit_code=CREDIT.lower())
    user = db.session.get_one(User, donor.user_id)
    assert (donor.name, donor.credit_code, donor.phone) == ("川西青稞有限公司", CREDIT, "13900000002")
    assert (user.name, user.unit, user.grants[0].role) == ("王经理", "川西青稞有限公司", Role.ENTERPRISE)


@pytest.mark.parametrize("donor_type", list(DonorType))
def test_each_type_has_its_role(donor_type: DonorType) -> None:
    expected = {DonorType.INDIVIDUAL: Role.DONOR, DonorType.PRIVATE_FIRM: Role.ENTERPRISE}
    expected[DonorType.STATE_FIRM] = Role.ENTERPRISE
    assert role_of(donor_type) is expected.get(donor_type, Role.ORGANISATION)


@pytest.mark.parametrize(
    ("said", "change", "field"),
    [
        (PERSON, {"agrees": False}, "agrees"),
        (PERSON, {"name": "  "}, "name"),
        (PERSON, {"name": "长" * 121}, "name"),
        (PERSON, {"phone": "12345"}, "phone"),
        (PERSON, {"password": "短"}, "password"),
        (FIRM, {"credit_code": ""}, "credit_code"),
        (FIRM, {"credit_code": CREDIT[:-1] + ("0" if CREDIT[-1] != "0" else "1")}, "credit_code"),
        (FIRM, {"contact": ""}, "contact"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    app: Flask, said: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        _register(said, **change)
    assert refused.value.field == field
    assert (count_rows(Donor), count_rows(User)) == (0, 0)


def test_units_abroad_and_military_units_have_no_credit_code(app: Flask) -> None:
    assert _register(FIRM, donor_type=DonorType.MILITARY, credit_code="").credit_code is None
    with pytest.raises(Invalid):
        _register(FIRM, donor_type=DonorType.CHARITY, credit_code="", phone="13900000009")


def test_one_credit_code_and_one_phone_register_once(app: Flask) -> None:
    _register(FIRM)
    with pytest.raises(Conflict) as refused:
        _register(FIRM, phone="13900000003")
    assert refused.value.field == "credit_code"
    with pytest.raises(DomainError):
        _register(PERSON, phone=FIRM["phone"])
    assert count_rows(Donor) == 1


def test_somebody_with_an_account_becomes_a_donor_once(app: Flask) -> None:
    clerk = make_user(Role.VILLAGE_CLERK, division=TREE.village)
    _register(PERSON, user=clerk, phone="", password="")
    clerk = db.session.get_one(User, clerk.id)
    assert find_donor_id(clerk.id) is not None
    assert {g.role for g in clerk.grants} == {Role.VILLAGE_CLERK, Role.DONOR}
    with pytest.raises(Conflict):
        _register(PERSON, user=clerk)


def test_a_volunteer_keeps_the_one_role_that_gives(app: Flask) -> None:
    volunteer = make_user(Role.VOLUNTEER)
    _register(PERSON, user=volunteer)
    assert [g.role for g in db.session.get_one(User, volunteer.id).grants] == [Role.VOLUNTEER]


def test_wishes_replace_those_before(app: Flask) -> None:
    actor = _actor(make_donor())
    wishes = Wishes(
        kinds=[SupportKind.GOODS],
        categories=[NeedCategory.WRM, NeedCategory.EDU],
        areas=[TREE.county, TREE.county],
        budget_fen=50_000,
        words=" 被褥 ",
        paused=True,
    )
    with transaction():
        service.set_preference(wishes, by=actor, now=NOW)
    stored = get_own_donor(actor).preference
    assert (stored.kinds, stored.categories, stored.areas) == (["goods"], ["EDU", "WRM"], [TREE.county])
    assert (stored.budget_fen, stored.words, stored.paused, stored.updated_at) == (50_000, "被褥", True, NOW)
    with transaction():
        service.set_preference(Wishes(), by=actor, now=NOW)
    assert get_own_donor(actor).preference.budget_fen is None


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        (Wishes(budget_fen=-1), "budget"),
        (Wishes(budget_fen=10**13 + 1), "budget"),
        (Wishes(words="长" * 501), "words"),
        (Wishes(areas=["999999000000"]), "areas"),
        (Wishes(areas=["'; DROP"]), "areas"),
        (Wishes(areas=[TREE.county] * 51), "areas"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(app: Flask, wishes: Wishes, field: str) -> None:
    actor = _actor(make_donor())
    with pytest.raises(Invalid) as refused, transaction():
        service.set_preference(wishes, by=actor, now=NOW)
    assert refused.value.field == field


def test_personal_suggestions_are_switched_off_and_on(app: Flask) -> None:
    """R-P8"""
    actor = _actor(make_donor())
    for on in (False, True):
        with transaction():
            service.set_personalised(on, by=actor, now=NOW)
        assert get_own_donor(actor).preference.personalised is on


def test_a_public_page_exists_only_on_request_and_under_the_name(app: Flask) -> None:
    """R-P2"""
    donor = make_donor(name="川西青稞有限公司")
    actor = _actor(donor)
    assert find_public_donor(donor.code) is None
    with pytest.raises(Invalid), transaction():
        service.set_visibility(shows_name=False, shows_amount=True, has_public_page=True, by=actor, now=NOW)
    with transaction():
        service.set_visibility(shows_name=True, shows_amount=True, has_public_page=True, by=actor, now=NOW)
    found = find_public_donor(donor.code)
    assert found is not None
    assert (found.name, found.code) == ("川西青稞有限公司", donor.code)
    with transaction():
        service.set_visibility(shows_name=True, shows_amount=True, has_public_page=False, by=actor, now=NOW)
    assert find_public_donor(donor.code) is None


def test_whoever_is_no_donor_sets_nothing(app: Flask) -> None:
    """Z2"""
    for nobody in (PUBLIC, actor_for(make_user(Role.DONOR))):
        with pytest.raises(NotFound), transaction():
            service.set_preference(Wishes(), by=nobody, now=NOW)
        with pytest.raises(NotFound), transaction():
            service.set_personalised(False, by=nobody, now=NOW)
        with pytest.raises(NotFound), transaction():
            service.declare_relation("表亲", household_code="HB", by=nobody, now=NOW)


def test_a_relation_is_declared_once_by_the_households_code(app: Flask) -> None:
    """R-V8"""
    donor, household = make_donor(), make_household()
    actor = _actor(donor)
    for typed in (household.code, household.code.lower().replace("-", "")):
        with transaction():
            service.declare_relation(" 表亲 ", household_code=typed, by=actor, now=NOW)
    (declared,) = relations_of(donor.id)
    assert (declared.household_code, declared.relation) == (household.code, "表亲")


@pytest.mark.parametrize(
    ("relation", "code"), [("表亲", "HB-222222-99"), ("表亲", "XQ"), ("", None), ("长" * 41, None)]
)
def test_a_relation_needs_words_and_a_household(app: Flask, relation: str, code: str | None) -> None:
    actor, household = _actor(make_donor()), make_household()
    with pytest.raises(Invalid), transaction():
        service.declare_relation(relation, household_code=code or household.code, by=actor, now=NOW)
    assert count_rows(RelatedParty) == 0


def test_a_relation_to_oneself_is_refused(app: Flask) -> None:
    actor = _actor(make_donor())
    with pytest.raises(Forbidden), transaction():
        service.declare_relation("本人", user_id=actor.user_id, by=actor, now=NOW)


def test_a_budget_covers_what_it_can(app: Flask) -> None:
    donor, free = make_donor(preference={"budget_fen": 700}), make_donor()
    with transaction():
        assert service.take_from_budget(donor.id, 500) == 500
        assert service.take_from_budget(donor.id, 500) == 200
        assert service.take_from_budget(donor.id, 500) == 0
        service.give_back_budget(donor.id, 300)
        service.give_back_budget(donor.id, 0)
        assert service.take_from_budget(free.id, 500) == 0
        service.give_back_budget(free.id, 500)
    assert db.session.get_one(Preference, donor.id).budget_fen == 300
    assert db.session.get_one(Preference, free.id).budget_fen is None


def test_donors_in_bulk_come_with_their_preferences(app: Flask) -> None:
    user = make_user(Role.DONOR)
    rows = [
        DonorRow("AX-222222-01", DonorType.INDIVIDUAL, "甲", NOW, user_id=user.id, kinds=("money",), budget_fen=5),
        DonorRow("AX-222222-02", DonorType.CHARITY, "乙", NOW, phone="13900000007", credit_code=CREDIT),
    ]
    with transaction():
        assert service.insert_donors([]) == []
        first, second = service.insert_donors(rows)
    assert find_donor_id(user.id) == first
    assert db.session.get_one(Preference, first).kinds == ["money"]
    assert db.session.get_one(Donor, second).phone == "13900000007"


def test_a_grant_given_before_is_not_given_twice(app: Flask) -> None:
    user = make_user()
    grant(user, Role.DONOR, division=TREE.prefecture)
    _register(PERSON, user=user)
    assert len(db.session.get_one(User, user.id).grants) == 1
