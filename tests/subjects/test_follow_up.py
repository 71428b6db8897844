"""Two questions months after a delivery: who may answer, when, once, and what it becomes."""

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.actor import PUBLIC
from marketplace.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.fulfilment import follow_up
from marketplace.fulfilment.follow_up import Said
from marketplace.fulfilment.models import ConfirmerKind, ConfirmHow, FollowUp
from marketplace.matching.models import Outcome, SuggestionOutcome
from marketplace.needs.models import Need
from marketplace.needs.slips import slip_index
from tests import factories as f
from tests.client import Client
from tests.factories import NOW, TREE, days_ago

SLIP = "K7QP-3XWD"
USEFUL = Said(still_useful=True, still_needed=False)


def confirmed(days: float, **fields: object) -> Need:
    """A need that was delivered some days ago and confirmed by two the day after."""
    moments = {"delivered_at": days_ago(days), "confirmed_at": days_ago(days - 1)}
    need = f.make_need(
        NeedState.CONFIRMED, published_at=days_ago(days + 20), slip_index=slip_index(SLIP), **moments, **fields
    )
    f.make_pledge(PledgeState.CONFIRMED, need=need, created_at=days_ago(days + 9), **moments)
    return need


def by_slip(said: Said = USEFUL) -> FollowUp:
    with transaction():
        return follow_up.answer_by_slip(SLIP, said, by=PUBLIC, now=NOW)


def test_the_household_answers_with_its_slip_and_the_outcome_follows(app: Flask) -> None:
    need = confirmed(31)
    answer = by_slip(Said(still_useful=False, still_needed=True, note="用完了"))
    assert (answer.days, answer.kind, answer.how) == (30, ConfirmerKind.HOUSEHOLD, ConfirmHow.SLIP)
    assert (answer.still_useful, answer.still_needed) == (False, True)
    outcome = db.session.scalars(sa.select(SuggestionOutcome)).one()
    assert (outcome.kind, outcome.need_id, outcome.good) == (Outcome.EFFECTIVE_30, need.id, False)


@pytest.mark.parametrize(
    ("days", "asked"), [(29, None), (30, 30), (89, 30), (90, 90), (365, 365), (729, 365), (731, None)]
)
def test_the_latest_day_that_has_come_is_asked_about(app: Flask, days: int, asked: int | None) -> None:
    assert follow_up.check_of(confirmed(days), now=NOW) == asked


def test_each_day_is_answered_once(app: Flask) -> None:
    confirmed(31)
    by_slip()
    with pytest.raises(Conflict):
        by_slip()
    assert f.count_rows(FollowUp) == 1


def test_a_need_that_two_people_have_not_confirmed_is_not_asked_about(app: Flask) -> None:
    need = f.make_need(NeedState.DELIVERED, delivered_at=days_ago(60), slip_index=slip_index(SLIP))
    assert follow_up.check_of(need, now=NOW) is None
    with pytest.raises(Conflict):
        by_slip()


def test_a_wrong_code_is_told_at_its_field(app: Flask) -> None:
    with pytest.raises(Invalid) as told:
        by_slip()
    assert told.value.field == "slip"


@pytest.mark.parametrize("who", ["poster", "donor", "clerk"])
def test_nobody_with_a_part_in_it_answers_for_the_household(app: Flask, who: str) -> None:
    """Z6"""
    need = confirmed(31)
    gift = db.session.scalars(sa.select(f.Pledge)).one()
    people = {
        "poster": lambda: db.session.get_one(User, need.poster_id),
        "donor": lambda: db.session.get_one(User, db.session.get_one(f.Donor, gift.donor_id).user_id),
        "clerk": lambda: f.make_user(Role.VILLAGE_CLERK, division=TREE.village),
    }
    actor = f.actor_for(people[who]())
    with pytest.raises(Forbidden), transaction():
        follow_up.answer_by_slip(SLIP, USEFUL, by=actor, now=NOW)


