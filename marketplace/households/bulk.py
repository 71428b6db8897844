"""Write many households at once: plain inserts in batches, no object per row."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from marketplace.core.codes import Choose, Prefix, new_code
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.db.types import keyring
from marketplace.households.models import Household, Member, StatusChange
from marketplace.households.rows import HouseholdRow, MemberRow

BATCH = 2000
# Plain tables: rows of a bulk write need none of the bookkeeping of mapped objects.
_HOUSEHOLD = Household.metadata.tables[Household.__tablename__]
_MEMBER = Member.metadata.tables[Member.__tablename__]
_CHANGE = StatusChange.metadata.tables[StatusChange.__tablename__]
Progress = Callable[[int], None]


def id_index(id_card: str) -> bytes:
    """The keyed index by which a person is found again; ``id_card`` is 18 characters."""
    return keyring.blind("id_number", id_card)


def phone_index(phone: str | None) -> bytes | None:
    """The same index as for users and donors: one phone meets itself wherever it stands."""
    return None if phone is None else keyring.blind("phone", phone)


def account_index(account: str | None) -> bytes | None:
    """The keyed index of a bank account."""
    return None if account is None else keyring.blind("bank_account", account)


def insert_households(
    rows: Iterable[HouseholdRow],
    *,
    now: datetime,
    recorded_by: int | None = None,
    choose: Choose = secrets.choice,
    progress: Progress | None = None,
) -> list[int]:
    """Write new households with members and first status; returns their ids in the order of ``rows``.

    Checks nothing but what the database itself refuses: the caller has checked the rules. A household whose row
    has no ``registered_at`` is registered ``now``. ``choose`` picks the characters of the public codes (a seeded
    one makes them repeatable); ``progress`` hears the number of households after each batch.
    """
    taken = set(db.session.scalars(sa.select(Household.code)))
    written: list[int] = []
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        ids = _insert_batch(batch, codes=_fresh_codes(len(batch), taken, choose), now=now, recorded_by=recorded_by)
        written += ids
        if progress is not None:
            progress(len(batch))
    return written


def household_values(row: HouseholdRow) -> dict[str, Any]:
    """The columns that come from the register, ready to be written or compared."""
    return {
        "registry_no": row.registry_no,
        "division_code": row.division_code,
        "group_name": row.group_name,
        "head_name": row.head_name,
        "attribute": row.attribute,
        "exit_attribute": row.exit_attribute,
        "main_cause": row.main_cause,
        "unsafe_house": row.unsafe_house,
        "safe_water": row.safe_water,
        "scarce_water": row.scarce_water,
        "income_fen": row.income_fen,
        "phone": row.phone,
        "bank_account": row.bank_account,
    }


def member_values(member: MemberRow) -> dict[str, Any]:
    """As household_values, for a person."""
    return {
        "person_no": member.person_no,
        "name": member.name,
        "id_number": member.id_number,
        "relation": member.relation,
        "ethnicity": member.ethnicity,
        "education": member.education,
        "school_status": member.school_status,
        "health": member.health,
        "labour": member.labour,
        "work_place": member.work_place,
        "work_months": member.work_months,
        "serious_illness_insured": member.serious_illness_insured,
    }


def _fresh_codes(count: int, taken: set[str], choose: Choose) -> list[str]:
    fresh: list[str] = []
    while len(fresh) < count:
        code = new_code(Prefix.HOUSEHOLD, choose)
        if code not in taken:
            taken.add(code)
            fresh.append(code)
    return fresh


def _insert_batch(
    rows: Sequence[HouseholdRow], *, codes: Sequence[str], now: datetime, recorded_by: int | None
) -> list[int]:
    households = [
        household_values(row)
        | {
            "code": code,
            "status": row.status,
            "member_count": len(row.members),
            "phone_index": phone_index(row.phone),
            "bank_account_index": account_index(row.bank_account),
            "registered_at": row.registered_at or now,
            "updated_at": row.registered_at or now,
        }
        for row, code in zip(rows, codes, strict=True)
    ]
    connection = db.session.connection()
    connection.execute(sa.insert(_HOUSEHOLD), households)
    found = connection.execute(sa.select(_HOUSEHOLD.c.code, _HOUSEHOLD.c.id).where(_HOUSEHOLD.c.code.in_(codes)))
    id_of = dict(found.all())
    pairs = [(id_of[code], row) for code, row in zip(codes, rows, strict=True)]
    if members := [_member_of(household_id, m) for household_id, row in pairs for m in row.members]:
        connection.execute(sa.insert(_MEMBER), members)
    history = [change for household_id, row in pairs for change in _history_of(household_id, row, now, recorded_by)]
    connection.execute(sa.insert(_CHANGE), history)
    return [household_id for household_id, _ in pairs]


def _member_of(household_id: int, member: MemberRow) -> dict[str, Any]:
    return member_values(member) | {"household_id": household_id, "id_index": id_index(member.id_card)}


def _history_of(
    household_id: int, row: HouseholdRow, now: datetime, recorded_by: int | None
) -> Iterator[dict[str, Any]]:
    moment = row.registered_at or now
    first = {
        "household_id": household_id,
        "status": row.status,
        "effective_on": china_day(moment),
        "reason": "",
        "recorded_at": moment,
        "recorded_by": recorded_by,
    }
    if row.status_since is None or row.status is HouseholdStatus.REGISTERED:
        yield first
        return
    yield first | {"status": HouseholdStatus.REGISTERED}
    yield first | {"effective_on": row.status_since}
