"""Donors on pages: register, see what is due and what came of it, choose what is public."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.actor import SYSTEM
from marketplace.core.identity import credit_check_character
from marketplace.core.kinds import DonorType
from marketplace.core.permissions import Role
from marketplace.core.workflow import PledgeState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor
from marketplace.fulfilment.models import Feedback
from marketplace.ledger import service as ledger
from marketplace.pledges import service as pledges
from marketplace.pledges.models import Pledge, Way
from marketplace.pledges.queries import quantities_of, subject_of
from tests.client import Client
from tests.counting import count_queries
from tests.factories import (
    NOW,
    TREE,
    actor_for,
    count_rows,
    make_donor,
    make_household,
    make_need,
    make_pledge,
    make_tree,
    make_user,
)

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

FIRST17 = "91510000MA6CXXXX0"
CREDIT = FIRST17 + credit_check_character(FIRST17)
PASSWORD = "雪山下面有一条清亮的小河"
PERSON = {"name": "卓玛", "phone": "13900000001", "password": PASSWORD, "agrees": "y"}
FIRM = {
    "name": "川西青稞有限公司",
    "credit_code": CREDIT,
    "contact": "王经理",
    "phone": "13900000002",
    "password": PASSWORD,
    "agrees": "y",
}


@pytest.fixture
def donor(app: Flask) -> Donor:
    return make_donor(name="卓玛")


@pytest.fixture
def giver(client: Client, donor: Donor) -> Client:
    return client.login(db.session.get_one(User, donor.user_id))


def _made(donor: Donor, **said: object) -> Pledge:
    """A pledge of the donor's, with its entry in the ledger."""
    need = make_need()
    actor = actor_for(db.session.get_one(User, donor.user_id))
    with transaction():
        return pledges.pledge_need(
            need.code,
            **{
                "quantities": {line.id: line.quantity for line in need.lines},
                "way": Way.SHIP,
                "intent": "先买被子",
                "shows_name": False,
                "shows_amount": True,
                "client_key": need.code,
                "by": actor,
                "now": NOW,
                **said,
            },
        )


def _arrive(pledge: Pledge) -> None:
    with transaction():
        pledge = pledges.move_pledge(pledge.id, "receive", now=NOW)
        ledger.record_receive(
            subject_of(pledge),
            quantities_of(pledge.lines),
            custodian="洛须镇",
            client_key=f"receive:{pledge.code}",
            by=SYSTEM,
            at=NOW,
        )


def _state(pledge: Pledge) -> PledgeState:
    db.session.rollback()
    return db.session.get_one(Pledge, pledge.id, populate_existing=True).state


def test_a_person_registers_and_is_signed_in(client: Client) -> None:
    make_tree()
    answer = client.submit("/register", form="/register", **PERSON)
    assert (answer.status_code, answer.location) == (303, "/my")
    page = client.get("/my").text
    assert "注册好了" in page
    assert "您还没有认领" in page


@pytest.mark.parametrize(("kind", "expected"), [("firm", DonorType.PRIVATE_FIRM), ("organisation", DonorType.CHAMBER)])
def test_a_unit_registers_with_its_credit_code(client: Client, kind: str, expected: DonorType) -> None:
    make_tree()
    answer = client.submit(f"/register?as={kind}", form="/register", **FIRM)
    assert answer.status_code == 303
    donor = db.session.query(Donor).one()
    assert (donor.donor_type, donor.credit_code, donor.shows_name) == (expected, CREDIT, False)


def test_registration_leads_back_to_where_the_reader_came_from(client: Client) -> None:
    make_tree()
    need = make_need()
    wanted = f"/needs/{need.code}/pledge/check?choose=all&way=ship"
    url = f"/register?next=/needs/{need.code}/pledge/check%3Fchoose%3Dall%26way%3Dship"
    assert client.submit(url, form="/register", **PERSON).location == wanted
    assert "核对认领" in client.get(wanted).text


def test_registration_never_leads_to_another_site(client: Client) -> None:
    make_tree()
    assert client.submit("/register?next=//evil.example", form="/register", **PERSON).location == "/my"


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("person", {"name": ""}, "请填姓名"),
        ("person", {"phone": "123"}, "手机号"),
        ("person", {"password": "短"}, "12"),
        ("person", {"agrees": None}, "再勾选同意"),
        ("firm", {"credit_code": "91510000"}, "18"),
        ("firm", {"credit_code": ""}, "18 位统一社会信用代码"),
        ("firm", {"contact": ""}, "请填联系人"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    client: Client, kind: str, change: dict[str, str | None], sentence: str
) -> None:
    make_tree()
    said = {**(PERSON if kind == "person" else FIRM), **change}
    answer = client.submit(f"/register?as={kind}", form="/register", **said)
    assert answer.status_code == 422
    assert sentence in answer.text
    for name in ("name", "phone", "contact", "credit_code"):
        if said.get(name):
            assert f'value="{said[name]}"' in answer.text
    assert PASSWORD not in answer.text
    assert count_rows(Donor) == 0


