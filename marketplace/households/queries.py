"""Read households within an actor's area; lists carry masks, never a full name or number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, parse_code
from marketplace.core.divisions import CODE_LENGTH, significant
from marketplace.core.errors import NotFound
from marketplace.core.identity import fold
from marketplace.core.kinds import PovertyAttribute
from marketplace.core.masking import mask_account, mask_id_number, mask_name, mask_phone
from marketplace.core.permissions import Permission
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import db
from marketplace.households import policy
from marketplace.households.case import Case
from marketplace.households.columns import PROFILE
from marketplace.households.findings import Finding
from marketplace.households.models import Household, Member, StatusChange
from marketplace.households.rows import HouseholdRow, MemberRow
from marketplace.households.rules import check_household, checkable

PAGE = 30
_ADULT = 18
# A number that we give: the village's code and this many digits.
_SERIAL = 4
_LENGTH = CODE_LENGTH + _SERIAL


@dataclass(frozen=True, slots=True)
class Summary:
    """A household in a staff list."""

    code: str
    registry_no: str
    head: str
    division_code: str
    status: HouseholdStatus
    attribute: PovertyAttribute
    member_count: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``after`` is the code from which the next one goes on, None at the end."""

    rows: list[Summary]
    after: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """A member as staff see one: masked; of somebody under 18 nothing but number, relation and that it is a child."""

    person_no: str
    relation: str
    name: str
    id_number: str
    age: int | None
    is_child: bool
    health: str
    labour: str


def find_household_id(user_id: int) -> int | None:
    """The household that this user speaks for, or None."""
    return db.session.scalar(sa.select(Household.id).where(Household.user_id == user_id))


def get_household(code: str, *, actor: Actor) -> Household:
    """A household with its members by its public code; NotFound outside the actor's area."""
    chosen = sa.select(Household).where(Household.code == code).options(selectinload(Household.members))
    household = db.session.scalar(chosen)
    if household is None:
        raise NotFound("There is nothing here that you may see.")
    policy.ensure_can_read(actor, household)
    return household


def list_households(
    actor: Actor, *, search: str = "", division: str | None = None, after: str | None = None, limit: int = PAGE
) -> Page:
    """Households of the actor's area by register number; ``search`` is a name, a number or a code."""
    chosen = sa.select(Household).where(in_areas(actor.areas(Permission.HOUSEHOLD_READ)))
    if division is not None:
        chosen = chosen.where(in_areas([significant(division)]))
    if search.strip():
        chosen = chosen.where(_matches(search))
    if after is not None:
        start = sa.select(Household.registry_no).where(Household.code == after).scalar_subquery()
        chosen = chosen.where(Household.registry_no > start)
    found = list(db.session.scalars(chosen.order_by(Household.registry_no).limit(limit + 1)))
    rows = [_summary(household) for household in found[:limit]]
    return Page(rows, rows[-1].code if len(found) > limit else None)


def count_households(division: str) -> int:
    """Registered households of a division and all below it."""
    chosen = sa.select(sa.func.count()).select_from(Household).where(in_areas([significant(division)]))
    return db.session.scalars(chosen).one()


def in_areas(areas: Sequence[str]) -> sa.ColumnElement[bool]:
    """The condition for households of these areas (significant digits; an empty one is everywhere)."""
    ranges = [
        Household.division_code.between(area.ljust(CODE_LENGTH, "0"), area.ljust(CODE_LENGTH, "9")) for area in areas
    ]
    return sa.or_(sa.false(), *ranges)


def list_status_changes(household: Household) -> list[StatusChange]:
    """The dated history of a household, the latest first."""
    chosen = sa.select(StatusChange).where(StatusChange.household_id == household.id)
    return list(db.session.scalars(chosen.order_by(StatusChange.effective_on.desc(), StatusChange.id.desc())))


def masked_members(household: Household, *, on: date) -> list[Person]:
    """The members as staff may see them without giving a reason."""
    return [_person(member, on=on) for member in household.members]


def masked_phone(household: Household) -> str:
    """``138****5678``, or nothing."""
    return mask_phone(household.phone or "")


def masked_account(household: Household) -> str:
    """The last four digits, or nothing."""
    return mask_account(household.bank_account or "")


def findings_of(household: Household, *, on: date) -> list[Finding]:
    """What the quality rules say of a registered household today: the list of what is to be put right."""
    case = Case(row_of(household), on=on)
    return check_household(case, rules=checkable(frozenset(PROFILE)))


def row_of(household: Household) -> HouseholdRow:
    """A registered household as the rules and the forms take it."""
    return HouseholdRow(
        **_same_named(household, HouseholdRow, without={"members", "extra", "declared_count", "status_since"}),
        members=tuple(MemberRow(**_same_named(member, MemberRow, without={"extra"})) for member in household.members),
    )


def next_registry_no(village: str) -> str:
    """The village's code and the number after its highest: for a household that has no national number yet."""
    chosen = sa.select(Household.registry_no).where(
        Household.registry_no.between(village, village + "9" * _SERIAL),
        sa.func.length(Household.registry_no) == _LENGTH,
    )
    serials = [int(number[CODE_LENGTH:]) for number in db.session.scalars(chosen) if number.isdecimal()]
    return f"{village}{max(serials, default=0) + 1:0{_SERIAL}d}"


def _same_named(row: object, kind: type[Any], *, without: set[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in kind.__dataclass_fields__ if name not in without}


def _matches(search: str) -> sa.ColumnElement[bool]:
    text = search.strip()
    code = parse_code(text)
    if code is not None and code[0] is Prefix.HOUSEHOLD:
        return Household.code == code[1]
    # An ID number is never searched for: it would stand in an address, and so in logs.
    number = fold(text)
    if number.isdecimal():
        return Household.registry_no.startswith(number, autoescape=True)
    named = sa.select(Member.household_id).where(Member.name == text)
    return sa.or_(Household.head_name.startswith(text, autoescape=True), Household.id.in_(named))


def _summary(household: Household) -> Summary:
    return Summary(
        code=household.code,
        registry_no=household.registry_no,
        head=mask_name(household.head_name),
        division_code=household.division_code,
        status=household.status,
        attribute=household.attribute,
        member_count=household.member_count,
    )


def _person(member: Member, *, on: date) -> Person:
    row = MemberRow(member.person_no, member.name, member.id_number, member.relation)
    age = row.age_on(on)
    is_child = age is not None and age < _ADULT
    return Person(
        person_no=member.person_no,
        relation=member.relation,
        name="" if is_child else mask_name(member.name),
        id_number="" if is_child else mask_id_number(member.id_number),
        age=None if is_child else age,
        is_child=is_child,
        health="" if is_child else _health_class(member.health),
        labour="" if is_child else member.labour,
    )


def _health_class(health: str) -> str:
    """A class, never an illness: who needs to know more gives a reason and reveals it."""
    if not health or health == "健康":
        return health
    return "残疾" if "残" in health else "患病"
