"""Read donors."""

import sqlalchemy as sa

from marketplace.db import db
from marketplace.donors.models import Donor


def find_donor_id(user_id: int) -> int | None:
    """The donor that this user gives as, or None."""
    return db.session.scalar(sa.select(Donor.id).where(Donor.user_id == user_id))
