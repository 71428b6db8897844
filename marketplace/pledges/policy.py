"""May this actor pledge, see or change a pledge; is the gift at arm's length."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.core.actor import Actor
from marketplace.core.divisions import contains
from marketplace.core.errors import Conflict, Forbidden, NotFound
from marketplace.core.permissions import STAFF_ROLES, Permission
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.donors.models import Donor, RelatedParty
from marketplace.households.models import Household
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge

_NOTHING_HERE = "There is nothing here that you may see."


def ensure_can_pledge(by: Actor, need: Need) -> int:
    """A donor's id; Forbidden for whoever is no donor, and for the household that the need belongs to."""
    if not by.has(Permission.PLEDGE_MAKE) or by.donor_id is None:
        raise Forbidden("Only registered donors can pledge. Register first: it takes a minute.")
    if need.household_id is not None and need.household_id == by.household_id:
        raise Forbidden("You cannot pledge to your own household's need.")
    return by.donor_id


def may_read(actor: Actor, pledge: Pledge) -> bool:
    """The donor, and staff of the need's area."""
    is_own = actor.donor_id is not None and actor.donor_id == pledge.donor_id
    return is_own or actor.can(Permission.PLEDGE_READ, pledge.need.division_code)


def ensure_can_read(actor: Actor, pledge: Pledge) -> None:
    """NotFound for everybody else, so that nobody learns what exists (Z2)."""
    if not may_read(actor, pledge):
        raise NotFound(_NOTHING_HERE)


def ensure_is_own(actor: Actor, pledge: Pledge) -> None:
    """Only the donor changes a promise; others learn nothing."""
    if actor.donor_id is None or actor.donor_id != pledge.donor_id:
        raise NotFound(_NOTHING_HERE)


def ensure_payable(pledge: Pledge, *, now: datetime) -> None:
    """What arrives after the promise has run out is refused: the lines may be somebody else's by then (L10)."""
    if pledge.state in (PledgeState.LAPSED, PledgeState.CANCELLED) or pledge.expires_at <= now:
        raise Conflict("This pledge has run out. The donor can pledge again if the need is still open.")


def is_at_arms_length(donor_id: int, need: Need) -> bool:
    """False where the donor posted the need, works for its area, shares unit or phone with the poster or the
    household, or has declared a relation to either: such help is welcome and counted apart."""
    donor = db.session.get_one(Donor, donor_id)
    poster = db.session.get_one(User, need.poster_id)
    giver = db.session.get(User, donor.user_id) if donor.user_id is not None else None
    return not (
        _has_declared_relation(donor_id, need)
        or _shares_a_phone(donor, giver, poster, need)
        or (poster.unit != "" and poster.unit in {donor.name, giver.unit if giver else ""})
        or (giver is not None and (giver.id == poster.id or _works_for(giver, need.division_code)))
    )


def _works_for(user: User, division: str) -> bool:
    in_force = [grant for grant in user.grants if grant.revoked_at is None]
    return any(grant.role in STAFF_ROLES and contains(grant.division_code, division) for grant in in_force)


def _has_declared_relation(donor_id: int, need: Need) -> bool:
    related = sa.or_(RelatedParty.user_id == need.poster_id, RelatedParty.household_id == need.household_id)
    if need.household_id is None:
        related = RelatedParty.user_id == need.poster_id
    chosen = sa.select(RelatedParty.id).where(RelatedParty.donor_id == donor_id, related)
    return db.session.scalars(chosen).first() is not None


def _shares_a_phone(donor: Donor, giver: User | None, poster: User, need: Need) -> bool:
    household = db.session.get(Household, need.household_id) if need.household_id is not None else None
    theirs = {poster.phone_index, household.phone_index if household else None} - {None}
    ours = {donor.phone_index, giver.phone_index if giver else None}
    return bool(theirs & ours)
