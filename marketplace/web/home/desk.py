"""The desk's start page: what waits for the reader's own roles, each with its number and one reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from marketplace.core.actor import Actor
from marketplace.core.permissions import ROLE_PERMISSIONS, Permission
from marketplace.core.workflow import NeedState
from marketplace.db.clock import china_day
from marketplace.fulfilment.acts import Act
from marketplace.fulfilment.worklist import count_denied, count_work, list_to_give_back
from marketplace.grievances.queries import count_open
from marketplace.needs.desk import count_by_state
from marketplace.needs.queueing import review_queue
from marketplace.needs.rechecking import list_rechecks
from marketplace.needs.signals import count_signals
from marketplace.notices.queries import count_to_post, waiting_for_notice
from marketplace.pledges.conditions import list_waiting
from marketplace.statistics.queries import Rates, need_rates


@dataclass(frozen=True, slots=True)
class Task:
    """One row of work: a sign, what to do, where, how many, and why."""

    sign: str
    tone: str
    word: str
    href: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere else on the desk."""

    word: str
    href: str


@dataclass(frozen=True, slots=True)
class Desk:
    """The start page of one person."""

    tasks: list[Task]
    places: list[Place]
    # Figures of the widest area that the reader works in.
    area: str
    rates: Rates


def desk_of(actor: Actor, *, now: datetime) -> Desk:
    """What waits for this person now, the late first."""
    tasks = [
        *_returned(actor),
        *_reviews(actor, now=now),
        *_complaints(actor, now=now),
        *_notices(actor),
        *_gifts(actor),
        *_drafts(actor),
    ]
    area = _widest_area(actor)
    return Desk(
        tasks=sorted(tasks, key=lambda task: task.tone != "late"),
        places=_places(actor),
        area=area,
        rates=need_rates(area, as_of=now, kind=None),
    )


def _returned(actor: Actor) -> Iterator[Task]:
    count = _own_needs(actor, NeedState.RETURNED)
    if count:
        reason = _("The reviewer wrote what to change. Only that.")
        yield Task("late", "late", _("Put returned needs right"), "/desk/needs?state=returned", count, reason)


def _drafts(actor: Actor) -> Iterator[Task]:
    count = _own_needs(actor, NeedState.DRAFT)
    if count:
        reason = _("Begun and not yet sent.")
        yield Task("pen", "off", _("Go on with drafts"), "/desk/needs?state=draft", count, reason)


def _own_needs(actor: Actor, state: NeedState) -> int:
    return count_by_state(actor=actor).get(state, 0) if actor.has(Permission.NEED_POST) else 0


def _reviews(actor: Actor, *, now: datetime) -> Iterator[Task]:
    if not actor.has(Permission.NEED_REVIEW):
        return
    queue = review_queue(actor=actor, now=now)
    if queue.rows:
        late = queue.overdue
        reason = _("%(count)s of them are overdue: three working days is the limit.", count=late)
        if not late:
            reason = _("The first is to be answered by %(day)s.", day=queue.rows[0].due.isoformat())
        tone = "late" if late else "wait"
        yield Task(tone, tone, _("Review needs"), "/desk/review", len(queue.rows), reason)
    if asked := len(list_waiting(actor)):
        reason = _("A pledge stands without its condition until somebody has looked.")
        yield Task("eye", "wait", _("Look at donors' conditions"), "/desk/conditions", asked, reason)
    rechecks = len(list_rechecks(actor=actor))
    if rechecks:
        reason = _("Drawn at random from what the townships approved.")
        yield Task("eye", "wait", _("Look at approvals again"), "/desk/oversight", rechecks, reason)
    if signals := count_signals(actor):
        reason = _("Somebody should look there; each is closed with what was found.")
        yield Task("stop", "wait", _("Look into signals"), "/desk/oversight", signals, reason)


def _complaints(actor: Actor, *, now: datetime) -> Iterator[Task]:
    if not actor.has(Permission.GRIEVANCE_HANDLE):
        return
    undecided, overdue = count_open(actor, today=china_day(now))
    if undecided:
        tone = "late" if overdue else "wait"
        reason = _("%(count)s are overdue; five working days is the limit.", count=overdue)
        yield Task(tone, tone, _("Answer complaints and objections"), "/desk/grievances", undecided, reason)


