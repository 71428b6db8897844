"""Promises: whole or in part, never above what is open, once for each form, run out on their day."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import PUBLIC, SYSTEM, Actor
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.kinds import SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.donors import service as donors
from marketplace.donors.models import Donor, RelatedParty
from marketplace.ledger import service as ledger
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balance_of, balances_of, entries_of
from marketplace.ledger.rules import Quantity, Totals
from marketplace.needs.models import Need
from marketplace.pledges import service
from marketplace.pledges.check import check_pledges
from marketplace.pledges.models import Pledge, Way
from marketplace.pledges.policy import is_at_arms_length
from marketplace.pledges.queries import (
    due_ids,
    get_own_pledge,
    get_pledge,
    list_named_gifts,
    list_pledges_in,
    list_pledges_of_donor,
    quantities_of,
    subject_of,
)
from tests.factories import (
    NOW,
    TREE,
    Line,
    actor_for,
    count_rows,
    grant,
    make_actor,
    make_donor,
    make_household,
    make_need,
    make_pledge,
    make_user,
    money_line,
)

TWO_ITEMS = (Line("棉被", 4, "床", 15_000), Line("取暖炉", 1, "台", 88_000))
DUE = NOW + timedelta(days=service.PLEDGE_DAYS)


def _giver(**preference: Any) -> Actor:
    donor = make_donor(preference=preference)
    return actor_for(db.session.get_one(User, donor.user_id))


@pytest.fixture
def giver(app: Flask) -> Actor:
    return _giver()


def _ids(need: Need) -> list[int]:
    return [line.id for line in need.lines]


def _pledge(need: Need, quantities: Mapping[int, int] | None = None, *, by: Actor, **said: Any) -> Pledge:
    wanted = quantities if quantities is not None else {line.id: line.quantity for line in need.lines}
    defaults = {"way": Way.CHARITY, "intent": "", "shows_name": False, "shows_amount": True}
    with transaction():
        return service.pledge_need(
            need.code,
            **{"quantities": wanted, "client_key": "key", "by": by, "now": NOW, **defaults, **said},
        )


def _arrive(pledge: Pledge, *quantities: Quantity) -> None:
    """Some of it arrives, as fulfilment books it."""
    with transaction():
        pledge = service.move_pledge(pledge.id, "receive", now=NOW)
        key = f"receive:{pledge.code}:{count_rows_in(pledge)}"
        ledger.record_receive(
            subject_of(pledge), quantities, custodian="石渠县慈善会（演示）", client_key=key, by=SYSTEM, at=NOW
        )


def count_rows_in(pledge: Pledge) -> int:
    return len(entries_of("pledge", pledge.id))


def _fresh(need: Need) -> Need:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Need, need.id)


def test_a_whole_need_is_pledged(app: Flask, giver: Actor) -> None:
    need = make_need(lines=TWO_ITEMS)
    pledge = _pledge(need, by=giver, intent=" 先买炉子，天冷。 ")
    assert (pledge.state, pledge.value_fen, pledge.expires_at) == (PledgeState.ACCEPTED, 148_000, DUE)
    assert (pledge.intent, pledge.kind) == ("先买炉子，天冷。", SupportKind.GOODS)
    assert _fresh(need).state is NeedState.PLEDGED
    assert balances_of("pledge", pledge.id) == {"床": Totals(pledged=4), "台": Totals(pledged=1)}
    assert [line.memo for line in entries_of("pledge", pledge.id)[0].lines] == ["棉被", "取暖炉"]


def test_a_part_of_some_lines_is_pledged(app: Flask, giver: Actor) -> None:
    need = make_need(lines=TWO_ITEMS)
    quilts, stove = _ids(need)
    pledge = _pledge(need, {quilts: 3, stove: 0}, by=giver)
    need = _fresh(need)
    assert (pledge.value_fen, need.pledged_fen, need.state) == (45_000, 45_000, NeedState.PUBLISHED)
    assert [line.open for line in need.lines] == [1, 1]


def test_money_is_pledged_to_the_fen(app: Flask, giver: Actor) -> None:
    need = make_need(lines=[money_line(100_000)])
    pledge = _pledge(need, {_ids(need)[0]: 33_333}, by=giver)
    assert balance_of("pledge", pledge.id) == Totals(pledged=33_333)
    assert entries_of("pledge", pledge.id)[0].earmark == f"need:{need.code}"


def test_more_than_is_open_is_refused_and_nothing_is_left_behind(app: Flask, giver: Actor) -> None:
    need = make_need(lines=[money_line(100_000)])
    _pledge(need, {_ids(need)[0]: 70_000}, by=giver)
    before = (count_rows(Pledge), count_rows(LedgerEntry), count_rows(AuditEntry))
    with pytest.raises(Conflict, match="300"):
        _pledge(_fresh(need), {_ids(need)[0]: 30_001}, by=giver, client_key="other")
    assert (count_rows(Pledge), count_rows(LedgerEntry), count_rows(AuditEntry)) == before


@pytest.mark.parametrize("quantity", [0, -1, 10**14, 1.5, True, 2**63])
def test_only_whole_quantities_above_zero_are_pledged(app: Flask, giver: Actor, quantity: Any) -> None:
    """L7"""
    need = make_need()
    with pytest.raises(Invalid):
        _pledge(need, {_ids(need)[0]: quantity}, by=giver)


def test_an_empty_pledge_is_refused(app: Flask, giver: Actor) -> None:
    with pytest.raises(Invalid, match="at least one"):
        _pledge(make_need(), {}, by=giver)


def test_a_line_of_another_need_cannot_be_pledged(app: Flask, giver: Actor) -> None:
    other = make_need()
    with pytest.raises(NotFound):
        _pledge(make_need(), {_ids(other)[0]: 1}, by=giver)


@pytest.mark.parametrize("state", [s for s in NeedState if s is not NeedState.PUBLISHED])
def test_only_a_published_need_is_pledged(app: Flask, giver: Actor, state: NeedState) -> None:
    with pytest.raises((Conflict, NotFound)):
        _pledge(make_need(state), by=giver)
    assert count_rows(Pledge) == 0


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.DONOR, Role.ENTERPRISE, Role.ORGANISATION)])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_whoever_is_no_donor_cannot_pledge(app: Flask, role: Role) -> None:
    """Z1: a volunteer without a donor's registration neither."""
    with pytest.raises(Forbidden):
        _pledge(make_need(), by=make_actor(role))


