"""Who may say what about a delivery: the household for itself, and a second person with no part in it (Z6)."""

import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Forbidden
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.donors.models import Donor, RelatedParty
from marketplace.fulfilment.models import Delivery, Receipt
from marketplace.households.models import Household
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge
from marketplace.relatives.queries import is_same_person


def ensure_household_may_answer(by: Actor, *, pledge: Pledge, need: Need, delivery: Delivery) -> None:
    """Nobody who posts, delivers, gives or works there answers for the household, not even with its slip."""
    if by.user_id is None:
        return
    is_party = by.user_id in (need.poster_id, delivery.recorded_by) or by.donor_id == pledge.donor_id
    if is_party or by.works_in(need.division_code) or by.household_id not in (None, need.household_id):
        raise Forbidden("Only the household itself answers here. Sign out if you are helping it with your phone.")


def ensure_may_be_second(by: Actor, *, pledge: Pledge, need: Need, delivery: Delivery) -> None:
    """The second person works in the area and is not the poster, the deliverer, the household or the donor.

    A person with two accounts is known again by the phone number that the accounts share (Z6).
    """
    ensure_can(by, Permission.DELIVERY_CONFIRM, need.division_code)
    if by.user_id in (need.poster_id, delivery.recorded_by):
        raise Forbidden("The second person is neither who posted the need nor who delivered.")
    if by.donor_id == pledge.donor_id or _is_related(by, pledge):
        raise Forbidden("The donor, or somebody related to the donor, cannot be the second person.")
    if (need.household_id is not None and by.household_id == need.household_id) or _shares_phone(by, pledge, need):
        raise Forbidden("Your phone number belongs to the household or the donor: another person must confirm.")


def giving_back_bar(by: Actor, *, pledge: Pledge, need: Need, receipt: Receipt) -> str | None:
    """Why this person leaves it to another one to give back what a receipt brought, or None (Z6, fraud 26)."""
    if by.user_id is None or (receipt.recorded_by is not None and is_same_person(by.user_id, receipt.recorded_by)):
        return "You recorded that it arrived: somebody else of the township or the county gives it back."
    if by.donor_id == pledge.donor_id or _is_related(by, pledge) or _shares_phone(by, pledge, need):
        return "You are the donor, or related to the donor or the household: somebody else gives it back."
    return None


def _is_related(by: Actor, pledge: Pledge) -> bool:
    declared = sa.exists().where(RelatedParty.donor_id == pledge.donor_id, RelatedParty.user_id == by.user_id)
    return bool(db.session.scalar(sa.select(declared)))


def _shares_phone(by: Actor, pledge: Pledge, need: Need) -> bool:
    own = sa.select(User.phone_index).where(User.id == by.user_id).scalar_subquery()
    donors_phone = sa.exists().where(Donor.id == pledge.donor_id, Donor.phone_index == own)
    households_phone = sa.exists().where(Household.id == need.household_id, Household.phone_index == own)
    return bool(db.session.scalar(sa.select(donors_phone | households_phone)))
