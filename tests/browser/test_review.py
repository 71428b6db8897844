"""A reviewer clears and returns needs in a browser: taps on a telephone, keys on a desk, no script needed."""

import time
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page

from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs.marking import mark_need
from marketplace.needs.models import Need
from tests.browser.conftest import DESK, PHONE, Window
from tests.client import Client
from tests.factories import NOW, TREE, Line, make_need, make_user

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

TREADMILL = Line(name="跑步机", quantity=1, unit="台", unit_price_fen=150_000)
SECONDS_TO_CLEAR = 20
_ALT = 1


@pytest.fixture
def needs(app: Flask) -> list[Need]:
    """Three clean needs that wait, in the order of the queue."""
    made = [make_need(NeedState.SUBMITTED) for _ in range(3)]
    with transaction() as session:
        for need in made:
            mark_need(session.get_one(Need, need.id), now=NOW)
    return made


def _reviewer(window: Callable[..., Window], client: Client, size: tuple[int, int], **options: bool) -> Window:
    user = make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    return window(size, **options).enter(client.login(user))


def _press(page: Page, key: str) -> None:
    """Alt and a key as a keyboard sends them: the driver's own press leaves out the letter that access keys go by."""
    session = page.context.new_cdp_session(page)
    pressed = {"modifiers": _ALT, "key": key, "unmodifiedText": key, "windowsVirtualKeyCode": ord(key.upper())}
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", **pressed})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})
    session.detach()
    page.wait_for_timeout(100)
    page.wait_for_load_state()


def _state(need: Need) -> NeedState:
    db.session.rollback()
    return db.session.get_one(Need, need.id).state


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_a_need_is_returned_in_two_taps_and_the_next_one_opens(
    app: Flask, client: Client, window: Callable[..., Window], needs: list[Need], javascript: bool
) -> None:
    """UX goal 7 on 360 x 640: tap the need, tap the reason; then the next need stands there, one tap away."""
    seen = _reviewer(window, client, PHONE, javascript=javascript)
    page = seen.open("/desk/review")
    if javascript:
        seen.check()
    taps = 0
    for tap in (
        page.get_by_role("main").locator("ul.rows > li a").first,
        page.get_by_role("button", name="单价偏高"),
    ):
        tap.click()
        taps += 1
    assert taps == 2
    assert _state(needs[0]) is NeedState.RETURNED
    assert needs[1].code in page.url
    page.get_by_role("button", name="数量不清").click()
    assert _state(needs[1]) is NeedState.RETURNED
    assert needs[2].code in page.url
    page.get_by_role("button", name="收回退回").click()
    assert _state(needs[1]) is NeedState.SUBMITTED


def test_a_clean_need_is_cleared_by_keys_alone_within_twenty_seconds(
    app: Flask, client: Client, window: Callable[..., Window], needs: list[Need]
) -> None:
    """UX goal 7 on a desk: open, tick, approve, then return the next one, and never touch the mouse."""
    seen = _reviewer(window, client, DESK)
    page = seen.open("/desk/review")
    began = time.monotonic()
    for key in ("n", "c", "p", "a"):
        _press(page, key)
    page.wait_for_url(f"**/{needs[1].code}*")
    assert time.monotonic() - began < SECONDS_TO_CLEAR
    assert _state(needs[0]) is NeedState.PUBLISHED
    seen.check()
    assert page.locator("kbd").first.is_visible()
    _press(page, "5")
    page.wait_for_url(f"**/{needs[2].code}*")
    assert _state(needs[1]) is NeedState.RETURNED
    _press(page, "u")
    page.wait_for_url(f"**/{needs[1].code}")
    assert _state(needs[1]) is NeedState.SUBMITTED


def test_the_decision_is_reached_by_the_tab_key(
    app: Flask, client: Client, window: Callable[..., Window], needs: list[Need]
) -> None:
    """W1: without any access key, the way to the decision is one link away from the head of the page."""
    page = _reviewer(window, client, DESK).open(f"/desk/review/{needs[0].code}")
    page.get_by_role("link", name="到审核区").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "consent"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_pages_of_the_county_are_sound(
    app: Flask, client: Client, window: Callable[..., Window], size: tuple[int, int]
) -> None:
    """W1: what waits for a second approver, the second looks, the calendar, the declarations, what everybody reads."""
    first = make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    need = make_need(NeedState.SUBMITTED, lines=[TREADMILL], is_flagged=True, first_reviewer_id=first.id)
    with transaction() as session:
        mark_need(session.get_one(Need, need.id), now=NOW)
    admin = make_user(Role.COUNTY_ADMIN, division=TREE.county)
    seen = window(size).enter(client.login(admin))
    for path, name in (
        ("/desk/review", "queue"),
        (f"/desk/review/{need.code}", "second"),
        ("/desk/oversight", "oversight"),
        ("/desk/calendar", "calendar"),
        ("/desk/relatives", "relatives"),
        ("/how-needs-are-checked", "explained"),
    ):
        seen.open(path)
        seen.check()
        seen.shoot(f"review-{name}")
