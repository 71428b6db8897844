"""A donor finds, checks and makes a pledge in a browser, on a telephone and on a desk."""

from collections.abc import Callable

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.pledges.models import Pledge
from tests.browser.conftest import DESK, PHONE, Window
from tests.client import Client
from tests.factories import Line, make_donor, make_need, make_pledge, money_line

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

ITEMS = (Line("棉被", 4, "床", 15_000), Line("取暖炉", 1, "台", 88_000))


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_pledge_takes_few_taps(
    app: Flask, client: Client, window: Callable[..., Window], size: dict[str, int]
) -> None:
    """UX goal 5: from the need's page to the pledge in at most 8 taps; W1 on each page."""
    donor, need = make_donor(preference={"budget_fen": 50_000}), make_need(lines=ITEMS)
    seen = window(size).enter(client.login(db.session.get_one(User, donor.user_id)))
    page, taps = seen.open(f"/needs/{need.code}"), 0
    seen.check()
    for label in ("买好寄到乡镇", "不公开金额"):
        page.get_by_label(label).check()
        taps += 1
    page.get_by_role("button", name="认领，下一步核对").click()
    seen.check()
    seen.shoot("pledge-check")
    page.get_by_role("button", name="认领", exact=True).click()
    taps += 2
    seen.check()
    seen.shoot("my-pledge")
    assert page.get_by_text("认领成功").is_visible()
    assert taps <= 8
    db.session.rollback()
    pledge = db.session.query(Pledge).one()
    assert (pledge.value_fen, pledge.shows_amount, pledge.way.value) == (148_000, False, "ship")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_donors_pages_are_sound(
    app: Flask, client: Client, window: Callable[..., Window], size: dict[str, int]
) -> None:
    """W1: every page of a donor, empty and full."""
    donor = make_donor(name="川西青稞有限公司", has_public_page=True, shows_name=True)
    need = make_need(lines=[money_line(100_000)])
    seen = window(size)
    for kind in ("person", "firm", "organisation"):
        seen.open(f"/register?as={kind}")
        seen.check()
        seen.shoot(f"register-{kind}")
    seen.page.get_by_role("button", name="注册").click()
    seen.check()
    seen.shoot("register-errors")
    seen.open(f"/needs/{need.code}/pledge?choose=part&way=charity")
    seen.check()
    seen.shoot("pledge-choose")
    seen.enter(client.login(db.session.get_one(User, donor.user_id)))
    seen.open("/my")
    seen.check()
    for state in (PledgeState.ACCEPTED, PledgeState.LAPSED, PledgeState.CONFIRMED):
        made = make_pledge(state, donor=donor, shows_name=True)
        seen.open(f"/my/pledges/{made.code}")
        seen.check()
    seen.shoot("my-pledge-confirmed")
    for path, name in (("/my", "my"), ("/my/preferences", "wishes"), (f"/donors/{donor.code}", "donor")):
        seen.open(path)
        seen.check()
        seen.shoot(name)
