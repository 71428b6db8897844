"""Read people and what they may do."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from marketplace.accounts.models import LoginLink, RoleGrant, User
from marketplace.core.actor import Actor, Grant
from marketplace.core.divisions import contains, significant
from marketplace.core.errors import Forbidden
from marketplace.core.permissions import STAFF_ROLES, Permission, Role
from marketplace.db import db
from marketplace.db.types import keyring


def actor_of(user: User, *, donor_id: int | None = None, household_id: int | None = None) -> Actor:
    """The actor that a user is at this moment: only grants that are in force."""
    grants = tuple(Grant(g.role, g.division_code) for g in user.grants if g.revoked_at is None)
    return Actor(user_id=user.id, grants=grants, donor_id=donor_id, household_id=household_id)


def phone_index(phone: str) -> bytes:
    """The blind index by which a phone number is looked up; households and donors use the same."""
    return keyring.blind("phone", phone)


def find_user_by_phone(phone: str) -> User | None:
    """The user with this phone number (11 digits), or None."""
    return db.session.scalar(sa.select(User).where(User.phone_index == phone_index(phone)))


def find_clerk(village: str) -> User | None:
    """The one clerk of a village (12 digits); None where it has none, or several."""
    chosen = (
        sa.select(User)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(RoleGrant.role == Role.VILLAGE_CLERK, RoleGrant.division_code == village)
        .where(RoleGrant.revoked_at.is_(None), User.active)
    )
    found = db.session.scalars(chosen.limit(2)).all()
    return found[0] if len(found) == 1 else None


def find_user_by_session(session_id: str) -> User | None:
    """The active user whom a session belongs to; None once the person's sessions were ended."""
    return db.session.scalar(sa.select(User).where(User.fs_uniquifier == session_id, User.active))


def find_link(token_index: bytes, *, now: datetime) -> LoginLink | None:
    """An unused one-time link that has not expired."""
    chosen = sa.select(LoginLink).where(
        LoginLink.token_index == token_index, LoginLink.used_at.is_(None), LoginLink.expires_at > now
    )
    return db.session.scalar(chosen)


def list_staff(actor: Actor, *, skip: int = 0, limit: int = 50) -> list[RoleGrant]:
    """Staff roles in force inside the actor's area, by division, each with its person."""
    areas = actor.areas(Permission.ROLE_GRANT)
    if not areas:
        raise Forbidden("Your role does not allow this.")
    inside = sa.or_(*(RoleGrant.division_code.startswith(area, autoescape=True) for area in areas))
    chosen = (
        sa.select(RoleGrant)
        .where(inside, RoleGrant.role.in_(STAFF_ROLES), RoleGrant.revoked_at.is_(None))
        .options(joinedload(RoleGrant.user, innerjoin=True).raiseload(User.grants))
        .order_by(RoleGrant.division_code, RoleGrant.id)
        .offset(skip)
        .limit(limit)
    )
    return list(db.session.scalars(chosen))


def is_below(actor: Actor, user_ids: Collection[int]) -> bool:
    """True where one of these people is staff of a division above one at which the actor is staff (F2)."""
    in_force = sa.and_(RoleGrant.role.in_(STAFF_ROLES), RoleGrant.revoked_at.is_(None))
    theirs = db.session.scalars(sa.select(RoleGrant.division_code).where(RoleGrant.user_id.in_(user_ids), in_force))
    own = {grant.division for grant in actor.grants if grant.role in STAFF_ROLES}
    return any(
        contains(division, place) and significant(place) != significant(division)
        for division in theirs.all()
        for place in own
    )


def list_grants(user: User) -> list[RoleGrant]:
    """The roles of a person that are in force."""
    return [grant for grant in user.grants if grant.revoked_at is None]
