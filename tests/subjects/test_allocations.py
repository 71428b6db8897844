"""Proposals: what they take in and leave out, how they become offers, and that nothing happens by itself."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.allocations import service
from marketplace.allocations.models import Allocation, AllocationNeed, AllocationPart, AllocationState, Waiting
from marketplace.allocations.planning import Plan, plan_allocation
from marketplace.allocations.queries import count_undecided, list_allocations, needs_with_parts
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.core.kinds import SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import PledgeState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor, RelatedParty
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge
from marketplace.pledges.offering import take_back_offer
from tests.factories import (
    NOW,
    TREE,
    Line,
    count_rows,
    make_actor,
    make_donor,
    make_household,
    make_need,
    make_pledge,
    make_tree,
    money_line,
)

YUAN = 100


def giver(yuan: int | None = 1000, **wishes: object) -> Donor:
    """A donor of this county with a budget."""
    budget = None if yuan is None else yuan * YUAN
    return make_donor(preference={"areas": [TREE.county], "budget_fen": budget, **wishes})


def plan(area: str = TREE.county) -> Plan:
    db.session.rollback()
    return plan_allocation(area, now=NOW)


def keep(made: Plan, by: Actor = SYSTEM) -> str:
    with transaction():
        return service.keep_plan(made, by=by, now=NOW).code


def given(made: Plan) -> dict[int, int]:
    return {need.need_id: need.given for need in made.needs}


def test_a_budget_is_spread_so_that_nobody_gets_nothing(app: Flask) -> None:
    needs = [make_need(lines=[money_line(1000 * YUAN)]) for _ in range(3)]
    giver(900)
    made = plan()
    assert sum(given(made).values()) == 900 * YUAN
    assert all(given(made)[need.id] >= 100 * YUAN for need in needs)
    assert made.figures["money"]["zero_help"] == 0
    assert made.figures["money"]["placed_share"] == 1
    assert count_rows(Pledge) == 0


def test_things_are_offered_whole(app: Flask) -> None:
    need = make_need(lines=[Line("棉被", 4, "床", 220 * YUAN), Line("炉子", 1, "台", 500 * YUAN)])
    giver(1000)
    (part,) = plan().parts
    assert part.need_id == need.id
    lines = {line.id: line for line in db.session.get_one(Need, need.id).lines}
    assert part.value_fen == sum(lines[i].unit_price_fen * quantity for i, quantity in part.quantities)
    assert 0 < part.value_fen <= 1000 * YUAN


def test_what_whole_things_leave_of_two_purses_buys_what_is_missing(app: Flask) -> None:
    """Each purse's part is cut to whole things; what that leaves fills the need before anybody is said to lack it."""
    need = make_need(lines=[Line("种子", 5, "袋", 600 * YUAN), Line("羊羔", 13, "只", 1000 * YUAN)])
    givers = [giver(6_900), giver(9_800)]
    made = plan()
    assert given(made) == {need.id: 16_000 * YUAN}
    assert [planned.why for planned in made.needs] == [Waiting.NOTHING]
    for donor, budget in zip(givers, (6_900, 9_800), strict=True):
        assert sum(part.value_fen for part in made.parts if part.donor_id == donor.id) <= budget * YUAN


def test_a_purse_that_buys_no_whole_thing_is_said_to_hold_too_little(app: Flask) -> None:
    make_need(lines=[Line("羊羔", 2, "只", 1000 * YUAN)])
    giver(1_900)
    (planned,) = plan().needs
    assert (planned.given, planned.why) == (1000 * YUAN, Waiting.TOO_LITTLE)


def test_jobs_are_places_and_one_is_offered_at_a_time(app: Flask) -> None:
    need = make_need(lines=[Line("装卸工", 2, "人", 0, SupportKind.JOB)])
    for _ in range(3):
        giver(0 + 1, kinds=[SupportKind.JOB.value])
    made = plan()
    assert [part.quantities[0][1] for part in made.parts] == [1, 1]
    assert given(made) == {need.id: 2}
    assert made.figures["places"]["placed"] == 2


