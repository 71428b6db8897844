"""Read households within an actor's area."""

import sqlalchemy as sa

from marketplace.db import db
from marketplace.households.models import Household


def find_household_id(user_id: int) -> int | None:
    """The household that this user speaks for, or None."""
    return db.session.scalar(sa.select(Household.id).where(Household.user_id == user_id))