def test_the_public_cannot_pledge(app: Flask) -> None:
    with pytest.raises(Forbidden):
        _pledge(make_need(), by=PUBLIC)


def test_nobody_pledges_to_the_own_household(app: Flask) -> None:
    user = make_user(Role.HOUSEHOLD)
    grant(user, Role.DONOR, division=TREE.prefecture)
    make_donor(user=user)
    need = make_need(household=make_household(user=user))
    with pytest.raises(Forbidden, match="own household"):
        _pledge(need, by=actor_for(user))


@pytest.mark.parametrize("words", ["加我微信 dawa12345", "打 13812345678 给我", "长" * 201])
def test_words_that_lead_to_a_person_are_refused(app: Flask, giver: Actor, words: str) -> None:
    """R-P1: the donor's words are published as they are."""
    with pytest.raises(Invalid) as refused:
        _pledge(make_need(), by=giver, intent=words)
    assert refused.value.field == "intent"


def test_the_same_form_sent_twice_is_one_pledge(app: Flask, giver: Actor) -> None:
    """L9: the repeat is answered even though nothing is open any more."""
    need = make_need(lines=TWO_ITEMS)
    first = _pledge(need, by=giver)
    again = _pledge(_fresh(need), by=giver)
    assert first.id == again.id
    assert (count_rows(Pledge), count_rows(LedgerEntry)) == (1, 1)


