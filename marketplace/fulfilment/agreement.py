"""A household takes its agreement back: the need and everything shown of its help leave the public pages (R-P5)."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.db import db
from marketplace.fulfilment.models import Delivery, Use
from marketplace.media.models import Photo
from marketplace.media.service import hide_photo
from marketplace.needs import service as needs
from marketplace.needs.models import Need, Purpose, WithdrawnBy
from marketplace.pledges.models import Pledge


def take_back_consent(need: Need, *, purpose: Purpose, how: WithdrawnBy, by: Actor, now: datetime) -> Need:
    """Withdraw the agreement to one purpose; without publication no photo of a delivery or a voucher stays public.

    The ledger keeps its entries: they carry codes and amounts, nothing of the household.
    """
    need = needs.withdraw_consent(need, purpose=purpose, how=how, by=by, now=now)
    if purpose is Purpose.PUBLICATION:
        pledges = sa.select(Pledge.id).where(Pledge.need_id == need.id)
        delivered = sa.select(Delivery.photo_id).where(Delivery.pledge_id.in_(pledges))
        used = sa.select(Use.photo_id).where(Use.pledge_id.in_(pledges))
        is_theirs = sa.or_(Photo.id.in_(delivered), Photo.id.in_(used))
        for photo in db.session.scalars(sa.select(Photo).where(is_theirs, Photo.is_public)):
            hide_photo(photo, by=by, now=now)
    return need
