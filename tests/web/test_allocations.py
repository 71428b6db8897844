"""The pages of proposals: a county looks, ticks, and decides; a donor answers with one tap."""

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.allocations.models import Allocation, AllocationPart
from marketplace.core.kinds import SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.pledges.models import Pledge
from tests.client import Client
from tests.factories import TREE, Line, make_donor, make_need, make_user, money_line

MONEY_AND_THINGS = {"kinds": [SupportKind.MONEY.value, SupportKind.GOODS.value]}


@pytest.fixture
def donor(app: Flask) -> Donor:
    return make_donor(preference={**MONEY_AND_THINGS, "areas": [TREE.county], "budget_fen": 150_000})


@pytest.fixture
def desk(app: Flask, client: Client, donor: Donor) -> Client:
    """The county's administrator, with two needs that a donor could help with."""
    for _ in range(2):
        make_need(lines=[money_line(100_000)])
    return client.login(make_user(Role.COUNTY_ADMIN, division=TREE.county))


def proposed(desk: Client) -> str:
    """The address of a new proposal."""
    answer = desk.post("/desk/allocation", data={"area": TREE.county})
    assert answer.status_code == 303
    return answer.headers["Location"]


def sent(desk: Client, address: str, data: dict[str, str]) -> str:
    """The page that comes after a form was sent."""
    answer = desk.post(address, data=data)
    assert answer.status_code == 303
    return desk.get(answer.headers["Location"]).text


def pledges() -> list[tuple[str, PledgeState]]:
    db.session.rollback()
    return [(p.code, p.state) for p in db.session.scalars(sa.select(Pledge).order_by(Pledge.id))]


def parts() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AllocationPart.id).order_by(AllocationPart.id)))


def test_a_proposal_shows_what_each_need_gets_and_what_fairness_costs(desk: Client) -> None:
    """R-M8: nobody has a quota; making a proposal changes nothing for anybody."""
    assert "还没有方案" in desk.get("/desk/allocation").text
    page = desk.get(proposed(desk)).text
    for words in ("石渠县的分配方案", "公平的代价", "未安排", "每条需求能得到什么", "一部分", "任何人都没有摊派指标"):
        assert words in page, words
    assert pledges() == []
    assert "2 条需求中有 2 条能得到帮助" in desk.get("/desk/allocation").text


def test_who_waits_comes_first_with_the_reason(desk: Client) -> None:
    make_need(lines=[Line("护工", 1, "人", 0, SupportKind.JOB)])
    page = desk.get(proposed(desk)).text
    assert page.index("没有合适的爱心人士") < page.index("一部分")
    assert "岗位和名额" in page


def test_a_part_of_the_rows_is_offered_and_the_rest_stays_undecided(desk: Client) -> None:
    address = proposed(desk)
    first, _second = parts()
    page = sent(desk, f"{address}/accept", {"part": str(first)})
    assert "已发出 1 份邀约" in page
    assert "向全部 1 项发出邀约" in page
    assert [state for _, state in pledges()] == [PledgeState.OFFERED]


def test_the_whole_is_offered_at_once(desk: Client) -> None:
    page = sent(desk, f"{proposed(desk)}/accept", {"which": "all"})
    assert "已发出 2 份邀约" in page
    assert "已全部邀约" in page


def test_nothing_ticked_says_what_to_do(desk: Client) -> None:
    answer = desk.post(f"{proposed(desk)}/accept", data={})
    assert answer.status_code == 422
    assert "请至少勾选一项" in answer.text
    assert pledges() == []


def test_an_offer_is_taken_back_and_a_proposal_discarded(desk: Client) -> None:
    address = proposed(desk)
    desk.post(f"{address}/accept", data={"part": str(parts()[0])})
    ((code, _),) = pledges()
    assert "邀约已收回" in sent(desk, f"{address}/take-back", {"offer": code})
    assert pledges() == [(code, PledgeState.CANCELLED)]
    assert "方案已作废" in sent(desk, f"{address}/discard", {})
    assert desk.post(f"{address}/accept", data={"which": "all"}).status_code == 422


def test_an_area_without_open_needs_says_so(app: Flask, client: Client) -> None:
    client.login(make_user(Role.COUNTY_ADMIN, division=TREE.other_county))
    answer = client.post("/desk/allocation", data={"area": TREE.other_county})
    assert "没有待认领的需求" in client.get(answer.headers["Location"]).text


@pytest.mark.parametrize("area", [TREE.other_county, TREE.prefecture, "", "x"])
def test_a_foreign_area_is_not_there(desk: Client, area: str) -> None:
    """Z2"""
    assert desk.post("/desk/allocation", data={"area": area}).status_code == 404
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Allocation)) == 0


def test_a_foreign_proposal_is_not_there(desk: Client) -> None:
    """Z2"""
    address = proposed(desk)
    desk.login(make_user(Role.COUNTY_ADMIN, division=TREE.other_county))
    assert desk.get(address).status_code == 404
    for act in ("accept", "discard", "take-back"):
        assert desk.post(f"{address}/{act}", data={"which": "all"}).status_code == 404


def test_the_donor_sees_the_offer_and_says_yes_or_no_with_one_tap(desk: Client, donor: Donor) -> None:
    desk.post(f"{proposed(desk)}/accept", data={"which": "all"})
    (yes, _), (no, _) = pledges()
    desk.login(db.session.get_one(User, donor.user_id))
    page = desk.get("/my").text
    for words in ("给您的邀约", "好，我来帮", "谢谢，这次不了", "完全可以谢绝"):
        assert words in page
    assert "先到先得" in desk.get(f"/my/pledges/{yes}").text
    assert desk.submit("/my", form=f"/my/pledges/{yes}/accept").headers["Location"] == f"/my/pledges/{yes}"
    assert desk.submit("/my", form=f"/my/pledges/{no}/decline").headers["Location"] == "/my"
    assert pledges() == [(yes, PledgeState.ACCEPTED), (no, PledgeState.DECLINED)]
    assert "您已谢绝" in desk.get(f"/my/pledges/{no}").text
    assert "给您的邀约" not in desk.get("/my").text


def test_another_donor_can_neither_see_nor_answer_an_offer(desk: Client) -> None:
    """Z2"""
    desk.post(f"{proposed(desk)}/accept", data={"which": "all"})
    code = pledges()[0][0]
    desk.login(db.session.get_one(User, make_donor().user_id))
    assert desk.get(f"/my/pledges/{code}").status_code == 404
    for act in ("accept", "decline"):
        assert desk.post(f"/my/pledges/{code}/{act}").status_code == 404


def test_the_public_never_sees_an_offer(desk: Client) -> None:
    """Nor one that was taken back: it was never a gift."""
    address = proposed(desk)
    desk.post(f"{address}/accept", data={"which": "all"})
    (first, _), (second, _) = pledges()
    desk.post(f"{address}/take-back", data={"offer": second})
    for code in (first, second):
        assert desk.get(f"/disclosure/{code}").status_code == 404
        assert code not in desk.get("/disclosure").text