def test_the_same_key_for_something_else_is_refused(app: Flask, giver: Actor) -> None:
    """L9"""
    need = make_need(lines=TWO_ITEMS)
    quilts, _stove = _ids(need)
    _pledge(need, {quilts: 1}, by=giver)
    for said in ({"quantities": {quilts: 2}}, {"intent": "别的"}, {"way": Way.SHIP}, {"by": _giver()}):
        with pytest.raises(Conflict, match="already used"):
            _pledge(_fresh(need), **{"quantities": {quilts: 1}, "by": giver, **said})
    assert count_rows(Pledge) == 1


def test_name_and_amount_are_chosen_separately_and_may_change(app: Flask, giver: Actor) -> None:
    """R-P2"""
    pledge = _pledge(make_need(), by=giver, shows_name=True, shows_amount=False)
    assert (pledge.shows_name, pledge.shows_amount) == (True, False)
    with transaction():
        service.set_visibility(pledge.code, shows_name=False, shows_amount=True, by=giver, now=NOW)
    changed = get_own_pledge(pledge.code, actor=giver)
    assert (changed.shows_name, changed.shows_amount) == (False, True)


def test_only_the_donor_changes_a_pledge(app: Flask, giver: Actor) -> None:
    """Z2: others learn nothing of it."""
    pledge = _pledge(make_need(), by=giver)
    for other in (_giver(), make_actor(Role.COUNTY_ADMIN, division=TREE.county), PUBLIC):
        with pytest.raises(NotFound), transaction():
            service.cancel_pledge(pledge.code, by=other, now=NOW)
        with pytest.raises(NotFound), transaction():
            service.set_visibility(pledge.code, shows_name=True, shows_amount=True, by=other, now=NOW)
        with pytest.raises(NotFound):
            get_own_pledge(pledge.code, actor=other)


def test_donor_and_staff_of_the_area_read_a_pledge(app: Flask, giver: Actor) -> None:
    """Z2"""
    pledge = _pledge(make_need(), by=giver)
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    for reader in (giver, clerk):
        assert get_pledge(pledge.code, actor=reader).id == pledge.id
    for other in (_giver(), PUBLIC, make_actor(Role.VILLAGE_CLERK, division=TREE.other_village)):
        with pytest.raises(NotFound):
            get_pledge(pledge.code, actor=other)
    with pytest.raises(NotFound):
        get_pledge("JZ-222222-00", actor=giver)


def test_a_cancelled_pledge_opens_its_lines_at_once(app: Flask, giver: Actor) -> None:
    need = make_need(lines=TWO_ITEMS)
    pledge = _pledge(need, by=giver)
    with transaction():
        service.cancel_pledge(pledge.code, by=giver, now=NOW)
    need = _fresh(need)
    assert (need.state, need.pledged_fen, [line.open for line in need.lines]) == (NeedState.PUBLISHED, 0, [4, 1])
    ended = get_own_pledge(pledge.code, actor=giver)
    assert (ended.state, ended.ended_at, [line.held for line in ended.lines]) == (PledgeState.CANCELLED, NOW, [0, 0])
    assert balances_of("pledge", pledge.id)["床"] == Totals(pledged=4, released=4)
    _pledge(need, by=_giver(), client_key="next")


@pytest.mark.parametrize("state", [s for s in PledgeState if s not in (PledgeState.OFFERED, PledgeState.ACCEPTED)])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_has_arrived_or_ended_is_not_cancelled(app: Flask, state: PledgeState) -> None:
    """Z5"""
    donor = make_donor()
    pledge = make_pledge(state, donor=donor)
    with pytest.raises(Conflict), transaction():
        service.cancel_pledge(pledge.code, by=actor_for(db.session.get_one(User, donor.user_id)), now=NOW)


def test_a_pledge_that_does_not_arrive_lapses_on_its_day(app: Flask, giver: Actor) -> None:
    """L10: not a moment before, and once."""
    need = make_need(lines=[money_line(100_000)])
    pledge = _pledge(need, {_ids(need)[0]: 30_000}, by=giver)
    with transaction():
        assert service.lapse_due(DUE - timedelta(seconds=1)) == 0
    with transaction():
        assert service.lapse_due(DUE) == 1
    with transaction():
        assert service.lapse_due(DUE + timedelta(days=1)) == 0
    lapsed = get_own_pledge(pledge.code, actor=giver)
    assert (lapsed.state, lapsed.ended_at) == (PledgeState.LAPSED, DUE)
    assert balance_of("pledge", pledge.id) == Totals(pledged=30_000, released=30_000)
    assert _fresh(need).pledged_fen == 0
    assert all(invariant.holds for invariant in check_pledges())


