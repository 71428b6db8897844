"""Needs from a spreadsheet: a dry run first, the same lint and review, the same file twice makes nothing new."""

import io

import openpyxl
import pytest
from flask import Flask

from marketplace.core.actor import SYSTEM
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import catalogue, service
from marketplace.needs.models import Consent, Need
from marketplace.needs.sheet import COLUMNS
from tests.client import Client
from tests.factories import NOW, TREE, make_household, make_user
from tests.register import STORY
from tests.register import need_row as row


@pytest.fixture
def clerk(app: Flask) -> Client:
    """A village clerk, with the catalogue that a deployment starts with."""
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)
    client = app.test_client()
    assert isinstance(client, Client)
    return client.login(make_user(Role.VILLAGE_CLERK, division=TREE.village))


def xlsx(*rows: list[str]) -> io.BytesIO:
    """A spreadsheet as an office sends it."""
    book = openpyxl.Workbook()
    for cells in (list(COLUMNS), *rows):
        book.active.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return stream


def upload(clerk: Client, content: io.BytesIO) -> str:
    """Send the file; where its dry run stands."""
    sent = clerk.submit("/desk/needs/sheet", form="/desk/needs/sheet", file=(content, "needs.xlsx"))
    assert sent.status_code == 303, sent.get_data(as_text=True)
    return str(sent.headers["Location"])


def test_a_dry_run_says_what_would_be_made_and_refused_and_writes_nothing(clerk: Client) -> None:
    mine, other = make_household(TREE.village), make_household(TREE.other_village)
    rows = [
        row(1, mine.code),
        row(1, mine.code, "取暖炉（铁皮，带烟管）", "1"),
        row(2, other.code),
        row(3, mine.code, "太空飞船"),
        row(4, mine.code, "棉衣（成人）", 保证属实=""),
        row(5, mine.code, "棉衣（成人）", 理由="太冷"),
        row(6, mine.code, "棉衣（成人）", 理由=f"{STORY}电话13812345678"),
        row(7, mine.code, "棉衣（成人）", 同意方式="口头"),
        row(10, mine.code, "棉衣"),
        row(8, TREE.village, "太阳能路灯", "20", 理由="村道晚上没有灯，老人夜里看病、孩子放学回家都要摸黑走路。"),
    ]
    preview = upload(clerk, xlsx(*rows))
    page = clerk.get(preview).get_data(as_text=True)
    for number, reason in (
        (4, ""),
        (5, "不在物品目录里"),
        (6, "保证属实"),
        (7, "理由至少写 20 个字"),
        (9, "口头同意要有见证人"),
        (10, "“棉衣”有几种规格，请写明哪一种：棉衣（成人）、棉衣（儿童）"),
    ):
        assert f"第 {number} 行" in page
        assert reason in page
    assert "13812345678" not in page
    db.session.rollback()
    assert db.session.query(Need).count() == 0

    clerk.submit(preview, form=preview)
    db.session.rollback()
    made = db.session.query(Need).order_by(Need.id).all()
    assert {need.state for need in made} == {NeedState.SUBMITTED}
    assert [{(line.name.split("（")[0], line.quantity) for line in need.lines} for need in made] == [
        {("棉被", 2), ("取暖炉", 1)},
        {("太阳能路灯", 20)},
    ]
    assert db.session.query(Consent).count() == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_same_file_twice_makes_nothing_new(clerk: Client) -> None:
    rows = [
        row(1, make_household(TREE.village).code),
        row(2, make_household(TREE.village).code, "电热毯", 理由="屋里没有暖气，夜里零下二十度，褥子又薄又潮。"),
    ]
    for _ in range(2):
        preview = upload(clerk, xlsx(*rows))
        page = clerk.get(preview).get_data(as_text=True)
        clerk.post(preview)
    assert "以前交过" in page
    db.session.rollback()
    assert db.session.query(Need).count() == 2


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_spreadsheet_to_fill_in_has_the_columns_and_the_households(clerk: Client) -> None:
    household = make_household(TREE.village, head_name="扎西多吉")
    book = openpyxl.load_workbook(io.BytesIO(clerk.get("/desk/needs/sheet.xlsx").data))
    assert [cell.value for cell in next(book["需求"].iter_rows())] == list(COLUMNS)
    assert household.code in {cells[0].value for cells in book["农户"].iter_rows()}
    assert "扎西多吉" not in {cell.value for cells in book["农户"].iter_rows() for cell in cells}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_file_that_is_no_such_table_is_refused_with_what_is_missing(clerk: Client) -> None:
    sent = clerk.submit(
        "/desk/needs/sheet", form="/desk/needs/sheet", file=(io.BytesIO("甲,乙\n1,2\n".encode()), "a.csv")
    )
    assert sent.status_code == 422
    assert "文件缺少列" in sent.get_data(as_text=True)
