"""Sign agreements of helping units; what was agreed and what arrived stands in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, new_code
from marketplace.core.errors import Forbidden, Invalid
from marketplace.core.kinds import Channel
from marketplace.core.money import LARGEST_FEN
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.db.many import inserted_ids
from marketplace.ledger import service as ledger
from marketplace.ledger.models import EntryKind
from marketplace.ledger.rules import Quantity, Subject, Transfer
from marketplace.pairings.models import Agreement
from marketplace.pairings.queries import AGREEMENT, subject_of

__all__ = ["AgreementRow", "Step", "insert_agreements", "record_arrival", "sign_agreement"]


@dataclass(frozen=True, slots=True)
class Step:
    """One later money event of an agreement; RECEIVE names the custodian, DISBURSE the payee, USE both and what for."""

    kind: EntryKind
    fen: int
    at: datetime
    custodian: str = ""
    payee: str = ""
    what: str = ""
    voucher_no: str = ""


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """An agreement with its whole money history, the promise itself left out: it follows from ``agreed_fen``."""

    code: str
    channel: Channel
    unit: str
    title: str
    division_code: str
    agreed_fen: int
    signed_on: date
    signed_at: datetime
    steps: tuple[Step, ...] = ()


def sign_agreement(
    *,
    channel: Channel,
    unit: str,
    title: str,
    division: str,
    agreed_fen: int,
    signed_on: date,
    by: Actor,
    now: datetime,
) -> Agreement:
    """Record a signed agreement and the unit's promise."""
    _ensure_may_record(by, division)
    unit, title = unit.strip(), title.strip()
    if not 0 < len(unit) <= 120:
        raise Invalid("Name the unit in 1 to 120 characters.", field="unit")
    if not 0 < len(title) <= 140:
        raise Invalid("Name the project in 1 to 140 characters.", field="title")
    if type(agreed_fen) is not int or not 0 < agreed_fen <= LARGEST_FEN:
        raise Invalid("The amount must be above 0 and at most 100,000,000,000 yuan.", field="agreed")
    agreement = Agreement(
        code=new_code(Prefix.AGREEMENT),
        channel=channel,
        unit=unit,
        title=title,
        division_code=division,
        agreed_fen=agreed_fen,
        signed_on=signed_on,
    )
    db.session.add(agreement)
    db.session.flush()
    ledger.record_pledge(
        subject_of(agreement), [Quantity(agreed_fen)], client_key=f"pledge:{agreement.code}", by=by, at=now
    )
    audit.record(by, "agreement.sign", subject=AGREEMENT, subject_id=agreement.id, at=now, division=division)
    return agreement


def record_arrival(
    agreement_id: int, fen: int, *, custodian: str, voucher_no: str, client_key: str, by: Actor, now: datetime
) -> None:
    """Money of an agreement arrived at a custodian; never more than was agreed."""
    agreement = db.session.get_one(Agreement, agreement_id)
    _ensure_may_record(by, agreement.division_code)
    ledger.record_receive(
        subject_of(agreement),
        [Quantity(fen)],
        custodian=custodian,
        client_key=client_key,
        by=by,
        at=now,
        voucher_no=voucher_no,
    )
    audit.record(
        by, "agreement.receive", subject=AGREEMENT, subject_id=agreement.id, at=now, division=agreement.division_code
    )


def _ensure_may_record(by: Actor, division: str) -> None:
    if not by.can(Permission.RECEIPT_RECORD, division):
        raise Forbidden("Your role does not allow this.")


def insert_agreements(rows: Sequence[AgreementRow]) -> list[int]:
    """Insert agreements and their ledger entries; their ids in the order of ``rows``."""
    names = ("code", "channel", "unit", "title", "division_code", "agreed_fen", "signed_on")
    ids = inserted_ids(db.session, Agreement, [{name: getattr(row, name) for name in names} for row in rows])
    ledger.insert_entries([entry for i, row in zip(ids, rows, strict=True) for entry in _entries(i, row)])
    return ids


def _entries(agreement_id: int, row: AgreementRow) -> list[ledger.EntryRow]:
    subject = Subject(AGREEMENT, agreement_id, row.code, donor=row.unit, earmark=f"channel:{row.channel}")
    promise = ledger.EntryRow(
        EntryKind.PLEDGE, subject, subject.pledged([Quantity(row.agreed_fen)]), f"pledge:{row.code}", row.signed_at
    )
    later = [_later(subject, step, key=f"{step.kind}:{row.code}:{n}") for n, step in enumerate(row.steps, start=1)]
    return [promise, *later]


def _later(subject: Subject, step: Step, *, key: str) -> ledger.EntryRow:
    return ledger.EntryRow(step.kind, subject, _lines(subject, step), key, step.at, voucher_no=step.voucher_no)


def _lines(subject: Subject, step: Step) -> list[Transfer]:
    amount = [Quantity(step.fen)]
    if step.kind is EntryKind.RECEIVE:
        return subject.received(step.custodian, amount)
    if step.kind is EntryKind.DISBURSE:
        return subject.disbursed(step.custodian, step.payee, amount)
    if step.kind is EntryKind.USE:
        return subject.used(step.payee, step.what, amount)
    if step.kind is EntryKind.RETURN:
        return subject.returned(step.custodian, amount)
    return subject.released(amount)
