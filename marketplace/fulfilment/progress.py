"""Carry a need along once every pledge that covers it has come as far."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.core.workflow import HOLDING_PLEDGE_STATES, NeedState, PledgeState
from marketplace.db import db
from marketplace.needs import service as needs
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge

_ORDER = (
    PledgeState.ACCEPTED,
    PledgeState.RECEIVED,
    PledgeState.DELIVERED,
    PledgeState.CONFIRMED,
    PledgeState.REPORTED,
)
# A need in this state moves on when all its pledges have come this far.
_STEPS = (
    (NeedState.PLEDGED, PledgeState.DELIVERED, needs.mark_delivered),
    (NeedState.DELIVERED, PledgeState.CONFIRMED, needs.mark_confirmed),
    (NeedState.CONFIRMED, PledgeState.REPORTED, needs.mark_closed),
)


def move_need(need_id: int, reached: PledgeState, *, now: datetime) -> None:
    """After a pledge reached a state: move its need by the step that this completes, if it completes one.

    The need's row is locked first: of two last pledges moved at once, the second sees the first.
    """
    db.session.flush()
    chosen = sa.select(Need.state).where(Need.id == need_id).with_for_update()
    state = db.session.scalar(chosen)
    for before, wanted, move in _STEPS:
        if state is before and wanted is reached and not _any_behind(need_id, reached):
            move(need_id, now=now)


def _any_behind(need_id: int, reached: PledgeState) -> bool:
    earlier = set(_ORDER[: _ORDER.index(reached)]) & HOLDING_PLEDGE_STATES
    behind = sa.exists().where(Pledge.need_id == need_id, Pledge.state.in_(earlier))
    return bool(db.session.scalar(sa.select(behind)))
