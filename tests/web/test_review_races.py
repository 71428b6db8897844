"""Two reviewers at the same moment, on the real server: one wins, the other is told what happened, one audit row."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.audit.models import AuditEntry
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.needs.models import Need, NeedReview
from tests.client import Client
from tests.factories import TREE, Line, days_ago, make_need, make_user
from tests.server import Answer, LiveServer, Visitor, released_together

# On SQLite one process writes; on PostgreSQL several workers do.
WORKERS = {"sqlite": 1, "postgresql": 4}
ROUNDS = 15
TREADMILL = Line(name="跑步机", quantity=1, unit="台", unit_price_fen=150_000)
APPROVE = [("seen", "consent"), ("seen", "price"), ("override-luxury", "visited")]
REJECT = [("reason", "other"), ("note", "不符合")]
RETURN = [("reason", "price_high")]


@pytest.fixture
def reviewers(app: Flask, backend: str, serve: Callable[..., LiveServer]) -> list[Visitor]:
    """Two reviewers of the township, signed in at a running server."""
    server = serve(workers=WORKERS[backend])
    return [server.visitor(_client(app)) for _ in range(2)]


def _client(app: Flask) -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    return client.login(make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township))


def _decide(who: Visitor, code: str, act: str, sent: Sequence[tuple[str, str]]) -> Answer:
    return who.post(f"/desk/review/{code}/{act}", list(sent))


def _race(reviewers: Sequence[Visitor], need: Need, *acts: tuple[str, Sequence[tuple[str, str]]]) -> list[Answer]:
    calls = [partial(_decide, who, need.code, *act) for who, act in zip(reviewers, acts, strict=True)]
    return released_together(calls)


def _written(need: Need) -> tuple[int, int]:
    """How many decisions and how many audit rows stand for a need."""
    db.session.rollback()
    reviews = sa.select(sa.func.count()).where(NeedReview.need_id == need.id)
    actions = ("need.approve", "need.return", "need.reject")
    rows = sa.select(sa.func.count()).where(AuditEntry.subject_id == need.id, AuditEntry.action.in_(actions))
    return db.session.scalar(reviews) or 0, db.session.scalar(rows) or 0


def _waiting(**fields: Any) -> list[Need]:
    """Needs too old to be each other's copies."""
    return [make_need(NeedState.SUBMITTED, submitted_at=days_ago(300), **fields) for _ in range(ROUNDS)]


def _state(need: Need) -> NeedState:
    return db.session.scalars(sa.select(Need.state).where(Need.id == need.id)).one()


@pytest.mark.parametrize("against", [("reject", REJECT), ("return", RETURN)], ids=["reject", "return"])
def test_of_approve_and_its_opposite_one_wins_and_the_other_hears_what_happened(
    reviewers: list[Visitor], against: tuple[str, list[tuple[str, str]]]
) -> None:
    """C2: one 303, one 409 that names where the need stands now, one decision, one audit row; many rounds."""
    ends = {NeedState.PUBLISHED, NeedState.REJECTED, NeedState.RETURNED}
    for need in _waiting():
        answers = _race(reviewers, need, ("approve", APPROVE), against)
        assert sorted(answer.status for answer in answers) == [303, 409]
        assert _written(need) == (1, 1)
        state = _state(need)
        assert state in ends
        told = next(answer for answer in answers if answer.status == 409)
        assert f"别人先处理了：这条需求现在是“{state.label}”" in told.text


def test_a_first_approval_and_a_refusal_at_once_leave_one_decision(reviewers: list[Visitor]) -> None:
    """C2 on a flagged need: its first approval moves no state, and is decided as singly as any other decision."""
    for need in _waiting(lines=[TREADMILL]):
        answers = _race(reviewers, need, ("approve", APPROVE), ("reject", REJECT))
        assert sorted(answer.status for answer in answers) == [303, 409]
        assert _written(need) == (1, 1)
        assert _state(need) in (NeedState.SUBMITTED, NeedState.REJECTED)