@pytest.mark.parametrize(
    ("role", "place", "days", "refused"),
    [
        (Role.VILLAGE_CLERK, TREE.village, 38, None),
        (Role.VILLAGE_SUPERVISOR, TREE.village, 38, None),
        (Role.VILLAGE_CLERK, TREE.village, 33, Conflict),
        (Role.VILLAGE_CLERK, TREE.other_village, 38, NotFound),
        (Role.AUDITOR, TREE.county, 38, Forbidden),
    ],
)
def test_staff_of_the_area_ask_after_the_households_own_week(
    app: Flask, role: Role, place: str, days: int, refused: type[DomainError] | None
) -> None:
    """Z2"""
    need = confirmed(days)
    actor = f.make_actor(role, division=place)
    listed = follow_up.list_due(actor, now=NOW)
    assert len(listed) == follow_up.count_due(actor, now=NOW) == (days >= 37 and place != TREE.other_village)
    if refused is None:
        with transaction():
            assert follow_up.answer_on_visit(need.code, USEFUL, by=actor, now=NOW).kind is ConfirmerKind.SECOND
        assert follow_up.list_due(actor, now=NOW) == []
        return
    with pytest.raises(refused), transaction():
        follow_up.answer_on_visit(need.code, USEFUL, by=actor, now=NOW)


# On the pages.

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@ONE_DATABASE
def test_the_slip_page_takes_the_answer_and_the_donor_reads_it(app: Flask, client: Client) -> None:
    """R-G6"""
    need = confirmed(35)
    answered = client.submit("/confirm/later", slip=SLIP.lower(), useful="yes", needed="yes", note="灯还亮着")
    assert answered.status_code == 303
    gift = db.session.scalars(sa.select(f.Pledge)).one()
    donor = db.session.get_one(User, db.session.get_one(f.Donor, gift.donor_id).user_id)
    page = client.login(donor).get(f"/my/pledges/{gift.code}").get_data(as_text=True)
    assert "送达 30 天后" in page
    assert "还有用，还需要" in page
    assert "灯还亮着" not in page
    assert follow_up.check_of(need, now=NOW) is None


@ONE_DATABASE
def test_a_wrong_answer_comes_back_with_what_was_typed(app: Flask, client: Client) -> None:
    response = client.submit("/confirm/later", slip="XXXX-XXXX", useful="yes", needed="no", note="灯还亮着")
    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert "灯还亮着" in page
    assert "短码不对" in page or "不对" in page


@ONE_DATABASE
def test_the_household_answers_through_its_account(app: Flask, client: Client) -> None:
    speaker = f.make_user(Role.HOUSEHOLD)
    need = confirmed(95, household=f.make_household(user=speaker))
    client.login(speaker)
    fields = {f"{need.code}-useful": "yes", f"{need.code}-needed": "no"}
    assert client.submit("/confirm/later", form=f"/confirm/later/{need.code}", **fields).status_code == 303
    assert db.session.scalars(sa.select(FollowUp.days)).all() == [90]


@ONE_DATABASE
def test_the_clerk_finds_the_household_on_the_desk_and_writes_its_answer_down(app: Flask, client: Client) -> None:
    need = confirmed(40)
    client.login(f.make_user(Role.VILLAGE_CLERK, division=TREE.village))
    assert "/desk/follow-ups" in client.get("/desk/pledges").get_data(as_text=True)
    gift = db.session.scalars(sa.select(f.Pledge)).one()
    path = f"/desk/follow-ups/{gift.code}"
    assert path in client.get("/desk/follow-ups").get_data(as_text=True)
    assert client.submit(path, form=path, useful="no", needed="yes", note="").status_code == 303
    assert "现在没有要回访的农户" in client.get("/desk/follow-ups").get_data(as_text=True)
    assert need.code in client.get(path).get_data(as_text=True)
