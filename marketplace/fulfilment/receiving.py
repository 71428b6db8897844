"""Help that arrives, is passed on and is used: each step is an entry of the ledger with its paper."""

from collections.abc import Mapping
from datetime import datetime
from typing import IO

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid, NotFound
from marketplace.core.kinds import SupportKind
from marketplace.core.money import Money
from marketplace.core.permissions import Permission
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.fulfilment.loading import NOTHING_HERE, Held, ensure_goes_on, hold_pledge
from marketplace.fulfilment.models import Receipt, ReceiptLine, Use
from marketplace.fulfilment.queries import disbursed_receipt_ids, received_by_line
from marketplace.fulfilment.wording import clean_public_words, clean_words
from marketplace.households.duplicates import is_contact_disputed
from marketplace.ledger import service as ledger
from marketplace.ledger.models import FEN, LedgerEntry
from marketplace.ledger.rules import Quantity
from marketplace.media.service import store_photo
from marketplace.pledges.queries import subject_of
from marketplace.pledges.service import ensure_payable, move_pledge

_MOVED_ON = "This is no longer possible: the record has moved on. Reload the page."


def record_receipt(
    code: str,
    *,
    quantities: Mapping[int, int],
    custodian: str,
    voucher_no: str = "",
    client_key: str,
    by: Actor,
    now: datetime,
) -> Receipt:
    """What arrived of a pledge: ``quantities`` by line id, in the line's unit (fen for money), up to what is open.

    The same ``client_key`` sent twice makes one receipt. Raises Invalid naming the field, Conflict where less is open
    or the pledge has ended.
    """
    held = hold_pledge(code, permission=Permission.RECEIPT_RECORD, by=by)
    custodian = clean_public_words(custodian, need=held.need, field="custodian", most=120)
    voucher_no = clean_words(voucher_no, field="voucher_no", most=60, least=0)
    quantities = {line_id: quantity for line_id, quantity in quantities.items() if quantity}
    _ensure_papers(held, quantities, voucher_no)
    made_before = _receipt_of(client_key)
    if made_before is None:
        _ensure_awaited(held, quantities, now=now)
    entry = ledger.record_receive(
        subject_of(held.pledge),
        held.amounts(quantities),
        custodian=custodian,
        client_key=f"receive:{client_key}",
        by=by,
        at=now,
        voucher_no=voucher_no,
    )
    if made_before is not None:
        return made_before
    receipt = Receipt(
        pledge_id=held.pledge.id,
        value_fen=sum(quantity * held.lines[line_id].unit_price_fen for line_id, quantity in quantities.items()),
        custodian=custodian,
        voucher_no=voucher_no,
        entry_id=entry.id,
        at=now,
        recorded_by=by.user_id,
        lines=[ReceiptLine(line_id=line_id, quantity=quantity) for line_id, quantity in quantities.items()],
    )
    db.session.add(receipt)
    move_pledge(held.pledge.id, "receive", now=now)
    db.session.flush()
    _record(held, "receipt.record", by=by, at=now, receipt=receipt.id, value_fen=receipt.value_fen)
    return receipt


def record_disbursement(
    code: str, *, receipt_id: int, payee: str, voucher_no: str = "", by: Actor, now: datetime
) -> LedgerEntry:
    """Money of one receipt, all of it, passed on to a payee; a receipt is passed on once (C3)."""
    held = hold_pledge(code, permission=Permission.USE_RECORD, by=by)
    payee = clean_public_words(payee, need=held.need, field="payee", most=120)
    voucher_no = clean_words(voucher_no, field="voucher_no", most=60, least=0)
    receipt = db.session.get(Receipt, receipt_id)
    if receipt is None or receipt.pledge_id != held.pledge.id:
        raise NotFound(NOTHING_HERE)
    if held.pledge.state is not PledgeState.RECEIVED:
        raise Conflict(_MOVED_ON)
    amount = sum(line.quantity for line in receipt.lines if held.lines[line.line_id].unit == FEN)
    if not amount:
        raise Invalid("Goods are passed on when they are delivered; only money is passed on here.")
    ensure_goes_on(held.need)
    if held.need.household_id is not None and is_contact_disputed(held.need.household_id):
        raise Conflict(
            "Three households or more have this household's phone or bank account: decide under possible duplicates"
            " whether they are one, then pass the money on."
        )
    if receipt.id in disbursed_receipt_ids(held.pledge.id):
        raise Conflict("Somebody has already passed this money on.")
    entry = ledger.record_disburse(
        subject_of(held.pledge),
        [Quantity(amount)],
        custodian=receipt.custodian,
        payee=payee,
        client_key=next_key("disburse", receipt),
        by=by,
        at=now,
        voucher_no=voucher_no,
    )
    _record(held, "disbursement.record", by=by, at=now, receipt=receipt.id, value_fen=amount)
    return entry


