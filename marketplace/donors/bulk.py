"""Write many donors with their preferences at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.accounts.queries import phone_index
from marketplace.core.kinds import DonorType
from marketplace.db import db
from marketplace.db.many import insert_many, inserted_ids
from marketplace.donors.models import Donor, Preference


@dataclass(frozen=True, slots=True)
class DonorRow:
    """A donor and what it wants to give; ``phone`` is a unit's contact number, a person's stands on the user."""

    code: str
    donor_type: DonorType
    name: str
    joined_at: datetime
    user_id: int | None = None
    credit_code: str | None = None
    phone: str | None = None
    has_public_page: bool = False
    shows_name: bool = False
    shows_amount: bool = True
    kinds: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    budget_fen: int | None = None
    places: int | None = None
    words: str = ""
    personalised: bool = True
    paused: bool = False


_DONOR_FIELDS = (
    "code",
    "donor_type",
    "name",
    "joined_at",
    "user_id",
    "credit_code",
    "phone",
    "has_public_page",
    "shows_name",
    "shows_amount",
)


def insert_donors(rows: Sequence[DonorRow]) -> list[int]:
    """Insert donors and preferences; their ids in the order of ``rows``.

    Codes, credit codes and users must be new: the database refuses the same one twice.
    """
    values = [
        {
            **{name: getattr(row, name) for name in _DONOR_FIELDS},
            "phone_index": phone_index(row.phone) if row.phone else None,
        }
        for row in rows
    ]
    ids = inserted_ids(db.session, Donor, values)
    insert_many(db.session, Preference, [_preference(i, row) for i, row in zip(ids, rows, strict=True)])
    return ids


def _preference(donor_id: int, row: DonorRow) -> dict[str, object]:
    return {
        "donor_id": donor_id,
        "kinds": list(row.kinds),
        "categories": list(row.categories),
        "areas": list(row.areas),
        "budget_fen": row.budget_fen,
        "places": row.places,
        "words": row.words,
        "personalised": row.personalised,
        "paused": row.paused,
        "updated_at": row.joined_at,
    }
