"""Help that is handed over: the photo, the witness, and the goods' way out of custody in the ledger."""

from datetime import datetime
from typing import IO

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict
from marketplace.core.permissions import Permission
from marketplace.core.workflow import PLEDGE_MOVES, PledgeState, next_state
from marketplace.db import db
from marketplace.fulfilment.loading import Held, ensure_goes_on, hold_pledge
from marketplace.fulfilment.models import Delivery, Receipt, ReceiptLine, Witness
from marketplace.fulfilment.progress import move_need
from marketplace.fulfilment.wording import clean_words
from marketplace.ledger import service as ledger
from marketplace.ledger.models import FEN
from marketplace.ledger.queries import balances_of
from marketplace.ledger.rules import Quantity
from marketplace.media.models import Photo
from marketplace.media.service import store_photo
from marketplace.pledges.queries import subject_of
from marketplace.pledges.service import move_pledge


def record_delivery(
    code: str, *, photo: IO[bytes], witness: Witness, note: str = "", by: Actor, now: datetime
) -> Delivery:
    """All that a pledge promised is handed over, with a photo of the thing and the role of a witness.

    Conflict while something promised has not arrived, or money has arrived and not been passed on; and where the need
    is paused or withdrawn.
    """
    held = hold_pledge(code, permission=Permission.DELIVERY_RECORD, by=by)
    note = clean_words(note, field="note", most=200, least=0)
    next_state(PLEDGE_MOVES, held.pledge.state, "deliver")
    ensure_goes_on(held.need)
    _ensure_all_there(held)
    stored = store_photo(photo, division=held.need.division_code, caption=held.need.title, by=by, now=now)
    _hand_over_goods(held, stored, by=by, now=now)
    delivery = Delivery(
        pledge_id=held.pledge.id,
        photo_id=stored.id,
        note=note,
        witness=witness,
        at=now,
        recorded_by=by.user_id,
    )
    db.session.add(delivery)
    move_pledge(held.pledge.id, "deliver", now=now)
    db.session.flush()
    move_need(held.need.id, PledgeState.DELIVERED, now=now)
    audit.record(
        by,
        "delivery.record",
        subject="pledge",
        subject_id=held.pledge.id,
        at=now,
        division=held.need.division_code,
        delivery=delivery.id,
    )
    return delivery


def _ensure_all_there(held: Held) -> None:
    booked = balances_of("pledge", held.pledge.id)
    if any(totals.owed for totals in booked.values()):
        raise Conflict("Not everything has arrived yet. Record what arrived first.")
    if FEN in booked and booked[FEN].in_custody:
        raise Conflict("The money has arrived but has not been passed on. Record that first.")


def _hand_over_goods(held: Held, photo: Photo, *, by: Actor, now: datetime) -> None:
    """Goods leave each custodian for the household; in the book the household is the need's code (L11)."""
    goods = _goods_by_custodian(held)
    for number, (custodian, quantities) in enumerate(sorted(goods.items()), start=1):
        ledger.record_disburse(
            subject_of(held.pledge),
            quantities,
            custodian=custodian,
            payee=held.need.code,
            client_key=f"deliver:{held.pledge.id}:{number}",
            by=by,
            at=now,
            evidence_sha256=photo.upload_sha256,
        )


def _goods_by_custodian(held: Held) -> dict[str, list[Quantity]]:
    rows = db.session.execute(
        sa.select(Receipt.custodian, ReceiptLine.line_id, sa.func.sum(ReceiptLine.quantity))
        .join(ReceiptLine, ReceiptLine.receipt_id == Receipt.id)
        .where(Receipt.pledge_id == held.pledge.id)
        .group_by(Receipt.custodian, ReceiptLine.line_id)
        .order_by(Receipt.custodian, ReceiptLine.line_id)
    )
    found: dict[str, list[Quantity]] = {}
    for custodian, line_id, quantity in rows:
        line = held.lines[line_id]
        if line.unit != FEN:
            found.setdefault(custodian, []).append(Quantity(int(quantity), line.unit, line.name))
    return found
