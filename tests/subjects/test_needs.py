"""Needs: what the lint says, who may do what, how they end, and what of them is public."""

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.core.kinds import NeedCategory
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.db.clock import china_day
from marketplace.needs import catalogue, queries, service
from marketplace.needs.checking import lint_of
from marketplace.needs.models import CatalogueItem, ConsentHow, Need
from marketplace.needs.public import PublicNeed
from tests.factories import (
    NOW,
    TREE,
    Line,
    actor_for,
    count_rows,
    days_ago,
    make_actor,
    make_household,
    make_need,
    make_user,
    money_line,
)

# Long enough to be judged by what it says.
REST = "冬天夜里零下二十度，家里五口人的铺盖不够用。"


def test_same_item_within_180_days_is_found_and_after_that_not(app: Flask) -> None:
    household = make_household()
    make_need(NeedState.CONFIRMED, household=household, submitted_at=days_ago(179))
    need = make_need(NeedState.SUBMITTED, household=household)
    assert "duplicate" in {finding.rule for finding in lint_of(need, now=NOW)}
    assert "duplicate" not in {finding.rule for finding in lint_of(need, now=NOW + timedelta(days=2))}


def test_builtin_catalogue_loads_once_and_the_second_time_changes_nothing(app: Flask) -> None:
    rows = catalogue.builtin_rows()
    with transaction():
        first = service.load_catalogue(rows, by=SYSTEM, now=NOW)
    with transaction():
        second = service.load_catalogue(rows, by=SYSTEM, now=NOW)
    assert (first.made, second.made, second.changed, second.same) == (len(rows), 0, 0, len(rows))
    assert len(rows) >= 150
    assert {NeedCategory(row.category) for row in db.session.query(CatalogueItem)} == set(NeedCategory)  # type: ignore[call-arg]


@pytest.mark.parametrize("broken", [{"low": "9000"}, {"kind": "gold"}, {"most": "0"}, {"typical": "-1"}, {"name": ""}])
def test_catalogue_row_that_cannot_be_is_refused_with_its_number(app: Flask, broken: dict[str, str]) -> None:
    rows = [catalogue.builtin_rows()[0], catalogue.builtin_rows()[1] | broken]
    with pytest.raises(Invalid) as refused, transaction():
        service.load_catalogue(rows, by=SYSTEM, now=NOW)
    assert refused.value.params["row"] == 3
    assert count_rows(CatalogueItem) == 0


def test_only_the_system_loads_the_catalogue(app: Flask) -> None:
    with pytest.raises(Forbidden), transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=make_actor(Role.COUNTY_ADMIN), now=NOW)


def _drafted(by: Actor, household_code: str, *, how: ConsentHow = ConsentHow.SIGNED) -> Need:
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)
        need = service.start_need(
            household_code=household_code, village=None, client_key=f"key-{household_code}", by=by, now=NOW
        )
        service.choose_items(need.code, items=["quilt"], by=by, now=NOW)
        service.set_amounts(need.code, amounts={0: service.Amount(4, 15_000)}, by=by, now=NOW)
        service.give_reason(need.code, reason=service.Reason(REST), by=by, now=NOW)
        service.give_consent(need.code, given=service.ConsentGiven(how), by=by, now=NOW)
    return need


def test_household_with_an_own_account_posts_for_itself_and_is_reviewed_all_the_same(app: Flask) -> None:
    user = make_user(Role.HOUSEHOLD)
    household = make_household(user=user)
    by = actor_for(user)
    code = _drafted(by, household.code, how=ConsentHow.OWN_ACCOUNT).code
    with transaction():
        need, slip = service.submit_need(code, is_true=True, by=by, now=NOW)
        assert need.state is NeedState.SUBMITTED
        assert slip is not None
    with pytest.raises(Forbidden), transaction():
        service.approve_need(code, seen=[service.Seen.CONSENT], by=by, now=NOW)


def test_household_posts_for_no_other_household(app: Flask) -> None:
    """Z2: neither found nor forbidden: there is nothing."""
    user = make_user(Role.HOUSEHOLD)
    make_household(user=user)
    with pytest.raises(DomainError), transaction():
        _drafted(actor_for(user), make_household().code)
    assert count_rows(Need) == 0


