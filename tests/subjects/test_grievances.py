"""Complaints: from anybody, answered by somebody without a hand in it, above whom they are about, within five days."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.audit.models import AuditEntry
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import GRIEVANCE_MOVES, GrievanceState, NeedState
from marketplace.db import db, transaction
from marketplace.grievances import queries, service
from marketplace.grievances.models import Grievance, StaffLevel
from marketplace.needs.models import Need
from tests import factories as f
from tests.factories import NOW, TREE
from tests.posting import DAY, complain, posted, settle
from tests.scenes import confirmed, make_scene

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
TODAY = NOW.date()


def county() -> f.User:
    return f.make_user(Role.COUNTY_ADMIN, division=TREE.county)


def need_state(need: Need) -> NeedState:
    db.session.rollback()
    return db.session.get_one(Need, need.id, populate_existing=True).state


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2018, 12, 17), date(2018, 12, 24)),  # a Monday
        (date(2018, 12, 21), date(2018, 12, 28)),  # a Friday
        (date(2018, 12, 22), date(2018, 12, 28)),  # a Saturday
    ],
)
@ONLY_SQLITE
def test_an_answer_is_due_within_five_working_days(app: Flask, received: date, due: date) -> None:
    """R-D14"""
    noon = datetime.combine(received, time(4), UTC)
    assert complain(f.make_need().code, now=noon).due_on == due


def test_an_upheld_complaint_stops_the_need_and_is_told(app: Flask) -> None:
    """R-D14, R-V6"""
    need = f.make_need()
    grievance = complain(need.code)
    settled = settle(grievance, "uphold", by=county())
    assert (settled.state, settled.is_upheld) == (GrievanceState.UPHELD, True)
    assert need_state(need) is NeedState.SUSPENDED
    assert [told.id for told in queries.upheld_about(need)] == [grievance.id]


@ONLY_SQLITE
def test_a_pledged_need_is_paused_and_one_that_has_moved_on_is_told_about_and_not_broken(app: Flask) -> None:
    pledged, arrived = make_scene(), confirmed(make_scene())
    for scene, state in ((pledged, NeedState.SUSPENDED), (arrived, NeedState.CONFIRMED)):
        settle(complain(scene.pledge.code), "uphold", by=county())
        assert scene.state()[1] is state
        assert len(queries.upheld_about(scene.need)) == 1


@ONLY_SQLITE
def test_a_dismissed_complaint_changes_nothing_and_gives_its_reason(app: Flask) -> None:
    need = f.make_need()
    grievance = settle(complain(need.code), "dismiss", by=county())
    assert need_state(need) is NeedState.PUBLISHED
    ticket = queries.get_ticket(grievance.code.lower().replace("-", " "))
    assert (ticket.is_upheld, ticket.decision_reason) == (False, "入户核实，与反映不符。")


def test_what_was_written_is_ciphertext_and_nobody_is_recorded(app: Flask) -> None:
    """P4; fraud 35: no login, no address, no name."""
    grievance = complain(f.make_need().code, words="村干部的弟弟王某领了被子", contact="13900000009")
    db.session.rollback()
    stored = db.session.execute(sa.text("SELECT words, contact FROM grievance")).one()
    assert "王某" not in stored.words
    assert "13900000009" not in stored.contact
    again = db.session.get_one(Grievance, grievance.id, populate_existing=True)
    assert (again.words, again.contact) == ("村干部的弟弟王某领了被子", "13900000009")
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "grievance.receive")).one()
    assert (entry.user_id, "王某" in repr(entry.detail)) == (None, False)


@ONLY_SQLITE
def test_a_ticket_tells_nothing_of_what_was_written(app: Flask) -> None:
    grievance = complain(f.make_need().code, words="村干部的弟弟王某领了被子", contact="13900000009")
    assert "王某" not in repr(queries.get_ticket(grievance.code))
    assert "1390" not in repr(queries.get_ticket(grievance.code))
    with pytest.raises(NotFound):
        queries.get_ticket("K7QP-3XWD")


def test_the_same_form_sent_twice_makes_one_complaint(app: Flask) -> None:
    need = f.make_need()
    first, second = (complain(need.code, key="one-form-0001") for _ in range(2))
    assert first.id == second.id
    assert f.count_rows(Grievance) == 1


# Who may decide on a complaint about staff of each level: only those above (F2).
SENSITIVE = {
    StaffLevel.VILLAGE: {Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN, Role.AUDITOR},
    StaffLevel.TOWNSHIP: {Role.COUNTY_ADMIN, Role.AUDITOR},
    StaffLevel.COUNTY: {Role.AUDITOR},
}


@ONLY_SQLITE
@pytest.mark.parametrize("level", list(StaffLevel))
def test_a_complaint_about_staff_is_seen_and_closed_only_above_them(app: Flask, level: StaffLevel) -> None:
    """F2: never by the person it names, nor by a subordinate; they do not even find it."""
    grievance = complain(f.make_need().code, about_staff=level)
    for role, division in (
        (Role.VILLAGE_CLERK, TREE.village),
        (Role.TOWNSHIP_REVIEWER, TREE.township),
        (Role.COUNTY_ADMIN, TREE.county),
        (Role.AUDITOR, TREE.prefecture),
    ):
        actor = f.make_actor(role, division=division)
        listed = [g.id for g in queries.list_grievances(actor, today=TODAY)]
        assert (listed == [grievance.id]) is (role in SENSITIVE[level])
        assert queries.count_open(actor, today=TODAY)[0] == len(listed)
        if role in SENSITIVE[level]:
            assert queries.get_grievance(grievance.code, actor=actor).id == grievance.id
        else:
            with pytest.raises((NotFound, Forbidden)):
                queries.get_grievance(grievance.code, actor=actor)
            for act in (service.take_on, service.close):
                with pytest.raises((NotFound, Forbidden)), transaction():
                    act(grievance.code, by=actor, now=NOW)


@ONLY_SQLITE
def test_a_second_role_higher_up_does_not_open_a_complaint_about_one_s_own_office(app: Flask) -> None:
    """F2: somebody who is also the village's clerk is named with it, whatever else he is."""
    both = f.make_user(Role.COUNTY_ADMIN, division=TREE.county)
    f.grant(both, Role.VILLAGE_CLERK, division=TREE.village)
    grievance = complain(f.make_need().code, about_staff=StaffLevel.VILLAGE)
    assert queries.list_grievances(f.actor_for(both), today=TODAY) == []
    with pytest.raises(NotFound):
        queries.get_grievance(grievance.code, actor=f.actor_for(both))


