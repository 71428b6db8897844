"""Compare households of a file with those registered under the same number, and write what differs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.kinds import ExitAttribute
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import db
from marketplace.households.bulk import account_index, household_values, id_index, member_values, phone_index
from marketplace.households.columns import HOUSEHOLD_FIELDS, MEMBER_FIELDS
from marketplace.households.findings import Code, Finding, Severity
from marketplace.households.models import Household, Member
from marketplace.households.rows import HouseholdRow, MemberRow

_HOUSEHOLD = Household.metadata.tables[Household.__tablename__]
_MEMBER = Member.metadata.tables[Member.__tablename__]
# Both databases take this many values in one IN.
_AT_ONCE = 10_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Owner:
    """The household in which an ID number is registered."""

    registry_no: str
    code: str
    division_code: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A household as it is registered: columns by name, members by the index of their ID number."""

    id: int
    division_code: str
    status: HouseholdStatus
    values: sa.RowMapping
    members: dict[bytes, sa.RowMapping]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a file changes in one household."""

    household_id: int
    values: dict[str, Any] = field(default_factory=dict)
    joined: tuple[MemberRow, ...] = ()
    # Member id -> changed columns.
    members: dict[int, dict[str, Any]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """True where there is something to write."""
        return bool(self.values or self.joined or self.members)


def load_registered(registry_nos: Collection[str]) -> dict[str, Registered]:
    """Registered households by their number, in two statements for each ten thousand."""
    found: dict[str, Registered] = {}
    connection = db.session.connection()
    for numbers in _parts(registry_nos):
        chosen = sa.select(_HOUSEHOLD).where(_HOUSEHOLD.c.registry_no.in_(numbers))
        by_id = {}
        for values in connection.execute(chosen).mappings():
            old = Registered(values["id"], values["division_code"], values["status"], values, {})
            by_id[old.id] = found[values["registry_no"]] = old
        for ids in _parts(by_id):
            people = sa.select(_MEMBER).where(_MEMBER.c.household_id.in_(ids)).order_by(_MEMBER.c.id)
            for person in connection.execute(people).mappings():
                by_id[person["household_id"]].members[bytes(person["id_index"])] = person
    return found


def load_owners(indexes: Iterable[bytes]) -> dict[bytes, Owner]:
    """Where these ID numbers are registered."""
    found: dict[bytes, Owner] = {}
    for part in _parts(indexes):
        chosen = (
            sa.select(Member.id_index, Household.registry_no, Household.code, Household.division_code)
            .join(Household, Household.id == Member.household_id)
            .where(Member.id_index.in_(part))
        )
        for index, registry_no, code, division in db.session.execute(chosen):
            found[bytes(index)] = Owner(registry_no, code, division)
    return found


def is_registered(index: bytes, *, among: Mapping[bytes, object]) -> bool:
    """True where this ID number is a member's, in the file or in the register."""
    return index in among or bool(load_owners([index]))


def compare(old: Registered, row: HouseholdRow, *, columns: frozenset[str]) -> tuple[Difference, list[Finding]]:
    """What ``row`` changes. An empty cell, or a column that the file lacks, says nothing and changes nothing.

    A household is the same one where the number and at least one person's ID number agree: a name never decides.
    """
    findings: list[Finding] = []
    new = {id_index(member.id_card): member for member in row.members if member.id_number}
    if old.members and not new.keys() & old.members.keys():
        message = (
            "This household number belongs to other people (other ID numbers). Check the number and the ID numbers."
        )
        return Difference(old.id), [Finding(Code.NUMBER_TAKEN, Severity.ERROR, message, field="registry_no")]
    values = _changed(old.values, household_values(row), HOUSEHOLD_FIELDS, columns)
    members = {
        old.members[index]["id"]: changed
        for index, member in new.items()
        if index in old.members
        if (changed := _changed(old.members[index], member_values(member), MEMBER_FIELDS, columns))
    }
    joined = tuple(member for index, member in new.items() if index not in old.members)
    findings += _numbers_clash(old, new)
    findings += _left_out(old, new)
    wanted = values.pop("exit_attribute", None)
    findings += status_finding(old.values["exit_attribute"], wanted, severity=Severity.WARNING)
    names = {HOUSEHOLD_FIELDS[name] for name in values} | {MEMBER_FIELDS[n] for m in members.values() for n in m}
    names |= {"人数"} if joined else set()
    return Difference(old.id, values, joined, members, tuple(sorted(names))), findings


