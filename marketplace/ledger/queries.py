"""Read the book: totals of one subject, of many, of all, now or on an earlier day."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.core.errors import NotFound
from marketplace.db import db
from marketplace.ledger.models import FEN, EntryKind, LedgerBalance, LedgerEntry, LedgerLine
from marketplace.ledger.rules import TOTAL_OF, Totals

_NAMES = [f.name for f in fields(Totals)]


def get_entry(entry_id: int) -> LedgerEntry:
    """One entry with its lines."""
    entry = db.session.get(LedgerEntry, entry_id)
    if entry is None:
        raise NotFound("There is no such entry in the ledger.")
    return entry


def entries_of(subject: str, subject_id: int) -> list[LedgerEntry]:
    """All entries of a pledge or agreement in order of sequence, with lines and accounts."""
    chosen = sa.select(LedgerEntry).where(LedgerEntry.subject_type == subject, LedgerEntry.subject_id == subject_id)
    return list(db.session.scalars(chosen.order_by(LedgerEntry.id)))


def balance_of(subject: str, subject_id: int, *, unit: str = FEN) -> Totals:
    """Totals of one subject in one unit; zeros where nothing was booked."""
    return balances_of(subject, subject_id).get(unit, Totals())


def balances_of(subject: str, subject_id: int) -> dict[str, Totals]:
    """Totals of one subject by unit."""
    return balances_among(subject, [subject_id]).get(subject_id, {})


def balances_among(subject: str, subject_ids: Collection[int]) -> dict[int, dict[str, Totals]]:
    """Totals of several subjects by id and unit, in one query; subjects without entries are left out."""
    chosen = sa.select(
        LedgerBalance.subject_id, LedgerBalance.unit, *(getattr(LedgerBalance, n) for n in _NAMES)
    ).where(LedgerBalance.subject_type == subject, LedgerBalance.subject_id.in_(subject_ids))
    found: dict[int, dict[str, Totals]] = defaultdict(dict)
    for subject_id, unit, *amounts in db.session.execute(chosen):
        found[subject_id][unit] = Totals(*amounts)
    return dict(found)


def totals(subject: str | None = None, *, as_of: datetime | None = None, unit: str = FEN) -> Totals:
    """Totals over all subjects of a kind (all kinds where None), of entries up to and with ``as_of``."""
    columns = _flow_columns()
    chosen = _flow(columns, subject=subject, as_of=as_of, unit=unit)
    return Totals(*(int(amount or 0) for amount in db.session.execute(chosen).one()))


def totals_by_subject(subject: str, *, as_of: datetime | None = None, unit: str = FEN) -> dict[int, Totals]:
    """As ``totals``, for each subject by itself."""
    chosen = _flow([LedgerEntry.subject_id, *_flow_columns()], subject=subject, as_of=as_of, unit=unit)
    rows = db.session.execute(chosen.group_by(LedgerEntry.subject_id))
    return {subject_id: Totals(*(int(amount or 0) for amount in amounts)) for subject_id, *amounts in rows}


_original = aliased(LedgerEntry)


def _flow_columns() -> list[sa.ColumnElement[int]]:
    """A signed sum for each of the six totals; a reversal counts against the kind that it reverses."""
    kind = sa.func.coalesce(_original.kind, LedgerEntry.kind)
    signed = sa.case((LedgerEntry.kind == EntryKind.REVERSE, -LedgerLine.amount), else_=LedgerLine.amount)
    by_name = {name: kind_ for kind_, name in TOTAL_OF.items()}
    return [sa.func.sum(sa.case((kind == by_name[name].value, signed), else_=0)).label(name) for name in _NAMES]


def _flow(columns: list[Any], *, subject: str | None, as_of: datetime | None, unit: str) -> sa.Select[Any]:
    chosen = (
        sa.select(*columns)
        .select_from(LedgerLine)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(_original, _original.id == LedgerEntry.reverses_id)
        .where(LedgerLine.unit == unit)
    )
    if subject is not None:
        chosen = chosen.where(LedgerEntry.subject_type == subject)
    return chosen if as_of is None else chosen.where(LedgerEntry.at <= as_of)
