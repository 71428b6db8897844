"""The page behind a paper slip, and asking again: from any phone, without an account; in two taps."""

import pytest
from flask import Flask

from marketplace.core.actor import Actor
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import queries, service
from marketplace.needs.models import Need
from marketplace.needs.repeating import list_templates
from marketplace.needs.review_models import PauseCause
from marketplace.needs.slips import slip_index
from tests.client import Client
from tests.factories import NOW, TREE, actor_for, make_household, make_need, make_user
from tests.scenes import delivered, make_scene

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SLIP = "K7QP-3XWD"


@pytest.mark.parametrize("state", [state for state in NeedState if state is not NeedState.DRAFT])
def test_the_slip_says_where_the_need_stands_and_what_comes_next(app: Flask, client: Client, state: NeedState) -> None:
    need = make_need(state, slip_index=slip_index(SLIP))
    assert client.get(f"/slip/{SLIP}").headers["Location"] == "/slip"
    page = client.get("/slip")
    assert need.title in page.get_data(as_text=True)
    assert "12317" in page.get_data(as_text=True)
    assert page.headers["Cache-Control"] == "private, no-store"
    client.post("/slip/leave")
    assert need.title not in client.get("/slip").get_data(as_text=True)


@pytest.mark.parametrize("cause", list(PauseCause))
def test_the_slip_says_since_when_and_why_a_need_is_paused_and_never_what_staff_wrote(
    app: Flask, client: Client, cause: PauseCause
) -> None:
    scene = make_scene()
    county = actor_for(make_user(Role.COUNTY_ADMIN, division=TREE.county))
    with transaction():
        service.suspend_need(scene.need.code, cause=cause, note="邻居说他家有车", by=county, now=NOW)
    client.post("/slip", data={"slip": scene.slip})
    page = client.get("/slip").get_data(as_text=True)
    assert f"2018-12-17 起暂停：{cause.label}" in page
    assert "邻居说他家有车" not in page
    with transaction():
        service.resume_need(scene.need.code, by=county, now=NOW)
    assert cause.label not in client.get("/slip").get_data(as_text=True)


def test_the_household_confirms_on_the_page_of_its_slip(app: Flask, client: Client) -> None:
    scene = delivered(make_scene())
    client.post("/slip", data={"slip": scene.slip})
    assert client.submit("/slip", form="/slip/confirm", arrived="yes").status_code == 303
    assert "收到了</button>" not in client.get("/slip").get_data(as_text=True)


def test_guessing_codes_is_stopped_at_every_door(app: Flask, client: Client) -> None:
    """A1 for slips: ten wrong tries in a quarter of an hour, typed, scanned or confirmed, count together."""
    make_need(slip_index=slip_index(SLIP))
    for number in range(5):
        assert client.post("/slip", data={"slip": f"2222-222{number + 3}"}).status_code == 422
        assert client.get(f"/slip/3333-333{number + 4}").status_code == 422
    assert client.post("/slip", data={"slip": SLIP}).status_code == 429
    assert client.get(f"/slip/{SLIP}").status_code == 429
    assert client.post("/confirm", data={"slip": SLIP, "arrived": "yes"}).status_code == 429


def test_last_winters_need_is_asked_again_in_two_taps(app: Flask, client: Client) -> None:
    """The household, then its earlier need: a new draft that lacks the agreement alone; sent twice it is one."""
    household = make_household(TREE.village)
    earlier = make_need(NeedState.CLOSED, household=household)
    client.login(make_user(Role.VILLAGE_CLERK, division=TREE.village))
    what = client.submit("/desk/needs/new", form="/desk/needs/new", who=household.code).headers["Location"]
    page = client.get(what).get_data(as_text=True)
    assert "和以前一样？" in page
    key = {"client_key": "again-once"}
    first = client.post(f"/desk/needs/{earlier.code}/again", data=key)
    second = client.post(f"/desk/needs/{earlier.code}/again", data=key)
    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["Location"].endswith("/agree")
    db.session.rollback()
    made = db.session.query(Need).filter_by(client_key="again-once").one()
    assert (made.story, [line.quantity for line in made.lines]) == (earlier.story, [4])
    assert queries.get_consent(made) is None


def test_a_template_gives_its_lines_and_never_another_households_reason(app: Flask) -> None:
    user = make_user(Role.VILLAGE_CLERK, division=TREE.village)
    by, other = actor_for(user), actor_for(make_user(Role.VILLAGE_CLERK, division=TREE.village))
    kept = make_need(household=make_household(TREE.village))
    household = make_household(TREE.village)
    with transaction():
        assert service.keep_template(kept.code, by=by, now=NOW)
        need = service.start_need(household_code=household.code, village=None, client_key="t", by=by, now=NOW)
    from_template = queries_of(by)
    with transaction():
        service.use_template(need.code, template_id=from_template[0], by=by, now=NOW)
    db.session.rollback()
    filled = db.session.get_one(Need, need.id)
    assert ([line.name for line in filled.lines], filled.story) == (["棉被"], "")
    assert queries_of(other) == []


def queries_of(actor: Actor) -> list[int]:
    """Ids of the person's templates."""
    return [template_id for template_id, _need in list_templates(actor=actor)]


def test_a_household_with_an_account_finds_itself_alone_and_agrees_by_its_account(app: Flask, client: Client) -> None:
    user = make_user(Role.HOUSEHOLD)
    own, other = make_household(TREE.village, user=user), make_household(TREE.village)
    client.login(user)
    page = client.get("/desk/needs/new").get_data(as_text=True)
    assert own.code in page
    assert other.code not in page
    assert client.get("/desk/needs").status_code == 200
