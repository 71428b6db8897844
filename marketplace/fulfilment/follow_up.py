"""Two questions 30, 90 and 365 days after a delivery: is it still of use, is it still needed.

The household may answer from the day on; a week later staff go and ask. What is answered is answered: a day that
passes without an answer stays unknown and counts as such.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.many import insert_many
from marketplace.fulfilment.loading import NOTHING_HERE, canonical
from marketplace.fulfilment.models import ConfirmerKind, ConfirmHow, Delivery, FollowUp
from marketplace.fulfilment.wording import clean_words
from marketplace.matching.outcomes import Effect, note_effect, note_effects
from marketplace.needs.models import Need
from marketplace.needs.slips import slip_index
from marketplace.pledges.models import Pledge

CHECKS = (30, 90, 365)
# The household's own week, before staff go and ask.
OWN_WEEK = timedelta(days=7)
# A year after the last question nobody asks any more.
_LAST = 730
_ASKED = (NeedState.CONFIRMED, NeedState.CLOSED)
_ROWS = 30


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to the two questions."""

    still_useful: bool
    still_needed: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """One answer of many, for imports and the demonstration."""

    need_id: int
    days: int
    kind: ConfirmerKind
    how: ConfirmHow
    still_useful: bool
    still_needed: bool
    at: datetime
    user_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DueCheck:
    """A need whose household is to be asked."""

    need_code: str
    title: str
    division_code: str
    days: int
    due: datetime
    # One of its gifts: the record where the answer is written down.
    gift_code: str


def check_of(need: Need, *, now: datetime) -> int | None:
    """The days of the question that is open: the latest that is due; None where none is, or where it is answered."""
    if need.state not in _ASKED or need.delivered_at is None:
        return None
    passed = (now - need.delivered_at).days
    days = max((check for check in CHECKS if check <= passed < _LAST), default=None)
    asked = sa.exists().where(FollowUp.need_id == need.id, FollowUp.days == days)
    return None if days is None or db.session.scalar(sa.select(asked)) else days


def answer_by_slip(slip: str, said: Said, *, by: Actor, now: datetime) -> FollowUp:
    """The household answers with its slip's code; Invalid at "slip" for a wrong one, Conflict where none is due."""
    need = db.session.scalar(sa.select(Need).where(Need.slip_index == slip_index(slip)))
    if need is None:
        raise Invalid("This code is not right. Please compare it with the slip, letter by letter.", field="slip")
    if by.user_id is not None and _has_a_part(by, need):
        raise Forbidden("Only the household itself answers here. Sign out if you are helping it with your phone.")
    return _write(need, said, ConfirmerKind.HOUSEHOLD, ConfirmHow.SLIP, by=by, now=now)


def answer_as_household(need_code: str, said: Said, *, by: Actor, now: datetime) -> FollowUp:
    """The household answers through its own account."""
    need = db.session.scalar(sa.select(Need).where(Need.code == canonical(need_code)))
    if need is None or by.household_id is None or need.household_id != by.household_id:
        raise Forbidden("Only the household itself answers here. Sign out if you are helping it with your phone.")
    return _write(need, said, ConfirmerKind.HOUSEHOLD, ConfirmHow.OWN_ACCOUNT, by=by, now=now)


def answer_on_visit(need_code: str, said: Said, *, by: Actor, now: datetime) -> FollowUp:
    """Staff of the area asked the household, a week or more after the day; NotFound outside the area (Z2)."""
    need = db.session.scalar(sa.select(Need).where(Need.code == canonical(need_code)))
    if need is None:
        raise NotFound(NOTHING_HERE)
    ensure_can(by, Permission.PLEDGE_READ, need.division_code)
    if not may_ask(by, need):
        raise Forbidden("Your role does not allow this.")
    return _write(need, said, ConfirmerKind.SECOND, ConfirmHow.VISIT, by=by, now=now, asked_at=now - OWN_WEEK)


def may_ask(by: Actor, need: Need) -> bool:
    """True for staff who look after deliveries there: the clerk, the supervisor, the officer, the reviewer."""
    acts = (Permission.FEEDBACK_WRITE, Permission.DELIVERY_CONFIRM)
    return any(by.can(act, need.division_code) for act in acts)


