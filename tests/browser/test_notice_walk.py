"""A change of status in a real browser: proposed, posted, objected to, held, decided, in effect after its last day."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import FilePayload, Page

from marketplace.core.permissions import Role
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import db
from marketplace.households.models import Household
from tests import factories as f
from tests.browser.conftest import DESK, PHONE, Window
from tests.client import Client
from tests.factories import NOW
from tests.posting import DAY, pass_night
from tests.scenes import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _photo() -> FilePayload:
    return {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": picture().getvalue()}


def _send(page: Page, words: str) -> None:
    page.get_by_role("main").get_by_role("button", name=words, exact=True).click()


def _status(household: Household) -> HouseholdStatus:
    db.session.rollback()
    return db.session.get_one(Household, household.id, populate_existing=True).status


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_change_waits_for_its_notice_and_for_an_objection(
    app: Flask, window: Callable[..., Window], client_as: Callable[..., Client], tmp_path: Path
) -> None:
    household = f.make_household(head_name="扎西次仁")
    township, clerk = window(DESK).enter(client_as(Role.TOWNSHIP_REVIEWER)), window(PHONE)
    clerk.enter(client_as(Role.VILLAGE_CLERK))
    citizen, county = window(PHONE, javascript=False), window(DESK).enter(client_as(Role.COUNTY_ADMIN))

    page = township.open(f"/desk/households/{household.code}/status")
    page.get_by_label("退出").check()
    page.get_by_label("为什么").fill("收入稳定超过标准")
    page.get_by_label("评议日期").fill("2018-12-14")
    for label, count in (("到会人数", "31"), ("赞成", "28"), ("反对", "2"), ("弃权", "1")):
        page.get_by_label(label).fill(count)
    page.get_by_label("会议记录照片").set_input_files(_photo())
    township.check()
    _send(page, "提出变更")
    page.get_by_label("公示天数").fill("5")
    page.get_by_label("按规定要列出姓名").check()
    township.check()
    _send(page, "安排公示")
    at_desk = page.url.removeprefix(township.server.url)

    board = clerk.open(f"{at_desk}/board")
    clerk.check()
    sheet = tmp_path / "board.pdf"
    board.pdf(path=sheet, prefer_css_page_size=True)
    # One sheet of A3, upright: 842 x 1191 points.
    boxes = re.findall(rb"/MediaBox \[0 0 (\d+)\S* (\d+)", sheet.read_bytes())
    assert boxes == [(b"841", b"1191")]
    page = clerk.open(at_desk)
    page.get_by_label("已张贴的公示栏照片").set_input_files(_photo())
    clerk.check()
    _send(page, "已张贴，从今天起算")

    page = citizen.open(at_desk.removeprefix("/desk"))
    page.get_by_role("link", name="对公示提异议").click()
    page.get_by_label("情况不属实").check()
    page.get_by_label("请写明情况").fill("这户去年买了两辆车。")
    _send(page, "提交异议")
    assert "请记下查询码" in page.get_by_role("main").inner_text()
    ticket = page.url.removeprefix(citizen.server.url).split("?")[0]

    assert pass_night(NOW + 6 * DAY) == 0
    assert _status(household) is HouseholdStatus.REGISTERED

    page = county.open("/desk/grievances")
    county.check()
    page.get_by_role("link", name="情况不属实").click()
    _send(page, "我来办理")
    page.get_by_label("答复内容").fill("已入户核实，车是邻居的。")
    county.check()
    _send(page, "交上去")
    page.get_by_label("结论的理由").fill("车不在这户名下。")
    _send(page, "不属实")

    page = citizen.open(ticket)
    assert "车不在这户名下。" in page.get_by_role("main").inner_text()
    assert pass_night(NOW + 6 * DAY) == 1
    assert _status(household) is HouseholdStatus.EXITED