def test_somebody_with_an_account_is_not_asked_for_a_phone(client: Client) -> None:
    client.login(make_user(Role.VILLAGE_CLERK))
    page = client.get("/register").text
    assert 'name="phone"' not in page
    assert client.submit("/register", form="/register", name="卓玛", agrees="y").location == "/my"
    assert client.get("/register").location == "/my"


def test_my_page_shows_what_is_due_and_what_came_of_it(giver: Client, donor: Donor) -> None:
    """PRODUCT 13"""
    due = _made(donor)
    told = make_pledge(PledgeState.REPORTED, donor=donor)
    clerk = make_user(Role.VILLAGE_CLERK)
    with transaction() as session:
        session.add(Feedback(pledge_id=told.id, words="被子很暖和，谢谢。", at=NOW, recorded_by=clerk.id))
    page = giver.get("/my").text
    for words in ("等您送到", "2018-12-24 前", due.code, told.code, "被子很暖和，谢谢。", "石渠县 · 洛须镇"):
        assert words in page


def test_my_page_asks_the_database_as_often_for_many_pledges(giver: Client, donor: Donor) -> None:
    _made(donor)
    giver.get("/my")
    with count_queries() as few:
        giver.get("/my")
    for _ in range(6):
        _made(donor)
    with count_queries() as many:
        giver.get("/my")
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("way", "words"), [(Way.CHARITY, "附言写"), (Way.SHIP, "包裹上写"), (Way.DIRECT, "去之前先联系")]
)
def test_a_pledge_says_what_to_do_now(giver: Client, donor: Donor, way: Way, words: str) -> None:
    pledge = _made(donor, way=way)
    page = giver.get(f"/my/pledges/{pledge.code}").text
    for part in (words, pledge.code, "先买被子", "取消认领", "应在 2018-12-24 前到位", "本平台不收款"):
        assert part in page


def test_a_pledge_shows_what_the_ledger_says(giver: Client, donor: Donor) -> None:
    """R-G6"""
    pledge = _made(donor)
    _arrive(pledge)
    page = giver.get(f"/my/pledges/{pledge.code}").text
    assert len(re.findall("4 床", page)) >= 3
    assert f"/disclosure/{pledge.code}" in page
    assert "取消认领" not in page


def test_a_pledge_is_taken_back(giver: Client, donor: Donor) -> None:
    pledge = _made(donor)
    url = f"/my/pledges/{pledge.code}"
    assert giver.submit(url, form=f"{url}/cancel").location == url
    assert _state(pledge) is PledgeState.CANCELLED
    page = giver.get(url).text
    assert "您已取消" in page
    assert giver.post(f"{url}/cancel").status_code == 409


def test_what_has_arrived_is_not_taken_back(giver: Client, donor: Donor) -> None:
    pledge = _made(donor)
    _arrive(pledge)
    assert giver.post(f"/my/pledges/{pledge.code}/cancel").status_code == 409


def test_name_and_amount_are_shown_or_hidden_by_themselves(giver: Client, donor: Donor) -> None:
    """R-P2"""
    pledge = _made(donor)
    url = f"/my/pledges/{pledge.code}"
    giver.submit(url, form=f"{url}/visibility", shows_name="y", shows_amount=None)
    db.session.rollback()
    stored = db.session.get_one(Pledge, pledge.id, populate_existing=True)
    assert (stored.shows_name, stored.shows_amount) == (True, False)


def test_anothers_pledge_does_not_exist(giver: Client) -> None:
    """Z2"""
    other = _made(make_donor())
    url = f"/my/pledges/{other.code}"
    assert giver.get(url).status_code == 404
    assert giver.post(f"{url}/cancel").status_code == 404
    assert giver.post(f"{url}/visibility").status_code == 404
    assert _state(other) is PledgeState.ACCEPTED


def test_wishes_are_saved_and_shown_again(giver: Client, donor: Donor) -> None:
    said = {"kinds": ["goods"], "categories": ["WRM"], "areas": [TREE.county], "budget": "0.5万", "words": "老人被褥"}
    assert giver.submit("/my/preferences", form="/my/preferences", **said).status_code == 303
    page = giver.get("/my/preferences").text
    assert 'value="5,000"' in page
    for code in ("goods", "WRM", TREE.county):
        assert re.search(rf'<input checked[^>]* value="{code}"', page)


def test_no_budget_and_no_budget_left_are_told_apart(giver: Client, donor: Donor) -> None:
    for typed, stored in (("0", 0), ("", None)):
        giver.submit("/my/preferences", form="/my/preferences", budget=typed)
        db.session.rollback()
        assert db.session.get_one(Donor, donor.id, populate_existing=True).preference.budget_fen == stored


