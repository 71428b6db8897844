"""Write many pledges with their lines at once; their money goes to the ledger's own bulk writer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from marketplace.core.kinds import SupportKind
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.db.many import insert_many, inserted_ids
from marketplace.pledges.models import Pledge, PledgeLine, Way


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """A pledge as it stands after its history.

    ``quantities`` are line id -> promised, ``released`` line id -> what lapsed or was cancelled of it.
    """

    code: str
    need_id: int
    donor_id: int
    state: PledgeState
    kind: SupportKind
    value_fen: int
    way: Way
    at_arms_length: bool
    client_key: str
    created_at: datetime
    expires_at: datetime
    quantities: Mapping[int, int]
    released: Mapping[int, int] = field(default_factory=dict)
    intent: str = ""
    shows_name: bool = False
    shows_amount: bool = True
    accepted_at: datetime | None = None
    received_at: datetime | None = None
    delivered_at: datetime | None = None
    confirmed_at: datetime | None = None
    reported_at: datetime | None = None
    ended_at: datetime | None = None


_FIELDS = tuple(name for name in PledgeRow.__dataclass_fields__ if name not in ("quantities", "released"))


def insert_pledges(rows: Sequence[PledgeRow]) -> list[int]:
    """Insert pledges and lines; their ids in the order of ``rows``. The needs' own counts are not touched."""
    values = [{name: getattr(row, name) for name in _FIELDS} for row in rows]
    ids = inserted_ids(db.session, Pledge, values)
    lines = [
        {"pledge_id": i, "line_id": line, "quantity": quantity, "released": row.released.get(line, 0)}
        for i, row in zip(ids, rows, strict=True)
        for line, quantity in row.quantities.items()
    ]
    insert_many(db.session, PledgeLine, lines)
    return ids
