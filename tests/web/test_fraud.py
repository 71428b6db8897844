"""Pages of suspected fraud: recorded at the desk, seen by the county, told to donors without a name (R-V6)."""

from collections.abc import Callable

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.permissions import Role
from marketplace.db import db
from marketplace.grievances.fraud_models import FraudCase
from marketplace.grievances.models import Grievance
from tests import factories as f
from tests.client import Client
from tests.factories import TREE
from tests.posting import complain, settle
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
As = Callable[..., Client]
SAID = {"suspicion": "forged", "summary": "两份花名册是同一人签字，签字人是王某。", "evidence": "存乡镇档案 2018-17"}


def text(response) -> str:
    return response.get_data(as_text=True)


def right(scene: Scene) -> Grievance:
    return settle(complain(scene.need.code), "uphold", by=f.make_user(Role.COUNTY_ADMIN, division=TREE.county))


def test_a_case_is_recorded_seen_and_told(app: Flask, client: Client, client_as: As) -> None:
    """R-V6"""
    scene = make_scene()
    grievance = right(scene)
    county, page = client_as(Role.COUNTY_ADMIN), f"/desk/grievances/{grievance.code}"
    assert f"{page}/fraud" in text(county.get(page))
    sent = county.submit(f"{page}/fraud", is_reported="yes", reported_on="2018-12-17", reference="受案 77", **SAID)
    assert sent.status_code == 303
    shown = text(county.get(f"{page}/fraud"))
    for words in (SAID["summary"], SAID["evidence"], "2018-12-17", "受案 77", scene.need.code, "伪造材料"):
        assert words in shown
    assert "已报案" in text(county.get(page))
    listed = text(county.get("/desk/oversight"))
    assert f"{page}/fraud" in listed
    assert scene.need.code in listed
    assert client.get(f"/needs/{scene.need.code}").status_code == 410
    donor = client.login(db.session.get_one(User, scene.donor.user_id))
    for address in ("/my", f"/my/pledges/{scene.pledge.code}"):
        told = text(donor.get(address))
        assert "所说情况有疑点" in told
        assert "请不要再寄送或转款" in told
        assert "王某" not in told
        assert f"/my/pledges/{scene.pledge.code}/condition" not in told
        assert f'href="/needs/{scene.need.code}"' not in told
    public = text(client.logout().get("/notices"))
    assert "按涉嫌骗捐立案1件" in public.replace(" ", "")
    assert scene.need.code not in public


def test_the_police_date_is_added_later(app: Flask, client_as: As) -> None:
    """R-V6"""
    grievance = right(make_scene())
    county, page = client_as(Role.COUNTY_ADMIN), f"/desk/grievances/{grievance.code}/fraud"
    county.submit(page, is_reported="no", why_not="材料还在核对", **SAID)
    assert "还没报案" in text(county.get("/desk/oversight"))
    early = county.submit(page, is_reported="yes", reported_on="2018-12-01", reference="受案 77")
    assert (early.status_code, "受案 77" in text(early)) == (422, True)
    assert county.submit(page, is_reported="yes").status_code == 422
    assert county.submit(page, is_reported="yes", reported_on="2018-12-17").status_code == 303
    shown = text(county.get(page))
    assert "材料还在核对" in shown
    assert f"{page}/police" not in shown


def test_what_was_typed_comes_back_where_something_is_missing(app: Flask, client_as: As) -> None:
    grievance = right(make_scene())
    county, page = client_as(Role.COUNTY_ADMIN), f"/desk/grievances/{grievance.code}/fraud"
    answer = county.submit(page, is_reported="no", **SAID)
    assert (answer.status_code, SAID["summary"] in text(answer)) == (422, True)
    assert "还没有报案的原因" in text(answer)
    assert county.submit(page, is_reported=None, **SAID).status_code == 422
    assert f.count_rows(FraudCase) == 0


def test_an_undecided_complaint_offers_no_case(app: Flask, client_as: As) -> None:
    grievance = complain(f.make_need().code)
    page = text(client_as(Role.COUNTY_ADMIN).get(f"/desk/grievances/{grievance.code}/fraud"))
    assert "请先认定举报属实" in page
    assert 'name="summary"' not in page


def test_whoever_took_part_reads_why_another_records_it(app: Flask, client: Client) -> None:
    """F2"""
    reviewer = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    need = f.make_need(reviewer=reviewer)
    grievance = settle(complain(need.code), "uphold", by=f.make_user(Role.COUNTY_ADMIN, division=TREE.county))
    page = f"/desk/grievances/{grievance.code}/fraud"
    shown = text(client.login(reviewer).get(page))
    assert "您经手过这件事" in shown
    assert 'name="summary"' not in shown
    assert client.post(page, data={**SAID, "is_reported": "no", "why_not": "材料还在核对"}).status_code == 403


def test_the_clerk_and_the_household_read_that_it_was_withdrawn(app: Flask, client: Client, client_as: As) -> None:
    scene = make_scene()
    page = f"/desk/grievances/{right(scene).code}/fraud"
    client_as(Role.COUNTY_ADMIN).submit(page, is_reported="no", why_not="材料还在核对", **SAID)
    clerk = text(client.login(scene.clerk).get(f"/desk/needs/{scene.need.code}"))
    assert "因举报查实，已撤下" in clerk
    assert "涉嫌" not in clerk
    client.logout()
    client.post("/slip", data={"slip": scene.slip})
    assert "因举报查实" in text(client.get("/slip"))
