"""How much one household may ask for before a written approval is needed (R-V7)."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.core.money import FEN_PER_YUAN
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.needs.lint import Asked
from marketplace.needs.models import Need

# A household that asks more often, or for more than the costliest single need but a severe illness, is looked at.
NEEDS_WITHIN = timedelta(days=180)
MOST_NEEDS = 6
VALUE_WITHIN = timedelta(days=365)
MOST_FEN = 50_000 * FEN_PER_YUAN
NEVER_ASKED = (NeedState.DRAFT, NeedState.WITHDRAWN, NeedState.REJECTED)


def asked_by(household_id: int, *, but: Need, now: datetime) -> Asked:
    """What the household has asked for without this need."""
    asked = (
        sa.select(
            sa.func.count().filter(Need.submitted_at > now - NEEDS_WITHIN),
            sa.func.coalesce(sa.func.sum(Need.value_fen), 0),
        )
        .where(Need.household_id == household_id, Need.id != but.id, Need.state.not_in(NEVER_ASKED))
        .where(Need.submitted_at > now - VALUE_WITHIN)
    )
    needs, value = db.session.execute(asked).one()
    return Asked(needs, int(value), MOST_NEEDS, MOST_FEN)
