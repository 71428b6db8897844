"""A donor pledges on pages: chooses, checks, and it is made; nothing chosen is lost on the way."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge, Way
from tests import html
from tests.client import Client
from tests.factories import Line, count_rows, make_donor, make_need, make_user, money_line

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

QUILTS_AND_STOVE = (Line("棉被", 4, "床", 15_000), Line("取暖炉", 1, "台", 88_000))


@pytest.fixture
def donor(app: Flask) -> Donor:
    return make_donor()


@pytest.fixture
def giver(client: Client, donor: Donor) -> Client:
    return client.login(db.session.get_one(User, donor.user_id))


def _check_url(need: Need, **choices: object) -> str:
    said = {"choose": "all", "way": "charity", **choices}
    return f"/needs/{need.code}/pledge/check?" + "&".join(f"{name}={value}" for name, value in said.items())


def _lines(need: Need) -> list[int]:
    return [line.id for line in need.lines]


def _form(page: str, action: str) -> dict[str, str]:
    """What the page would send by itself."""
    (form,) = [f for f in html.forms(page) if f.action.endswith(action)]
    return {name: values[0] for name, values in form.fields.items() if values}


def _make_form(giver: Client, need: Need, url: str = "") -> tuple[str, dict[str, str]]:
    """Where the check page sends its form, and with what."""
    action = f"/needs/{need.code}/pledge"
    return action, _form(giver.get(url or _check_url(need)).text, action)


def _only() -> Pledge:
    db.session.rollback()
    return db.session.query(Pledge).one()


def test_a_visitor_sees_what_is_open_and_how_to_give(client: Client) -> None:
    need = make_need(lines=QUILTS_AND_STOVE)
    page = client.get(f"/needs/{need.code}/pledge").text
    for words in (
        "还缺",
        "1,480",
        "还缺的全部",
        "只出一部分",
        "转到慈善会账户",
        "买好寄到乡镇",
        "不公开我的姓名",
        "7 天内到位",
    ):
        assert words in page


def test_the_needs_page_offers_the_same(client: Client) -> None:
    need = make_need(lines=QUILTS_AND_STOVE)
    page = client.get(f"/needs/{need.code}").text
    assert f'action="/needs/{need.code}/pledge/check"' in page


def test_a_need_of_one_thing_asks_for_no_part(client: Client) -> None:
    need = make_need(lines=[Line("取暖炉", 1, "台", 88_000)])
    page = client.get(f"/needs/{need.code}/pledge").text
    assert "取暖炉 1 台" in page
    assert "只出一部分" not in page


def test_money_goes_to_an_account_only(client: Client) -> None:
    page = client.get(f"/needs/{make_need(lines=[money_line()]).code}/pledge").text
    assert "转到慈善会账户" in page
    assert "买好寄到乡镇" not in page


def test_a_covered_need_takes_no_pledge(client: Client) -> None:
    page = client.get(f"/needs/{make_need(NeedState.PLEDGED).code}/pledge").text
    assert "已全部认领" in page
    assert "看看别的需求" in page


@pytest.mark.parametrize("state", [NeedState.DRAFT, NeedState.SUBMITTED, NeedState.WITHDRAWN])
def test_a_need_that_is_not_public_answers_404(giver: Client, state: NeedState) -> None:
    """Z2"""
    need = make_need(state)
    assert giver.get(f"/needs/{need.code}/pledge").status_code == 404
    assert giver.get(_check_url(need)).status_code == 404
    assert giver.post(f"/needs/{need.code}/pledge").status_code == 404


def test_signing_in_on_the_way_loses_nothing(client: Client) -> None:
    """PRODUCT 6: the choices come back after the login."""
    need = make_need(lines=QUILTS_AND_STOVE)
    quilts = _lines(need)[0]
    wanted = _check_url(need, choose="part", **{f"line_{quilts}": 2}, hide_amount="y")
    answer = client.get(wanted)
    assert answer.status_code == 303
    assert urlsplit(answer.location).path == "/login"
    assert parse_qs(urlsplit(answer.location).query)["next"] == [wanted]


def test_whoever_has_no_registration_is_sent_there_and_back(client: Client) -> None:
    need = make_need()
    client.login(make_user(Role.VILLAGE_CLERK))
    answer = client.get(_check_url(need))
    assert urlsplit(answer.location).path == "/register"
    assert parse_qs(urlsplit(answer.location).query)["next"] == [_check_url(need)]


def test_the_check_page_says_what_and_what_comes_next(giver: Client) -> None:
    """R-M8, R-M6"""
    need = make_need(lines=QUILTS_AND_STOVE)
    quilts = _lines(need)[0]
    page = giver.get(_check_url(need, choose="part", **{f"line_{quilts}": 2}, intent="先买被子", hide_name="y")).text
    for words in (
        "棉被 2 床",
        "价值 300 元",
        "先买被子",
        "不公开姓名、公开金额",
        "认领出于自愿",
        "不属于慈善公开募捐信息",
    ):
        assert words in page
    assert count_rows(Pledge) == 0


def test_the_way_back_keeps_the_choices(giver: Client) -> None:
    need = make_need(lines=QUILTS_AND_STOVE)
    quilts = _lines(need)[0]
    page = giver.get(_check_url(need, choose="part", **{f"line_{quilts}": 2}, intent="先买被子", way="ship")).text
    back = next(a["href"] for a in html.parse(page).all("a") if a.text == "修改")
    fields = _form(giver.get(back).text, "/pledge/check")
    assert (fields["choose"], fields[f"line_{quilts}"], fields["intent"]) == ("part", "2", "先买被子")
    assert fields["way"] == "ship"
    assert "hide_name" not in fields


def test_a_pledge_is_made_in_two_steps(giver: Client) -> None:
    need = make_need(lines=QUILTS_AND_STOVE)
    answer = giver.submit(_check_url(need, way="ship"), form=f"/needs/{need.code}/pledge")
    pledge = _only()
    assert (answer.status_code, answer.location) == (303, f"/my/pledges/{pledge.code}")
    assert (pledge.value_fen, pledge.way, pledge.shows_name, pledge.shows_amount) == (148_000, Way.SHIP, True, True)
    page = giver.get(answer.location).text
    for words in ("认领成功", "棉被 4 床、取暖炉 1 台", pledge.code, "请在 2018-12-24 前送到"):
        assert words in page


def test_the_same_page_sent_twice_makes_one_pledge(giver: Client) -> None:
    """L9"""
    need = make_need(lines=QUILTS_AND_STOVE)
    action, fields = _make_form(giver, need)
    answers = [giver.post(action, data=fields) for _ in range(3)]
    assert {(a.status_code, a.location) for a in answers} == {(303, f"/my/pledges/{_only().code}")}


def test_money_is_typed_in_yuan(giver: Client) -> None:
    need = make_need(lines=[money_line(100_000)])
    giver.submit(_check_url(need, **{f"line_{_lines(need)[0]}": "３００.５元"}), form=f"/needs/{need.code}/pledge")
    assert _only().value_fen == 30_050


@pytest.mark.parametrize("typed", ["0", "-1", "1e309", "NaN", "0.001", "9223372036854775808", "abc", "1 2", "１０１"])
def test_an_amount_that_cannot_be_is_refused_and_stays_typed(giver: Client, typed: str) -> None:
    """L7"""
    need = make_need(lines=[Line("棉被", 4, "床", 15_000)])
    line = f"line_{_lines(need)[0]}"
    answer = giver.get(_check_url(need, choose="part", **{line: typed}, intent="先买被子"))
    assert answer.status_code == 422
    assert "请填 1 到 4 的整数" in answer.text
    fields = _form(answer.text, "/pledge/check")
    assert (fields[line], fields["intent"]) == (typed, "先买被子")


@pytest.mark.parametrize("typed", ["0", "-1", "1e309", "NaN", "0.001", "9223372036854775808", "1000.01"])
def test_money_that_cannot_be_is_refused(giver: Client, typed: str) -> None:
    """L7: before anything is promised, and what was typed stays."""
    need = make_need(lines=[money_line(100_000)])
    line = f"line_{_lines(need)[0]}"
    answer = giver.get(_check_url(need, choose="part", **{line: typed}))
    assert answer.status_code == 422
    assert _form(answer.text, "/pledge/check")[line] == typed
    assert count_rows(Pledge) == 0


def test_choosing_a_part_and_typing_none_is_refused(giver: Client) -> None:
    answer = giver.get(_check_url(make_need(lines=QUILTS_AND_STOVE), choose="part"))
    assert (answer.status_code, "请填您想出多少" in answer.text) == (422, True)


@pytest.mark.parametrize("way", ["", "cash", "ship"])
def test_a_way_that_is_not_offered_is_refused(giver: Client, way: str) -> None:
    answer = giver.get(_check_url(make_need(lines=[money_line()]), way=way))
    assert answer.status_code in (200, 422)
    if way:
        assert "请选怎么给" in answer.text


def test_who_comes_second_is_told_what_is_left_and_keeps_the_choices(giver: Client) -> None:
    """C1"""
    need = make_need(lines=[money_line(100_000)])
    line = _lines(need)[0]
    url = _check_url(need, choose="part", **{f"line_{line}": 700}, intent="交学费")
    action, fields = _make_form(giver, need, url)
    giver.submit(url, form=action)
    answer = giver.post(action, data=fields)
    assert answer.status_code == 409
    assert "300" in answer.text
    again = _form(answer.text, "/pledge/check")
    assert (again[f"line_{line}"], again["intent"]) == ("700", "交学费")
    assert count_rows(Pledge) == 1


@pytest.mark.parametrize(
    "change",
    [{"quantities": ""}, {"quantities": "1:1; DROP"}, {"way": "cash"}, {"client_key": ""}, {"client_key": "x" * 65}],
)
def test_a_page_that_was_tampered_with_starts_again(giver: Client, change: dict[str, str]) -> None:
    need = make_need()
    action, fields = _make_form(giver, need)
    answer = giver.post(action, data={**fields, **change})
    assert (answer.status_code, answer.location) == (303, f"/needs/{need.code}/pledge")
    assert count_rows(Pledge) == 0


def test_a_line_of_another_need_is_not_found(giver: Client) -> None:
    need, other = make_need(), make_need()
    action, fields = _make_form(giver, need)
    answer = giver.post(action, data={**fields, "quantities": f"{_lines(other)[0]}:1"})
    assert answer.status_code == 404


def test_without_the_forms_token_nothing_is_made(giver: Client) -> None:
    need = make_need()
    action, fields = _make_form(giver, need)
    fields.pop("csrf_token")
    assert giver.post(action, data=fields, csrf=False).status_code == 400
    assert count_rows(Pledge) == 0


def test_above_the_budget_is_said_and_allowed(client: Client) -> None:
    donor = make_donor(preference={"budget_fen": 10_000})
    client.login(db.session.get_one(User, donor.user_id))
    need = make_need()
    assert "超过了您写的预算（还剩 100 元）" in client.get(_check_url(need)).text
    assert client.submit(_check_url(need), form=f"/needs/{need.code}/pledge").status_code == 303


def test_the_donors_own_defaults_fill_the_form(client: Client) -> None:
    donor = make_donor(shows_name=True, shows_amount=False)
    client.login(db.session.get_one(User, donor.user_id))
    fields = _form(client.get(f"/needs/{make_need().code}/pledge").text, "/pledge/check")
    assert ("hide_name" in fields, "hide_amount" in fields) == (False, True)


def test_the_pages_speak_english_too(giver: Client) -> None:
    giver.set_cookie("language", "en")
    need = make_need(lines=QUILTS_AND_STOVE)
    assert "Check your pledge" in giver.get(_check_url(need)).text
