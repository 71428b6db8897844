"""The first page, finding by code, the explanations, and the desk's start page."""

import re
from collections.abc import Callable

import pytest

from marketplace.core.permissions import STAFF_ROLES, Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.web.home.finding import page_for
from tests.client import Client
from tests.factories import Tree, make_household, make_need, make_pledge, money_line

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


# The first page


def test_the_first_page_shows_fractions_with_their_day(client: Client, tree: Tree) -> None:
    for division in (tree.village, tree.village, tree.village_of_other_county):
        make_need(lines=[money_line()], household=make_household(division))
    make_household()
    page = client.get("/").text
    assert '0<span class="of"> / 3</span>' in page
    assert "截至" in page
    assert "2018-12-17" in page
    assert "3 / 4" not in page
    assert "75.0 %" in page, "three of four households have published a need of money"


def test_the_first_page_names_counties_by_how_many_wait(client: Client, tree: Tree) -> None:
    for village, number in ((tree.village_of_other_county, 5), (tree.village, 6)):
        for _ in range(number):
            make_need(lines=[money_line()], household=make_household(village))
    page = client.get("/").text
    rows = page.split("哪里还缺人")[1]
    assert rows.index("石渠县") < rows.index("德格县") < rows.index("合计")


@SQLITE
def test_the_first_page_puts_counties_with_few_needs_together(client: Client, tree: Tree) -> None:
    """P2"""
    for village, number in ((tree.village_of_other_county, 4), (tree.village, 6)):
        for _ in range(number):
            make_need(lines=[money_line()], household=make_household(village))
    rows = client.get("/").text.split("哪里还缺人")[1]
    assert "德格县</a></th>" not in rows
    assert "石渠县</a></th>" not in rows


def test_the_first_page_shows_who_has_waited_longest_and_the_latest_gifts(client: Client, tree: Tree) -> None:
    need = make_need()
    pledge = make_pledge(PledgeState.ACCEPTED)
    page = client.get("/").text
    assert f'href="/needs/{need.code}"' in page
    assert f'href="/disclosure/{pledge.code}"' in page
    assert "爱心人士（不公开姓名）" in page


@SQLITE
def test_the_first_page_of_an_empty_site_says_so(client: Client, tree: Tree) -> None:
    page = client.get("/").text
    assert "现在没有人在等。" in page
    assert "还没有捐赠。" in page


@SQLITE
def test_drafts_and_names_never_reach_the_first_page(client: Client, tree: Tree) -> None:
    """R-P1."""
    household = make_household(head_name="降央卓玛")
    draft = make_need(NeedState.DRAFT, household=household)
    make_need(household=household)
    page = client.get("/").text
    assert draft.code not in page
    assert "降央卓玛" not in page


# Finding


@pytest.mark.parametrize(
    ("typed", "page"),
    [
        ("JZ-4M8TKD-23", "/disclosure/JZ-4M8TKD-23"),
        ("jz4m8tkd23", "/disclosure/JZ-4M8TKD-23"),
        (" ｊｚ－4m8tkd－23 ", "/disclosure/JZ-4M8TKD-23"),
        ("XQ4M8TKD23", "/needs/XQ-4M8TKD-23"),
        ("AX-4M8TKD-23", "/donors/AX-4M8TKD-23"),
        ("HB-4M8TKD-23", "/needs?q=HB-4M8TKD-23"),
        ("棉被  石渠", "/needs?q=%E6%A3%89%E8%A2%AB+%E7%9F%B3%E6%B8%A0"),
        ("mianbei", "/needs?q=mianbei"),
        ("//evil.example", "/needs?q=%2F%2Fevil.example"),
        ("", "/"),
        ("   ", "/"),
        ("JZ-4M8TKD-24", None),
        ("JZ-4M8T-61", None),
        ("xq 7k3qbd 00", None),
    ],
)
def test_a_code_leads_to_its_page_however_it_is_typed(typed: str, page: str | None) -> None:
    assert page_for(typed) == page


@SQLITE
def test_a_mistyped_code_is_told_and_kept(client: Client) -> None:
    response = client.get("/find?q=JZ-4M8TKD-24")
    assert response.status_code == 404
    assert 'value="JZ-4M8TKD-24"' in response.text
    assert "有一位写错了" in response.text


@SQLITE
def test_looking_up_is_limited_to_sixty_a_minute(client: Client) -> None:
    """V3: per address."""
    answers = [client.get("/find?q=JZ-4M8TKD-23").status_code for _ in range(61)]
    assert answers == [303] * 60 + [429]


# Explanations


@SQLITE
@pytest.mark.parametrize(
    ("path", "word"), [("/how-we-count", "对接成功率"), ("/privacy", "个人信息保护法"), ("/display", "字号")]
)
def test_explanations_stand_in_both_languages(client: Client, path: str, word: str) -> None:
    assert word in client.get(path).text
    client.set_cookie("language", "en")
    english = client.get(path).text
    assert word not in english
    assert "%%" not in english


# The desk


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_each_staff_role_has_a_desk(client_as: Callable[..., Client], role: Role) -> None:
    page = client_as(role).get("/desk").text
    assert "现在没有要办的事" in page
    assert role.label in page


@SQLITE
def test_a_clerk_finds_returned_needs_first_and_can_post(client_as: Callable[..., Client], tree: Tree) -> None:
    clerk = client_as(Role.VILLAGE_CLERK)
    make_need(NeedState.DRAFT)
    make_need(NeedState.RETURNED)
    make_need(NeedState.RETURNED, household=make_household(tree.other_village))
    page = clerk.get("/desk").text
    assert "有 2 件事" in page
    assert page.index("改退回的需求") < page.index("接着写草稿")
    assert 'action="/desk/needs/new"' in page
    assert '<span class="num s och">1</span>' in page, "another village's are not counted"


@SQLITE
def test_a_reviewer_sees_when_the_oldest_must_be_answered_and_posts_nothing(
    client_as: Callable[..., Client], tree: Tree
) -> None:
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    make_need(NeedState.SUBMITTED)
    page = reviewer.get("/desk").text
    assert "审核需求" in page
    assert re.search(r"最早一条要在 \d{4}-\d\d-\d\d 前答复|逾期", page)
    assert "/desk/needs/new" not in page


@SQLITE
def test_an_observer_gets_figures_and_no_list_of_households(client_as: Callable[..., Client], tree: Tree) -> None:
    make_need(NeedState.SUBMITTED)
    page = client_as(Role.PREFECTURE_OBSERVER).get("/desk").text
    assert "甘孜藏族自治州" in page
    assert "/desk/households" not in page
    assert "/desk/review" not in page


@SQLITE
def test_gifts_wait_on_the_desks_of_those_who_act_on_them(client_as: Callable[..., Client], tree: Tree) -> None:
    make_pledge(PledgeState.ACCEPTED)
    make_pledge(PledgeState.DELIVERED)
    assert "登记到位" in client_as(Role.TOWNSHIP_REVIEWER).get("/desk").text
    supervisor = client_as(Role.VILLAGE_SUPERVISOR).get("/desk").text
    assert "确认送达" in supervisor
    assert "登记到位" not in supervisor