def test_only_the_unpaid_rest_lapses(app: Flask, giver: Actor) -> None:
    """L10: what arrived stays pledged, the rest is open to others to the fen."""
    need = make_need(lines=[money_line(100_000)])
    pledge = _pledge(need, by=giver)
    _arrive(pledge, Quantity(60_001, memo="学费"))
    assert due_ids(DUE) == [pledge.id]
    with transaction():
        assert service.lapse_due(DUE) == 1
    kept = get_own_pledge(pledge.code, actor=giver)
    assert (kept.state, kept.ended_at, kept.lines[0].held) == (PledgeState.RECEIVED, None, 60_001)
    assert balance_of("pledge", pledge.id) == Totals(pledged=100_000, released=39_999, received=60_001)
    need = _fresh(need)
    assert (need.state, need.value_fen - need.pledged_fen) == (NeedState.PUBLISHED, 39_999)
    assert due_ids(DUE) == []
    assert all(invariant.holds for invariant in check_pledges())


def test_of_goods_the_item_that_did_not_arrive_lapses(app: Flask, giver: Actor) -> None:
    """L10, L11: two items with the same unit are told apart by their names."""
    need = make_need(lines=[Line("棉被", 3, "件", 100), Line("棉衣", 2, "件", 100)])
    pledge = _pledge(need, by=giver)
    _arrive(pledge, Quantity(2, "件", "棉衣"), Quantity(1, "件", "棉被"))
    with transaction():
        assert service.lapse_due(DUE) == 1
    assert [line.open for line in _fresh(need).lines] == [2, 0]


def test_what_arrived_under_no_items_name_fills_the_first_lines(app: Flask, giver: Actor) -> None:
    need = make_need(lines=[Line("棉被", 3, "件", 100), Line("棉衣", 2, "件", 100)])
    pledge = _pledge(need, by=giver)
    _arrive(pledge, Quantity(4, "件"))
    with transaction():
        service.lapse_due(DUE)
    assert [line.open for line in _fresh(need).lines] == [0, 1]


def test_a_pledge_that_arrived_whole_never_lapses(app: Flask, giver: Actor) -> None:
    need = make_need(lines=[money_line(100_000)])
    pledge = _pledge(need, by=giver)
    _arrive(pledge, Quantity(100_000))
    with transaction():
        assert service.lapse_due(DUE + timedelta(days=99)) == 0
    assert _fresh(need).state is NeedState.PLEDGED


def test_what_arrives_too_late_is_refused(app: Flask, giver: Actor) -> None:
    """L10: whether or not the night has passed."""
    pledge = _pledge(make_need(), by=giver)
    with pytest.raises(Conflict, match="run out"), transaction():
        service.move_pledge(pledge.id, "receive", now=DUE)
    with transaction():
        service.lapse_due(DUE)
    with pytest.raises(Conflict, match="run out"), transaction():
        service.move_pledge(pledge.id, "receive", now=DUE)


def test_a_further_part_may_arrive_until_the_day(app: Flask, giver: Actor) -> None:
    pledge = _pledge(make_need(lines=[money_line(100)]), by=giver)
    _arrive(pledge, Quantity(40))
    _arrive(pledge, Quantity(60))
    assert balance_of("pledge", pledge.id).owed == 0
    with pytest.raises(Conflict), transaction():
        service.move_pledge(pledge.id, "receive", now=DUE)


def test_an_offer_that_nobody_answered_lapses_without_an_entry(app: Flask) -> None:
    pledge = make_pledge(PledgeState.OFFERED, expires_at=NOW)
    with transaction():
        assert service.lapse_due(NOW) == 1
    assert (db.session.get_one(Pledge, pledge.id).state, count_rows(LedgerEntry)) == (PledgeState.LAPSED, 0)


