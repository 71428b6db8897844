"""The desk's pledges and the household's answer, through the pages."""

import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db
from marketplace.fulfilment.models import Confirmation, Receipt
from tests import factories as f
from tests.client import Client
from tests.factories import TREE
from tests.scenes import Scene, delivered, make_money_scene, make_scene, picture


@pytest.fixture
def scene(app: Flask) -> Scene:
    """A pledge of goods, made an hour before the pages' clock."""
    return make_scene()


def upload() -> tuple[io.BytesIO, str]:
    """A photo as a form sends it."""
    return picture(), "photo.jpg"


def desk(client: Client, scene: Scene, who: str) -> Client:
    """Sign in as one of the people around the pledge."""
    return client.login(getattr(scene, who))


def post(client: Client, scene: Scene, act: str, **data: Any):
    """Send one act's form as the page has it, with these fields."""
    return client.submit(f"/desk/pledges/{scene.pledge.code}", form=f"/desk/pledges/{scene.pledge.code}/{act}", **data)


def test_the_whole_way_of_a_gift_of_things(scene: Scene, client: Client) -> None:
    desk(client, scene, "reviewer")
    assert post(client, scene, "receipt", **{"receipt-custodian": "乡政府仓库"}).status_code == 303
    desk(client, scene, "clerk")
    response = post(client, scene, "delivery", **{"delivery-photo": upload(), "delivery-witness": "work_team"})
    assert response.status_code == 303
    client.logout()
    answer = client.submit("/confirm", form="/confirm", slip=scene.slip.lower(), arrived="yes", note="")
    assert answer.status_code == 303
    assert "收到了" in client.get("/confirm").get_data(as_text=True)
    desk(client, scene, "supervisor")
    seen = {"second-arrived": "yes", "second-note": "到户看过", "second-photo_is_clean": "y"}
    assert post(client, scene, "confirmation", **seen).status_code == 303
    assert scene.state() == (PledgeState.CONFIRMED, NeedState.CONFIRMED)
    desk(client, scene, "clerk")
    assert post(client, scene, "feedback", **{"feedback-words": "被子很暖和，谢谢。"}).status_code == 303
    assert scene.state() == (PledgeState.REPORTED, NeedState.CLOSED)


def test_money_is_received_passed_on_and_used(app: Flask, client: Client) -> None:
    scene = make_money_scene()
    desk(client, scene, "reviewer")
    received = {"receipt-custodian": "石渠县慈善会", "receipt-voucher_no": "川财 1"}
    assert post(client, scene, "receipt", **received).status_code == 303
    assert post(client, scene, "disbursement", **{"disbursement-payee": "县供销社"}).status_code == 303
    spent = {"use-what": "棉被", "use-amount": "1,452.00", "use-use_no": "发票 21", "use-photo": upload()}
    assert post(client, scene, "use", **spent).status_code == 303
    page = client.get(f"/desk/pledges/{scene.pledge.code}").get_data(as_text=True)
    assert "1,452.00" in page
    assert "28.00" in page


@pytest.mark.parametrize("typed", ["-1", "5", "1.5", "四", "1e3", "9" * 30, "ＮａＮ", "<b>"])
def test_a_quantity_that_cannot_be_is_told_and_kept(scene: Scene, client: Client, typed: str) -> None:
    """L7"""
    desk(client, scene, "reviewer")
    field = f"receipt-line_{scene.lines[0]}"
    response = post(client, scene, "receipt", **{field: typed, "receipt-custodian": "乡政府仓库"})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert 'value="乡政府仓库"' in page
    assert 'role="alert"' in page
    assert f.count_rows(Receipt) == 0


@pytest.mark.parametrize("amount", ["", "0", "-5", "1481", "abc", "0.001", "1e309"])
def test_an_amount_that_cannot_be_is_told(app: Flask, client: Client, amount: str) -> None:
    """L7"""
    scene = make_money_scene()
    scene.disburse(scene.receive({scene.lines[0]: 148_000}))
    desk(client, scene, "reviewer")
    response = post(client, scene, "use", **{"use-what": "棉被", "use-amount": amount, "use-use_no": "发票 21"})
    assert response.status_code == 422
    assert 'value="发票 21"' in response.get_data(as_text=True)


def test_words_that_lead_to_a_person_are_told(app: Flask, client: Client) -> None:
    """R-P1"""
    scene = make_money_scene()
    scene.receive({scene.lines[0]: 148_000})
    desk(client, scene, "reviewer")
    response = post(client, scene, "disbursement", **{"disbursement-payee": "店主 13812345678"})
    assert response.status_code == 422
    assert "电话" in response.get_data(as_text=True)


def test_a_delivery_needs_a_photo(scene: Scene, client: Client) -> None:
    scene.receive(dict(zip(scene.lines, (4, 1), strict=True)))
    desk(client, scene, "clerk")
    missing = post(client, scene, "delivery", **{"delivery-witness": "work_team"})
    assert missing.status_code == 422
    wrong = {"delivery-photo": (io.BytesIO(b"nothing"), "x.jpg"), "delivery-witness": "work_team"}
    assert post(client, scene, "delivery", **wrong).status_code == 422
    assert scene.state()[0] is PledgeState.RECEIVED


