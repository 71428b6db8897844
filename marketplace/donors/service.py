"""Who gives: registration, what a donor wants to give, what is public of it, declared relations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.accounts.queries import phone_index
from marketplace.audit import service as audit
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.codes import Prefix, new_code, parse_code
from marketplace.core.divisions import is_code
from marketplace.core.errors import Conflict, Forbidden, Invalid
from marketplace.core.identity import parse_credit_code
from marketplace.core.kinds import DonorType, NeedCategory, SupportKind
from marketplace.core.money import LARGEST_FEN
from marketplace.core.permissions import DONOR_ROLES, Role
from marketplace.db import db
from marketplace.donors.bulk import DonorRow, insert_donors
from marketplace.donors.demands import OF_ANYBODY, refuse_demands
from marketplace.donors.models import Donor, Preference, RelatedParty
from marketplace.donors.queries import get_own_donor
from marketplace.households.models import Household
from marketplace.regions.models import Division

__all__ = [
    "DonorRow",
    "Registration",
    "Wishes",
    "declare_relation",
    "give_back_budget",
    "insert_donors",
    "register_donor",
    "set_personalised",
    "set_preference",
    "set_visibility",
    "take_from_budget",
]

_FIRMS = frozenset({DonorType.PRIVATE_FIRM, DonorType.STATE_FIRM})
# Units that have no unified social credit code.
_WITHOUT_CODE = frozenset({DonorType.MILITARY, DonorType.OVERSEAS})
_LONGEST_NAME = 120
_MOST_AREAS = 50
_MOST_PLACES = 100_000


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody says who wants to give; ``name`` is the person's or the unit's, ``contact`` the unit's speaker."""

    donor_type: DonorType
    name: str
    phone: str = ""
    password: str = ""
    contact: str = ""
    credit_code: str = ""
    # Where a person works: help from the poster's own unit does not count as arm's-length.
    employer: str = ""
    shows_name: bool = False
    agrees: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a donor wants to give; empty means anything, no budget means none is stated."""

    kinds: Sequence[SupportKind] = ()
    categories: Sequence[NeedCategory] = ()
    areas: Sequence[str] = ()
    budget_fen: int | None = None
    places: int | None = None
    words: str = ""
    paused: bool = False


def role_of(donor_type: DonorType) -> Role:
    """The role with which this type of donor signs in."""
    if donor_type.is_person:
        return Role.DONOR
    return Role.ENTERPRISE if donor_type in _FIRMS else Role.ORGANISATION


def register_donor(said: Registration, *, user: User | None, home_division: str, now: datetime) -> Donor:
    """Make a donor, with a new account (phone and password) or for somebody who has signed in already.

    Raises Invalid, naming the field, or Conflict where phone, credit code or account give already.
    """
    if not said.agrees:
        raise Invalid("Please read and accept how your data is used.", field="agrees")
    name = said.name.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise Invalid("Write a name of 1 to 120 characters.", field="name")
    credit_code = _credit_code(said)
    if user is None:
        user = _new_user(said, name, now=now)
    elif db.session.scalar(sa.select(Donor.id).where(Donor.user_id == user.id)) is not None:
        raise Conflict("You are registered as a donor already.")
    if not any(grant.role in DONOR_ROLES and grant.revoked_at is None for grant in user.grants):
        accounts.grant_role(user, role=role_of(said.donor_type), division=home_division, by=SYSTEM, now=now)
    donor = _new_donor(said, name, credit_code, user, now)
    actor = Actor(user_id=user.id, donor_id=donor.id)
    audit.record(actor, "donor.register", subject="donor", subject_id=donor.id, at=now, type=said.donor_type)
    return donor


def _credit_code(said: Registration) -> str | None:
    if said.donor_type.is_person:
        return None
    if not said.credit_code.strip():
        if said.donor_type in _WITHOUT_CODE:
            return None
        raise Invalid("A unit registers with its credit code of 18 characters.", field="credit_code")
    code = parse_credit_code(said.credit_code)
    if db.session.scalar(sa.select(Donor.id).where(Donor.credit_code == code)) is not None:
        raise Conflict(
            "This credit code is registered already. Call the hotline if it was not you.", field="credit_code"
        )
    return code


def _new_user(said: Registration, name: str, *, now: datetime) -> User:
    contact = name if said.donor_type.is_person else said.contact.strip()
    if not contact:
        raise Invalid("Say who speaks for the unit.", field="contact")
    unit = said.employer.strip() if said.donor_type.is_person else name
    return accounts.add_user(contact, phone=said.phone, password=said.password, unit=unit, now=now)


def _new_donor(said: Registration, name: str, credit_code: str | None, user: User, now: datetime) -> Donor:
    phone = None if said.donor_type.is_person else user.phone
    donor = Donor(
        code=new_code(Prefix.DONOR),
        user_id=user.id,
        donor_type=said.donor_type,
        name=name,
        credit_code=credit_code,
        phone=phone,
        phone_index=phone_index(phone) if phone else None,
        shows_name=said.shows_name,
        joined_at=now,
        preference=Preference(kinds=[], categories=[], areas=[], updated_at=now),
    )
    db.session.add(donor)
    db.session.flush()
    return donor


def set_preference(wishes: Wishes, *, by: Actor, now: datetime) -> Preference:
    """Replace what the actor's donor wants to give."""
    donor = get_own_donor(by)
    _check_wishes(wishes)
    preference = donor.preference
    preference.kinds = sorted({kind.value for kind in wishes.kinds})
    preference.categories = sorted({category.value for category in wishes.categories})
    preference.areas = sorted(set(wishes.areas))
    preference.budget_fen = wishes.budget_fen
    preference.places = wishes.places
    preference.words = wishes.words.strip()
    preference.paused = wishes.paused
    preference.updated_at = now
    audit.record(by, "donor.preference", subject="donor", subject_id=donor.id, at=now)
    return preference


