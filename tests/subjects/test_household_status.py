"""A household's status: proposed with the village's appraisal, in effect only after its notice, never overwritten."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.kinds import ExitAttribute, MonitoredAs, StatusMove
from marketplace.core.permissions import Role
from marketplace.core.workflow import HOUSEHOLD_MOVES, HouseholdStatus
from marketplace.db import db, transaction
from marketplace.households.models import Household, ProposalState, StatusChange
from marketplace.households.proposing import find_pending, open_moves
from tests import factories as f
from tests.factories import NOW, TREE
from tests.posting import DAY, appraisal, pass_night, plan, post, posted, propose

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def status_of(household: Household) -> tuple[HouseholdStatus, ExitAttribute]:
    db.session.rollback()
    db.session.expire_all()
    again = db.session.get_one(Household, household.id)
    return again.status, again.exit_attribute


def test_a_change_takes_effect_after_its_notice_and_is_a_row_of_the_history(app: Flask) -> None:
    """R-V4: not a day before the notice is over."""
    household = f.make_household()
    posted(household)
    for day in range(6):
        assert pass_night(NOW + day * DAY) == 0
        assert status_of(household) == (HouseholdStatus.REGISTERED, ExitAttribute.POOR)
    assert pass_night(NOW + 6 * DAY) == 1
    assert status_of(household) == (HouseholdStatus.EXITED, ExitAttribute.EXITED)
    (change,) = db.session.scalars(sa.select(StatusChange).where(StatusChange.household_id == household.id))
    assert (change.effective_on, change.reason) == ((NOW + 6 * DAY).date(), "收入稳定超过标准")
    assert find_pending(household.id) is None
    assert pass_night(NOW + 7 * DAY) == 0


@ONLY_SQLITE
def test_a_household_walks_from_entry_through_monitoring_to_re_entry(app: Flask) -> None:
    """R-V4: who becomes entitled hangs for seven days, every other change for five."""
    household, moment = f.make_household(entry_pending=True), NOW
    assert open_moves(household) == [StatusMove.ENTER, StatusMove.MONITOR]
    for move, kind in (
        (StatusMove.ENTER, None),
        (StatusMove.EXIT, None),
        (StatusMove.MONITOR, MonitoredAs.SUDDEN),
        (StatusMove.CLEAR, None),
        (StatusMove.MONITOR, MonitoredAs.UNSTABLE),
        (StatusMove.REENTER, None),
    ):
        db.session.rollback()
        household = db.session.get_one(Household, household.id, populate_existing=True)
        proposal = propose(household, move=move, monitored_as=kind, now=moment)
        days = 7 if move in (StatusMove.ENTER, StatusMove.REENTER) else 5
        if days == 7:
            with pytest.raises(Invalid, match="at least 7 days"):
                plan(proposal, days=6, now=moment)
        post(plan(proposal, days=days, now=moment), now=moment)
        assert pass_night(moment + days * DAY) == 0
        moment += (days + 1) * DAY
        assert pass_night(moment) == 1
    changes = list(db.session.scalars(sa.select(StatusChange).order_by(StatusChange.id)))
    assert [change.status.value for change in changes] == [
        "registered",
        "exited",
        "monitored",
        "exited",
        "monitored",
        "reentered",
    ]
    assert changes[2].reason.startswith("突发严重困难户")
    assert status_of(household) == (HouseholdStatus.REENTERED, ExitAttribute.RETURNED)


@ONLY_SQLITE
@pytest.mark.parametrize("status", list(HouseholdStatus))
@pytest.mark.parametrize("move", list(StatusMove))
def test_a_wrong_move_is_refused_with_a_sentence(app: Flask, status: HouseholdStatus, move: StatusMove) -> None:
    household = f.make_household(status=status)
    kind = MonitoredAs.SUDDEN if move is StatusMove.MONITOR else None
    if move is not StatusMove.ENTER and (status, move) in HOUSEHOLD_MOVES:
        assert propose(household, move=move, monitored_as=kind).status_after is HOUSEHOLD_MOVES[(status, move)]
        return
    with pytest.raises(Invalid, match="cannot take this step"):
        propose(household, move=move, monitored_as=kind)


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"votes_for": 15, "votes_against": 15}, "votes_for"),
        ({"present": 30}, "present"),
        ({"votes_against": -1, "present": 28}, "present"),
        ({"on": (NOW + DAY).date()}, "appraised_on"),
    ],
)
def test_an_appraisal_that_does_not_carry_the_change_is_refused(
    app: Flask, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        propose(f.make_household(), votes=appraisal(**wrong))
    assert refused.value.field == field


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (HouseholdStatus.REGISTERED, MonitoredAs.UNSTABLE),
        (HouseholdStatus.EXITED, MonitoredAs.EDGE),
        (HouseholdStatus.EXITED, None),
    ],
)
def test_each_kind_of_monitoring_asks_for_its_own_past(
    app: Flask, status: HouseholdStatus, kind: MonitoredAs | None
) -> None:
    with pytest.raises(Invalid) as refused:
        propose(f.make_household(status=status), move=StatusMove.MONITOR, monitored_as=kind)
    assert refused.value.field == "monitored_as"


def test_one_change_of_a_household_is_pending_at_a_time(app: Flask) -> None:
    household = f.make_household()
    propose(household)
    with pytest.raises(Conflict, match="pending already"):
        propose(household)


@ONLY_SQLITE
def test_nobody_of_the_village_and_nobody_of_another_township_proposes(app: Flask) -> None:
    """R-V3, Z2"""
    household = f.make_household()
    with pytest.raises(Forbidden):
        propose(household, by=f.make_user(Role.VILLAGE_CLERK, division=TREE.village))
    both = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    f.grant(both, Role.VILLAGE_SUPERVISOR, division=TREE.village)
    with pytest.raises(Forbidden, match="your own village"):
        propose(household, by=both)
    with pytest.raises(NotFound):
        propose(household, by=f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.other_township))


def test_the_database_refuses_to_change_or_delete_the_history(app: Flask) -> None:
    """Dated, never overwritten; a decided proposal keeps its appraisal; the board's photo and its line stay."""
    household = f.make_household()
    posted(household)
    pass_night(NOW + 6 * DAY)
    for statement in (
        "UPDATE household_status_change SET effective_on = '2010-01-01'",
        "DELETE FROM household_status_change",
        "UPDATE household_status_proposal SET votes_for = 31, votes_against = 0, abstained = 0",
        "DELETE FROM household_status_proposal",
        "UPDATE notice_board_photo SET taken_by = taken_by",
        "DELETE FROM notice_board_photo",
        "UPDATE notice_entry SET position = 9",
        "DELETE FROM notice_entry",
        "DELETE FROM notice",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="only ever added"), transaction() as session:
            session.execute(sa.text(statement))


@pytest.mark.parametrize(
    "wrong",
    [
        "votes_for = 10, votes_against = 20",
        "present = 99",
        "monitored_as = 'edge'",
        "decided_at = '2018-12-17'",
    ],
)
def test_the_database_refuses_an_appraisal_that_does_not_add_up(app: Flask, wrong: str) -> None:
    propose(f.make_household())
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.text(f"UPDATE household_status_proposal SET {wrong}"))


@ONLY_SQLITE
def test_a_status_that_moved_on_meanwhile_is_not_overwritten(app: Flask) -> None:
    household = f.make_household()
    posted(household)
    with transaction() as session:
        session.get_one(Household, household.id).status = HouseholdStatus.MONITORED
    assert pass_night(NOW + timedelta(days=9)) == 0
    assert status_of(household)[0] is HouseholdStatus.MONITORED
    states = db.session.scalars(sa.text("SELECT state FROM household_status_proposal"))
    assert list(states) == [ProposalState.DROPPED]
