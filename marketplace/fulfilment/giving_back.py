"""Give back to the donor what arrived for a need that was withdrawn (退回): it is for nobody else (R-G3, R-V6)."""

from datetime import datetime
from typing import IO

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db
from marketplace.fulfilment.loading import NOTHING_HERE, Held, hold_pledge
from marketplace.fulfilment.models import GivenBack, Receipt
from marketplace.fulfilment.policy import giving_back_bar
from marketplace.fulfilment.queries import disbursed_receipt_ids, given_back_of
from marketplace.fulfilment.receiving import next_key
from marketplace.fulfilment.wording import clean_public_words, clean_words
from marketplace.ledger import service as ledger
from marketplace.media.service import store_photo
from marketplace.pledges.queries import subject_of


def give_back(
    code: str,
    *,
    receipt_id: int,
    reason: str,
    voucher_no: str,
    to_origin: bool,
    photo: IO[bytes] | None = None,
    by: Actor,
    now: datetime,
) -> GivenBack:
    """What one receipt brought, all of it, went back to the donor; the donor reads ``reason``.

    Sent twice it is recorded once. Only to the account or person it came from (fraud 27), and by somebody else than who
    recorded that it arrived (Z6). Conflict while the need goes on, and for what was passed on or given back before.
    """
    held = hold_pledge(code, permission=Permission.USE_RECORD, by=by)
    reason = clean_public_words(reason, need=held.need, field="reason", most=200, least=4)
    voucher_no = clean_words(voucher_no, field="voucher_no", most=60)
    receipt = db.session.get(Receipt, receipt_id)
    if receipt is None or receipt.pledge_id != held.pledge.id:
        raise NotFound(NOTHING_HERE)
    given_back = given_back_of([held.pledge.id]).get(held.pledge.id, [])
    made_before = next((row for row in given_back if row.receipt_id == receipt.id), None)
    if made_before is not None:
        if (reason, voucher_no, by.user_id) != (made_before.reason, made_before.voucher_no, made_before.recorded_by):
            raise Conflict("Somebody has already given this back.")
        return made_before
    _ensure_may_leave(held, receipt, by=by)
    if not to_origin:
        raise Invalid(
            "It goes back only to the account or person it came from. Where that is not possible, ask the county.",
            field="to_origin",
        )
    return _record(held, receipt, reason=reason, voucher_no=voucher_no, photo=photo, by=by, now=now)


def _ensure_may_leave(held: Held, receipt: Receipt, *, by: Actor) -> None:
    if held.need.state is not NeedState.WITHDRAWN:
        raise Conflict("This need goes on: only what came for a withdrawn need is given back.")
    if held.pledge.state is not PledgeState.RECEIVED or receipt.id in disbursed_receipt_ids(held.pledge.id):
        raise Conflict("This was passed on before the need was withdrawn: it is not there to be given back.")
    bar = giving_back_bar(by, pledge=held.pledge, need=held.need, receipt=receipt)
    if bar is not None:
        raise Forbidden(bar)


def _record(
    held: Held, receipt: Receipt, *, reason: str, voucher_no: str, photo: IO[bytes] | None, by: Actor, now: datetime
) -> GivenBack:
    division = held.need.division_code
    stored = store_photo(photo, division=division, caption="", by=by, now=now) if photo is not None else None
    entry = ledger.record_return(
        subject_of(held.pledge),
        held.amounts({line.line_id: line.quantity for line in receipt.lines}),
        custodian=receipt.custodian,
        client_key=next_key("return", receipt),
        by=by,
        at=now,
        voucher_no=voucher_no,
        evidence_sha256=stored.upload_sha256 if stored else None,
    )
    row = GivenBack(
        receipt_id=receipt.id,
        reason=reason,
        voucher_no=voucher_no,
        photo_id=stored.id if stored else None,
        entry_id=entry.id,
        at=now,
        recorded_by=by.user_id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        by,
        "receipt.give_back",
        subject="pledge",
        subject_id=held.pledge.id,
        at=now,
        division=division,
        receipt=receipt.id,
        value_fen=receipt.value_fen,
    )
    return row