def record_use(
    code: str,
    *,
    payee: str,
    what: str,
    amount: Money,
    voucher_no: str,
    photo: IO[bytes] | None = None,
    client_key: str,
    by: Actor,
    now: datetime,
) -> Use:
    """What money that was passed on to ``payee`` was spent on; never more than the payee still holds (L2)."""
    held = hold_pledge(code, permission=Permission.USE_RECORD, by=by)
    payee = clean_public_words(payee, need=held.need, field="payee", most=120)
    what = clean_public_words(what, need=held.need, field="what", most=120)
    voucher_no = clean_words(voucher_no, field="voucher_no", most=60)
    made_before = _use_of(client_key)
    if made_before is not None:
        return _ensure_same_use(made_before, held=held, payee=payee, what=what, amount=amount, voucher_no=voucher_no)
    stored = (
        store_photo(photo, division=held.need.division_code, caption=what, by=by, now=now)
        if photo is not None
        else None
    )
    entry = ledger.record_use(
        subject_of(held.pledge),
        [Quantity(amount.fen)],
        payee=payee,
        what=what,
        client_key=f"use:{client_key}",
        by=by,
        at=now,
        voucher_no=voucher_no,
        evidence_sha256=stored.upload_sha256 if stored else None,
    )
    use = Use(
        pledge_id=held.pledge.id,
        what=what,
        payee=payee,
        voucher_no=voucher_no,
        photo_id=stored.id if stored else None,
        amount_fen=amount.fen,
        entry_id=entry.id,
        at=now,
        recorded_by=by.user_id,
    )
    db.session.add(use)
    db.session.flush()
    _record(held, "use.record", by=by, at=now, use=use.id, value_fen=amount.fen)
    return use


def next_key(act: str, receipt: Receipt) -> str:
    """One key for each act on a receipt; after a reversal it may be done again, under the next key."""
    before = LedgerEntry.client_key.startswith(f"{act}:{receipt.id}:", autoescape=True)
    tries = db.session.scalar(sa.select(sa.func.count()).select_from(LedgerEntry).where(before)) or 0
    return f"{act}:{receipt.id}:{tries + 1}"


def _ensure_papers(held: Held, quantities: Mapping[int, int], voucher_no: str) -> None:
    promised = {line.line_id for line in held.pledge.lines}
    if not quantities or not set(quantities) <= promised or min(quantities.values()) <= 0:
        raise Invalid("Say how much arrived: a number above 0 for at least one item.", field="quantities")
    is_money = any(held.lines[line_id].kind is SupportKind.MONEY for line_id in quantities)
    if is_money and not voucher_no:
        raise Invalid("Write the number of the donation receipt.", field="voucher_no")


def _ensure_awaited(held: Held, quantities: Mapping[int, int], *, now: datetime) -> None:
    pledge = held.pledge
    if pledge.state not in (PledgeState.ACCEPTED, PledgeState.RECEIVED):
        raise Conflict(_MOVED_ON)
    ensure_payable(pledge, now=now)
    received = received_by_line(pledge.id)
    for line in pledge.lines:
        wanted, still_open = quantities.get(line.line_id, 0), line.held - received.get(line.line_id, 0)
        if wanted > still_open:
            asked = held.lines[line.line_id]
            if asked.unit == FEN:
                raise Invalid("Only %(yuan)s yuan are still to come.", field="quantities", yuan=Money(still_open).short)
            raise Invalid(
                "Of %(name)s only %(open)s %(unit)s are still to come.",
                field="quantities",
                name=asked.name,
                open=still_open,
                unit=asked.unit,
            )


def _receipt_of(client_key: str) -> Receipt | None:
    key = f"receive:{client_key}"
    return db.session.scalar(
        sa.select(Receipt).join(LedgerEntry, LedgerEntry.id == Receipt.entry_id).where(LedgerEntry.client_key == key)
    )


def _use_of(client_key: str) -> Use | None:
    key = f"use:{client_key}"
    return db.session.scalar(
        sa.select(Use).join(LedgerEntry, LedgerEntry.id == Use.entry_id).where(LedgerEntry.client_key == key)
    )


def _ensure_same_use(use: Use, *, held: Held, payee: str, what: str, amount: Money, voucher_no: str) -> Use:
    said = (held.pledge.id, payee, what, amount.fen, voucher_no)
    if said != (use.pledge_id, use.payee, use.what, use.amount_fen, use.voucher_no):
        raise Conflict("This form was already used for something else. Reload the page and try again.")
    return use


def _record(held: Held, action: str, *, by: Actor, at: datetime, **detail: int) -> None:
    audit.record(
        by,
        action,
        subject="pledge",
        subject_id=held.pledge.id,
        at=at,
        division=held.need.division_code,
        **detail,
    )
