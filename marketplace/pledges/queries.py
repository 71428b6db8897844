"""Read pledges: one's own, those of an area, and what the ledger calls them."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound
from marketplace.core.workflow import HOLDING_PLEDGE_STATES, PledgeState
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.ledger.models import LedgerBalance
from marketplace.ledger.rules import Quantity, Subject
from marketplace.needs.models import Need
from marketplace.pledges import policy
from marketplace.pledges.models import Pledge, PledgeLine

# The ledger's name for a pledge.
PLEDGE = "pledge"


def with_all() -> list[ORMOption]:
    """Loads what a page about pledges shows: need, donor, lines with their items; a fixed number of queries."""
    return [
        joinedload(Pledge.need),
        joinedload(Pledge.donor),
        selectinload(Pledge.lines).joinedload(PledgeLine.need_line),
    ]


def get_pledge(code: str, *, actor: Actor) -> Pledge:
    """A pledge that the actor may see; NotFound for any other (Z2)."""
    pledge = find_pledge(code)
    if pledge is None:
        raise NotFound("There is nothing here that you may see.")
    policy.ensure_can_read(actor, pledge)
    return pledge


def get_own_pledge(code: str, *, actor: Actor) -> Pledge:
    """One of the actor's own pledges; NotFound for any other."""
    pledge = find_pledge(code)
    if pledge is None:
        raise NotFound("There is nothing here that you may see.")
    policy.ensure_is_own(actor, pledge)
    return pledge


def find_pledge(code: str) -> Pledge | None:
    """A pledge by its gift code, for services that check access themselves."""
    return db.session.scalar(sa.select(Pledge).where(Pledge.code == code).options(*with_all()))


def list_pledges_of_donor(donor_id: int, *, states: Collection[PledgeState] = ()) -> list[Pledge]:
    """All pledges of one donor, newest first."""
    chosen = sa.select(Pledge).where(Pledge.donor_id == donor_id).options(*with_all())
    if states:
        chosen = chosen.where(Pledge.state.in_(states))
    return list(db.session.scalars(chosen.order_by(Pledge.created_at.desc(), Pledge.id.desc())))


def list_named_gifts(donor_code: str, *, most: int = 50) -> list[Pledge]:
    """A donor's gifts that arrived and were made under the donor's name, newest first (R-P2)."""
    arrived = (PledgeState.RECEIVED, PledgeState.DELIVERED, PledgeState.CONFIRMED, PledgeState.REPORTED)
    named = sa.select(Pledge).join(Pledge.donor).where(Donor.code == donor_code, Pledge.shows_name.is_(True))
    newest = named.where(Pledge.state.in_(arrived)).order_by(Pledge.received_at.desc(), Pledge.id.desc())
    return list(db.session.scalars(newest.limit(most).options(*with_all())))


def gift_codes_of(need_id: int) -> list[str]:
    """The codes of the gifts that hold a part of a need, first come first."""
    holding = Pledge.state.in_(HOLDING_PLEDGE_STATES)
    chosen = sa.select(Pledge.code).where(Pledge.need_id == need_id, holding)
    return list(db.session.scalars(chosen.order_by(Pledge.accepted_at, Pledge.id)))


def list_pledges_in(areas: Sequence[str], states: Collection[PledgeState], *, most: int = 200) -> list[Pledge]:
    """Pledges to needs of these areas (significant prefixes; "" is everywhere), those due first."""
    inside = sa.or_(*(Need.division_code.startswith(area, autoescape=True) for area in areas)) if areas else sa.false()
    chosen = sa.select(Pledge).join(Pledge.need).where(inside, Pledge.state.in_(states)).options(*with_all())
    return list(db.session.scalars(chosen.order_by(Pledge.expires_at, Pledge.id).limit(most)))


def subject_of(pledge: Pledge) -> Subject:
    """The pledge as the ledger knows it; what it brings is meant for its need alone (L4)."""
    return Subject(PLEDGE, pledge.id, pledge.code, donor=pledge.donor.code, earmark=f"need:{pledge.need.code}")


def quantities_of(lines: Sequence[PledgeLine]) -> list[Quantity]:
    """What pledge lines still hold, in each line's own unit, named after the item."""
    return [Quantity(line.held, line.need_line.unit, line.need_line.name) for line in lines if line.held]


def due_ids(now: datetime) -> list[int]:
    """Pledges past their day of which a part has not arrived, in order of id."""
    B = LedgerBalance
    is_owing = sa.exists().where(
        B.subject_type == PLEDGE, B.subject_id == Pledge.id, B.pledged - B.released - B.received > 0
    )
    waiting = Pledge.state.in_((PledgeState.OFFERED, PledgeState.ACCEPTED))
    chosen = sa.select(Pledge.id).where(Pledge.expires_at <= now, sa.or_(waiting, is_owing))
    return list(db.session.scalars(chosen.order_by(Pledge.id)))