def test_moves_follow_the_table_and_are_dated(app: Flask, giver: Actor) -> None:
    """Z5"""
    pledge = _pledge(make_need(), by=giver)
    with pytest.raises(Conflict), transaction():
        service.move_pledge(pledge.id, "deliver", now=NOW)
    for day, move in enumerate(("receive", "deliver", "confirm", "report")):
        with transaction():
            service.move_pledge(pledge.id, move, now=NOW + timedelta(days=day))
    moved = db.session.get_one(Pledge, pledge.id)
    assert (moved.state, moved.delivered_at, moved.reported_at) == (
        PledgeState.REPORTED,
        NOW + timedelta(days=1),
        NOW + timedelta(days=3),
    )
    with pytest.raises(NotFound), transaction():
        service.move_pledge(999, "receive", now=NOW)


def test_a_stated_budget_falls_and_rises_again(app: Flask) -> None:
    giver = _giver(budget_fen=50_000)
    need = make_need(lines=[money_line(100_000)])
    pledge = _pledge(need, {_ids(need)[0]: 80_000}, by=giver)
    assert (pledge.from_budget_fen, _budget(giver)) == (50_000, 0)
    _arrive(pledge, Quantity(70_000))
    with transaction():
        service.lapse_due(DUE)
    assert _budget(giver) == 10_000


def test_no_stated_budget_stays_unstated(app: Flask, giver: Actor) -> None:
    pledge = _pledge(make_need(), by=giver)
    with transaction():
        service.cancel_pledge(pledge.code, by=giver, now=NOW)
    assert _budget(giver) is None


def _budget(giver: Actor) -> int | None:
    db.session.rollback()
    return db.session.get_one(Donor, giver.donor_id).preference.budget_fen


def _arms_length(giver: Actor, need: Need) -> bool:
    db.session.rollback()
    assert giver.donor_id is not None
    return is_at_arms_length(giver.donor_id, db.session.get_one(Need, need.id))


def test_a_stranger_is_at_arms_length(app: Flask, giver: Actor) -> None:
    """PRODUCT leap 1: the fourth rate counts only such help."""
    need = make_need()
    assert _arms_length(giver, need)
    assert _pledge(need, by=giver).at_arms_length


def test_the_poster_is_not_at_arms_length(app: Flask) -> None:
    clerk = make_user(Role.VILLAGE_CLERK, division=TREE.village)
    make_donor(user=clerk)
    assert not _arms_length(actor_for(clerk), make_need(poster=clerk))


