"""The stations of a gift's way for the public: what happened, and what is still to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.core.kinds import Labelled
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.fulfilment.models import (
    Confirmation,
    ConfirmerKind,
    ConfirmHow,
    Delivery,
    Feedback,
    Receipt,
    Use,
    Witness,
)
from marketplace.ledger.models import FEN, EntryKind, LedgerEntry
from marketplace.media.queries import public_photos
from marketplace.pledges.models import Pledge


class EventKind(Labelled):
    """A station of a gift's way (节点)."""

    PROMISED = "promised", "承诺"
    RECEIVED = "received", "到位"
    DISBURSED = "disbursed", "拨付"
    USED = "used", "使用"
    DELIVERED = "delivered", "送达"
    HOUSEHOLD = "household", "农户确认"
    SECOND = "second", "第二人确认"
    REPORTED = "reported", "反馈"
    GIVEN_BACK = "given_back", "退回"
    ENDED = "ended", "结束"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, or (``is_done`` False) is still to come."""

    kind: EventKind
    is_done: bool
    at: datetime | None = None
    by_month: bool = False
    # What the page's sentence needs: an organisation, a paper's number, things, a photo's token.
    place: str = ""
    paper: str = ""
    things: str = ""
    amount: int | None = None
    photo: str = ""
    how: ConfirmHow | None = None
    witness: Witness | None = None
    arrived: bool = True


def reversed_ids(entries: Sequence[LedgerEntry]) -> set[int]:
    """The entries that a reversal has undone."""
    return {entry.reverses_id for entry in entries if entry.reverses_id is not None}


def events_of(
    pledge: Pledge, entries: Sequence[LedgerEntry], uses: Sequence[Use], feedback: Feedback | None
) -> list[Event]:
    """Everything that happened to a gift in order, then what is still to come unless it has ended."""
    delivery = db.session.scalar(sa.select(Delivery).where(Delivery.pledge_id == pledge.id))
    photos = {photo.id: photo.token for photo in public_photos(_photo_ids(delivery, uses))}
    happened = [
        Event(EventKind.PROMISED, True, pledge.accepted_at),
        *_arrivals(pledge, reversed_ids(entries)),
        *_passed_on(entries),
        *(
            Event(
                EventKind.USED,
                True,
                use.at,
                place=use.payee,
                paper=use.voucher_no,
                things=use.what,
                amount=use.amount_fen,
                photo=photos.get(use.photo_id or 0, ""),
            )
            for use in uses
            if use.entry_id not in reversed_ids(entries)
        ),
    ]
    if delivery is not None:
        happened.append(
            Event(
                EventKind.DELIVERED,
                True,
                delivery.at,
                by_month=True,
                photo=photos.get(delivery.photo_id, ""),
                witness=delivery.witness,
            )
        )
    happened += [*_given_back(entries), *_answers(pledge.id)]
    if feedback is not None:
        happened.append(Event(EventKind.REPORTED, True, feedback.at, by_month=True))
    if pledge.ended_at is not None:
        happened.append(Event(EventKind.ENDED, True, pledge.ended_at))
        return happened
    if pledge.need.state is NeedState.WITHDRAWN:
        return happened
    return happened + _still_to_come(happened)


def _photo_ids(delivery: Delivery | None, uses: Sequence[Use]) -> list[int]:
    ids = [use.photo_id for use in uses if use.photo_id is not None]
    return [*ids, delivery.photo_id] if delivery is not None else ids


def _arrivals(pledge: Pledge, gone: set[int]) -> list[Event]:
    receipts = db.session.scalars(
        sa.select(Receipt).where(Receipt.pledge_id == pledge.id).order_by(Receipt.at, Receipt.id)
    )
    return [
        Event(
            EventKind.RECEIVED,
            True,
            receipt.at,
            place=receipt.custodian,
            paper=receipt.voucher_no,
            amount=receipt.value_fen,
        )
        for receipt in receipts
        if receipt.entry_id not in gone
    ]


def _passed_on(entries: Sequence[LedgerEntry]) -> list[Event]:
    gone = reversed_ids(entries)
    return [
        Event(EventKind.DISBURSED, True, entry.at, place=line.target.holder, amount=line.amount)
        for entry in entries
        if entry.kind is EntryKind.DISBURSE and entry.id not in gone
        for line in entry.lines
        if line.unit == FEN
    ]


def _given_back(entries: Sequence[LedgerEntry]) -> list[Event]:
    """What went back to the donor: from where, how much, and the number of its paper."""
    gone = reversed_ids(entries)
    return [
        Event(
            EventKind.GIVEN_BACK,
            True,
            entry.at,
            place=line.source.holder,
            paper=entry.voucher_no,
            amount=line.amount if line.unit == FEN else None,
            things="" if line.unit == FEN else f"{line.memo} {line.amount:,} {line.unit}",
        )
        for entry in entries
        if entry.kind is EntryKind.RETURN and entry.id not in gone
        for line in entry.lines
    ]


def _answers(pledge_id: int) -> list[Event]:
    rows = db.session.scalars(
        sa.select(Confirmation).where(Confirmation.pledge_id == pledge_id).order_by(Confirmation.at, Confirmation.id)
    )
    kinds = {ConfirmerKind.HOUSEHOLD: EventKind.HOUSEHOLD, ConfirmerKind.SECOND: EventKind.SECOND}
    return [
        Event(kinds[answer.kind], True, answer.at, by_month=True, how=answer.how, arrived=answer.arrived)
        for answer in rows
    ]


def _still_to_come(happened: Sequence[Event]) -> list[Event]:
    done = {event.kind for event in happened if event.arrived}
    expected = (
        EventKind.RECEIVED,
        EventKind.DELIVERED,
        EventKind.HOUSEHOLD,
        EventKind.SECOND,
        EventKind.REPORTED,
    )
    return [Event(kind, False) for kind in expected if kind not in done]
