"""The person who speaks for a household with an own account."""

from datetime import datetime

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict
from marketplace.db import db
from marketplace.households.models import Household


def link_user(household_id: int, *, user_id: int, by: Actor, now: datetime) -> None:
    """Let a user act for a household; one user for one household, until it is taken back."""
    household = db.session.get_one(Household, household_id)
    if household.user_id not in (None, user_id):
        raise Conflict("Another account speaks for this household already.")
    household.user_id = user_id
    db.session.flush()
    audit.record(
        by, "household.link", subject="household", subject_id=household_id, at=now, division=household.division_code
    )
