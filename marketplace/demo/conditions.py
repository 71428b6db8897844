"""The demonstration's condition: one donor of the accounts' township asks for something that a reviewer looks at."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.divisions import Level, at_level, significant
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.demo.places import Places
from marketplace.needs.models import Need
from marketplace.pledges.conditions import propose_condition
from marketplace.pledges.models import Pledge

_WORDS = "请在下雪前发到手里"


def attach_condition(places: Places, *, now: datetime) -> None:
    """To the first pledge of the township that has not arrived, where there is one."""
    township = significant(at_level(places.stage, Level.TOWNSHIP))
    chosen = (
        sa.select(Pledge)
        .join(Need, Need.id == Pledge.need_id)
        .where(Pledge.state == PledgeState.ACCEPTED, Need.division_code.startswith(township))
        .order_by(Pledge.id)
    )
    pledge = db.session.scalars(chosen.limit(1)).first()
    if pledge is not None:
        giver = Actor(user_id=pledge.donor.user_id, donor_id=pledge.donor_id)
        propose_condition(pledge.code, _WORDS, by=giver, now=now)
