"""Pages on which what came for a withdrawn need is given back: the desk, the donor, the public (R-V6, R-G3)."""

from collections.abc import Callable

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.permissions import Role
from marketplace.db import db
from marketplace.fulfilment.models import GivenBack
from tests import factories as f
from tests.client import Client
from tests.subjects.test_giving_back import withdrawn_money

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
As = Callable[..., Client]
SAID = {"back-reason": "需求已撤下，原路退回", "back-voucher_no": "退款 2018-9"}


def text(response) -> str:
    return response.get_data(as_text=True)


def test_the_county_gives_back_and_the_donor_and_the_public_read_it(app: Flask, client: Client, client_as: As) -> None:
    """R-V6, R-G6: from the desk's list to the donor's own page and the disclosure."""
    scene, receipt = withdrawn_money()
    page, county = f"/desk/pledges/{scene.pledge.code}", client_as(Role.COUNTY_ADMIN)
    assert "退回捐赠人" in text(county.get("/desk"))
    assert page in text(county.get("/desk/pledges"))
    shown = text(county.get(page))
    assert "1,480 元，在石渠县慈善会（演示）" in shown
    fields = {"back-receipt": str(receipt.id), "back-to_origin": "y", **SAID}
    for _ in range(2):
        assert county.post(f"{page}/return", data=fields).status_code == 303
    assert f.count_rows(GivenBack) == 1
    after = text(county.get(page))
    assert "已退回" in after
    assert "退款 2018-9" in after
    assert f'action="{page}/return"' not in after
    donor = client.login(db.session.get_one(User, scene.donor.user_id))
    for address in ("/my", f"/my/pledges/{scene.pledge.code}"):
        assert "已到位的钱物已退回给您" in text(donor.get(address))
    assert "已退回给您</" in text(donor.get("/my"))
    mine = text(donor.get(f"/my/pledges/{scene.pledge.code}"))
    assert "需求已撤下，原路退回" in mine
    for name in ("到位", "退回"):
        assert f'data-l="{name}">1,480 元</td>' in mine
    public = text(client.logout().get(f"/disclosure/{scene.pledge.code}"))
    assert "需求已撤下，石渠县慈善会（演示）退回1,480.00 元，凭证 退款 2018-9" in public
    assert "原路退回" not in public
    assert "还没有用" not in public
    assert "退回" in text(client.get("/disclosure"))


def test_bad_input_is_answered_with_a_sentence_and_stays(app: Flask, client_as: As) -> None:
    """Fraud 27"""
    scene, receipt = withdrawn_money()
    county, address = client_as(Role.COUNTY_ADMIN), f"/desk/pledges/{scene.pledge.code}/return"
    fields = {"back-receipt": str(receipt.id), **SAID}
    answer = county.post(address, data=fields)
    assert answer.status_code == 422
    for words in ("只能退回原账户或原捐赠人", SAID["back-reason"], SAID["back-voucher_no"]):
        assert words in text(answer)
    for changes in ({"back-receipt": "999999"}, {"back-receipt": "x"}, {"back-reason": ""}, {"back-voucher_no": ""}):
        answer = county.post(address, data={**fields, "back-to_origin": "y", **changes})
        assert answer.status_code == 422
        assert 'role="alert"' in text(answer)
    assert f.count_rows(GivenBack) == 0


def test_whoever_recorded_the_arrival_reads_that_another_gives_back(app: Flask, client: Client) -> None:
    """Z6"""
    scene, receipt = withdrawn_money()
    page = f"/desk/pledges/{scene.pledge.code}"
    reviewer = client.login(scene.reviewer)
    shown = text(reviewer.get(page))
    assert "登记到位的人不登记退回" in shown
    assert f'action="{page}/return"' not in shown
    fields = {"back-receipt": str(receipt.id), "back-to_origin": "y", **SAID}
    assert reviewer.post(f"{page}/return", data=fields).status_code == 403
    assert f.count_rows(GivenBack) == 0