def list_due(actor: Actor, *, now: datetime, most: int = _ROWS) -> list[DueCheck]:
    """The households of the actor's area that staff are to ask, those who wait longest first."""
    gift = sa.select(sa.func.min(Pledge.code)).where(Pledge.need_id == Need.id, Pledge.confirmed_at.is_not(None))
    chosen = sa.select(Need, gift.scalar_subquery()).where(_is_due(now - OWN_WEEK), _in_areas(actor))
    rows = db.session.execute(chosen.order_by(Need.delivered_at, Need.id).limit(most))
    return [_due_check(need, code, now=now) for need, code in rows]


def count_due(actor: Actor, *, now: datetime) -> int:
    """How many households of the actor's area are to be asked."""
    chosen = sa.select(sa.func.count()).select_from(Need).where(_is_due(now - OWN_WEEK), _in_areas(actor))
    return db.session.scalar(chosen) or 0


def list_own_checks(household_id: int, *, now: datetime) -> list[Need]:
    """The household's own needs that it may be asked about now."""
    chosen = sa.select(Need).where(Need.household_id == household_id, _is_due(now)).order_by(Need.id)
    return list(db.session.scalars(chosen))


def follow_ups_of(need_ids: Collection[int]) -> dict[int, list[FollowUp]]:
    """The answers for these needs by need id, in order of time."""
    found: dict[int, list[FollowUp]] = {}
    chosen = sa.select(FollowUp).where(FollowUp.need_id.in_(need_ids)).order_by(FollowUp.days)
    for answer in db.session.scalars(chosen):
        found.setdefault(answer.need_id, []).append(answer)
    return found


def insert_follow_ups(rows: Iterable[FollowUpRow]) -> None:
    """Add answers and the outcomes that they are for the pledges of their needs."""
    ordered = list(rows)
    insert_many(db.session, FollowUp, [asdict(row) for row in ordered])
    effects: defaultdict[int, list[Effect]] = defaultdict(list)
    for row in ordered:
        effects[row.need_id].append(Effect(row.days, row.still_useful, row.at))
    note_effects(effects)


def _write(
    need: Need,
    said: Said,
    kind: ConfirmerKind,
    how: ConfirmHow,
    *,
    by: Actor,
    now: datetime,
    asked_at: datetime | None = None,
) -> FollowUp:
    days = check_of(need, now=asked_at or now)
    if days is None:
        raise Conflict("Nothing is to be asked at present: it was answered before, or it is too early.")
    answer = FollowUp(
        need_id=need.id,
        days=days,
        kind=kind,
        how=how,
        still_useful=said.still_useful,
        still_needed=said.still_needed,
        note=clean_words(said.note, field="note", most=200, least=0),
        user_id=by.user_id,
        at=now,
    )
    db.session.add(answer)
    db.session.flush()
    note_effect(need.id, days=days, useful=said.still_useful, now=now)
    audit.record(
        by,
        "need.follow_up",
        subject="need",
        subject_id=need.id,
        at=now,
        division=need.division_code,
        days=days,
        useful=said.still_useful,
    )
    return answer


def _has_a_part(by: Actor, need: Need) -> bool:
    """True for whoever posted, delivered, gave or works there: not even with the slip in hand."""
    of_need = Pledge.need_id == need.id
    delivered = sa.exists().where(of_need, Delivery.pledge_id == Pledge.id, Delivery.recorded_by == by.user_id)
    gave = sa.exists().where(of_need, Pledge.donor_id == by.donor_id)
    is_party = by.user_id == need.poster_id or bool(db.session.scalar(sa.select(delivered | gave)))
    return is_party or by.works_in(need.division_code) or by.household_id not in (None, need.household_id)


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    windows = []
    for days, following in zip(CHECKS, (*CHECKS[1:], _LAST), strict=True):
        asked = sa.exists().where(FollowUp.need_id == Need.id, FollowUp.days == days)
        begun = Need.delivered_at <= now - timedelta(days=days)
        windows.append(sa.and_(begun, Need.delivered_at > now - timedelta(days=following), ~asked))
    return sa.and_(Need.state.in_(_ASKED), sa.or_(*windows))


def _due_check(need: Need, gift_code: str, *, now: datetime) -> DueCheck:
    assert need.delivered_at is not None  # chosen by it
    passed = now - OWN_WEEK - need.delivered_at
    days = max(check for check in CHECKS if check <= passed.days)
    due = need.delivered_at + timedelta(days=days)
    return DueCheck(need.code, need.title, need.division_code, days, due, gift_code)


def _in_areas(actor: Actor) -> sa.ColumnElement[bool]:
    areas: Sequence[str] = actor.areas(Permission.PLEDGE_READ)
    return sa.or_(sa.false(), *(Need.division_code.startswith(area, autoescape=True) for area in areas))
