"""Read people and what they may do."""

import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.core.actor import Actor, Grant
from marketplace.db import db
from marketplace.db.types import keyring


def actor_of(user: User, *, donor_id: int | None = None, household_id: int | None = None) -> Actor:
    """The actor that a user is at this moment: only grants that are in force."""
    grants = tuple(Grant(g.role, g.division_code) for g in user.grants if g.revoked_at is None)
    return Actor(user_id=user.id, grants=grants, donor_id=donor_id, household_id=household_id)


def phone_index(phone: str) -> bytes:
    """The blind index by which a phone number is looked up; households and donors use the same."""
    return keyring.blind("phone", phone)


def find_user_by_phone(phone: str) -> User | None:
    """The user with this phone number (11 digits), or None."""
    return db.session.scalar(sa.select(User).where(User.phone_index == phone_index(phone)))
