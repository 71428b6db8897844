"""Write the book: entries that balance, once for each client key, never changed, undone only by a reversal.

Whoever calls has checked that the actor may touch the gift or agreement; the book checks the amounts.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Conflict, Forbidden, Invalid
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.db.once import insert_once
from marketplace.ledger.bulk import EntryRow, insert_entries
from marketplace.ledger.models import EntryKind, LedgerEntry, LedgerLine
from marketplace.ledger.queries import get_entry
from marketplace.ledger.rules import Quantity, Subject, Transfer, check_shape
from marketplace.ledger.store import (
    account_ids,
    find_by_key,
    line_rows,
    lock_totals,
    places_of,
    request_digest,
    standing_of,
    transfers_of,
    write_totals,
)

__all__ = [
    "EntryRow",
    "insert_entries",
    "post_entry",
    "record_disburse",
    "record_pledge",
    "record_receive",
    "record_release",
    "record_return",
    "record_use",
    "reverse_entry",
]

_LONGEST_REASON = 200


def post_entry(
    kind: EntryKind,
    *,
    subject: str,
    subject_id: int,
    earmark: str,
    lines: Sequence[Transfer],
    client_key: str,
    by: Actor,
    at: datetime,
    voucher_no: str = "",
    evidence_sha256: bytes | None = None,
) -> LedgerEntry:
    """Add one entry and its amounts to the running totals.

    The same ``client_key`` with the same body returns the entry made before (L9); with another body it is a Conflict.
    Raises Invalid for a malformed amount or another earmark, Conflict where the amount is not there.
    """
    check_shape(kind, lines)
    head = LedgerEntry(
        kind=kind,
        at=at,
        subject_type=subject,
        subject_id=subject_id,
        earmark=earmark,
        client_key=client_key,
        voucher_no=voucher_no,
        evidence_sha256=evidence_sha256,
        actor_id=by.user_id,
    )
    return _append(head, lines, undoes=None)


def record_pledge(
    subject: Subject, quantities: Sequence[Quantity], *, client_key: str, by: Actor, at: datetime
) -> LedgerEntry:
    """The donor promises."""
    return _post(EntryKind.PLEDGE, subject, subject.pledged(quantities), client_key=client_key, by=by, at=at)


def record_release(
    subject: Subject, quantities: Sequence[Quantity], *, client_key: str, by: Actor, at: datetime
) -> LedgerEntry:
    """A promise, or the unpaid rest of it, ends without having arrived."""
    return _post(EntryKind.RELEASE, subject, subject.released(quantities), client_key=client_key, by=by, at=at)


def record_receive(
    subject: Subject,
    quantities: Sequence[Quantity],
    *,
    custodian: str,
    client_key: str,
    by: Actor,
    at: datetime,
    voucher_no: str = "",
    evidence_sha256: bytes | None = None,
) -> LedgerEntry:
    """What was promised arrived at a custodian."""
    lines = subject.received(custodian, quantities)
    return _post(EntryKind.RECEIVE, subject, lines, client_key, by, at, voucher_no, evidence_sha256)


def record_disburse(
    subject: Subject,
    quantities: Sequence[Quantity],
    *,
    custodian: str,
    payee: str,
    client_key: str,
    by: Actor,
    at: datetime,
    voucher_no: str = "",
    evidence_sha256: bytes | None = None,
) -> LedgerEntry:
    """The custodian passed on to a household, a supplier or a village."""
    lines = subject.disbursed(custodian, payee, quantities)
    return _post(EntryKind.DISBURSE, subject, lines, client_key, by, at, voucher_no, evidence_sha256)


def record_use(
    subject: Subject,
    quantities: Sequence[Quantity],
    *,
    payee: str,
    what: str,
    client_key: str,
    by: Actor,
    at: datetime,
    voucher_no: str = "",
    evidence_sha256: bytes | None = None,
) -> LedgerEntry:
    """What was passed on was spent, or handed over."""
    lines = subject.used(payee, what, quantities)
    return _post(EntryKind.USE, subject, lines, client_key, by, at, voucher_no, evidence_sha256)


def record_return(
    subject: Subject,
    quantities: Sequence[Quantity],
    *,
    custodian: str,
    client_key: str,
    by: Actor,
    at: datetime,
    voucher_no: str = "",
    evidence_sha256: bytes | None = None,
) -> LedgerEntry:
    """The custodian gave back to the donor."""
    lines = subject.returned(custodian, quantities)
    return _post(EntryKind.RETURN, subject, lines, client_key, by, at, voucher_no, evidence_sha256)


def reverse_entry(
    entry_id: int, *, reason: str, by: Actor, approved_by: Actor, division: str, at: datetime
) -> LedgerEntry:
    """Undo one entry by its mirror image; once, with a reason, by two people who may both do so there (L8)."""
    for person in (by, approved_by):
        ensure_can(person, Permission.LEDGER_REVERSE, division)
    if by.user_id is None or approved_by.user_id is None or by.user_id == approved_by.user_id:
        raise Forbidden("A second person has to approve a reversal.")
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise Invalid("Say why in 1 to 200 characters.", field="reason")
    original = get_entry(entry_id)
    if original.kind is EntryKind.REVERSE:
        raise Conflict("A reversal cannot be reversed: record the event again.")
    head = LedgerEntry(
        kind=EntryKind.REVERSE,
        at=at,
        subject_type=original.subject_type,
        subject_id=original.subject_id,
        earmark=original.earmark,
        client_key=f"reverse:{original.id}",
        reverses_id=original.id,
        reason=reason,
        actor_id=by.user_id,
        approved_by=approved_by.user_id,
    )
    mirrored = [Transfer(t.target, t.source, t.amount, t.unit, t.memo) for t in transfers_of(original)]
    entry = _append(head, mirrored, undoes=original.kind)
    audit.record(
        by,
        "ledger.reverse",
        subject="ledger_entry",
        subject_id=entry.id,
        at=at,
        division=division,
        reverses=original.id,
    )
    return entry


def _post(
    kind: EntryKind,
    subject: Subject,
    lines: Sequence[Transfer],
    client_key: str,
    by: Actor,
    at: datetime,
    voucher_no: str = "",
    evidence_sha256: bytes | None = None,
) -> LedgerEntry:
    return post_entry(
        kind,
        subject=subject.type,
        subject_id=subject.id,
        earmark=subject.earmark,
        lines=lines,
        client_key=client_key,
        by=by,
        at=at,
        voucher_no=voucher_no,
        evidence_sha256=evidence_sha256,
    )


def _append(head: LedgerEntry, lines: Sequence[Transfer], *, undoes: EntryKind | None) -> LedgerEntry:
    """Wait for the subject's other writers, replay its history, apply the rules, write entry, lines and totals."""
    head.request_sha256 = request_digest(head, lines)
    db.session.flush()
    lock_totals(head, {line.unit for line in lines})
    made_before = find_by_key(head.client_key)
    if made_before is None:
        standing = standing_of(head.subject_type, head.subject_id)
        standing.apply(head.kind, lines, earmark=head.earmark, undoes=undoes)
        if insert_once(db.session, LedgerEntry, key=["client_key"], values=_columns(head)):
            _write_lines(head.client_key, lines)
            write_totals(head, standing.totals)
    entry = made_before or find_by_key(head.client_key)
    if entry is None or entry.request_sha256 != head.request_sha256:
        raise Conflict("This form was already used for something else. Reload the page and try again.")
    return entry


def _columns(head: LedgerEntry) -> dict[str, object]:
    names = [column.key for column in LedgerEntry.__table__.columns if column.key != "id"]
    return {name: value for name in names if (value := getattr(head, name)) is not None}


def _write_lines(client_key: str, lines: Sequence[Transfer]) -> None:
    entry_id = db.session.scalars(sa.select(LedgerEntry.id).where(LedgerEntry.client_key == client_key)).one()
    db.session.execute(sa.insert(LedgerLine), line_rows(entry_id, lines, account_ids(places_of(lines))))
