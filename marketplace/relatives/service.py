"""Declare a relation, for oneself or, by the county, for somebody of the area; end one that no longer holds."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user_by_phone
from marketplace.accounts.service import note_identity
from marketplace.audit.service import record
from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, parse_code
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.identity import fold, id_number_fault, parse_phone
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.households.bulk import id_index
from marketplace.households.models import Household
from marketplace.relatives.models import Kinship, StaffRelative
from marketplace.relatives.queries import works_under

_ID_CARD = 18


@dataclass(frozen=True, slots=True)
class Named:
    """Who is declared: exactly one of a household's code, a colleague's phone number, a person's ID number."""

    household_code: str = ""
    phone: str = ""
    id_number: str = ""


def declare(
    named: Named, *, kinship: Kinship | None, user: User | None = None, by: Actor, now: datetime
) -> StaffRelative:
    """Record a relation of ``user``, or of the actor himself; Invalid where nobody or more than one is named."""
    person = _declarer(user, by=by)
    given = {
        field: text for field in ("household_code", "phone", "id_number") if (text := getattr(named, field).strip())
    }
    if len(given) != 1:
        raise Invalid("Name one of the three: a household, a colleague or a person.", field="household_code")
    if kinship is None:
        raise Invalid("Choose how you are related.", field="kinship")
    columns = _who(given, person)
    same = [getattr(StaffRelative, name) == value for name, value in columns.items()]
    known = sa.select(StaffRelative.id).where(
        StaffRelative.user_id == person.id, StaffRelative.ended_at.is_(None), *same
    )
    if db.session.scalar(known) is not None:
        raise Conflict("This relation is already declared.")
    row = StaffRelative(
        user_id=person.id, kinship=kinship, declared_at=now, declared_by=by.user_id or person.id, **columns
    )
    db.session.add(row)
    db.session.flush()
    record(by, "relative.declare", subject="user", subject_id=person.id, at=now, relative=row.id)
    return row


def end_relation(relation_id: int, *, by: Actor, now: datetime) -> StaffRelative:
    """A relation that no longer holds; never ended by the person himself, so that nobody frees himself to decide."""
    row = db.session.get(StaffRelative, relation_id)
    if row is None:
        raise NotFound("There is no such declaration.")
    person = db.session.get_one(User, row.user_id)
    if person.id == by.user_id:
        raise Forbidden("Nobody ends his own declaration. Ask your administrator.")
    if not works_under(by, person):
        raise NotFound("There is no such declaration.")
    if row.ended_at is not None:
        raise Conflict("This declaration has already ended.")
    row.ended_at, row.ended_by = now, by.user_id
    db.session.flush()
    record(by, "relative.end", subject="user", subject_id=person.id, at=now, relative=row.id)
    return row


def give_id_number(id_number: str, *, user: User | None = None, by: Actor, now: datetime) -> None:
    """Keep the keyed trace of one's ID number, and nothing else of it (Z6)."""
    note_identity(_declarer(user, by=by), trace=_trace(id_number, "own_id_number"), by=by, now=now)


def _declarer(user: User | None, *, by: Actor) -> User:
    if by.user_id is None or not by.has(Permission.DESK_OPEN):
        raise Forbidden("Your role does not allow this.")
    if user is None or user.id == by.user_id:
        return db.session.get_one(User, by.user_id)
    if not works_under(by, user):
        raise NotFound("There is no such role.")
    return user


def _who(given: dict[str, str], person: User) -> dict[str, object]:
    """The one column that names the relative."""
    if "household_code" in given:
        code = parse_code(given["household_code"])
        found = db.session.scalar(sa.select(Household.id).where(Household.code == code[1])) if code else None
        if found is None or (code and code[0] is not Prefix.HOUSEHOLD):
            raise Invalid("No household has this code. It looks like HB-7K3QBD-92.", field="household_code")
        return {"household_id": found}
    if "phone" in given:
        other = find_user_by_phone(parse_phone(given["phone"]))
        if other is None:
            raise Invalid("Nobody here has this number. Declare the person by the ID number.", field="phone")
        if other.id == person.id:
            raise Invalid("This is the number of the same person.", field="phone")
        return {"other_user_id": other.id}
    return {"id_index": _trace(given["id_number"], "id_number")}


def _trace(id_number: str, field: str) -> bytes:
    number = fold(id_number)
    fault = id_number_fault(number)
    if fault is not None:
        raise Invalid(fault, field=field)
    return id_index(number[:_ID_CARD])
