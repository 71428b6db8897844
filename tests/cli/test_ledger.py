"""``marketplace ledger check`` and ``marketplace nightly`` as an operator runs them."""

import json
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.config import Settings
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge, Way
from marketplace.pledges.service import pledge_need
from tests.cli.running import run
from tests.factories import NOW, actor_for, make_donor, make_need, make_pledge, money_line


def _pledge(fen: int) -> Pledge:
    need = make_need(lines=[money_line(100_000)])
    donor = actor_for(db.session.get_one(User, make_donor().user_id))
    with transaction():
        return pledge_need(
            need.code,
            quantities={need.lines[0].id: fen},
            way=Way.CHARITY,
            intent="",
            shows_name=False,
            shows_amount=True,
            client_key=need.code,
            by=donor,
            now=NOW - timedelta(days=8),
        )


def test_a_book_that_holds_is_said_with_counts(app: Flask, settings: Settings) -> None:
    _pledge(30_000)
    said = run(settings, "ledger", "check", LC_ALL="en_US.UTF-8")
    assert said.status == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert {row[0]: row[1:3] for row in rows}["L1"] == ["holds", "1"]
    assert {row[0] for row in rows} == {"L1", "L2", "L3", "L4", "L6", "L8", "L10", "L11"}


def test_a_broken_book_ends_with_one_and_names_the_fault(app: Flask, settings: Settings) -> None:
    pledge = make_pledge()
    said = run(settings, "ledger", "check", LC_ALL="en_US.UTF-8")
    assert said.status == 1
    assert f"{pledge.code}: promised" in said.out
    assert "The book does not hold: L3" in said.err


def test_the_json_of_the_check_is_one_document(app: Flask, settings: Settings) -> None:
    make_pledge()
    said = run(settings, "ledger", "check", "--json")
    document = json.loads(said.out)
    assert (said.status, document["holds"]) == (1, False)
    assert {row["id"]: row["broken"] for row in document["invariants"]}["L1"] == 0
    assert sum(row["broken"] for row in document["invariants"]) == 1


def test_the_night_lapses_what_did_not_arrive_and_expires_needs_once(app: Flask, settings: Settings) -> None:
    """L10: run again, it finds nothing more to do."""
    late, kept = _pledge(30_000), make_pledge(expires_at=NOW + timedelta(days=1))
    old = make_need(expires_on=(NOW - timedelta(days=1)).date())
    first = json.loads(run(settings, "nightly", "--json").out)
    again = json.loads(run(settings, "nightly", "--json").out)
    assert (first["pledges_lapsed"], first["needs_expired"]) == (1, 1)
    # The lapsed pledge's need is open again, and so is the one that is still promised to in part.
    db.session.rollback()
    assert (
        first["needs_ranked"]
        == again["needs_ranked"]
        == db.session.scalar(sa.select(sa.func.count()).where(Need.state == NeedState.PUBLISHED))
    )
    assert (again["pledges_lapsed"], again["needs_expired"]) == (0, 0)
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(Pledge, late.id).state is PledgeState.LAPSED
    assert db.session.get_one(Pledge, kept.id).state is PledgeState.ACCEPTED
    assert db.session.get_one(Need, old.id).state is NeedState.EXPIRED


def test_the_night_says_what_it_did(app: Flask, settings: Settings) -> None:
    said = run(settings, "nightly", LC_ALL="zh_CN.UTF-8")
    assert (said.status, said.out) == (
        0,
        "逾期失效的认领：0 笔。\n"
        "到期的需求：0 条。\n"
        "新发现疑似重复户：0 对。\n"
        "记下推荐和认领的结果：0 项。\n"
        "生效的状态变更：0 项。\n"
        "给县里的审核异常：0 条。\n"
        "学得并比较的模型：learnt-1。\n"
        "留存每日数字：1 天。\n"
        "已重新排序的待认领需求：0 条。\n",
    )