def _notices(actor: Actor) -> Iterator[Task]:
    if actor.has(Permission.NOTICE_PLAN) and (waiting := sum(len(g.proposals) for g in waiting_for_notice(actor))):
        reason = _("Changes of status that are voted on and wait for a notice.")
        yield Task("pen", "", _("Plan notices"), "/desk/notices", waiting, reason)
    if actor.has(Permission.NOTICE_POST) and (planned := count_to_post(actor)):
        yield Task("print", "", _("Post notices"), "/desk/notices", planned, _("Print, hang up, send a photo."))


def _gifts(actor: Actor) -> Iterator[Task]:
    if not actor.has(Permission.PLEDGE_READ):
        return
    if to_give_back := len(list_to_give_back(actor)):
        reason = _("The needs were withdrawn; what had arrived goes back to the donors.")
        yield Task("cross", "wait", _("Give back to donors"), "/desk/pledges#give-back", to_give_back, reason)
    denied = count_denied(actor)
    if denied:
        reason = _("A household or a second person says that nothing arrived.")
        yield Task("stop", "late", _("Look into what did not arrive"), "/desk/pledges?denied=1", denied, reason)
    counts = count_work(actor)
    for act, permission, sign, word, reason in (
        (Act.RECEIVE, Permission.RECEIPT_RECORD, "coin", _("Record what arrived"), _("Pledged; the day is set.")),
        (Act.DELIVER, Permission.DELIVERY_RECORD, "box", _("Deliver and take a photo"), _("The things, not people.")),
        (Act.CONFIRM, Permission.DELIVERY_CONFIRM, "seal", _("Confirm deliveries"), _("Go and look; say what is so.")),
        (Act.REPORT, Permission.FEEDBACK_WRITE, "pen", _("Tell donors what became of it"), _("Within 15 days.")),
    ):
        if counts.get(act) and actor.has(permission):
            yield Task(sign, "", word, f"/desk/pledges?act={act.value}", counts[act], reason)


def _places(actor: Actor) -> list[Place]:
    found = []
    if actor.has(Permission.HOUSEHOLD_READ):
        found.append(Place(_("Households"), "/desk/households"))
    if actor.has(Permission.NEED_READ):
        found.append(Place(_("Needs"), "/desk/needs"))
    if actor.has(Permission.PLEDGE_READ):
        found.append(Place(_("Pledges"), "/desk/pledges"))
    if actor.has(Permission.NEED_REVIEW):
        found.append(Place(_("Conditions of donors"), "/desk/conditions"))
    if actor.has(Permission.DUPLICATE_DECIDE):
        found.append(Place(_("Possible duplicates"), "/desk/duplicates"))
    if actor.has(Permission.CATALOGUE_KEEP):
        found.append(Place(_("Catalogue and prices"), "/desk/catalogue"))
    if actor.has(Permission.HOUSEHOLD_READ):
        found.append(Place(_("Notices of my area"), "/desk/notices"))
    if actor.has(Permission.GRIEVANCE_HANDLE):
        found.append(Place(_("Complaints and objections"), "/desk/grievances"))
    if actor.has(Permission.MATCH_ALLOCATE):
        found.append(Place(_("Proposals of who gives what"), "/desk/allocation"))
    if actor.has(Permission.ROLE_GRANT):
        found.append(Place(_("People and roles"), "/desk/people"))
    if actor.has(Permission.SIGNAL_READ):
        found.append(Place(_("Second looks"), "/desk/oversight"))
    if actor.has(Permission.CALENDAR_KEEP):
        found.append(Place(_("Working days"), "/desk/calendar"))
    if actor.has(Permission.DESK_OPEN):
        found.append(Place(_("Relatives that I declare"), "/desk/relatives"))
    return [*found, Place(_("Statistics"), "/statistics")]


def _widest_area(actor: Actor) -> str:
    works = [g.division for g in actor.grants if Permission.DESK_OPEN in ROLE_PERMISSIONS[g.role]]
    return min(works, key=lambda code: (len(code.rstrip("0")), code))
