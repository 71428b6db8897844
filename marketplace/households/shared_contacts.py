"""Numbers that very many households have (公用号码): one case each, its households page by page, settled by a person.

A pair is looked at side by side; of fifty households with one phone nobody looks at 1,225 pairs. Somebody looks at all
of them, puts wrong numbers right, and says why the rest may have one number: then their payments go on (fraud 2).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.accounts.models import User
from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.codes import Choose, new_slip_code
from marketplace.core.divisions import DIGITS, Level
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.db.once import insert_once
from marketplace.households.duplicate_signs import MOST_SHARING
from marketplace.households.models import DuplicateSign, Household, SharedContact
from marketplace.households.queries import in_areas

PAGE = 30
_SHORTEST_WHY, _LONGEST_WHY = 4, 200
NUMBERS: dict[DuplicateSign, InstrumentedAttribute[bytes | None]] = {
    DuplicateSign.PHONE: Household.phone_index,
    DuplicateSign.ACCOUNT: Household.bank_account_index,
}


@dataclass(frozen=True, slots=True)
class SharedCase:
    """One number: which kind, in how many households now, and whether it belongs to somebody with an account here."""

    code: str
    sign: DuplicateSign
    size: int
    found_at: datetime
    settled_at: datetime | None
    why: str
    is_of_user: bool


def note_shared(*, now: datetime, choose: Choose = secrets.choice) -> int:
    """Open a case for each number that more than MOST_SHARING households have, and that is not settled for so many."""
    return sum(
        _note(sign, bytes(value or b""), size, now=now, choose=choose)
        for sign, column in NUMBERS.items()
        for value, size in db.session.execute(_many(column)).all()
    )


def is_settled(sign: DuplicateSign, value: bytes, *, size: int) -> bool:
    """True where somebody has looked at as many households with this number, or more."""
    settled = sa.exists().where(
        SharedContact.sign == sign,
        SharedContact.value_index == value,
        SharedContact.settled_at.is_not(None),
        SharedContact.size >= size,
    )
    return bool(db.session.scalar(sa.select(settled)))


def list_shared(*, actor: Actor) -> list[SharedCase]:
    """The cases that wait for this person, the largest first."""
    waiting = db.session.scalars(sa.select(SharedContact).where(SharedContact.settled_at.is_(None)))
    cases = [_case(row) for row in waiting.all() if _may_settle(actor, row)]
    return sorted((case for case in cases if case.size > MOST_SHARING), key=lambda case: (-case.size, case.code))


def get_shared(code: str, *, actor: Actor) -> SharedCase:
    """One case; NotFound outside the actor's area (Z2)."""
    return _case(_row(code, actor=actor))


def households_of(code: str, *, actor: Actor, page: int = 1) -> tuple[list[Household], bool]:
    """One page of the households that have the number, village by village, and whether there are more."""
    row = _row(code, actor=actor)
    chosen = sa.select(Household).where(_has(row)).order_by(Household.division_code, Household.id)
    found = list(db.session.scalars(chosen.offset((page - 1) * PAGE).limit(PAGE + 1)))
    return found[:PAGE], len(found) > PAGE


def settle_shared(code: str, *, why: str, by: Actor, now: datetime) -> SharedCase:
    """Say why all these households may have one number; what is held for it goes on, until more of them have it.

    Never by whoever has the number himself; once, audited.
    """
    row = _row(code, actor=by)
    reason = " ".join(why.split())
    if not _SHORTEST_WHY <= len(reason) <= _LONGEST_WHY:
        raise Invalid("Say in 4 to 200 characters why they may have one number.", field="why")
    if db.session.scalar(sa.select(User.id).where(User.id == by.user_id, User.phone_index == row.value_index)):
        raise Forbidden("This is your own number: somebody else looks at these households.")
    values = {"settled_by": by.user_id, "settled_at": now, "why": reason, "size": _size(row)}
    statement = sa.update(SharedContact).where(SharedContact.id == row.id, SharedContact.settled_at.is_(None))
    result = db.session.execute(statement.values(**values).execution_options(synchronize_session=False))
    if not cast("sa.CursorResult[Any]", result).rowcount:
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    db.session.refresh(row)
    audit.record(by, "shared.settle", subject="shared_contact", subject_id=row.id, at=now, code=code, size=row.size)
    return _case(row)


def _many(column: InstrumentedAttribute[bytes | None]) -> sa.Select[bytes | None, int]:
    counted = sa.select(column, sa.func.count()).where(column.is_not(None)).group_by(column)
    return counted.having(sa.func.count() > MOST_SHARING)


def _note(sign: DuplicateSign, value: bytes, size: int, *, now: datetime, choose: Choose) -> bool:
    same = (SharedContact.sign == sign, SharedContact.value_index == value)
    waits = db.session.scalar(sa.select(SharedContact.id).where(*same, SharedContact.settled_at.is_(None)))
    if waits is not None or is_settled(sign, value, size=size):
        return False
    values = {
        "code": new_slip_code(choose),
        "sign": sign,
        "value_index": value,
        "size": size,
        "found_at": now,
        "why": "",
    }
    return insert_once(db.session, SharedContact, key=["code"], values=values)


def _row(code: str, *, actor: Actor) -> SharedContact:
    row = db.session.scalar(sa.select(SharedContact).where(SharedContact.code == code))
    if row is None or not _may_settle(actor, row):
        raise NotFound("There is nothing here that you may see.")
    return row


def _case(row: SharedContact) -> SharedCase:
    is_of_user = bool(db.session.scalar(sa.select(sa.exists().where(User.phone_index == row.value_index))))
    return SharedCase(row.code, row.sign, _size(row), row.found_at, row.settled_at, row.why, is_of_user)


def _has(row: SharedContact) -> sa.ColumnElement[bool]:
    return NUMBERS[row.sign] == row.value_index


def _size(row: SharedContact) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Household).where(_has(row))) or 0


def _may_settle(actor: Actor, row: SharedContact) -> bool:
    """Whoever covers all of them; a county that covers one, since nobody covers more than a county."""
    areas = actor.areas(Permission.DUPLICATE_DECIDE)
    inside = sa.func.coalesce(sa.func.sum(sa.case((in_areas(areas), 1), else_=0)), 0)
    covered, size = db.session.execute(sa.select(inside, sa.func.count()).where(_has(row))).one()
    is_county = any(len(area) <= DIGITS[Level.COUNTY] for area in areas)
    return covered > 0 and (covered == size or is_county)