def write_differences(
    differences: Sequence[Difference], *, by: Actor, now: datetime, progress: Callable[[int], None] | None = None
) -> None:
    """Update what differs and add who joined."""
    connection = db.session.connection()
    for difference in differences:
        values = dict(difference.values)
        if "phone" in values:
            values["phone_index"] = phone_index(values["phone"])
        if "bank_account" in values:
            values["bank_account_index"] = account_index(values["bank_account"])
        if difference.joined:
            values["member_count"] = _HOUSEHOLD.c.member_count + len(difference.joined)
        connection.execute(
            sa.update(_HOUSEHOLD).where(_HOUSEHOLD.c.id == difference.household_id).values(updated_at=now, **values)
        )
        _write_members(difference)
        if progress is not None:
            progress(1)
    db.session.expire_all()


def status_finding(old: ExitAttribute, new: ExitAttribute | None, *, severity: Severity) -> list[Finding]:
    """A finding where somebody wants another status: it changes by a proposal with a notice, never by an entry."""
    if new is None or new is old:
        return []
    message = "The status is “%(old)s” here. It becomes “%(new)s” by a proposal with a notice, on the household's page."
    params = {"old": old.label, "new": new.label}
    return [Finding(Code.STATUS, severity, message, field="exit_attribute", params=params)]


def _write_members(difference: Difference) -> None:
    connection = db.session.connection()
    # Numbers may be swapped between two people: each first gives up its own.
    renumbered = [member_id for member_id, values in difference.members.items() if "person_no" in values]
    for member_id in renumbered:
        connection.execute(sa.update(_MEMBER).where(_MEMBER.c.id == member_id).values(person_no=f"~{member_id}"))
    for member_id, values in difference.members.items():
        connection.execute(sa.update(_MEMBER).where(_MEMBER.c.id == member_id).values(**values))
    for member in difference.joined:
        values = member_values(member) | {"household_id": difference.household_id, "id_index": id_index(member.id_card)}
        connection.execute(sa.insert(_MEMBER).values(**values))


def _changed(
    old: sa.RowMapping, new: Mapping[str, Any], fields: Mapping[str, str], columns: frozenset[str]
) -> dict[str, Any]:
    return {
        name: value
        for name, value in new.items()
        if value not in (None, "") and value != old[name] and fields[name] in columns
    }


def _numbers_clash(old: Registered, new: Mapping[bytes, MemberRow]) -> list[Finding]:
    """Person numbers that would stand twice: a number of the file that somebody missing from the file keeps."""
    kept = {person["person_no"] for index, person in old.members.items() if index not in new}
    message = "The person number belongs to somebody with another ID number. Check both numbers."
    return [
        Finding(Code.PERSON_TAKEN, Severity.ERROR, message, field="person_no", member=at)
        for at, member in enumerate(new.values())
        if member.person_no in kept
    ]


def _left_out(old: Registered, new: Mapping[bytes, MemberRow]) -> list[Finding]:
    message = "A registered member, person number %(number)s, is missing from the file; nothing is deleted."
    return [
        Finding(Code.NOT_IN_FILE, Severity.WARNING, message, params={"number": person["person_no"]})
        for index, person in old.members.items()
        if index not in new
    ]


def _parts(values: Iterable[T]) -> Iterable[list[T]]:
    listed = list(values)
    return (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))
