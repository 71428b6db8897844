"""The statistics pages: each figure with its fraction, its day, and the codes behind it."""

import re

import pytest
from flask import Flask

from marketplace.core.workflow import NeedState, PledgeState
from tests import factories as f
from tests.client import Client
from tests.factories import TREE, money_line

MONEY = (money_line(100_000),)


@pytest.fixture
def needs(app: Flask) -> list[str]:
    """Six money needs, four of them pledged, one confirmed; their codes."""
    found = []
    for state in (None, None, PledgeState.ACCEPTED, PledgeState.RECEIVED, PledgeState.DELIVERED, PledgeState.CONFIRMED):
        need = f.make_need(lines=MONEY)
        if state is not None:
            f.make_pledge(state, need=need)
        found.append(need.code)
    return found


def test_the_rates_are_shown_as_fractions_with_their_day(needs: list[str], client: Client) -> None:
    page = client.get("/statistics").get_data(as_text=True)
    for fraction in ("6 / 6", "4 / 6", "2 / 6", "1 / 6"):
        assert fraction in page
    assert "66.7 %" in page
    assert re.search(r"\d{4}-\d\d-\d\d", page)


def test_each_fraction_leads_to_as_many_codes(needs: list[str], client: Client) -> None:
    page = client.get("/statistics").get_data(as_text=True)
    links = re.findall(r'href="(/statistics/codes\?[^"]+)">([\d,]+) / ', page)
    assert len(links) == 5
    for href, count in links:
        codes = re.findall(r'href="/needs/(XQ-[^"]+)"', client.get(href.replace("&amp;", "&")).get_data(as_text=True))
        assert (len(codes), set(codes) <= set(needs)) == (int(count), True)


def test_fewer_than_five_are_not_counted_apart(app: Flask, client: Client) -> None:
    """P2"""
    for _ in range(4):
        f.make_need(lines=MONEY)
    page = client.get("/statistics").get_data(as_text=True)
    assert "少于 5 条" in page
    assert "4 / 4" not in page


def test_a_question_can_be_asked_about_another_place_kind_and_day(needs: list[str], client: Client) -> None:
    query = f"/statistics?area={TREE.county}&kind=all&category=WRM&since=2018-01-01&as_of=2018-12-17"
    page = client.get(query).get_data(as_text=True)
    assert "石渠县统计" in page
    assert "6 / 6" in page
    assert "没有符合的需求" in client.get(f"/statistics?area={TREE.other_county}").get_data(as_text=True)


@pytest.mark.parametrize("day", ["2018-13-40", "yesterday", "0001-01-01", "9999-12-31", "２０１８", "<b>"])
def test_a_day_that_cannot_be_read_is_told(needs: list[str], client: Client, day: str) -> None:
    response = client.get("/statistics", query_string={"as_of": day})
    assert response.status_code == 200
    assert "不是日期" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("area=513399000000", 404),
        ("area=x", 404),
        ("area=%01", 404),
        ("kind=nonsense", 200),
        ("category='--", 200),
        ("as_of=2030-01-01", 200),
        ("as_of=1990-01-01", 200),
    ],
)
def test_strange_questions_have_a_plain_answer(needs: list[str], client: Client, query: str, status: int) -> None:
    assert client.get(f"/statistics?{query}").status_code == status


@pytest.mark.parametrize(
    ("query", "status"), [("step=pledged", 200), ("step=arms_length", 200), ("step=x", 404), ("after=%01", 200)]
)
def test_the_codes_page_answers(needs: list[str], client: Client, query: str, status: int) -> None:
    assert client.get(f"/statistics/codes?{query}").status_code == status


def test_no_village_is_named(needs: list[str], client: Client) -> None:
    """R-P1"""
    page = client.get(f"/statistics?area={TREE.village}").get_data(as_text=True)
    assert "温拖" not in page
    assert "洛须镇" in page


def test_the_page_reads_in_english(needs: list[str], client: Client) -> None:
    client.set_cookie("language", "en")
    page = client.get("/statistics").get_data(as_text=True)
    assert "Match success rate" in page
    assert "How long needs wait for a pledge" in page


def test_a_withdrawn_need_is_gone_from_the_public_list_of_codes(app: Flask, client: Client) -> None:
    f.make_need(NeedState.WITHDRAWN, lines=MONEY)
    assert "没有需求" in client.get("/statistics/codes").get_data(as_text=True)
