"""What households say months later: of use or not, still needed or not; unanswered is unknown, not a failure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.db import db
from marketplace.fulfilment.follow_up import CHECKS
from marketplace.fulfilment.models import ConfirmerKind, FollowUp
from marketplace.statistics.seen import SeenNeed


@dataclass(frozen=True, slots=True)
class Effect:
    """Answers ``days`` after the delivery: whose day had come, who answered, how many say what, how many themselves."""

    days: int
    due: int
    answered: int
    useful: int
    needed: int
    by_household: int


def effects_of(seen: Iterable[SeenNeed], *, as_of: datetime) -> list[Effect]:
    """The answers by 30, 90 and 365 days for those of the needs that are confirmed, as of a moment."""
    confirmed = {need.id: need.delivered_at for need in seen if need.confirmed and need.delivered_at is not None}
    columns = (FollowUp.need_id, FollowUp.days, FollowUp.still_useful, FollowUp.still_needed, FollowUp.kind)
    rows = db.session.execute(sa.select(*columns).where(FollowUp.at <= as_of))
    answers = [row for row in rows if row.need_id in confirmed]
    return [
        Effect(
            days=days,
            due=sum(delivered <= as_of - timedelta(days=days) for delivered in confirmed.values()),
            answered=sum(a.days == days for a in answers),
            useful=sum(a.days == days and a.still_useful for a in answers),
            needed=sum(a.days == days and a.still_needed for a in answers),
            by_household=sum(a.days == days and a.kind is ConfirmerKind.HOUSEHOLD for a in answers),
        )
        for days in CHECKS
    ]
