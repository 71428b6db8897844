"""The rows behind entries: accounts, lines, totals and digests; service.py and bulk.py write through here alone."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from marketplace.db import db
from marketplace.db.once import insert_once
from marketplace.ledger.models import EntryKind, LedgerAccount, LedgerBalance, LedgerEntry
from marketplace.ledger.queries import entries_of
from marketplace.ledger.rules import Account, Standing, Totals, Transfer

_PLACE = ["subject_type", "subject_id", "unit"]


def find_by_key(client_key: str) -> LedgerEntry | None:
    """The entry made with this client key, or None."""
    return db.session.scalar(sa.select(LedgerEntry).where(LedgerEntry.client_key == client_key))


def transfers_of(entry: LedgerEntry) -> list[Transfer]:
    """The lines of a stored entry as values."""
    return [
        Transfer(
            Account(line.source.role, line.source.holder),
            Account(line.target.role, line.target.holder),
            line.amount,
            line.unit,
            line.memo,
        )
        for line in entry.lines
    ]


def standing_of(subject: str, subject_id: int) -> Standing:
    """Where a subject stands, by replaying its entries."""
    standing = Standing()
    entries = {entry.id: entry for entry in entries_of(subject, subject_id)}
    for entry in entries.values():
        undone = entries[entry.reverses_id].kind if entry.reverses_id is not None else None
        standing.apply(entry.kind, transfers_of(entry), earmark=entry.earmark, undoes=undone)
    return standing


def request_digest(head: LedgerEntry, lines: Sequence[Transfer]) -> bytes:
    """What a repeated request is compared by: everything that the caller said, but not the time of saying it."""
    said = [head.kind, head.subject_type, head.subject_id, head.earmark, head.voucher_no or "", head.actor_id]
    said += [(head.evidence_sha256 or b"").hex(), head.reverses_id, head.reason or "", head.approved_by]
    moved = [[t.source.role, t.source.holder, t.target.role, t.target.holder, t.amount, t.unit, t.memo] for t in lines]
    return hashlib.sha256(json.dumps([said, moved], ensure_ascii=False, separators=(",", ":")).encode()).digest()


def lock_totals(head: LedgerEntry, units: Collection[str]) -> None:
    """Hold the subject's running totals, so that its writers follow one another (C3)."""
    place: Mapping[str, object] = {"subject_type": head.subject_type, "subject_id": head.subject_id}
    if head.kind is EntryKind.PLEDGE:
        for unit in sorted(units):
            insert_once(db.session, LedgerBalance, key=_PLACE, values={**place, "unit": unit})
    held = sa.select(LedgerBalance.unit).filter_by(**place).order_by(LedgerBalance.unit).with_for_update()
    db.session.execute(held)


def account_ids(wanted: Iterable[tuple[Account, str]]) -> dict[tuple[Account, str], int]:
    """Row ids of accounts by account and unit; those that are missing are opened, in a fixed order."""
    found: dict[tuple[Account, str], int] = {}
    for account, unit in sorted(set(wanted)):
        values = {"role": account.role, "holder": account.holder, "unit": unit}
        chosen = sa.select(LedgerAccount.id).filter_by(**values)
        row_id = db.session.scalar(chosen)
        if row_id is None:
            insert_once(db.session, LedgerAccount, key=["role", "holder", "unit"], values=values)
            row_id = db.session.scalars(chosen).one()
        found[(account, unit)] = row_id
    return found


def line_rows(
    entry_id: int, lines: Sequence[Transfer], ids: Mapping[tuple[Account, str], int]
) -> list[dict[str, object]]:
    """The lines of one entry, ready to be inserted."""
    return [
        {
            "entry_id": entry_id,
            "from_account_id": ids[(t.source, t.unit)],
            "to_account_id": ids[(t.target, t.unit)],
            "unit": t.unit,
            "amount": t.amount,
            "memo": t.memo,
        }
        for t in lines
    ]


def places_of(lines: Iterable[Transfer]) -> set[tuple[Account, str]]:
    """The accounts that lines touch, each with its unit."""
    return {(account, t.unit) for t in lines for account in (t.source, t.target)}


def write_totals(head: LedgerEntry, totals: Mapping[str, Totals]) -> None:
    """Store the running totals that the rules came to."""
    for unit, amounts in totals.items():
        place = sa.and_(
            LedgerBalance.subject_type == head.subject_type,
            LedgerBalance.subject_id == head.subject_id,
            LedgerBalance.unit == unit,
        )
        db.session.execute(sa.update(LedgerBalance).where(place).values(total_values(amounts)))


def total_values(amounts: Totals) -> dict[str, int]:
    """Totals by column name."""
    return {name: getattr(amounts, name) for name in Totals.__dataclass_fields__}