@pytest.mark.parametrize(
    ("division", "is_at_arms_length"),
    [
        (TREE.village, False),
        (TREE.township, False),
        (TREE.county, False),
        (TREE.prefecture, False),
        (TREE.other_village, True),
        (TREE.other_county, True),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_cadre_of_the_area_is_not_at_arms_length(app: Flask, division: str, is_at_arms_length: bool) -> None:
    cadre = make_user(Role.TOWNSHIP_REVIEWER, division=division)
    make_donor(user=cadre)
    assert _arms_length(actor_for(cadre), make_need()) is is_at_arms_length


def test_a_former_cadre_is_at_arms_length(app: Flask) -> None:
    cadre = make_user()
    revoked = grant(cadre, Role.COUNTY_ADMIN, division=TREE.county)
    with transaction():
        db.session.merge(revoked).revoked_at = NOW
    make_donor(user=cadre)
    assert _arms_length(actor_for(cadre), make_need())


def test_a_declared_relative_is_not_at_arms_length_and_may_still_help(app: Flask, giver: Actor) -> None:
    """R-V8"""
    household = make_household()
    need = make_need(household=household)
    with transaction():
        donors.declare_relation("表亲", household_code=household.code, by=giver, now=NOW)
    assert not _arms_length(giver, need)
    assert not _pledge(need, by=giver).at_arms_length
    assert _arms_length(giver, make_need())


def test_a_declared_relation_to_the_poster_counts_too(app: Flask, giver: Actor) -> None:
    poster = make_user(Role.VILLAGE_CLERK, division=TREE.village)
    with transaction():
        donors.declare_relation("同学", user_id=poster.id, by=giver, now=NOW)
    assert not _arms_length(giver, make_need(poster=poster))
    assert count_rows(RelatedParty) == 1


def test_the_posters_colleague_is_not_at_arms_length(app: Flask) -> None:
    poster = make_user(Role.VILLAGE_CLERK, division=TREE.village, unit="洛须镇人民政府")
    colleague = make_user(Role.DONOR, unit="洛须镇人民政府")
    make_donor(user=colleague)
    unit = make_user(Role.ORGANISATION)
    make_donor(user=unit, name="洛须镇人民政府")
    need = make_need(poster=poster)
    assert not _arms_length(actor_for(colleague), need)
    assert not _arms_length(actor_for(unit), need)
    assert _arms_length(_giver(), need)


def test_a_donor_with_the_households_or_posters_phone_is_not_at_arms_length(app: Flask) -> None:
    """Fraud flag 9"""
    user = make_user(Role.DONOR)
    make_donor(user=user)
    assert not _arms_length(actor_for(user), make_need(household=make_household(phone_index=user.phone_index)))
    poster = make_user(Role.VILLAGE_CLERK, division=TREE.village)
    firm = make_user(Role.ENTERPRISE)
    make_donor(user=firm, phone_index=poster.phone_index)
    assert not _arms_length(actor_for(firm), make_need(poster=poster))


def test_lists_hold_what_belongs_in_them(app: Flask, giver: Actor) -> None:
    first = _pledge(make_need(), by=giver)
    second = make_pledge(PledgeState.CONFIRMED, donor=db.session.get(Donor, giver.donor_id), shows_name=True)
    elsewhere = make_pledge(need=make_need(household=make_household(TREE.village_of_other_county)))
    assert {p.id for p in list_pledges_of_donor(giver.donor_id or 0)} == {first.id, second.id}
    assert [p.id for p in list_pledges_of_donor(giver.donor_id or 0, states=[PledgeState.CONFIRMED])] == [second.id]
    county, everything = [PledgeState.ACCEPTED], list(PledgeState)
    assert [p.id for p in list_pledges_in(["513332"], county)] == [first.id]
    assert {p.id for p in list_pledges_in([""], everything)} == {first.id, second.id, elsewhere.id}
    assert list_pledges_in([], everything) == []
    donor = db.session.get_one(Donor, giver.donor_id)
    assert [p.id for p in list_named_gifts(donor.code)] == [second.id]


def test_pledges_in_bulk_stand_with_their_lines(app: Flask) -> None:
    need, donor = make_need(lines=TWO_ITEMS), make_donor()
    quilts, stove = _ids(need)
    row = service.PledgeRow(
        code="JZ-222222-01",
        need_id=need.id,
        donor_id=donor.id,
        state=PledgeState.LAPSED,
        kind=SupportKind.GOODS,
        value_fen=103_000,
        way=Way.SHIP,
        at_arms_length=True,
        client_key="bulk",
        created_at=NOW,
        expires_at=DUE,
        quantities={quilts: 1, stove: 1},
        released={quilts: 1, stove: 1},
    )
    with transaction():
        (pledge_id,) = service.insert_pledges([row])
        assert service.insert_pledges([]) == []
    stored = db.session.get_one(Pledge, pledge_id)
    assert [line.held for line in stored.lines] == [0, 0]
    assert quantities_of(stored.lines) == []


def test_each_act_is_in_the_audit_trail(app: Flask, giver: Actor) -> None:
    pledge = _pledge(make_need(), by=giver)
    with transaction():
        service.set_visibility(pledge.code, shows_name=True, shows_amount=True, by=giver, now=NOW)
        service.cancel_pledge(pledge.code, by=giver, now=NOW)
    acts = [
        (row.action, row.user_id, row.division_code) for row in db.session.query(AuditEntry).order_by(AuditEntry.id)
    ]
    assert acts == [
        (action, giver.user_id, TREE.village) for action in ("pledge.make", "pledge.visibility", "pledge.cancel")
    ]
