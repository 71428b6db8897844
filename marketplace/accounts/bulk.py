"""Write many users with their roles at once, for the demonstration; they cannot sign in before they have a password."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.accounts.models import RoleGrant, User
from marketplace.accounts.passwords import ensure_acceptable, hash_password
from marketplace.accounts.queries import phone_index
from marketplace.core.permissions import Role
from marketplace.db import db
from marketplace.db.many import insert_many, inserted_ids


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person with the roles held from the first day; ``grants`` are (role, 12-digit division code)."""

    name: str
    phone: str
    created_at: datetime
    grants: tuple[tuple[Role, str], ...]
    unit: str = ""


def set_same_password(user_ids: Sequence[int], *, password: str) -> None:
    """Give the demonstration's accounts one password between them; hashed once, for hashing is slow on purpose."""
    ensure_acceptable(password, phone="")
    chosen = sa.update(User).where(User.id.in_(user_ids))
    db.session.execute(chosen.values(password=hash_password(password)))


def insert_users(rows: Sequence[UserRow]) -> list[int]:
    """Insert users and their grants; returns the users' ids in the order of ``rows``.

    The phone numbers must be well-formed and new: the database refuses the same one twice.
    """
    values = [
        {
            "name": row.name,
            "phone": row.phone,
            "phone_index": phone_index(row.phone),
            "unit": row.unit,
            "active": True,
            "fs_uniquifier": secrets.token_hex(16),
            "created_at": row.created_at,
        }
        for row in rows
    ]
    ids = inserted_ids(db.session, User, values)
    grants = [
        {"user_id": user_id, "role": role, "division_code": division, "granted_at": row.created_at}
        for user_id, row in zip(ids, rows, strict=True)
        for role, division in row.grants
    ]
    insert_many(db.session, RoleGrant, grants)
    return ids
