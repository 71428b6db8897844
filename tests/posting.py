"""A village's appraisal, its notice and objections to it, for tests: each step by the services, as people would."""

from datetime import datetime, timedelta
from typing import Any

from marketplace.accounts.models import User
from marketplace.core.actor import SYSTEM
from marketplace.core.kinds import MonitoredAs, StatusMove
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.grievances import service as grievances
from marketplace.grievances.models import Cause, Grievance
from marketplace.grievances.queries import find_subject
from marketplace.grievances.service import Complaint
from marketplace.households.models import Household, StatusProposal
from marketplace.households.service import Appraisal, propose_change
from marketplace.notices import service
from marketplace.notices.models import Notice
from marketplace.notices.queries import due_notices
from tests import factories as f
from tests.factories import NOW, TREE
from tests.scenes import picture

DAY = timedelta(days=1)


def appraisal(**changes: Any) -> Appraisal:
    """Thirty-one villagers, twenty-eight of them for it, three days ago."""
    given = {"on": (NOW - 3 * DAY).date(), "present": 31, "votes_for": 28, "votes_against": 2, "abstained": 1}
    return Appraisal(**{**given, **changes})


def reviewer() -> User:
    """A reviewer of the township."""
    return f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)


def propose(
    household: Household,
    *,
    move: StatusMove = StatusMove.EXIT,
    monitored_as: MonitoredAs | None = None,
    by: User | None = None,
    reason: str = "收入稳定超过标准",
    votes: Appraisal | None = None,
    now: datetime = NOW,
) -> StatusProposal:
    """Propose a change as the township's reviewer."""
    with transaction():
        return propose_change(
            household.code,
            move=move,
            monitored_as=monitored_as,
            reason=reason,
            appraisal=votes or appraisal(),
            minutes=picture(),
            by=f.actor_for(by or reviewer()),
            now=now,
        )


def plan(*proposals: StatusProposal, by: User | None = None, days: int = 5, now: datetime = NOW, **f_: Any) -> Notice:
    """Plan a notice of changes as the township's reviewer."""
    actor = f.actor_for(by or reviewer())
    with transaction():
        again = [db.session.get_one(StatusProposal, proposal.id) for proposal in proposals]
        return service.plan_notice(division=TREE.village, days=days, proposals=again, by=actor, now=now, **f_)


def post(notice: Notice, *, by: User | None = None, now: datetime = NOW) -> Notice:
    """Post it as the village's clerk."""
    actor = f.actor_for(by or f.make_user(Role.VILLAGE_CLERK, division=TREE.village))
    with transaction():
        return service.post_notice(notice.code, photo=picture(), by=actor, now=now)


def posted(household: Household, **fields: Any) -> Notice:
    """A change of the household's status on a notice that hangs."""
    return post(plan(propose(household, **fields)))


def complain(
    code: str, *, now: datetime = NOW, words: str = "他家有两辆车。", key: str = "", **fields: Any
) -> Grievance:
    """Somebody without an account complains about what the code names."""
    with transaction():
        subject = find_subject(code)
        assert subject is not None
        complaint = Complaint(
            **{
                "cause": Cause.UNTRUE,
                "words": words,
                "client_key": key or f"{code}-{now:%m%d%H%M}-{words}"[:40],
                **fields,
            }
        )
        return grievances.receive(subject, complaint, now=now)


def settle(
    grievance: Grievance, act: str, *, by: User, words: str = "已入户核实，结果见下。", now: datetime = NOW
) -> Grievance:
    """Take on, answer, and decide ("uphold" or "dismiss") as this handler."""
    actor = f.actor_for(by)
    with transaction():
        grievances.take_on(grievance.code, by=actor, now=now)
        grievances.answer(grievance.code, words=words, by=actor, now=now)
        return getattr(grievances, act)(grievance.code, reason="入户核实，与反映不符。", by=actor, now=now)


def pass_night(now: datetime) -> int:
    """What the night does about notices; returns how many changes took effect."""
    applied = 0
    # What the test has read so far belongs to an older snapshot.
    db.session.rollback()
    for notice_id in due_notices(now):
        with transaction():
            applied += len(service.close_notice(notice_id, by=SYSTEM, now=now))
    return applied