@pytest.mark.parametrize("typed", ["-1", "1e309", "NaN", "0.001", "9223372036854775808", "很多"])
def test_a_budget_that_is_no_amount_is_refused(giver: Client, typed: str) -> None:
    """L7"""
    answer = giver.submit("/my/preferences", form="/my/preferences", budget=typed, words="老人被褥")
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text
    assert "老人被褥" in answer.text


def test_places_are_kept_and_what_is_no_number_is_refused(giver: Client, donor: Donor) -> None:
    for typed, stored in (("20", 20), ("", None)):
        assert giver.submit("/my/preferences", form="/my/preferences", places=typed).status_code == 303
        db.session.rollback()
        assert db.session.get_one(Donor, donor.id, populate_existing=True).preference.places == stored
    for typed in ("-1", "1.5", "100001", "很多"):
        answer = giver.submit("/my/preferences", form="/my/preferences", places=typed)
        assert (answer.status_code, "名额请填 0 到 100,000 之间的整数" in answer.text) == (422, True), typed
        assert f'value="{typed}"' in answer.text


def test_a_place_that_does_not_exist_is_refused(giver: Client) -> None:
    make_tree()
    answer = giver.post("/my/preferences", data={"areas": "999999000000"})
    assert (answer.status_code, "请重选" in answer.text) == (422, True)


def test_personal_suggestions_are_off_in_one_tap(giver: Client, donor: Donor) -> None:
    """R-P8"""
    off = "/my/preferences/personalised/off"
    assert giver.submit("/my/preferences", form=off).status_code == 303
    db.session.rollback()
    assert db.session.get_one(Donor, donor.id, populate_existing=True).preference.personalised is False
    assert "打开个性化推荐" in giver.get("/my/preferences").text
    assert giver.post("/my/preferences/personalised/perhaps").status_code == 404


def test_a_relation_is_declared_by_the_households_code(giver: Client) -> None:
    """R-V8"""
    household = make_household()
    giver.submit("/my/preferences", form="/my/relations", household_code=household.code, relation="表亲")
    page = giver.get("/my/preferences").text
    assert household.code in page
    answer = giver.submit("/my/preferences", form="/my/relations", household_code="HB-1", relation="表亲")
    assert (answer.status_code, "没有这个户号" in answer.text) == (422, True)


def test_a_public_page_exists_only_on_request(giver: Client, donor: Donor) -> None:
    """R-P2, Z2"""
    url = f"/donors/{donor.code}"
    assert giver.get(url).status_code == 404
    answer = giver.submit("/my/preferences", form="/my/visibility", has_public_page="y", shows_name=None)
    assert (answer.status_code, "请先勾选公开姓名" in answer.text) == (422, True)
    giver.submit("/my/preferences", form="/my/visibility", has_public_page="y", shows_name="y")
    assert "卓玛" in giver.get(url).text
    giver.submit("/my/preferences", form="/my/visibility", has_public_page=None, shows_name="y")
    assert giver.get(url).status_code == 404


def test_a_public_page_lists_only_gifts_under_the_name(client: Client) -> None:
    """R-P2: a gift without the name cannot be linked to the donor; a hidden amount stays hidden."""
    donor = make_donor(name="川西青稞有限公司", has_public_page=True, shows_name=True)
    named = make_pledge(PledgeState.CONFIRMED, donor=donor, shows_name=True, shows_amount=True)
    hidden = make_pledge(PledgeState.CONFIRMED, donor=donor, shows_name=True, shows_amount=False)
    nameless = make_pledge(PledgeState.CONFIRMED, donor=donor, shows_name=False)
    unpaid = make_pledge(PledgeState.ACCEPTED, donor=donor, shows_name=True)
    page = client.get(f"/donors/{donor.code}").text
    assert named.code in page
    assert hidden.code in page
    assert "不公开" in page
    assert page.count("4 床") == 1
    assert nameless.code not in page
    assert unpaid.code not in page


def test_a_donor_who_refused_is_named_nowhere(client: Client, donor: Donor) -> None:
    """R-P2"""
    pledge = _made(donor)
    _arrive(pledge)
    for url in ("/", "/needs", f"/needs/{pledge.need.code}", "/disclosure", f"/disclosure/{pledge.code}"):
        page = client.get(url).text
        assert "卓玛" not in page
        assert donor.code not in page


def test_an_overdue_pledge_says_so(giver: Client, donor: Donor) -> None:
    _made(donor, now=NOW - timedelta(days=10))
    assert 'class="n s och"' in giver.get("/my").text


def test_a_volunteer_without_registration_is_sent_to_it(client: Client) -> None:
    client.login(make_user(Role.VOLUNTEER))
    assert client.get("/my").location == "/register"
