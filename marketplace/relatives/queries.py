"""Whom a person may not decide for: himself under another account, his own household, whoever is declared."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.accounts.models import RoleGrant, User
from marketplace.accounts.queries import list_grants
from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound
from marketplace.core.permissions import STAFF_ROLES, Permission
from marketplace.db import db
from marketplace.households.models import Household, Member
from marketplace.relatives.models import StaffRelative

OWN_HOUSEHOLD = "This need is your own household's: somebody else reviews it."
OWN_OTHER_ACCOUNT = "This need was posted by you under another account: somebody else reviews it."
RELATED_HOUSEHOLD = "You are declared as related to this household: somebody else reviews it."
RELATED_POSTER = "You are declared as related to whoever posted this: somebody else reviews it."


@dataclass(frozen=True, slots=True)
class Ties:
    """Households and users that a person may not decide for, each with the sentence that says why."""

    households: dict[int, str] = field(default_factory=dict)
    users: dict[int, str] = field(default_factory=dict)

    def bar(self, *, household_id: int | None, poster_id: int) -> str | None:
        """Why this person leaves a need of the household, posted by the poster, to somebody else; None if he may."""
        return self.users.get(poster_id) or (self.households.get(household_id) if household_id is not None else None)


def ties_of(user_id: int | None) -> Ties:
    """All ties of a person; the public and the system have none."""
    user = db.session.get(User, user_id) if user_id is not None else None
    if user is None:
        return Ties()
    declared = list(db.session.scalars(_in_force(StaffRelative.user_id == user.id)))
    traces = {row.id_index for row in declared if row.id_index is not None}
    colleagues = {row.other_user_id for row in declared if row.other_user_id is not None}
    colleagues |= set(db.session.scalars(_declarers_of(user)))
    colleagues |= set(db.session.scalars(sa.select(User.id).where(User.id_index.in_(traces))))
    households = {row.household_id for row in declared if row.household_id is not None}
    households |= set(db.session.scalars(sa.select(Member.household_id).where(Member.id_index.in_(traces))))
    households |= set(db.session.scalars(sa.select(Household.id).where(Household.user_id.in_(colleagues))))
    same = _same_person(user)
    return Ties(
        {**dict.fromkeys(households, RELATED_HOUSEHOLD), **dict.fromkeys(_own_households(user), OWN_HOUSEHOLD)},
        {**dict.fromkeys(colleagues, RELATED_POSTER), **dict.fromkeys(same, OWN_OTHER_ACCOUNT)},
    )


def is_same_person(one: int, other: int) -> bool:
    """True for one account, and for two accounts with the same ID number (Z6)."""
    if one == other:
        return True
    known = sa.select(User.id_index).where(User.id.in_((one, other)), User.id_index.is_not(None))
    traces = db.session.scalars(known).all()
    return len(traces) > len(set(traces))


def has_staff_phone(household_id: int) -> bool:
    """True where the household's phone number is that of a member of staff, whoever that is (fraud rule 9)."""
    found = (
        sa.select(RoleGrant.id)
        .join(User, User.id == RoleGrant.user_id)
        .join(Household, Household.phone_index == User.phone_index)
        .where(Household.id == household_id, RoleGrant.role.in_(STAFF_ROLES), RoleGrant.revoked_at.is_(None))
    )
    return db.session.scalar(found.limit(1)) is not None


def shares_contact(household_id: int) -> bool:
    """True where another household has the same phone number or bank account (fraud rule 2)."""
    this, other = aliased(Household), aliased(Household)
    same = sa.or_(this.phone_index == other.phone_index, this.bank_account_index == other.bank_account_index)
    found = sa.select(other.id).join(this, same).where(this.id == household_id, other.id != household_id)
    return db.session.scalar(found.limit(1)) is not None


def list_declared(user_id: int) -> list[StaffRelative]:
    """What holds for a person, the latest first."""
    return list(db.session.scalars(_in_force(StaffRelative.user_id == user_id).order_by(StaffRelative.id.desc())))


def get_staff(grant_id: int, *, actor: Actor) -> User:
    """The person behind a staff role of the actor's area; NotFound for any other."""
    grant = db.session.get(RoleGrant, grant_id)
    if grant is None or not actor.can(Permission.ROLE_GRANT, grant.division_code):
        raise NotFound("There is no such role.")
    return grant.user


def household_codes(rows: Iterable[StaffRelative]) -> dict[int, str]:
    """The codes of the households that these declarations name, by id."""
    ids = {row.household_id for row in rows if row.household_id is not None}
    return dict(db.session.execute(sa.select(Household.id, Household.code).where(Household.id.in_(ids))).all())


def user_names(rows: Iterable[StaffRelative]) -> dict[int, str]:
    """The names of the colleagues that these declarations name, by id."""
    ids = {row.other_user_id for row in rows if row.other_user_id is not None}
    return dict(db.session.execute(sa.select(User.id, User.name).where(User.id.in_(ids))).all())


def works_under(actor: Actor, user: User) -> bool:
    """True where the actor may keep this person's declarations: not his own, and the person works in the area."""
    return user.id != actor.user_id and any(
        actor.can(Permission.ROLE_GRANT, grant.division_code) for grant in list_grants(user)
    )


def _in_force(*conditions: sa.ColumnElement[bool]) -> sa.Select[StaffRelative]:
    return sa.select(StaffRelative).where(StaffRelative.ended_at.is_(None), *conditions)


def _declarers_of(user: User) -> sa.Select[int]:
    """Who has declared this person, by account or by the ID number."""
    named = StaffRelative.other_user_id == user.id
    if user.id_index is not None:
        named = sa.or_(named, StaffRelative.id_index == user.id_index)
    return sa.select(StaffRelative.user_id).where(StaffRelative.ended_at.is_(None), named)


def _same_person(user: User) -> list[int]:
    if user.id_index is None:
        return []
    return list(db.session.scalars(sa.select(User.id).where(User.id_index == user.id_index, User.id != user.id)))


def _own_households(user: User) -> list[int]:
    """Of which the person is a member by the ID number, or which have the same phone number."""
    own = [Household.user_id == user.id, Household.phone_index == user.phone_index]
    if user.id_index is not None:
        own.append(Household.id.in_(sa.select(Member.household_id).where(Member.id_index == user.id_index)))
    return list(db.session.scalars(sa.select(Household.id).where(sa.or_(*own))))