@ONLY_SQLITE
def test_an_auditor_who_decides_about_staff_stops_the_need_too(app: Flask) -> None:
    need = f.make_need()
    grievance = complain(need.code, about_staff=StaffLevel.COUNTY)
    settle(grievance, "uphold", by=f.make_user(Role.AUDITOR, division=TREE.prefecture))
    assert need_state(need) is NeedState.SUSPENDED


@ONLY_SQLITE
def test_nobody_decides_on_what_he_did_himself(app: Flask) -> None:
    """F2: the reviewer of a need, and whoever planned a notice, leave the complaint to another."""
    reviewer = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    need = f.make_need(reviewer=reviewer)
    grievance = complain(need.code)
    with pytest.raises(Forbidden, match="took part"):
        settle(grievance, "dismiss", by=reviewer)
    colleague = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    assert settle(grievance, "dismiss", by=colleague).state is GrievanceState.DISMISSED
    notice = posted(f.make_household(), by=reviewer)
    with pytest.raises(Forbidden, match="took part"):
        settle(complain(notice.code), "dismiss", by=reviewer)


@ONLY_SQLITE
def test_every_step_outside_the_table_is_refused(app: Flask) -> None:
    by = county()
    actor = f.actor_for(by)
    acts = {
        "assign": lambda code: service.take_on(code, by=actor, now=NOW),
        "answer": lambda code: service.answer(code, words="已核实。", by=actor, now=NOW),
        "uphold": lambda code: service.uphold(code, reason="属实的理由", by=actor, now=NOW),
        "dismiss": lambda code: service.dismiss(code, reason="不实的理由", by=actor, now=NOW),
        "close": lambda code: service.close(code, put_right="已改正", by=actor, now=NOW),
    }
    ways = {
        GrievanceState.RECEIVED: (),
        GrievanceState.ASSIGNED: ("assign",),
        GrievanceState.ANSWERED: ("assign", "answer"),
        GrievanceState.UPHELD: ("assign", "answer", "uphold"),
        GrievanceState.DISMISSED: ("assign", "answer", "dismiss"),
        GrievanceState.CLOSED: ("assign", "answer", "dismiss", "close"),
    }
    need = f.make_need(NeedState.EXPIRED)
    for state, way in ways.items():
        for act, do in acts.items():
            grievance = complain(need.code, words=f"{state} {act}", key=f"{state}-{act}-key")
            for step in way:
                with transaction():
                    acts[step](grievance.code)
            if (state, act) in GRIEVANCE_MOVES:
                with transaction():
                    assert do(grievance.code).state is GRIEVANCE_MOVES[(state, act)]
            else:
                with pytest.raises(Conflict), transaction():
                    do(grievance.code)


