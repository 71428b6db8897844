"""Write people: accounts, roles, passwords, one-time links."""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.accounts.models import LoginLink, RoleGrant, User
from marketplace.accounts.passwords import ensure_acceptable, hash_password, password_fits
from marketplace.accounts.policy import ensure_can_grant, ensure_can_revoke, may_reset
from marketplace.accounts.queries import find_link, find_user_by_phone, list_grants, phone_index
from marketplace.audit.service import record
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.identity import parse_phone
from marketplace.core.permissions import Role
from marketplace.db import db
from marketplace.db.types import keyring
from marketplace.regions.queries import find_division

LINK_LIFE = timedelta(hours=72)
_WRONG = "The phone number or the password is wrong."
_DEAD_LINK = "This link has been used or has expired. Ask for a new one."


def add_user(name: str, *, phone: str, now: datetime, password: str | None = None, unit: str = "") -> User:
    """A new person; without a password a one-time link lets him set one. Invalid for a number that is taken."""
    number = parse_phone(phone)
    if not name.strip():
        raise Invalid("Write the name.", field="name")
    if find_user_by_phone(number) is not None:
        raise Invalid("There is already an account with this phone number.", field="phone")
    if password is not None:
        ensure_acceptable(password, phone=number)
    user = User(
        name=name.strip(),
        phone=number,
        phone_index=phone_index(number),
        password=None if password is None else hash_password(password),
        unit=unit.strip(),
        fs_uniquifier=_new_session_id(),
        created_at=now,
    )
    db.session.add(user)
    db.session.flush()
    record(Actor(user_id=user.id), "user.add", subject="user", subject_id=user.id, at=now)
    return user


def authenticate(phone: str, *, password: str, now: datetime) -> User:
    """The person with this phone and password; one sentence, and the same time, for every other case."""
    try:
        user = find_user_by_phone(parse_phone(phone))
    except Invalid:
        user = None
    fits = password_fits(user.password if user else None, password)
    if user is None or not fits or not user.active:
        raise Invalid(_WRONG)
    record(Actor(user_id=user.id), "user.sign_in", subject="user", subject_id=user.id, at=now)
    return user


def end_sessions(user: User) -> None:
    """Every open session of the person ends with its next request."""
    user.fs_uniquifier = _new_session_id()
    db.session.flush()


def set_password(user: User, *, password: str, now: datetime) -> None:
    """A new password; sessions opened with the old one end."""
    ensure_acceptable(password, phone=user.phone)
    user.password = hash_password(password)
    end_sessions(user)
    record(Actor(user_id=user.id), "user.password", subject="user", subject_id=user.id, at=now)


def change_password(user: User, *, current: str, password: str, now: datetime) -> None:
    """set_password for somebody who knows the present one."""
    if not password_fits(user.password, current):
        raise Invalid("This is not your present password.", field="current")
    set_password(user, password=password, now=now)


def change_name(user: User, *, name: str, now: datetime) -> None:
    """What the pages call the person."""
    if not name.strip():
        raise Invalid("Write the name.", field="name")
    user.name = name.strip()
    db.session.flush()
    record(Actor(user_id=user.id), "user.name", subject="user", subject_id=user.id, at=now)


def note_identity(user: User, *, trace: bytes, by: Actor, now: datetime) -> None:
    """Keep the keyed trace of a person's ID number; who has given one cannot change it himself (Z6)."""
    if user.id_index == trace:
        return
    if user.id_index is not None and by.user_id == user.id:
        raise Conflict("Your ID number is already known. Only your administrator can correct it.")
    user.id_index = trace
    db.session.flush()
    record(by, "user.identity", subject="user", subject_id=user.id, at=now)


def grant_role(user: User, *, role: Role, division: str, by: Actor, now: datetime) -> RoleGrant:
    """Let the person act as ``role`` in a division and all below it."""
    ensure_can_grant(by, role, division, user_id=user.id)
    if find_division(division) is None:
        raise Invalid("There is no such division.", field="division")
    if any(g.role == role and g.division_code == division and g.revoked_at is None for g in user.grants):
        raise Conflict("The person already has this role here.")
    grant = RoleGrant(role=role, division_code=division, granted_at=now, granted_by=by.user_id)
    user.grants.append(grant)
    db.session.flush()
    _record_grant(by, "role.grant", grant, at=now)
    return grant


def revoke_role(grant_id: int, *, by: Actor, now: datetime) -> RoleGrant:
    """End a role; the person's next request is already refused (Z7)."""
    grant = _get_grant(grant_id)
    ensure_can_revoke(by, grant.division_code, user_id=grant.user_id)
    if grant.revoked_at is not None:
        raise Conflict("This role has already been revoked.")
    grant.revoked_at, grant.revoked_by = now, by.user_id
    db.session.flush()
    _record_grant(by, "role.revoke", grant, at=now)
    return grant


def invite(phone: str, *, name: str, role: Role, division: str, by: Actor, now: datetime) -> tuple[User, str | None]:
    """Grant a role to whoever has this number; somebody without a password also gets a one-time link's token."""
    user = find_user_by_phone(parse_phone(phone)) or add_user(name, phone=phone, now=now)
    grant_role(user, role=role, division=division, by=by, now=now)
    wants_link = user.password is None and may_reset(by, [g.division_code for g in list_grants(user)])
    return user, make_login_link(user, now=now) if wants_link else None


def renew_link(grant_id: int, *, by: Actor, now: datetime) -> tuple[User, str]:
    """A new one-time link for somebody who forgot the password; refused where he also works outside the area."""
    grant = _get_grant(grant_id)
    ensure_can_revoke(by, grant.division_code, user_id=grant.user_id)
    user = grant.user
    if not may_reset(by, [g.division_code for g in list_grants(user)]):
        raise Forbidden("This person also has a role outside your area. Ask the operator of the site.")
    _record_grant(by, "user.link", grant, at=now)
    return user, make_login_link(user, now=now)


def make_login_link(user: User, *, now: datetime) -> str:
    """The token of a link with which the person sets a password, once; only its keyed hash is kept."""
    token = secrets.token_urlsafe(32)
    link = LoginLink(user_id=user.id, token_index=_token_index(token), created_at=now, expires_at=now + LINK_LIFE)
    db.session.add(link)
    db.session.flush()
    return token


def use_login_link(token: str, *, password: str, now: datetime) -> User:
    """Set the password by a one-time link; a second use finds it gone."""
    link = find_link(_token_index(token), now=now)
    if link is None:
        raise NotFound(_DEAD_LINK)
    user = db.session.get_one(User, link.user_id)
    set_password(user, password=password, now=now)
    used = sa.update(LoginLink).where(LoginLink.id == link.id, LoginLink.used_at.is_(None)).values(used_at=now)
    if db.session.execute(used).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(_DEAD_LINK)
    return user


def check_login_link(token: str, *, now: datetime) -> None:
    """NotFound where a link would no longer work."""
    if find_link(_token_index(token), now=now) is None:
        raise NotFound(_DEAD_LINK)


def _get_grant(grant_id: int) -> RoleGrant:
    grant = db.session.get(RoleGrant, grant_id)
    if grant is None:
        raise NotFound("There is no such role.")
    return grant


def _token_index(token: str) -> bytes:
    return keyring.blind("login_link", token)


def _new_session_id() -> str:
    return secrets.token_hex(32)


def _record_grant(by: Actor, action: str, grant: RoleGrant, *, at: datetime) -> None:
    record(
        by,
        action,
        subject="user",
        subject_id=grant.user_id,
        at=at,
        division=grant.division_code,
        role=grant.role.value,
    )