def test_the_record_opens_at_what_its_reader_can_do(scene: Scene, client: Client) -> None:
    path = f"/desk/pledges/{scene.pledge.code}"
    assert f'action="{path}/receipt"' in desk(client, scene, "reviewer").get(path).get_data(as_text=True)
    clerk = desk(client, scene, "clerk").get(path).get_data(as_text=True)
    assert f'action="{path}/' not in clerk
    assert "等东西到位" in clerk


def test_the_list_shows_what_waits_for_its_reader(scene: Scene, client: Client) -> None:
    page = desk(client, scene, "reviewer").get("/desk/pledges").get_data(as_text=True)
    assert scene.pledge.code in page
    delivered(scene)
    page = desk(client, scene, "supervisor").get("/desk/pledges").get_data(as_text=True)
    assert scene.pledge.code in page
    assert "农户还没回答" in page


def test_what_did_not_arrive_stands_on_the_desk(scene: Scene, client: Client) -> None:
    delivered(scene)
    client.submit("/confirm", form="/confirm", slip=scene.slip, arrived="no", note="只有两床")
    page = desk(client, scene, "reviewer").get("/desk/pledges?denied=1").get_data(as_text=True)
    assert scene.pledge.code in page
    assert "农户说没有收到" in page
    assert "只有两床" in client.get(f"/desk/pledges/{scene.pledge.code}").get_data(as_text=True)
    assert scene.state()[0] is PledgeState.DELIVERED


@pytest.mark.parametrize("role", [Role.TOWNSHIP_REVIEWER, Role.VILLAGE_CLERK, Role.COUNTY_ADMIN, Role.AUDITOR])
def test_a_pledge_of_another_area_is_not_found(scene: Scene, client: Client, role: Role) -> None:
    """Z2"""
    place = {Role.TOWNSHIP_REVIEWER: TREE.other_township, Role.VILLAGE_CLERK: TREE.other_village}
    client.login(f.make_user(role, division=place.get(role, TREE.other_county)))
    assert client.get(f"/desk/pledges/{scene.pledge.code}").status_code == 404
    assert scene.pledge.code not in client.get("/desk/pledges").get_data(as_text=True)


def test_a_clerk_cannot_confirm_for_the_household(scene: Scene, client: Client) -> None:
    """Z6"""
    delivered(scene)
    desk(client, scene, "clerk")
    response = client.submit("/confirm", form="/confirm", slip=scene.slip, arrived="yes")
    assert response.status_code == 403
    assert f.count_rows(Confirmation) == 0


def test_every_wrong_code_is_told_the_same_and_ten_are_enough(scene: Scene, client: Client) -> None:
    delivered(scene)
    told = set()
    for number in range(10):
        response = client.post("/confirm", data={"slip": f"WRNG-{number:04d}", "arrived": "yes"})
        assert response.status_code == 422
        told.add(response.get_data(as_text=True).count("短码不对"))
    assert len(told) == 1
    assert client.post("/confirm", data={"slip": scene.slip, "arrived": "yes"}).status_code == 429


def test_an_answer_says_yes_or_no_and_what_was_typed_stays(scene: Scene, client: Client) -> None:
    delivered(scene)
    response = client.post("/confirm", data={"slip": scene.slip, "note": "借邻居手机"})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert 'value="借邻居手机"' in page
    assert f'value="{scene.slip}"' in page


def test_a_household_answers_with_its_own_account(app: Flask, client: Client) -> None:
    user = f.make_user(Role.HOUSEHOLD, division=TREE.village)
    scene = delivered(make_scene(household=f.make_household(user=user)))
    client.login(user)
    path = f"/confirm/own/{scene.need.code}"
    assert client.submit("/confirm", form=path, **{f"{scene.need.code}-arrived": "yes"}).status_code == 303
    assert db.session.scalars(sa.select(Confirmation.user_id)).all() == [user.id]


def test_a_household_cannot_answer_for_another(scene: Scene, client: Client) -> None:
    """Z2"""
    delivered(scene)
    user = f.make_user(Role.HOUSEHOLD, division=TREE.village)
    f.make_household(user=user)
    client.login(user)
    response = client.post(f"/confirm/own/{scene.need.code}", data={f"{scene.need.code}-arrived": "yes"})
    assert response.status_code == 403


def test_no_field_outside_the_form_changes_anything(scene: Scene, client: Client) -> None:
    """Z4"""
    desk(client, scene, "reviewer")
    extra = {"state": "reported", "receipt-value_fen": "1", "receipt-recorded_by": "1", "pledge_id": "1"}
    assert post(client, scene, "receipt", **{"receipt-custodian": "乡政府仓库", **extra}).status_code == 303
    receipt = db.session.scalars(sa.select(Receipt)).one()
    assert (receipt.value_fen, receipt.recorded_by) == (4 * 18_000 + 86_000, scene.reviewer.id)


@pytest.mark.parametrize("code", ["x", "JZ-AAAAAA-00", "%01", "JZ-%FF"])
def test_a_code_that_is_none_is_not_found(scene: Scene, client: Client, code: str) -> None:
    desk(client, scene, "reviewer")
    assert client.get(f"/desk/pledges/{code}").status_code == 404
    assert client.post(f"/desk/pledges/{code}/confirmation", data={"second-arrived": "yes"}).status_code == 404