@ONLY_SQLITE
def test_no_decision_without_a_reason_and_no_closing_without_what_was_put_right(app: Flask) -> None:
    """F2: every closure has a reason."""
    actor = f.actor_for(county())
    grievance = complain(f.make_need().code)
    with transaction():
        service.take_on(grievance.code, by=actor, now=NOW)
        service.answer(grievance.code, words="已入户核实。", by=actor, now=NOW)
    for act in (service.uphold, service.dismiss):
        with pytest.raises(Invalid, match="reason"), transaction():
            act(grievance.code, reason=" ", by=actor, now=NOW)
    with transaction():
        service.uphold(grievance.code, reason="属实，价格虚高。", by=actor, now=NOW)
    with pytest.raises(Invalid, match="put right"), transaction():
        service.close(grievance.code, by=actor, now=NOW)


def test_the_overdue_come_first_and_the_count_is_public(app: Flask) -> None:
    need = f.make_need()
    late = complain(need.code, now=NOW - timedelta(days=20), words="很久以前的")
    fresh = complain(need.code, words="今天收到的")
    answered = complain(need.code, words="已经答复过的")
    by = county()
    settle(answered, "uphold", by=by, now=NOW + DAY)
    assert [g.id for g in queries.list_grievances(f.actor_for(by), today=TODAY)] == [late.id, fresh.id]
    assert queries.count_open(f.actor_for(by), today=TODAY) == (2, 1)
    with transaction():
        service.close(answered.code, put_right="需求已撤下", by=f.actor_for(by), now=NOW + DAY)
    count = queries.handled(today=TODAY)
    assert (count.received, count.upheld, count.put_right, count.answered_in_time, count.late, count.median_days) == (
        3,
        1,
        1,
        1,
        1,
        1,
    )


def test_the_database_keeps_every_complaint_and_every_answer(app: Flask) -> None:
    grievance = settle(complain(f.make_need().code), "dismiss", by=county())
    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), transaction() as session:
        session.execute(sa.text("DELETE FROM grievance"))
    for wrong in ("answer = ''", "is_upheld = NULL", "about_staff = 'village'", "assigned_to = NULL"):
        with pytest.raises(sa.exc.IntegrityError), transaction() as session:
            session.execute(sa.text(f"UPDATE grievance SET {wrong} WHERE id = {grievance.id}"))


@ONLY_SQLITE
def test_a_complaint_about_a_closed_notice_holds_nothing(app: Flask) -> None:
    notice = posted(f.make_household())
    with transaction() as session:
        session.execute(sa.text("UPDATE notice SET state = 'closed', closed_at = posted_at"))
    assert complain(notice.code).held_notice_id is None