def _check_wishes(wishes: Wishes) -> None:
    if wishes.budget_fen is not None and not 0 <= wishes.budget_fen <= LARGEST_FEN:
        raise Invalid("The amount must be above 0 and at most 100,000,000,000 yuan.", field="budget")
    if wishes.places is not None and not 0 <= wishes.places <= _MOST_PLACES:
        raise Invalid("Write a number of places from 0 to 100,000.", field="places")
    if len(wishes.words) > 500:
        raise Invalid("Write at most 500 characters.", field="words")
    refuse_demands(wishes.words, field="words", among=OF_ANYBODY)
    if len(wishes.areas) > _MOST_AREAS:
        raise Invalid("Choose at most 50 places.", field="areas")
    known = set(db.session.scalars(sa.select(Division.code).where(Division.code.in_(wishes.areas))))
    if not all(is_code(area) and area in known for area in wishes.areas):
        raise Invalid("One of these places is not in the list. Choose again.", field="areas")


def set_personalised(on: bool, *, by: Actor, now: datetime) -> None:
    """Switch suggestions by one's own wishes and history on or off (R-P8)."""
    donor = get_own_donor(by)
    donor.preference.personalised = on
    donor.preference.updated_at = now
    audit.record(by, "donor.personalised", subject="donor", subject_id=donor.id, at=now, on=on)


def set_visibility(*, shows_name: bool, shows_amount: bool, has_public_page: bool, by: Actor, now: datetime) -> None:
    """What is proposed for new pledges, and whether a page of one's own exists; it exists only under the name."""
    donor = get_own_donor(by)
    if has_public_page and not shows_name:
        raise Invalid("A public page shows your name: allow the name first.", field="has_public_page")
    donor.shows_name, donor.shows_amount, donor.has_public_page = shows_name, shows_amount, has_public_page
    audit.record(by, "donor.visibility", subject="donor", subject_id=donor.id, at=now, page=has_public_page)


def declare_relation(
    relation: str, *, by: Actor, now: datetime, household_code: str = "", user_id: int | None = None
) -> RelatedParty:
    """Say that one is related to a household (by its public code) or to a person who works here.

    Gifts between related parties stay allowed; they are marked and leave the arm's-length figures.
    """
    donor = get_own_donor(by)
    relation = relation.strip()
    if not 0 < len(relation) <= 40:
        raise Invalid("Say how you are related, in at most 40 characters.", field="relation")
    household_id = _household_id(household_code) if user_id is None else None
    if user_id is not None and user_id == by.user_id:
        raise Forbidden("You cannot declare a relation to yourself.")
    known = sa.select(RelatedParty).filter_by(donor_id=donor.id, household_id=household_id, user_id=user_id)
    found = db.session.scalars(known).first()
    if found is not None:
        return found
    row = RelatedParty(
        donor_id=donor.id, household_id=household_id, user_id=user_id, relation=relation, declared_at=now
    )
    db.session.add(row)
    db.session.flush()
    audit.record(by, "donor.relation", subject="donor", subject_id=donor.id, at=now)
    return row


def _household_id(code: str) -> int:
    parsed = parse_code(code)
    found = None
    if parsed is not None and parsed[0] is Prefix.HOUSEHOLD:
        found = db.session.scalar(sa.select(Household.id).where(Household.code == parsed[1]))
    if found is None:
        raise Invalid("There is no household with this code. It looks like HB-7K3QBD-92.", field="household_code")
    return found


def take_from_budget(donor_id: int, fen: int) -> int:
    """Lower the stated budget by what is promised; returns what it could cover, 0 where no budget is stated.

    The budget guides suggestions; it never stops a donor who wants to give more.
    """
    chosen = sa.select(Preference.budget_fen).where(Preference.donor_id == donor_id).with_for_update()
    taken = min(db.session.scalar(chosen) or 0, fen)
    if taken:
        _change_budget(donor_id, -taken)
    return taken


def give_back_budget(donor_id: int, fen: int) -> None:
    """Raise the stated budget by what a lapsed or cancelled promise had taken from it."""
    if fen:
        _change_budget(donor_id, fen)


def _change_budget(donor_id: int, by_fen: int) -> None:
    stated = sa.update(Preference).where(Preference.donor_id == donor_id, Preference.budget_fen.is_not(None))
    db.session.execute(stated.values(budget_fen=Preference.budget_fen + by_fen))
