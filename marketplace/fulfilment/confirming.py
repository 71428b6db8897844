"""Who says that help arrived: the household, then a second person; and what the donor hears of it."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Forbidden, Invalid
from marketplace.core.permissions import Permission
from marketplace.core.workflow import PLEDGE_MOVES, PledgeState, next_state
from marketplace.db import db
from marketplace.fulfilment import policy
from marketplace.fulfilment.loading import Held, canonical, hold_one, hold_pledge
from marketplace.fulfilment.models import Confirmation, ConfirmerKind, ConfirmHow, Delivery, Feedback
from marketplace.fulfilment.progress import move_need
from marketplace.fulfilment.queries import last_answers
from marketplace.fulfilment.wording import clean_words, refuse_personal_data
from marketplace.ledger.models import FEN
from marketplace.ledger.queries import balances_of
from marketplace.media.models import Photo
from marketplace.media.service import approve_photo
from marketplace.needs.models import Need
from marketplace.needs.slips import slip_index
from marketplace.pledges.models import Pledge
from marketplace.pledges.service import move_pledge


def confirm_by_slip(slip: str, *, arrived: bool, note: str = "", by: Actor, now: datetime) -> list[Confirmation]:
    """The household answers with the code on its paper slip, from any phone, for all that was delivered to it.

    Invalid at "slip" for a wrong code; Conflict while nothing has been delivered or all is answered.
    """
    need = db.session.scalar(sa.select(Need).where(Need.slip_index == slip_index(slip)))
    if need is None:
        # One sentence for a code that is mistyped, made up, or of a need that no longer exists.
        raise Invalid("This code is not right. Please compare it with the slip, letter by letter.", field="slip")
    return _answer_for_household(need, ConfirmHow.SLIP, arrived=arrived, note=note, by=by, now=now)


def confirm_as_household(
    need_code: str, *, arrived: bool, note: str = "", by: Actor, now: datetime
) -> list[Confirmation]:
    """The household answers through its own account."""
    need = db.session.scalar(sa.select(Need).where(Need.code == canonical(need_code)))
    if need is None or by.household_id is None or need.household_id != by.household_id:
        raise Forbidden("Only the household itself answers here. Sign out if you are helping it with your phone.")
    return _answer_for_household(need, ConfirmHow.OWN_ACCOUNT, arrived=arrived, note=note, by=by, now=now)


def confirm_as_second(
    code: str, *, arrived: bool, note: str = "", photo_is_clean: bool = False, by: Actor, now: datetime
) -> Confirmation:
    """A second person went to see; the delivery's photo may be public once this person finds nobody on it."""
    held = hold_pledge(code, permission=Permission.DELIVERY_CONFIRM, by=by)
    delivery = _delivery_of(held.pledge)
    policy.ensure_may_be_second(by, pledge=held.pledge, need=held.need, delivery=delivery)
    if held.pledge.state is not PledgeState.DELIVERED:
        raise Conflict("This pledge has already been confirmed by two people.")
    given = last_answers([held.pledge.id]).get((held.pledge.id, ConfirmerKind.SECOND))
    if given is not None and given.arrived:
        raise Conflict("A second person has already confirmed this.")
    if photo_is_clean and held.need.hidden_at is None:
        approve_photo(db.session.get_one(Photo, delivery.photo_id), by=by, now=now)
    return _answer(held, ConfirmerKind.SECOND, ConfirmHow.VISIT, arrived=arrived, note=note, by=by, now=now)


def give_feedback(
    code: str, *, words: str, rating: int | None = None, may_publish: bool = False, by: Actor, now: datetime
) -> Feedback:
    """Thanks and the report of use to the donor; public only where the household agreed and nothing in it is personal.

    The need is closed once every pledge that covered it has been reported on.
    """
    held = hold_pledge(code, permission=Permission.FEEDBACK_WRITE, by=by)
    words = clean_words(words, field="words", most=300, least=5)
    if may_publish:
        refuse_personal_data(words, need=held.need, field="words")
    next_state(PLEDGE_MOVES, held.pledge.state, "report")
    money = balances_of("pledge", held.pledge.id).get(FEN)
    if money is not None and money.received and not money.used and not money.returned:
        raise Conflict("Record what the money was spent on before you report to the donor.")
    feedback = Feedback(
        pledge_id=held.pledge.id,
        words=words,
        rating=rating,
        may_publish=may_publish,
        at=now,
        recorded_by=by.user_id,
    )
    db.session.add(feedback)
    move_pledge(held.pledge.id, "report", now=now)
    move_need(held.need.id, PledgeState.REPORTED, now=now)
    _record(held, "feedback.give", by=by, at=now, may_publish=may_publish)
    return feedback


def _answer_for_household(
    need: Need, how: ConfirmHow, *, arrived: bool, note: str, by: Actor, now: datetime
) -> list[Confirmation]:
    waiting = [
        held
        for pledge_id in _delivered_pledge_ids(need.id)
        if (held := hold_one(Pledge.id == pledge_id)) is not None and held.pledge.state is PledgeState.DELIVERED
    ]
    answered = last_answers([held.pledge.id for held in waiting])
    open_ = [
        held
        for held in waiting
        if (last := answered.get((held.pledge.id, ConfirmerKind.HOUSEHOLD))) is None or not last.arrived
    ]
    for held in open_:
        policy.ensure_household_may_answer(by, pledge=held.pledge, need=need, delivery=_delivery_of(held.pledge))
    if not open_:
        raise Conflict(
            "Nothing waits for your answer: it was confirmed before, or nothing has been recorded as delivered yet."
        )
    return [_answer(held, ConfirmerKind.HOUSEHOLD, how, arrived=arrived, note=note, by=by, now=now) for held in open_]


def _answer(
    held: Held, kind: ConfirmerKind, how: ConfirmHow, *, arrived: bool, note: str, by: Actor, now: datetime
) -> Confirmation:
    note = clean_words(note, field="note", most=200, least=0)
    if not arrived and not note and kind is ConfirmerKind.SECOND:
        raise Invalid("Say what is missing or wrong.", field="note")
    confirmation = Confirmation(
        pledge_id=held.pledge.id, kind=kind, how=how, arrived=arrived, note=note, user_id=by.user_id, at=now
    )
    db.session.add(confirmation)
    db.session.flush()
    _record(held, f"delivery.confirm_{kind.value}", by=by, at=now, arrived=arrived)
    _settle(held, now=now)
    return confirmation


def _settle(held: Held, *, now: datetime) -> None:
    """Confirmed is what both say; the latest answer of each counts."""
    answers = last_answers([held.pledge.id])
    said = [answers.get((held.pledge.id, kind)) for kind in ConfirmerKind]
    if all(answer is not None and answer.arrived for answer in said):
        move_pledge(held.pledge.id, "confirm", now=now)
        move_need(held.need.id, PledgeState.CONFIRMED, now=now)


def _delivered_pledge_ids(need_id: int) -> Sequence[int]:
    chosen = sa.select(Pledge.id).where(Pledge.need_id == need_id, Pledge.state == PledgeState.DELIVERED)
    return db.session.scalars(chosen.order_by(Pledge.id)).all()


def _delivery_of(pledge: Pledge) -> Delivery:
    delivery = db.session.scalar(sa.select(Delivery).where(Delivery.pledge_id == pledge.id))
    if delivery is None:
        raise Conflict("Nothing has been recorded as delivered yet.")
    return delivery


def _record(held: Held, action: str, *, by: Actor, at: datetime, **detail: bool) -> None:
    audit.record(
        by, action, subject="pledge", subject_id=held.pledge.id, at=at, division=held.need.division_code, **detail
    )
