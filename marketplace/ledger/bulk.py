"""Write many entries of new subjects at once, under the same rules as one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.core.errors import Conflict
from marketplace.db import db
from marketplace.db.many import insert_many, inserted_ids
from marketplace.ledger.models import EntryKind, LedgerAccount, LedgerBalance, LedgerEntry, LedgerLine
from marketplace.ledger.rules import Account, Standing, Subject, Transfer, check_shape
from marketplace.ledger.store import line_rows, places_of, request_digest, total_values


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry of a history that is imported or generated; its lines come from the subject's own methods."""

    kind: EntryKind
    subject: Subject
    lines: Sequence[Transfer]
    client_key: str
    at: datetime
    actor_id: int | None = None
    voucher_no: str = ""
    evidence_sha256: bytes | None = None


def insert_entries(rows: Sequence[EntryRow]) -> list[int]:
    """Write whole histories of subjects that the book does not know yet; the ids of the entries, in the same order.

    Reversals are not written in bulk. Raises as post_entry does, before anything is written.
    """
    standings = _replay(rows)
    _ensure_new(set(standings))
    heads = [_head(row) for row in rows]
    entry_ids = inserted_ids(db.session, LedgerEntry, heads)
    ids = _open_accounts([line for row in rows for line in row.lines])
    lines = [line for key, row in zip(entry_ids, rows, strict=True) for line in line_rows(key, row.lines, ids)]
    if lines:
        insert_many(db.session, LedgerLine, lines)
        insert_many(db.session, LedgerBalance, _balances(standings))
    return entry_ids


def _replay(rows: Sequence[EntryRow]) -> dict[tuple[str, int], Standing]:
    standings: dict[tuple[str, int], Standing] = {}
    for row in rows:
        check_shape(row.kind, row.lines)
        standing = standings.setdefault((row.subject.type, row.subject.id), Standing())
        standing.apply(row.kind, row.lines, earmark=row.subject.earmark, undoes=None)
    return standings


def _ensure_new(subjects: set[tuple[str, int]]) -> None:
    for kind in {subject for subject, _ in subjects}:
        known = set(db.session.scalars(sa.select(LedgerBalance.subject_id).where(LedgerBalance.subject_type == kind)))
        if any((kind, subject_id) in subjects for subject_id in known):
            raise Conflict("The ledger holds entries of this gift already: add to them one by one.")


def _head(row: EntryRow) -> dict[str, object]:
    head = {
        "kind": row.kind,
        "at": row.at,
        "subject_type": row.subject.type,
        "subject_id": row.subject.id,
        "earmark": row.subject.earmark,
        "client_key": row.client_key,
        "voucher_no": row.voucher_no,
        "evidence_sha256": row.evidence_sha256,
        "actor_id": row.actor_id,
    }
    return {**head, "request_sha256": request_digest(LedgerEntry(**head), row.lines)}


def _open_accounts(lines: Sequence[Transfer]) -> dict[tuple[Account, str], int]:
    columns = (LedgerAccount.role, LedgerAccount.holder, LedgerAccount.unit, LedgerAccount.id)
    found = {(Account(role, holder), unit): key for role, holder, unit, key in db.session.execute(sa.select(*columns))}
    missing = sorted(places_of(lines) - set(found))
    if missing:
        values = [{"role": a.role, "holder": a.holder, "unit": unit} for a, unit in missing]
        found.update(zip(missing, inserted_ids(db.session, LedgerAccount, values), strict=True))
    return found


def _balances(standings: dict[tuple[str, int], Standing]) -> list[dict[str, object]]:
    return [
        {"subject_type": kind, "subject_id": subject_id, "unit": unit, **total_values(amounts)}
        for (kind, subject_id), standing in standings.items()
        for unit, amounts in standing.totals.items()
    ]
