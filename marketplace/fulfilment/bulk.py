"""Write many receipts, uses, deliveries, confirmations and feedbacks at once, for imports and the demonstration.

The ledger entries that they rest on, and the states of pledges and needs, are written by their own subjects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.db import db
from marketplace.db.many import insert_many
from marketplace.fulfilment.models import (
    Confirmation,
    ConfirmerKind,
    ConfirmHow,
    Delivery,
    Feedback,
    Receipt,
    ReceiptLine,
    Use,
    Witness,
)


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What arrived: ``quantities`` by the id of the need's line, in its unit; ``value_fen`` their worth."""

    pledge_id: int
    value_fen: int
    custodian: str
    entry_id: int
    at: datetime
    quantities: Mapping[int, int] = field(default_factory=dict)
    voucher_no: str = ""
    recorded_by: int | None = None


@dataclass(frozen=True, slots=True)
class UseRow:
    """What money was spent on."""

    pledge_id: int
    what: str
    payee: str
    voucher_no: str
    amount_fen: int
    entry_id: int
    at: datetime
    photo_id: int | None = None
    recorded_by: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A hand-over."""

    pledge_id: int
    photo_id: int
    witness: Witness
    at: datetime
    recorded_by: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmationRow:
    """One answer."""

    pledge_id: int
    kind: ConfirmerKind
    how: ConfirmHow
    at: datetime
    arrived: bool = True
    note: str = ""
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """What the donor was told."""

    pledge_id: int
    words: str
    at: datetime
    recorded_by: int
    rating: int | None = None
    may_publish: bool = False


def insert_receipts(rows: Iterable[ReceiptRow]) -> None:
    """Add receipts with their lines; each names its ledger entry, and no entry has two."""
    ordered = list(rows)
    insert_many(db.session, Receipt, [_values(row, leave_out={"quantities"}) for row in ordered])
    chosen = sa.select(Receipt.entry_id, Receipt.id).where(Receipt.pledge_id.in_({row.pledge_id for row in ordered}))
    ids = {row.entry_id: row.id for row in db.session.execute(chosen)}
    lines = [
        {"receipt_id": ids[row.entry_id], "line_id": line_id, "quantity": quantity}
        for row in ordered
        for line_id, quantity in row.quantities.items()
    ]
    insert_many(db.session, ReceiptLine, lines)


def insert_uses(rows: Iterable[UseRow]) -> None:
    """Add uses of money."""
    insert_many(db.session, Use, [_values(row) for row in rows])


def insert_deliveries(rows: Iterable[DeliveryRow]) -> None:
    """Add deliveries; one for a pledge."""
    insert_many(db.session, Delivery, [_values(row) for row in rows])


def insert_confirmations(rows: Iterable[ConfirmationRow]) -> None:
    """Add answers of households and second persons."""
    insert_many(db.session, Confirmation, [_values(row) for row in rows])


def insert_feedbacks(rows: Iterable[FeedbackRow]) -> None:
    """Add feedbacks; one for a pledge."""
    insert_many(db.session, Feedback, [_values(row) for row in rows])


def _values(row: Any, *, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in set(leave_out)}
