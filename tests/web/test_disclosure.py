"""The disclosure pages: figures, the list and its file, one gift from promise to confirmation."""

import csv
import io
import re
from html import unescape

import pytest
from flask import Flask

from marketplace.core.kinds import DonorType
from marketplace.core.workflow import PledgeState
from tests import factories as f
from tests.client import Client
from tests.factories import TREE
from tests.scenes import confirmed, delivered, make_money_scene, make_scene, settled_money

ROW = re.compile(r'<tr><th scope="row"><a class="code" href="/disclosure/(JZ-[^"]+)".*?</tr>', re.S)
CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.S)


def rows_on_screen(page: str) -> list[list[str]]:
    """The list's rows as a reader sees them."""
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in CELL.findall(row.group(0))]
        for row in ROW.finditer(page)
    ]


def rows_of_file(content: bytes) -> list[list[str]]:
    """The rows of the file, without its headings."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]


def test_the_five_figures_and_the_statement_come_from_the_ledger(app: Flask, client: Client) -> None:
    """D4"""
    settled_money(make_money_scene())
    page = client.get("/disclosure").get_data(as_text=True)
    for figure in ("0.148", "0.145", "0.003", "三列都轧平", "五条渠道"):
        assert figure in page


def test_the_file_holds_exactly_what_the_page_shows(app: Flask, client: Client) -> None:
    """E2"""
    settled_money(make_money_scene())
    delivered(make_scene(donor=f.make_donor(DonorType.PRIVATE_FIRM, name="=川西某企业"), shows_name=True))
    make_money_scene(shows_amount=False, days_before=1)
    make_scene(household=f.make_household(TREE.village_of_other_county), days_before=3)
    for query in ({}, {"q": "棉被"}, {"area": TREE.county}, {"state": "accepted"}, {"q": "nothing-like-it"}):
        shown = rows_on_screen(client.get("/disclosure", query_string=query).get_data(as_text=True))
        filed = rows_of_file(client.get("/disclosure.csv", query_string=query).data)
        assert [[cell.replace(",", "") for cell in row] for row in shown] == [
            [cell.removeprefix("'").replace(",", "") for cell in row] for row in filed
        ]
    assert len(rows_of_file(client.get("/disclosure.csv").data)) == 4


def test_the_file_is_safe_to_open(app: Flask, client: Client) -> None:
    """E1"""
    make_scene(donor=f.make_donor(name="=HYPERLINK(1)"), shows_name=True)
    response = client.get("/disclosure.csv")
    (row,) = rows_of_file(response.data)
    assert row[2] == "'=HYPERLINK(1)"
    assert float(row[6]) == 1580.0
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.mimetype == "text/csv"


def test_every_donation_leads_to_its_use_in_one_step(app: Flask, client: Client) -> None:
    scene = settled_money(make_money_scene())
    page = client.get("/disclosure").get_data(as_text=True)
    assert f'href="/disclosure/{scene.pledge.code}"' in page
    gift = client.get(f"/disclosure/{scene.pledge.code}").get_data(as_text=True)
    for words in ("1,480.00", "1,452.00", "28.00", "县供销社", "发票 21", "先买炉子", "炉子不漏烟了", "农户确认"):
        assert words in gift


def test_a_code_is_found_however_it_is_typed(app: Flask, client: Client) -> None:
    code = make_scene().pledge.code
    assert client.get(f"/disclosure/{code.lower().replace('-', '')}").status_code == 200


@pytest.mark.parametrize("code", ["JZ-AAAAAA-00", "XQ-7K3QBD-92", "x", "%FF", "..", "1"])
def test_a_code_that_is_none_is_not_found(app: Flask, client: Client, code: str) -> None:
    assert client.get(f"/disclosure/{code}").status_code == 404


def test_an_offer_has_no_public_page(app: Flask, client: Client) -> None:
    code = f.make_pledge(PledgeState.OFFERED).code
    assert client.get(f"/disclosure/{code}").status_code == 404


def test_a_hidden_name_and_amount_stand_on_no_page_and_in_no_file(app: Flask, client: Client) -> None:
    """R-P2"""
    donor = f.make_donor(name="不公开的人")
    scene = settled_money(make_money_scene(donor=donor, shows_amount=False))
    said = "".join(
        client.get(path).get_data(as_text=True)
        for path in ("/disclosure", "/disclosure.csv", f"/disclosure/{scene.pledge.code}")
    )
    assert [word for word in ("不公开的人", donor.code, "1,480.00", "1480.00", "1,452.00") if word in said] == []
    assert "1,000–5,000" in said


def test_nothing_of_a_household_stands_on_a_public_page(app: Flask, client: Client) -> None:
    """P1, R-P1"""
    household = f.make_household(head_name="嘎玛曲珍")
    scene = confirmed(make_scene(household=household))
    scene.report()
    said = "".join(
        client.get(path).get_data(as_text=True)
        for path in ("/disclosure", "/disclosure.csv", f"/disclosure/{scene.pledge.code}")
    )
    secrets = ["嘎玛曲珍", "温拖", household.code, household.registry_no, scene.clerk.name, scene.supervisor.name]
    assert [secret for secret in secrets if secret in said] == []


def test_the_public_photo_opens_and_the_unchecked_one_does_not(app: Flask, client: Client) -> None:
    """R-P1"""
    checked = confirmed(make_scene(), clean=True)
    unchecked = confirmed(make_scene(), clean=False)
    photo = re.compile(r'href="(/photos/[^"]+\.jpg)"')
    (href,) = photo.findall(client.get(f"/disclosure/{checked.pledge.code}").get_data(as_text=True))
    assert client.get(href).status_code == 200
    assert not photo.findall(client.get(f"/disclosure/{unchecked.pledge.code}").get_data(as_text=True))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("area=513399000000", 404),
        ("area=513332000000", 200),
        ("since=2018-13-01", 200),
        ("since=2019-01-01&until=2018-01-01", 200),
        ("state=nonsense", 200),
        ("after=nonsense", 200),
        ("q=%27%3B+DROP+TABLE+pledge", 200),
        ("q=%01%ff", 200),
    ],
)
def test_strange_questions_have_a_plain_answer(app: Flask, client: Client, query: str, status: int) -> None:
    make_scene()
    assert client.get(f"/disclosure?{query}").status_code == status
    assert client.get(f"/disclosure.csv?{query}").status_code == status


def test_what_was_asked_stays_in_the_form(app: Flask, client: Client) -> None:
    f.make_tree()
    query = {"q": "棉被", "state": "late", "area": TREE.county}
    page = client.get("/disclosure", query_string=query).get_data(as_text=True)
    assert 'value="棉被"' in page
    assert '<option value="late" selected>' in page
    assert f'<option value="{TREE.county}" selected>' in page


def test_the_public_pages_may_be_cached_for_a_minute(app: Flask, client: Client) -> None:
    assert client.get("/disclosure").headers["Cache-Control"] == "public, max-age=60"


def test_the_pages_read_in_english(app: Flask, client: Client) -> None:
    scene = settled_money(make_money_scene())
    client.set_cookie("language", "en")
    assert "Money flow statement" in client.get("/disclosure").get_data(as_text=True)
    assert "From promise to confirmation" in client.get(f"/disclosure/{scene.pledge.code}").get_data(as_text=True)
