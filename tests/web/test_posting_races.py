"""The same draft sent many times at once, after a connection that broke: one need, one photo, one slip."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from marketplace.core.actor import SYSTEM
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import catalogue, service
from marketplace.needs.models import ConsentHow, Need
from tests.client import Client
from tests.factories import NOW, TREE, actor_for, make_household, make_user
from tests.scenes import picture
from tests.server import LiveServer, released_together

SENDERS = 8


def test_the_same_draft_sent_eight_times_at_once_makes_one_need(
    app: Flask, client: Client, serve: Callable[..., LiveServer]
) -> None:
    """L9: eight copies of the first form, then eight of the last; one need, each answer leads to it."""
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)
    household, user = make_household(TREE.village), make_user(Role.VILLAGE_CLERK, division=TREE.village)
    visitor = serve().visitor(client.login(user))
    begun = {"client_key": "one-draft", "who": household.code}
    answers = released_together([lambda: visitor.post("/desk/needs/new", begun)] * SENDERS)
    assert {answer.status for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    db.session.rollback()
    code = db.session.query(Need).one().code

    _fill(code, by=actor_for(user))
    sent = released_together([lambda: visitor.post(f"/desk/needs/{code}/check", {"truth": "y"})] * SENDERS)
    assert {answer.status for answer in sent} == {303}
    assert sum(answer.headers["location"].endswith("/slip") for answer in sent) == 1
    db.session.rollback()
    need = db.session.query(Need).one()
    assert need.state is NeedState.SUBMITTED
    assert len(need.photos) == 1


def _fill(code: str, *, by: Any) -> None:
    with transaction():
        service.choose_items(code, items=["quilt"], by=by, now=NOW)
        service.set_amounts(code, amounts={0: service.Amount(3, 15_000)}, by=by, now=NOW)
        for _ in range(2):
            service.add_photo(code, stream=picture(), caption="旧被子", by=by, now=NOW)
        reason = service.Reason("家里五口人只有两床旧被，老人夜里常常冻醒。")
        service.give_reason(code, reason=reason, by=by, now=NOW)
        service.give_consent(code, given=service.ConsentGiven(ConsentHow.SIGNED), by=by, now=NOW)
