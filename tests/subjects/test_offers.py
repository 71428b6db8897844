"""Offers: they hold nothing, become pledges by the donor's own yes, and end without a trace in the book."""

from datetime import timedelta

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor, Preference, RelatedParty
from marketplace.ledger.models import LedgerEntry
from marketplace.needs.models import Need
from marketplace.pledges import service
from marketplace.pledges.check import check_pledges
from marketplace.pledges.models import Pledge
from marketplace.pledges.offering import OFFER_DAYS, accept_offer, decline_offer, offer_need, take_back_offer
from tests.factories import NOW, TREE, actor_for, count_rows, make_actor, make_donor, make_need, money_line

WHOLE = 100_000


def offer(need: Need, donor: Donor, quantity: int = WHOLE, *, key: str = "k") -> str:
    """The code of a new offer of the need's first line."""
    with transaction() as session:
        need, donor = session.get_one(Need, need.id), session.get_one(Donor, donor.id)
        quantities = {need.lines[0].id: quantity}
        return offer_need(need, donor=donor, quantities=quantities, client_key=key, by=SYSTEM, now=NOW).code


def speaks_for(donor: Donor) -> Actor:
    return actor_for(db.session.get_one(User, donor.user_id))


def open_of(need: Need) -> int:
    db.session.rollback()
    return db.session.get_one(Need, need.id).lines[0].open


def state_of(code: str) -> PledgeState:
    db.session.rollback()
    return db.session.query(Pledge).filter_by(code=code).one().state


def ensure_books_hold() -> None:
    db.session.rollback()
    assert [i.faults for i in check_pledges() if not i.holds] == []


def test_an_offer_holds_nothing_and_books_nothing(app: Flask) -> None:
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor(preference={"budget_fen": WHOLE})
    code = offer(need, donor)
    assert state_of(code) is PledgeState.OFFERED
    assert open_of(need) == WHOLE
    assert count_rows(LedgerEntry) == 0
    assert db.session.get_one(Preference, donor.id).budget_fen == WHOLE
    ensure_books_hold()


def test_a_yes_makes_a_pledge_with_all_that_a_pledge_has(app: Flask) -> None:
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor(preference={"budget_fen": 2 * WHOLE})
    code = offer(need, donor)
    for _ in range(2):
        with transaction():
            pledge = accept_offer(code, by=speaks_for(donor), now=NOW + timedelta(days=1))
            assert pledge.expires_at == NOW + timedelta(days=1 + service.PLEDGE_DAYS)
    assert state_of(code) is PledgeState.ACCEPTED
    assert (open_of(need), count_rows(LedgerEntry)) == (0, 1)
    assert db.session.get_one(Need, need.id).state is NeedState.PLEDGED
    assert db.session.get_one(Preference, donor.id).budget_fen == WHOLE
    ensure_books_hold()
    with transaction():
        service.cancel_pledge(code, by=speaks_for(donor), now=NOW + timedelta(days=2))
    assert open_of(need) == WHOLE
    ensure_books_hold()


def test_whoever_pledges_first_has_it_and_the_offer_says_so(app: Flask) -> None:
    """C1: what an offer names stays open to everybody until somebody accepts."""
    need, donor, other = make_need(lines=[money_line(WHOLE)]), make_donor(), make_donor()
    first, second = offer(need, donor), offer(need, other, key="other")
    with transaction():
        accept_offer(first, by=speaks_for(donor), now=NOW)
    with pytest.raises(Conflict), transaction():
        accept_offer(second, by=speaks_for(other), now=NOW)
    assert state_of(second) is PledgeState.OFFERED
    assert open_of(need) == 0
    ensure_books_hold()


def test_a_no_ends_it(app: Flask) -> None:
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor()
    code = offer(need, donor)
    for _ in range(2):
        with transaction():
            decline_offer(code, by=speaks_for(donor), now=NOW)
    assert state_of(code) is PledgeState.DECLINED
    with pytest.raises(Conflict), transaction():
        accept_offer(code, by=speaks_for(donor), now=NOW)
    ensure_books_hold()


def test_an_offer_runs_out_on_its_day(app: Flask) -> None:
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor()
    code = offer(need, donor)
    due = NOW + timedelta(days=OFFER_DAYS)
    with pytest.raises(Conflict, match="run out"), transaction():
        accept_offer(code, by=speaks_for(donor), now=due)
    with transaction():
        assert service.lapse_due(due) == 1
    assert (state_of(code), count_rows(LedgerEntry)) == (PledgeState.LAPSED, 0)
    ensure_books_hold()


def test_staff_take_back_what_was_not_accepted_and_nothing_else(app: Flask) -> None:
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor()
    admin = make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    first, second = offer(need, donor, WHOLE // 2), offer(need, donor, WHOLE // 2, key="second")
    with pytest.raises(NotFound), transaction():
        take_back_offer(first, by=make_actor(Role.COUNTY_ADMIN, division=TREE.other_county), now=NOW)
    with transaction():
        take_back_offer(first, by=admin, now=NOW)
    assert state_of(first) is PledgeState.CANCELLED
    with transaction():
        accept_offer(second, by=speaks_for(donor), now=NOW)
    with pytest.raises(Conflict), transaction():
        take_back_offer(second, by=admin, now=NOW)
    ensure_books_hold()


def test_another_donor_learns_nothing_of_an_offer(app: Flask) -> None:
    """Z2"""
    code = offer(make_need(lines=[money_line(WHOLE)]), make_donor())
    for answer in (accept_offer, decline_offer):
        with pytest.raises(NotFound), transaction():
            answer(code, by=speaks_for(make_donor()), now=NOW)


def test_related_parties_are_never_offered_to_each_other(app: Flask) -> None:
    """R-V8: a declared relation blocks the match, also where it was declared after the offer."""
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor()
    code = offer(need, donor)
    relation = RelatedParty(
        donor_id=donor.id, household_id=need.household_id, relation="亲属", declared_at=NOW - timedelta(days=1)
    )
    with transaction() as session:
        session.add(relation)
    with pytest.raises(Conflict, match="related"):
        offer(need, donor, key="again")
    with pytest.raises(Conflict, match="related"), transaction():
        accept_offer(code, by=speaks_for(donor), now=NOW)


@pytest.mark.parametrize("change", ["covered", "paused"])
def test_what_is_no_longer_open_or_wanted_is_not_offered(app: Flask, change: str) -> None:
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor(preference={"paused": change == "paused"})
    if change == "covered":
        other = make_donor()
        code = offer(need, other)
        with transaction():
            accept_offer(code, by=speaks_for(other), now=NOW)
    with pytest.raises(Conflict):
        offer(need, donor, key="late")


def test_each_step_leaves_its_row_in_the_trail(app: Flask) -> None:
    need, donor = make_need(lines=[money_line(WHOLE)]), make_donor()
    code = offer(need, donor)
    offer(need, donor)
    with transaction():
        accept_offer(code, by=speaks_for(donor), now=NOW)
    db.session.rollback()
    actions = [row.action for row in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert [action for action in actions if action.startswith("pledge.")] == ["pledge.offer", "pledge.accept"]