def test_clerk_cannot_agree_by_the_households_own_account(app: Flask) -> None:
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    with pytest.raises(Invalid):
        _drafted(clerk, make_household().code, how=ConsentHow.OWN_ACCOUNT)


def test_incomplete_draft_cannot_be_sent(app: Flask) -> None:
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    household = make_household()
    with transaction():
        code = service.start_need(household_code=household.code, village=None, client_key="k", by=clerk, now=NOW).code
    with pytest.raises(Invalid), transaction():
        service.submit_need(code, is_true=True, by=clerk, now=NOW)


@pytest.mark.parametrize("state", NeedState)
def test_need_is_withdrawn_from_the_states_of_the_table_only(app: Flask, state: NeedState) -> None:
    """Z5: draft, submitted, returned and published; nothing that somebody has pledged to."""
    need = make_need(state)
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    may = state in (NeedState.DRAFT, NeedState.SUBMITTED, NeedState.RETURNED, NeedState.PUBLISHED)
    try:
        with transaction():
            service.withdraw_need(need.code, by=clerk, now=NOW)
        assert may
    except Conflict:
        assert not may


def test_need_with_a_pledge_is_not_withdrawn(app: Flask) -> None:
    need = make_need(lines=[Line(quantity=4)])
    with transaction():
        service.reserve_lines(need.id, {need.lines[0].id: 1}, now=NOW)
    with pytest.raises(Conflict, match="pledged"), transaction():
        service.withdraw_need(need.code, by=make_actor(Role.VILLAGE_CLERK, division=TREE.village), now=NOW)


def test_needs_expire_after_their_last_day_unless_something_is_pledged(app: Flask) -> None:
    today = china_day(NOW)
    due = make_need(expires_on=today - timedelta(days=1))
    not_due = make_need(expires_on=today)
    held = make_need(lines=[Line(quantity=4)], expires_on=today - timedelta(days=1))
    with transaction():
        service.reserve_lines(held.id, {held.lines[0].id: 1}, now=NOW)
    with transaction():
        assert service.expire_needs(now=NOW, by=SYSTEM) == 1
    db.session.expire_all()
    assert [need.state for need in (due, not_due, held)] == [
        NeedState.EXPIRED,
        NeedState.PUBLISHED,
        NeedState.PUBLISHED,
    ]


def test_helped_before_is_known_at_approval(app: Flask) -> None:
    household = make_household()
    make_need(NeedState.CONFIRMED, household=household, lines=[money_line()], submitted_at=days_ago(300))
    again = make_need(NeedState.SUBMITTED, household=household)
    first = make_need(NeedState.SUBMITTED)
    reviewer = make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    with transaction():
        for need in (again, first):
            service.approve_need(need.code, seen=[service.Seen.CONSENT], by=reviewer, now=NOW)
    db.session.expire_all()
    assert (again.helped_before, first.helped_before) == (True, False)


def test_staff_of_another_area_find_no_need(app: Flask) -> None:
    """Z2: NotFound, whatever the role."""
    need = make_need(NeedState.SUBMITTED)
    for role, division in (
        (Role.VILLAGE_CLERK, TREE.other_village),
        (Role.TOWNSHIP_REVIEWER, TREE.other_township),
        (Role.COUNTY_ADMIN, TREE.other_county),
    ):
        with pytest.raises(NotFound):
            queries.get_need(need.code, actor=make_actor(role, division=division))


def test_public_card_holds_these_fields_and_no_others() -> None:
    """R-P1: a new field reaches the public only by being named here."""
    assert {field.name for field in dataclasses.fields(PublicNeed)} == {
        "code",
        "household_code",
        "state",
        "kind",
        "category",
        "title",
        "story",
        "urgency",
        "township",
        "place",
        "value_fen",
        "pledged_fen",
        "helped_before",
        "published_at",
        "lines",
        "photos",
    }


def test_public_card_ends_at_the_township(app: Flask) -> None:
    card = queries.public_card(make_need())
    assert card.township == TREE.township
    assert "温拖" not in repr(card)


def test_money_lines_count_fen(app: Flask) -> None:
    card = queries.public_card(make_need(lines=[money_line(148_050)]))
    assert (card.value_fen, card.lines[0].value_fen, card.open_fen) == (148_050, 148_050, 148_050)
