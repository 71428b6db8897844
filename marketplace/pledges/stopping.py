"""End what is promised to a need that is taken off: what has not arrived is released, what has arrived stays booked."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.workflow import HOLDING_PLEDGE_STATES, PLEDGE_MOVES, PledgeState, next_state
from marketplace.db import db
from marketplace.pledges.models import Pledge
from marketplace.pledges.service import load_locked, record_act, release_unpaid


def stop_pledges(need_id: int, *, but: Collection[int] = (), by: Actor, now: datetime) -> list[int]:
    """Nobody has to send anything more to this need; offers end. Ids of the pledges whose donors are to be told.

    ``but`` are ids of pledges that were stopped before.
    """
    chosen = sa.select(Pledge.id).where(
        Pledge.need_id == need_id,
        Pledge.state.in_(HOLDING_PLEDGE_STATES | {PledgeState.OFFERED}),
        Pledge.id.not_in(but),
    )
    return [
        pledge_id
        for pledge_id in db.session.scalars(chosen.order_by(Pledge.id)).all()
        if _stop(load_locked(pledge_id), by=by, now=now)
    ]


def _stop(pledge: Pledge, *, by: Actor, now: datetime) -> bool:
    """Cancel what has not arrived at all, release the rest of what has; False for an offer, which promised nothing."""
    was_promised = pledge.state in HOLDING_PLEDGE_STATES
    if (pledge.state, "cancel") in PLEDGE_MOVES:
        pledge.state = next_state(PLEDGE_MOVES, pledge.state, "cancel")
        pledge.ended_at = now
    release_unpaid(pledge, key=f"stop:{pledge.code}", by=by, now=now)
    record_act(pledge, "pledge.stop", by=by, now=now)
    return was_promised
