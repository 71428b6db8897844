"""R-V6: suspected fraud is a case with a police date; its need is withdrawn, donors are told, nothing is changed."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.audit.models import AuditEntry
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import NEED_MOVES, PUBLIC_NEED_STATES, GrievanceState, NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.fulfilment.worklist import count_work
from marketplace.grievances import queries, service
from marketplace.grievances.fraud import Police, Suspected, note_police, open_case
from marketplace.grievances.fraud_models import FraudCase, PoliceNote, Suspicion
from marketplace.grievances.fraud_queries import find_case, list_cases, told_about
from marketplace.grievances.models import Grievance, StaffLevel
from marketplace.ledger.queries import balances_of
from marketplace.needs.marking import mark_need
from marketplace.needs.models import Need
from marketplace.needs.pausing import list_pauses
from marketplace.needs.queries import is_public, was_withdrawn
from marketplace.needs.service import resume_need
from marketplace.pledges.check import check_pledges
from marketplace.pledges.models import Pledge
from marketplace.pledges.service import cancel_pledge
from marketplace.relatives.models import Kinship, StaffRelative
from marketplace.statistics.cohorts import Cohort
from marketplace.statistics.seen import rates_among, seen_needs
from tests import factories as f
from tests.factories import NOW, TREE
from tests.posting import DAY, complain, posted, settle
from tests.scenes import confirmed, make_scene

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
TODAY = NOW.date()
REPORTED = Police(reported_on=TODAY, reference="洛须派出所 受案 2018-77")
NOT_YET = Police(why_not="材料还在核对，明天报案")
SAID = Suspected(Suspicion.INVENTED, "他家上月买了车，申请里写没有收入。", "车管所回函，存乡镇档案 2018-17")


def county() -> User:
    return f.make_user(Role.COUNTY_ADMIN, division=TREE.county)


def record(grievance: Grievance, *, by: User, police: Police = NOT_YET, now=NOW, **changes: Any) -> FraudCase:
    said = Suspected(**{**{name: getattr(SAID, name) for name in SAID.__slots__}, **changes})
    with transaction():
        return open_case(grievance.code, suspected=said, police=police, by=f.actor_for(by), now=now)


def suspected(code: str, *, by: User | None = None, police: Police = NOT_YET) -> Grievance:
    """A complaint that was right, with its case."""
    by = by or county()
    grievance = settle(complain(code), "uphold", by=by)
    record(grievance, by=by, police=police)
    return grievance


def close(grievance: Grievance, *, by: User) -> Grievance:
    with transaction():
        return service.close(grievance.code, put_right="已立案", by=f.actor_for(by), now=NOW)


def again(kind: type[Any], row: Any) -> Any:
    db.session.rollback()
    return db.session.get_one(kind, row.id, populate_existing=True)


def test_a_case_withdraws_the_need_and_ends_what_was_promised(app: Flask) -> None:
    """R-V6: the case, the withdrawal, the word to the donor, the row in the audit trail."""
    scene = make_scene()
    grievance = suspected(scene.need.code)
    need, pledge = again(Need, scene.need), again(Pledge, scene.pledge)
    assert (need.state, is_public(need), was_withdrawn(need.code)) == (NeedState.WITHDRAWN, False, True)
    assert (pledge.state, need.pledged_fen) == (PledgeState.CANCELLED, 0)
    assert [pause.ended_at for pause in list_pauses(need)] == [NOW]
    assert told_about([pledge.id]) == {pledge.id: NOW}
    assert [invariant.faults for invariant in check_pledges()] == [[], [], [], []]
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "fraud.open")).one()
    assert (entry.subject_id, entry.detail) == (grievance.id, {"suspicion": "invented", "told": 1})


def test_what_has_arrived_stays_booked_and_goes_no_further(app: Flask) -> None:
    """R-V6: money in custody is neither lost nor passed on."""
    scene = make_scene()
    receipt = scene.receive({scene.lines[0]: 2})
    suspected(scene.need.code)
    pledge = again(Pledge, scene.pledge)
    assert pledge.state is PledgeState.RECEIVED
    assert {t.owed for t in balances_of("pledge", pledge.id).values()} == {0}
    assert sum(t.in_custody for t in balances_of("pledge", pledge.id).values()) > 0
    with pytest.raises(Conflict, match="withdrawn"):
        scene.deliver()
    with pytest.raises(Invalid, match="still to come"):
        scene.receive({scene.lines[0]: 1}, key="r2")
    work = f.make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    assert (receipt.id > 0, set(count_work(work).values())) == (True, {0})
    assert [invariant.faults for invariant in check_pledges()] == [[], [], [], []]


@ONLY_SQLITE
def test_money_of_a_paused_or_withdrawn_need_is_not_passed_on(app: Flask) -> None:
    scene = make_scene(lines=(f.money_line(),))
    receipt = scene.receive({scene.lines[0]: 148_000})
    grievance = settle(complain(scene.need.code), "uphold", by=(by := county()))
    with pytest.raises(Conflict, match="paused"):
        scene.disburse(receipt)
    record(grievance, by=by)
    with pytest.raises(Conflict, match="withdrawn"):
        scene.disburse(receipt)


@ONLY_SQLITE
def test_a_donor_whose_gift_was_handed_over_is_told_too(app: Flask) -> None:
    scene = confirmed(make_scene())
    suspected(scene.pledge.code)
    pledge = again(Pledge, scene.pledge)
    assert (pledge.state, again(Need, scene.need).state) == (PledgeState.CONFIRMED, NeedState.WITHDRAWN)
    assert pledge.id in told_about([pledge.id])


@ONLY_SQLITE
def test_who_took_his_pledge_back_before_is_not_told(app: Flask) -> None:
    scene = make_scene()
    donor = f.actor_for(db.session.get_one(User, scene.donor.user_id))
    with transaction():
        cancel_pledge(scene.pledge.code, by=donor, now=NOW)
    suspected(scene.need.code)
    assert told_about([scene.pledge.id]) == {}


@ONLY_SQLITE
@pytest.mark.parametrize("state", sorted(PUBLIC_NEED_STATES))
def test_every_public_state_can_be_withdrawn_and_nothing_else(app: Flask, state: NeedState) -> None:
    assert {before for before, move in NEED_MOVES if move == "revoke"} == PUBLIC_NEED_STATES
    need = f.make_need(state)
    suspected(need.code)
    assert again(Need, need).state is NeedState.WITHDRAWN


@ONLY_SQLITE
def test_a_complaint_about_a_gift_or_a_notice_reaches_its_needs(app: Flask) -> None:
    scene, household = make_scene(), f.make_household()
    suspected(scene.pledge.code)
    assert again(Need, scene.need).state is NeedState.WITHDRAWN
    about_status = suspected(posted(household).code)
    assert find_case(about_status) is not None


@ONLY_SQLITE
def test_it_counts_as_withdrawn_before_any_pledge_or_as_not_matched(app: Flask) -> None:
    """DOMAIN: out of the cohort where nobody had pledged, and in it, not matched, where somebody had."""
    alone, promised = f.make_need(), make_scene()
    suspected(alone.code)
    suspected(promised.need.code)
    rates = rates_among(seen_needs(Cohort(as_of=NOW + DAY, kind=None)))
    assert (rates.withdrawn, rates.published, rates.pledged) == (1, 1, 0)


@ONLY_SQLITE
def test_the_next_need_of_the_household_is_decided_by_two(app: Flask) -> None:
    """R-V6: nothing is refused by itself; a second person at the county looks at it."""
    household = f.make_household()
    suspected(f.make_need(household=household).code)
    for home, is_flagged in ((household, True), (f.make_household(), False)):
        following = f.make_need(NeedState.SUBMITTED, household=home)
        with transaction() as session:
            marks = mark_need(session.get_one(Need, following.id), now=NOW)
        assert ("revoked_before" in {mark.rule for mark in marks if mark.flags}) is is_flagged


@ONLY_SQLITE
def test_the_police_date_may_come_later_and_once(app: Flask) -> None:
    """R-V6: not reported yet, and why; then the day, which stays."""
    by = county()
    grievance = suspected(f.make_need().code, by=by)
    actor = f.actor_for(by)
    later = NOW + 3 * DAY
    with transaction():
        note_police(grievance.code, police=Police(why_not="等县里盖章"), by=actor, now=NOW + DAY)
        note_police(grievance.code, police=Police(reported_on=TODAY + 2 * DAY, reference=" 77 "), by=actor, now=later)
    case = find_case(grievance)
    assert case is not None
    assert [(n.reported_on, n.why_not) for n in case.police_notes] == [
        (None, NOT_YET.why_not),
        (None, "等县里盖章"),
        (date(2018, 12, 19), ""),
    ]
    assert case.report is not None
    assert case.report.reference == "77"
    for police in (REPORTED, NOT_YET):
        with pytest.raises(Conflict, match="stands already"), transaction():
            note_police(grievance.code, police=police, by=actor, now=later)
    count = queries.handled(today=TODAY)
    assert (count.suspected, count.reported) == (1, 1)


@ONLY_SQLITE
@pytest.mark.parametrize("days", [-1, 1, 400])
def test_a_police_date_before_the_complaint_or_in_the_future_is_refused(app: Flask, days: int) -> None:
    """R-V6"""
    by = county()
    grievance = settle(complain(f.make_need().code), "uphold", by=by)
    with pytest.raises(Invalid, match="lies between"):
        record(grievance, by=by, police=Police(reported_on=TODAY + timedelta(days=days)))
    assert (f.count_rows(FraudCase), f.count_rows(PoliceNote)) == (0, 0)


@ONLY_SQLITE
def test_a_case_says_what_is_suspected_on_what_and_why_no_police_yet(app: Flask) -> None:
    by = county()
    grievance = settle(complain(f.make_need().code), "uphold", by=by)
    for changes, field in (({"summary": "骗"}, "summary"), ({"evidence": " "}, "evidence")):
        with pytest.raises(Invalid) as refused:
            record(grievance, by=by, **changes)
        assert refused.value.field == field
    with pytest.raises(Invalid) as refused:
        record(grievance, by=by, police=Police())
    assert refused.value.field == "why_not"


@ONLY_SQLITE
def test_only_a_complaint_that_was_right_becomes_a_case_and_once(app: Flask) -> None:
    by = county()
    for act in ("dismiss", None):
        grievance = complain(f.make_need().code)
        if act is not None:
            settle(grievance, act, by=by)
        with pytest.raises(Conflict, match="Decide first"):
            record(grievance, by=by)
    grievance = suspected(f.make_need().code, by=by)
    with pytest.raises(Conflict, match="just recorded"):
        record(grievance, by=by)
    without = settle(complain(f.make_need().code), "uphold", by=by)
    with pytest.raises(NotFound), transaction():
        note_police(without.code, police=NOT_YET, by=f.actor_for(by), now=NOW)


def _right(need: Need) -> Grievance:
    return settle(complain(need.code), "uphold", by=county())


def refused_to(grievance: Grievance, user: User, match: str) -> bool:
    with pytest.raises(Forbidden, match=match):
        record(grievance, by=user)
    return f.count_rows(FraudCase) == 0


@ONLY_SQLITE
def test_nobody_records_a_case_about_what_he_did_himself(app: Flask) -> None:
    """F2: neither whoever posted or approved it, nor under a second account, nor a declared relative."""
    reviewer = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    household = f.make_household()
    grievance = _right(f.make_need(reviewer=reviewer, household=household))
    assert refused_to(grievance, reviewer, "took part")
    other = f.make_user(Role.COUNTY_ADMIN, division=TREE.county)
    relative = f.make_user(Role.COUNTY_ADMIN, division=TREE.county)
    with transaction() as session:
        for user in (reviewer, other):
            session.get_one(User, user.id).id_index = b"1" * 32
        session.add(
            StaffRelative(
                user_id=relative.id,
                household_id=household.id,
                kinship=Kinship.OTHER_KIN,
                declared_at=NOW,
                declared_by=relative.id,
            )
        )
    assert refused_to(grievance, other, "took part")
    assert refused_to(grievance, relative, "related")


@ONLY_SQLITE
def test_nobody_records_a_case_about_somebody_above_him(app: Flask) -> None:
    """F2: what the county approved, the township does not look into; discipline inspection does."""
    need = f.make_need(reviewer=county())
    grievance = _right(need)
    township = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    assert refused_to(grievance, township, "above you")
    auditor = f.make_user(Role.AUDITOR, division=TREE.prefecture)
    record(grievance, by=auditor)
    assert again(Need, need).state is NeedState.WITHDRAWN
    with pytest.raises(Forbidden, match="above you"):
        close(grievance, by=township)
    assert close(grievance, by=auditor).state is GrievanceState.CLOSED


@ONLY_SQLITE
def test_a_case_about_staff_is_found_by_those_above_them_alone(app: Flask) -> None:
    """F2: the county does not even learn that there is a case about it."""
    need = f.make_need()
    auditor = f.make_user(Role.AUDITOR, division=TREE.prefecture)
    grievance = settle(complain(need.code, about_staff=StaffLevel.COUNTY), "uphold", by=auditor)
    record(grievance, by=auditor, police=REPORTED)
    assert list_cases(f.actor_for(county())) == []
    assert [row.reported_on for row in list_cases(f.actor_for(auditor))] == [TODAY]
    with pytest.raises(NotFound):
        record(grievance, by=county())


@ONLY_SQLITE
def test_those_not_reported_stand_first_with_their_days(app: Flask) -> None:
    by = county()
    waiting, reported = suspected(f.make_need().code, by=by), suspected(f.make_need().code, by=by, police=REPORTED)
    rows = list_cases(f.actor_for(by))
    assert [row.case.grievance_id for row in rows] == [waiting.id, reported.id]
    assert rows[0].days_unreported(TODAY + 4 * DAY) == 4
    assert all(len(row.needs) == 1 for row in rows)
    elsewhere = f.make_actor(Role.COUNTY_ADMIN, division=TREE.other_county)
    assert list_cases(elsewhere) == []


def test_the_database_keeps_a_case_as_it_was_recorded(app: Flask) -> None:
    """R-V6, L5: no row is changed or deleted, no day is set twice, in the future or before the complaint."""
    scene = make_scene()
    grievance = suspected(scene.need.code)
    case = find_case(grievance)
    assert case is not None
    for table in ("fraud_case", "police_note", "fraud_told"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
            with pytest.raises(sa.exc.DBAPIError, match="only ever added"), transaction() as session:
                session.execute(sa.text(statement))
    clerk = scene.clerk
    for day, noted_by, says in (
        (TODAY + DAY, case.opened_by, "not_in_the_future"),
        (TODAY - DAY, case.opened_by, "before the complaint"),
        (TODAY, clerk.id, "took part"),
    ):
        with pytest.raises(sa.exc.DBAPIError, match=says), transaction() as session:
            session.add(PoliceNote(case_id=case.id, reported_on=day, noted_on=TODAY, noted_by=noted_by, noted_at=NOW))
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.add_all(
            PoliceNote(case_id=case.id, reported_on=TODAY, noted_on=TODAY, noted_by=case.opened_by, noted_at=NOW)
            for _ in range(2)
        )
    assert f.count_rows(PoliceNote) == 1


def test_the_database_refuses_a_case_by_its_subject_or_without_a_right_complaint(app: Flask) -> None:
    """F2"""
    scene = make_scene()
    by = county()
    right, undecided = settle(complain(scene.pledge.code), "uphold", by=by), complain(scene.need.code)
    approver = db.session.get_one(User, again(Need, scene.need).reviewer_id)
    for grievance, user, says in (
        (right, scene.clerk, "took part"),
        (right, approver, "took part"),
        (undecided, by, "was right"),
    ):
        with pytest.raises(sa.exc.DBAPIError, match=says), transaction() as session:
            session.add(
                FraudCase(
                    grievance_id=grievance.id,
                    suspicion=Suspicion.FORGED,
                    summary="x",
                    evidence="y",
                    complained_on=TODAY,
                    opened_by=user.id,
                    opened_at=NOW,
                )
            )


def test_what_is_written_about_people_is_ciphertext(app: Flask) -> None:
    """P4"""
    suspected(f.make_need().code)
    db.session.rollback()
    stored = db.session.execute(sa.text("SELECT summary, evidence FROM fraud_case")).one()
    assert "买了车" not in stored.summary
    assert "车管所" not in stored.evidence


@ONLY_SQLITE
def test_a_need_that_was_put_back_is_withdrawn_with_the_pledge_made_since(app: Flask) -> None:
    by = county()
    need = f.make_need()
    grievance = settle(complain(need.code), "uphold", by=by)
    with transaction():
        resume_need(need.code, by=f.actor_for(by), now=NOW)
    pledge = f.make_pledge(need=need)
    record(grievance, by=by)
    assert again(Need, need).state is NeedState.WITHDRAWN
    assert (again(Pledge, pledge).state, told_about([pledge.id])) == (PledgeState.CANCELLED, {pledge.id: NOW})