def test_a_donor_with_many_places_is_asked_for_as_many_as_are_left_and_never_for_more(app: Flask) -> None:
    asked = [make_need(lines=[Line("装卸工", 4, "人", 0, SupportKind.JOB)]) for _ in range(2)]
    firm = giver(1, kinds=[SupportKind.JOB.value], places=7)
    earlier = make_need(lines=[Line("装卸工", 2, "人", 0, SupportKind.JOB)])
    make_pledge(PledgeState.DELIVERED, need=earlier, donor=firm)
    made = plan()
    assert {part.donor_id for part in made.parts} == {firm.id}
    assert sum(quantity for part in made.parts for _, quantity in part.quantities) == 5
    assert max(quantity for part in made.parts for _, quantity in part.quantities) >= 3
    assert sorted(given(made)[need.id] for need in asked)[0] >= 1
    code = keep(made)
    with transaction():
        assert service.accept_parts(code, None, by=make_actor(Role.COUNTY_ADMIN), now=NOW).made == 2
    offers = db.session.scalars(sa.select(Pledge).where(Pledge.state == PledgeState.OFFERED)).all()
    assert sum(line.quantity for offer in offers for line in offer.lines) == 5
    assert plan().parts == ()


def test_a_donor_without_a_place_left_is_not_asked(app: Flask) -> None:
    make_need(lines=[Line("装卸工", 4, "人", 0, SupportKind.JOB)])
    giver(1, kinds=[SupportKind.JOB.value], places=0)
    assert plan().parts == ()


@pytest.mark.parametrize(
    "wishes",
    [{"paused": True}, {"personalised": False}, {"areas": [TREE.other_county]}, {"kinds": [SupportKind.JOB.value]}],
    ids=["paused", "not personal", "elsewhere", "other kind"],
)
def test_who_takes_no_part(app: Flask, wishes: dict[str, object]) -> None:
    """R-P8: nobody who switched personal suggestions off."""
    need = make_need(lines=[money_line(1000 * YUAN)])
    giver(**wishes)
    made = plan()
    assert made.parts == ()
    (asked,) = [one for one in made.needs if one.need_id == need.id]
    assert asked.why is Waiting.NO_DONOR


def test_who_states_no_budget_and_never_gave_is_asked_for_nothing(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)])
    giver(None)
    assert plan().parts == ()


def test_related_parties_never_appear(app: Flask) -> None:
    """R-V8"""
    need = make_need(lines=[money_line(1000 * YUAN)])
    donor = giver()
    with transaction() as session:
        session.add(RelatedParty(donor_id=donor.id, household_id=need.household_id, relation="亲属", declared_at=NOW))
    assert plan().parts == ()


def test_needs_elsewhere_take_no_part(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)], household=make_household(TREE.village_of_other_county))
    giver(areas=[])
    assert plan().needs == ()


def test_nothing_at_all_is_a_proposal_too(app: Flask) -> None:
    make_tree()
    made = plan()
    assert (made.needs, made.parts) == ((), ())
    assert made.figures["money"]["zero_help_share"] == 0
    keep(made)


def test_accepted_rows_become_offers_and_the_rest_waits(app: Flask) -> None:
    for _ in range(2):
        make_need(lines=[money_line(1000 * YUAN)])
    giver(1500)
    code = keep(plan())
    first, second = db.session.scalars(sa.select(AllocationPart.id)).all()
    with transaction():
        assert service.accept_parts(code, [first], by=SYSTEM, now=NOW).made == 1
    assert [pledge.state for pledge in db.session.scalars(sa.select(Pledge))] == [PledgeState.OFFERED]
    allocation = db.session.scalars(sa.select(Allocation)).one()
    assert (allocation.state, count_undecided(allocation)) == (AllocationState.OPEN, 1)
    with transaction():
        assert service.accept_parts(code, None, by=SYSTEM, now=NOW).made == 1
    assert count_rows(Pledge) == 2
    assert db.session.scalars(sa.select(Allocation.state)).one() is AllocationState.OFFERED
    with pytest.raises(Conflict), transaction():
        service.accept_parts(code, [second], by=SYSTEM, now=NOW)


