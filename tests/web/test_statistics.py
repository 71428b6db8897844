"""The statistics pages: each figure with its fraction, its day, and the codes behind it."""

import csv
import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import transaction
from marketplace.db.clock import china_day
from marketplace.needs.models import Need
from marketplace.statistics.keeping import keep_day
from tests import factories as f
from tests.client import Client
from tests.counting import count_queries
from tests.factories import NOW, TREE, money_line

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
    assert "少于 5 户" in page
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


def test_few_are_not_listed_as_codes_either(app: Flask, client: Client) -> None:
    """P2"""
    codes = [f.make_need(lines=MONEY).code for _ in range(4)]
    page = client.get("/statistics/codes").get_data(as_text=True)
    assert "户数太少" in page
    assert not [code for code in codes if code in page]


def rows_of(text: str) -> list[list[str]]:
    """A CSV's rows without its heading."""
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1:]


def test_the_file_holds_every_figure_of_the_page_and_no_other(needs: list[str], client: Client) -> None:
    """E2"""
    page = client.get("/statistics").get_data(as_text=True)
    response = client.get("/statistics.csv")
    assert response.mimetype == "text/csv"
    cells = {cell.replace(",", "") for cell in re.findall(r'<td class="n" data-l="[^"]*">(?:<a[^>]*>)?([^<]+)<', page)}
    filed = {row[3] for row in rows_of(response.get_data(as_text=True)) if row[2] and row[0] != "每月"}
    assert cells - filed == set()
    assert filed - cells == set()


def test_the_file_keeps_its_question_and_hides_what_the_page_hides(app: Flask, client: Client) -> None:
    """P2, E1"""
    for village, number in ((TREE.village, 6), (TREE.village_of_other_county, 2)):
        for _ in range(number):
            f.make_need(lines=MONEY, household=f.make_household(village))
    rows = rows_of(client.get("/statistics.csv").get_data(as_text=True))
    counties = {row[1]: row[3] for row in rows if row[0] == "各县" and row[1].endswith("县")}
    assert counties == {"石渠县": "太少，不显示", "德格县": "太少，不显示"}
    assert ["统计范围", "支持方式", "", "资金"] in rows


def test_an_old_day_is_shown_as_it_was_kept_with_its_corrections(needs: list[str], client: Client) -> None:
    """R-D9"""
    yesterday = china_day(NOW) - timedelta(days=1)
    with transaction():
        keep_day(yesterday, now=NOW)
    query = f"/statistics?as_of={yesterday}"
    assert "更正" not in client.get(query).get_data(as_text=True)
    with transaction() as session:
        need = session.scalars(sa.select(Need).where(Need.code == needs[5])).one()
        need.published_at = NOW
    page = client.get(query).get_data(as_text=True)
    assert "4 / 6" in page
    assert "6 → 5" in page
    assert "4 → 3" in page


def test_the_page_asks_no_more_where_there_are_more_needs(needs: list[str], client: Client) -> None:
    def ask() -> int:
        with count_queries() as seen:
            client.get("/statistics")
        return len(seen)

    ask()
    few = ask()
    for _ in range(5):
        f.make_pledge(PledgeState.CONFIRMED, need=f.make_need(lines=MONEY))
    assert ask() == few <= 20


def test_suspended_expired_and_withdrawn_stand_beside_the_rates(needs: list[str], client: Client) -> None:
    f.make_need(NeedState.SUSPENDED, lines=MONEY)
    f.make_need(NeedState.EXPIRED, lines=MONEY)
    f.make_need(NeedState.WITHDRAWN, lines=MONEY, published_at=f.days_ago(25))
    page = client.get("/statistics").get_data(as_text=True)
    assert "4 / 8" in page
    for said in ("没对接的 4 条：3 条还在等，1 条到期未成", "有 1 条被审核员暂停", "1 条"):
        assert said in page


def test_how_we_count_says_every_formula_and_how_to_count_again(app: Flask, client: Client) -> None:
    page = client.get("/how-we-count").get_data(as_text=True)
    for word in ("威尔逊", "卡普兰", "活跃度", "参与度", "精准度", "少于 5 户", "自己算一遍", "更正"):
        assert word in page


def test_a_withdrawn_need_is_gone_from_the_public_list_of_codes(app: Flask, client: Client) -> None:
    f.make_need(NeedState.WITHDRAWN, lines=MONEY)
    assert "没有需求" in client.get("/statistics/codes").get_data(as_text=True)
