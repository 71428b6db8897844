"""R-V9: nobody may attach unlawful or indecent conditions; what is attached is looked at by somebody else."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.audit.models import AuditEntry
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import PledgeState
from marketplace.db import db, transaction
from marketplace.donors.demands import GRAVE, OF_ANYBODY, Demand, Refused, find_demand
from marketplace.donors.service import Wishes, set_preference
from marketplace.needs.review_models import ReviewSignal, SignalKind
from marketplace.needs.signals import close_signal, list_signals
from marketplace.pledges import conditions
from marketplace.pledges.models import ConditionState, Pledge, PledgeCondition, Way
from marketplace.pledges.service import cancel_pledge, pledge_need
from tests import factories as f
from tests.factories import NOW, TREE
from tests.scenes import Scene, make_scene

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
D = Demand
FINE = "请在下雪前发到手里"

ASKS = [
    ("发放时请和老人合影一张", D.PHOTO),
    ("要一张受助人的照片", D.PHOTO),
    ("请拍個視頻給我", D.PHOTO),
    ("不合影就不捐", D.PHOTO),
    ("必须举牌拍照，否则不给", D.PHOTO),
    ("Please send a photo with the family", D.PHOTO),
    ("希望能跟农户见面", D.CONTACT),
    ("把户主电话给我", D.CONTACT),
    ("我想加他的微信", D.CONTACT),
    ("我们要上门看望", D.CONTACT),
    ("I want to visit them", D.CONTACT),
    ("想和孩子视频聊天", D.CHILD),
    ("希望孩子每月给我写信", D.CHILD),
    ("想认养这家的女孩", D.CHILD),
    ("请告诉我学生的名字和成绩", D.CHILD),
    ("周末带孩子到我家做客", D.CHILD),
    ("the child should write to me", D.CHILD),
    ("请组织一个捐赠仪式", D.CEREMONY),
    ("要写感谢信、送锦旗", D.CEREMONY),
    ("受助人要当众鞠躬", D.CEREMONY),
    ("配合我们公司宣传", D.PUBLICITY),
    ("要接受记者采访", D.PUBLICITY),
    ("穿印有公司名的衣服", D.PUBLICITY),
    ("全家要信教", D.BELIEF),
    ("每天念经祷告", D.BELIEF),
    ("选举时要投票给我", D.BELIEF),
    ("明年来我厂里上班", D.WORK),
    ("必须买我家的化肥", D.WORK),
    ("粮食要卖给公司", D.WORK),
    ("姑娘漂亮的优先", D.INDECENT),
    ("陪我吃顿饭", D.INDECENT),
    ("认作干女儿", D.INDECENT),
]
HARMLESS = [
    FINE,
    "先买炉子，天冷。",
    "只用于买学习用品",
    "请优先给老人用",
    "不需要合影，也不要感谢信",
    "请不要安排仪式",
    "无需上门致谢",
    "发物品照片就行",
    "拍一下发票和签收单的照片",
    "请在开学前买好书包文具",
    "给住校的孩子买被子",
    "剩下的钱给村里别的困难户",
    "建房材料请买质量好的",
    "特别冷的时候先用",
    "线路裸在外头，先换电线",
    "太阳能板能给电话充电就行",
    "Please use it before winter",
    "no photo, please",
    "I do not want any thanks",
    "A photo of the receipt is enough",
]


@pytest.mark.parametrize(("text", "demand"), ASKS)
def test_what_nobody_may_ask_for_is_found(text: str, demand: Demand) -> None:
    """R-V9"""
    assert find_demand(text) is demand


@pytest.mark.parametrize("text", HARMLESS)
def test_what_may_be_asked_passes(text: str) -> None:
    assert find_demand(text) is None


def test_every_demand_has_its_own_sentence() -> None:
    assert len({Refused(demand, field="x").message for demand in Demand}) == len(Demand)


def giver(scene: Scene) -> Any:
    return f.actor_for(db.session.get_one(User, scene.donor.user_id))


def propose(scene: Scene, words: str = FINE) -> PledgeCondition:
    with transaction():
        return conditions.propose_condition(scene.pledge.code, words, by=giver(scene), now=NOW)


def decide(scene: Scene, *, by: User, accepts: bool = True, reason: str = "") -> PledgeCondition:
    with transaction():
        return conditions.decide_condition(
            scene.pledge.code, accepts=accepts, reason=reason, by=f.actor_for(by), now=NOW
        )


def test_a_condition_is_shown_to_nobody_before_it_is_accepted(app: Flask) -> None:
    """R-V9: the pledge stands without it meanwhile."""
    scene = make_scene()
    propose(scene)
    assert conditions.accepted_conditions(scene.need.id) == []
    assert db.session.get_one(Pledge, scene.pledge.id).state is PledgeState.ACCEPTED
    reviewer = f.actor_for(scene.reviewer)
    assert [c.words for c in conditions.list_waiting(reviewer)] == [FINE]
    assert decide(scene, by=scene.reviewer).state is ConditionState.ACCEPTED
    assert conditions.accepted_conditions(scene.need.id) == [FINE]
    assert conditions.list_waiting(reviewer) == []
    acts = [entry.action for entry in db.session.scalars(sa.select(AuditEntry)) if "condition" in entry.action]
    assert acts == ["condition.propose", "condition.accepted"]


def test_a_refused_condition_leaves_the_pledge_and_room_for_another(app: Flask) -> None:
    scene = make_scene()
    propose(scene)
    with pytest.raises(Invalid) as empty:
        decide(scene, by=scene.reviewer, accepts=False)
    assert empty.value.field == "reason"
    refused = decide(scene, by=scene.reviewer, accepts=False, reason="发放日期由村里定")
    assert (refused.state, refused.reason) == (ConditionState.REFUSED, "发放日期由村里定")
    assert db.session.get_one(Pledge, scene.pledge.id).state is PledgeState.ACCEPTED
    assert conditions.accepted_conditions(scene.need.id) == []
    propose(scene, "请先给老人用")
    assert [c.state.value for c in conditions.conditions_of(scene.pledge.id)] == ["refused", "proposed"]


@ONLY_SQLITE
def test_the_same_words_twice_are_one_and_three_refusals_are_enough(app: Flask) -> None:
    scene = make_scene()
    assert propose(scene).id == propose(scene, f" {FINE} ").id
    with pytest.raises(Conflict, match="already"):
        propose(scene, "请先给老人用")
    decide(scene, by=scene.reviewer, accepts=False, reason="由村里定")
    for words in ("请先给老人用", "请在月底前用"):
        propose(scene, words)
        decide(scene, by=scene.reviewer, accepts=False, reason="由村里定")
    with pytest.raises(Conflict, match="Three"):
        propose(scene, "请先给最困难的")
    assert not conditions.may_propose(scene.pledge, conditions.conditions_of(scene.pledge.id))


@ONLY_SQLITE
def test_words_that_demand_or_name_or_say_nothing_are_refused(app: Flask) -> None:
    """R-V9"""
    scene = make_scene()
    for words in ("好", "长" * 201, "请打13900000009联系我取货单", "发放时合影"):
        with pytest.raises(Invalid) as refused:
            propose(scene, words)
        assert refused.value.field == "condition"
    assert f.count_rows(PledgeCondition) == 0


@ONLY_SQLITE
def test_only_the_donor_attaches_and_only_while_something_is_to_come(app: Flask) -> None:
    """Z2"""
    scene, other = make_scene(), make_scene()
    with pytest.raises(NotFound), transaction():
        conditions.propose_condition(scene.pledge.code, FINE, by=giver(other), now=NOW)
    with transaction():
        cancel_pledge(scene.pledge.code, by=giver(scene), now=NOW)
    with pytest.raises(Conflict, match="ended"):
        propose(scene)


@ONLY_SQLITE
def test_neither_poster_nor_village_nor_relative_nor_donor_decides(app: Flask) -> None:
    """R-V9, R-V3, Z6: the same four eyes as for needs."""
    scene = make_scene()
    propose(scene)
    poster = db.session.get_one(User, scene.clerk.id)
    f.grant(poster, Role.TOWNSHIP_REVIEWER, division=TREE.township)
    villager = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    f.grant(villager, Role.VILLAGE_SUPERVISOR, division=TREE.village)
    donor = db.session.get_one(User, scene.donor.user_id)
    f.grant(donor, Role.TOWNSHIP_REVIEWER, division=TREE.township)
    for user in (poster, villager, donor):
        assert conditions.list_waiting(f.actor_for(db.session.get_one(User, user.id))) == []
        with pytest.raises(Forbidden):
            decide(scene, by=db.session.get_one(User, user.id))
    elsewhere = f.make_user(Role.COUNTY_ADMIN, division=TREE.other_county)
    with pytest.raises(NotFound):
        decide(scene, by=elsewhere)
    decide(scene, by=f.make_user(Role.COUNTY_ADMIN, division=TREE.county))
    with pytest.raises(NotFound):
        decide(scene, by=scene.reviewer)


def test_the_database_keeps_a_decision_and_who_may_not_make_it(app: Flask) -> None:
    """R-V9, F2"""
    scene = make_scene()
    condition = propose(scene)
    by_poster = {"state": "accepted", "decided_by": scene.clerk.id}
    by_donor = {"state": "accepted", "decided_by": scene.donor.user_id}
    said = "UPDATE pledge_condition SET state = :state, decided_by = :decided_by, decided_at = proposed_at"
    for values in (by_poster, by_donor):
        with pytest.raises(sa.exc.DBAPIError, match="may not decide"), transaction() as session:
            session.execute(sa.text(said), values)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.text("UPDATE pledge_condition SET state = 'accepted'"))
    decide(scene, by=scene.reviewer)
    for statement in ("UPDATE pledge_condition SET reason = 'x'", "UPDATE pledge_condition SET words = 'x'"):
        with pytest.raises(sa.exc.DBAPIError, match="decided once"), transaction() as session:
            session.execute(sa.text(statement))
    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), transaction() as session:
        session.execute(sa.text("DELETE FROM pledge_condition"))
    db.session.rollback()
    stored = db.session.scalar(sa.text("SELECT words FROM pledge_condition"))
    assert FINE not in stored
    assert db.session.get_one(PledgeCondition, condition.id, populate_existing=True).words == FINE


@ONLY_SQLITE
@pytest.mark.parametrize("demand", list(Demand))
def test_grave_demands_raise_a_signal_that_somebody_else_closes(app: Flask, demand: Demand) -> None:
    """Fraud 29, F2"""
    scene = make_scene()
    refused = Refused(demand, field="condition")
    for _ in range(2):
        with transaction():
            conditions.flag_demand(refused, division=TREE.township, code=scene.need.code, by=giver(scene), now=NOW)
    found = list(db.session.scalars(sa.select(ReviewSignal)))
    assert [(s.kind, s.user_id, s.cases) for s in found] == (
        [(SignalKind.DEMAND, scene.donor.user_id, [scene.need.code])] if demand in GRAVE else []
    )
    if found:
        county = f.make_actor(Role.COUNTY_ADMIN, division=TREE.county)
        assert [s.id for s in list_signals(actor=county)] == [found[0].id]
        donor = db.session.get_one(User, scene.donor.user_id)
        f.grant(donor, Role.COUNTY_ADMIN, division=TREE.county)
        with pytest.raises(Forbidden), transaction():
            close_signal(found[0].id, reason="没事", by=giver(scene), now=NOW)


@ONLY_SQLITE
def test_words_about_the_use_demand_nothing_either(app: Flask) -> None:
    """R-V9: the other free text of a pledge, and what a donor says in general."""
    need, donor = f.make_need(), f.make_donor()
    actor = f.actor_for(db.session.get_one(User, donor.user_id))
    with pytest.raises(Refused), transaction():
        pledge_need(
            need.code,
            quantities={need.lines[0].id: 1},
            way=Way.SHIP,
            intent="发放时要合影",
            shows_name=False,
            shows_amount=True,
            client_key="k",
            by=actor,
            now=NOW,
        )
    with pytest.raises(Refused) as refused, transaction():
        set_preference(Wishes(words="想资助小孩，要和孩子视频"), by=actor, now=NOW)
    assert refused.value.field == "words"
    with transaction():
        set_preference(Wishes(words="可以上门义诊，也愿意陪伴独居老人"), by=actor, now=NOW)
    assert D.CONTACT not in OF_ANYBODY