def test_nothing_ticked_is_refused(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)])
    giver()
    code = keep(plan())
    with pytest.raises(Invalid, match="Tick"), transaction():
        service.accept_parts(code, [], by=SYSTEM, now=NOW)


def test_what_changed_meanwhile_is_passed_over(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)])
    donor = giver()
    code = keep(plan())
    with transaction() as session:
        session.get_one(Donor, donor.id).preference.paused = True
    with transaction():
        assert service.accept_parts(code, None, by=SYSTEM, now=NOW) == service.Offered(made=0, passed=1)
    assert count_rows(Pledge) == 0


def test_what_is_offered_is_not_proposed_again(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)])
    giver(5000)
    code = keep(plan())
    with transaction():
        service.accept_parts(code, None, by=SYSTEM, now=NOW)
    assert plan().parts == ()
    offer = db.session.scalars(sa.select(Pledge.code)).one()
    with transaction():
        take_back_offer(offer, by=SYSTEM, now=NOW)
    assert len(plan().parts) == 1


def test_a_proposal_is_discarded_and_its_offers_stand(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)])
    giver()
    code = keep(plan())
    with transaction():
        service.discard_allocation(code, by=SYSTEM, now=NOW + timedelta(hours=1))
    with pytest.raises(Conflict), transaction():
        service.accept_parts(code, None, by=SYSTEM, now=NOW)
    assert count_rows(Pledge) == 0


@pytest.mark.parametrize(
    ("role", "division", "refusal"),
    [
        (Role.COUNTY_ADMIN, TREE.other_county, NotFound),
        (Role.TOWNSHIP_REVIEWER, TREE.county, Forbidden),
        (Role.AUDITOR, TREE.county, Forbidden),
    ],
)
def test_only_the_area_s_own_administrators_propose(
    app: Flask, role: Role, division: str, refusal: type[DomainError]
) -> None:
    """Z2"""
    make_need(lines=[money_line(1000 * YUAN)])
    giver()
    made = plan()
    by = make_actor(role, division=division)
    with pytest.raises(refusal):
        keep(made, by=by)
    code = keep(made, by=make_actor(Role.COUNTY_ADMIN, division=TREE.county))
    with pytest.raises(NotFound), transaction():
        service.accept_parts(code, None, by=by, now=NOW)
    assert list_allocations(by) == []


def test_the_page_shows_first_who_would_get_nothing(app: Flask) -> None:
    helped = make_need(lines=[money_line(1000 * YUAN)])
    alone = make_need(lines=[Line("装卸工", 1, "人", 0, SupportKind.JOB)])
    giver(kinds=[SupportKind.MONEY.value])
    keep(plan())
    allocation = db.session.scalars(sa.select(Allocation)).one()
    shown = needs_with_parts(allocation)
    assert [one.asked.need_id for one in shown] == [alone.id, helped.id]
    assert [len(one.parts) for one in shown] == [0, 1]
    assert len(needs_with_parts(allocation, after=1)) == 1


def test_each_decision_leaves_its_row_in_the_trail(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)])
    giver()
    admin = make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    code = keep(plan(), by=admin)
    with transaction():
        service.accept_parts(code, None, by=admin, now=NOW)
    rows = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.subject_type == "allocation")).all()
    assert [(row.action, row.user_id) for row in rows] == [
        ("allocation.propose", admin.user_id),
        ("allocation.accept", admin.user_id),
    ]


def test_the_database_refuses_more_given_than_asked(app: Flask) -> None:
    make_need(lines=[money_line(1000 * YUAN)])
    giver()
    keep(plan())
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.update(AllocationNeed).values(given=AllocationNeed.asked + 1))
