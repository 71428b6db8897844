"""The three degrees 三个度: how many act, how many take part, how many needs were met as they were meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.fulfilment.models import Confirmation, Delivery, Feedback, FollowUp, Receipt, Use
from marketplace.needs.models import Need, NeedReview
from marketplace.pledges.models import Pledge
from marketplace.statistics.seen import SeenNeed


@dataclass(frozen=True, slots=True)
class Fraction:
    """A part of a whole."""

    part: int
    whole: int


def activity_of(*, since: datetime, as_of: datetime) -> Fraction:
    """活跃度: people with a useful act in the period / people who have registered by its end.

    A useful act is a record that others rely on: a need posted or reviewed, a pledge made, help received, spent,
    delivered, confirmed, reported or followed up. Opening pages and signing in are none.
    """
    acts = [
        (Need.poster_id, Need.submitted_at),
        (NeedReview.reviewer_id, NeedReview.at),
        (Receipt.recorded_by, Receipt.at),
        (Use.recorded_by, Use.at),
        (Delivery.recorded_by, Delivery.at),
        (Confirmation.user_id, Confirmation.at),
        (Feedback.recorded_by, Feedback.at),
        (FollowUp.user_id, FollowUp.at),
    ]
    given = sa.select(Donor.user_id).join(Pledge, Pledge.donor_id == Donor.id)
    chosen = [given.where(Pledge.created_at.between(since, as_of), Donor.user_id.is_not(None))]
    chosen += [sa.select(who).where(when.between(since, as_of), who.is_not(None)) for who, when in acts]
    people = sa.union(*chosen).subquery("people")
    active = db.session.scalar(sa.select(sa.func.count()).select_from(people)) or 0
    registered = db.session.scalar(sa.select(sa.func.count(User.id)).where(User.created_at <= as_of)) or 0
    return Fraction(active, registered)


def precision_of(seen: Iterable[SeenNeed]) -> Fraction:
    """精准度: matched needs closed with both confirmations and of the right category / matched needs.

    The category is right where no line was picked from the catalogue under another one.
    """
    matched = [need for need in seen if need.pledged]
    return Fraction(sum(need.confirmed and need.is_closed and not need.strays for need in matched), len(matched))
