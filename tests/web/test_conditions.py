"""Pages of conditions: beside a pledge, at the reviewer's desk, with clerk and household once accepted (R-V9)."""

from collections.abc import Callable

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.permissions import Role
from marketplace.db import db
from marketplace.needs.models import Need
from marketplace.needs.review_models import ReviewSignal
from marketplace.pledges.models import Pledge, PledgeCondition
from tests import factories as f
from tests.client import Client
from tests.scenes import make_scene

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
As = Callable[..., Client]
FINE = "请在下雪前发到手里"


def text(response) -> str:
    return response.get_data(as_text=True)


def check_page(need: Need) -> str:
    return f"/needs/{need.code}/pledge/check?choose=all&way=ship&hide_name=y"


def donor(client: Client) -> Client:
    return client.login(db.session.get_one(User, f.make_donor().user_id))


def test_a_condition_goes_with_a_pledge_and_waits_for_a_reviewer(app: Flask, client: Client, client_as: As) -> None:
    """R-V9"""
    need = f.make_need()
    assert "不能要求和受助人合影" in text(client.get(f"/needs/{need.code}/pledge"))
    giver, page = donor(client), check_page(need)
    assert "不能要求和受助人合影" in text(giver.get(page))
    assert giver.submit(page, form=f"/needs/{need.code}/pledge", condition=FINE).status_code == 303
    db.session.rollback()
    pledge = db.session.scalars(f.sa.select(Pledge)).one()
    own = text(giver.get(f"/my/pledges/{pledge.code}"))
    assert FINE in own
    assert "待审核" in own
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    assert FINE not in text(reviewer.get(f"/desk/pledges/{pledge.code}"))
    assert "/desk/conditions" in text(reviewer.get("/desk"))
    assert FINE in text(reviewer.get("/desk/conditions"))
    assert reviewer.submit("/desk/conditions", form=f"/desk/conditions/{pledge.code}/accept").status_code == 303
    assert FINE in text(client_as(Role.VILLAGE_CLERK).get(f"/desk/pledges/{pledge.code}"))
    assert "没有待审核的附带条件" in text(reviewer.get("/desk/conditions"))


def test_a_demand_is_refused_with_all_that_was_typed_and_flagged(app: Flask, client: Client) -> None:
    """R-V9, fraud 29"""
    need = f.make_need()
    giver, page = donor(client), check_page(need)
    answer = giver.submit(page, form=f"/needs/{need.code}/pledge", condition="发放时请和孩子合影")
    assert answer.status_code == 422
    assert "不能要求和受助人合影或拍受助人" in text(answer)
    assert "发放时请和孩子合影" in text(answer)
    assert f.count_rows(Pledge) == 0
    db.session.rollback()
    assert [signal.cases for signal in db.session.scalars(f.sa.select(ReviewSignal))] == [[need.code]]
    too_long = giver.submit(page, form=f"/needs/{need.code}/pledge", condition="长" * 201)
    assert (too_long.status_code, "长" * 201 in text(too_long)) == (422, True)
    assert giver.submit(page, form=f"/needs/{need.code}/pledge", condition=" ").status_code == 303
    assert (f.count_rows(Pledge), f.count_rows(PledgeCondition)) == (1, 0)


def test_a_demand_in_the_words_about_the_use_is_flagged_too(app: Flask, client: Client) -> None:
    """Fraud 29"""
    need = f.make_need()
    page = f"{check_page(need)}&intent=要和老人见面"
    answer = donor(client).submit(page, form=f"/needs/{need.code}/pledge")
    assert answer.status_code == 422
    assert "要和老人见面" in text(answer)
    assert f.count_rows(ReviewSignal) == 1


def test_what_is_not_accepted_is_told_and_the_pledge_stays(app: Flask, client: Client, client_as: As) -> None:
    scene = make_scene()
    giver = client.login(db.session.get_one(User, scene.donor.user_id))
    page = f"/my/pledges/{scene.pledge.code}/condition"
    wrong = giver.submit(page, condition="请让他上门道谢")
    assert (wrong.status_code, "请让他上门道谢" in text(wrong)) == (422, True)
    assert giver.submit(page, condition=FINE).status_code == 303
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    refuse = f"/desk/conditions/{scene.pledge.code}/refuse"
    assert reviewer.submit("/desk/conditions", form=refuse).status_code == 422
    assert reviewer.submit("/desk/conditions", form=refuse, reason="发放日期由村里定").status_code == 303
    own = text(giver.get(f"/my/pledges/{scene.pledge.code}"))
    assert "发放日期由村里定" in own
    assert "认领不附条件照样有效" in own


def test_the_household_reads_what_was_accepted_and_that_nothing_binds_it(
    app: Flask, client: Client, client_as: As
) -> None:
    scene = make_scene()
    giver = client.login(db.session.get_one(User, scene.donor.user_id))
    giver.submit(f"/my/pledges/{scene.pledge.code}/condition", condition=FINE)
    client.logout()
    client.post("/slip", data={"slip": scene.slip})
    assert FINE not in text(client.get("/slip"))
    client_as(Role.TOWNSHIP_REVIEWER).submit("/desk/conditions", form=f"/desk/conditions/{scene.pledge.code}/accept")
    slip = text(client.get("/slip"))
    assert FINE in slip
    assert "不必拍照、见面" in slip


def test_another_donor_finds_no_condition(app: Flask, client: Client) -> None:
    """Z2"""
    scene = make_scene()
    stranger = donor(client)
    for send in (stranger.get, stranger.post):
        assert send(f"/my/pledges/{scene.pledge.code}/condition").status_code == 404
