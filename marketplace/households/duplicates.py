"""Households that may be one and the same (疑似重复): found by signs, decided by people who see both side by side."""

import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.codes import Choose
from marketplace.core.divisions import DIGITS, Level
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.households.duplicate_signs import MOST_SHARING, Pair, same_addresses, same_people, sharing
from marketplace.households.models import DuplicateSign, DuplicateVerdict, Household, HouseholdDuplicate
from marketplace.households.shared_contacts import NUMBERS, is_settled, note_shared

# Two others make three households with one number: no money is passed on before somebody has looked.
_FEW_OTHERS = 2
_SHORTEST_WHY, _LONGEST_WHY = 4, 200
_NOTHING_HERE = "There is nothing here that you may see."
_Noted = HouseholdDuplicate


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two households that may be one, with what points to it."""

    id: int
    first: Household
    second: Household
    signs: list[DuplicateSign]
    found_at: datetime
    verdict: DuplicateVerdict | None
    why: str


def find_duplicates(*, area: str = "", by: Actor, now: datetime, choose: Choose = secrets.choice) -> int:
    """Note every pair with a common phone, account, person or address that is not noted yet; returns how many are new.

    A number that very many have is one case, which counts as one.

    ``area``: the digits that the codes of the villages looked at begin with; all of them where it is empty.

    A person is the same sound of the name, the same year of birth and the same village: likeness of names alone
    names the wrong people. The same ID number in two households is refused at registration already.
    """
    if not by.is_system:
        raise Forbidden("Your role does not allow this.")
    signs: dict[Pair, list[DuplicateSign]] = defaultdict(list)
    for sign, pairs in (
        (DuplicateSign.PHONE, sharing(Household.phone_index, area)),
        (DuplicateSign.ACCOUNT, sharing(Household.bank_account_index, area)),
        (DuplicateSign.PERSON, same_people(area)),
        (DuplicateSign.ADDRESS, same_addresses(area)),
    ):
        for pair in pairs:
            signs[pair].append(sign)
    known = {(row.first_id, row.second_id) for row in db.session.scalars(sa.select(HouseholdDuplicate))}
    new = sorted(signs.keys() - known)
    for first, second in new:
        found = [sign.value for sign in signs[(first, second)]]
        db.session.add(HouseholdDuplicate(first_id=first, second_id=second, signs=found, found_at=now))
    db.session.flush()
    count = len(new) + note_shared(now=now, choose=choose)
    if count:
        audit.record(by, "duplicate.find", subject="household", subject_id=None, at=now, count=count)
    return count


def list_duplicates(*, actor: Actor) -> list[Candidate]:
    """What waits for a decision in the actor's area, the oldest first."""
    chosen = sa.select(HouseholdDuplicate).where(HouseholdDuplicate.verdict.is_(None))
    rows = db.session.scalars(chosen.order_by(HouseholdDuplicate.found_at, HouseholdDuplicate.id)).all()
    homes = _homes(home for row in rows for home in (row.first_id, row.second_id))
    found = [_candidate(row, homes) for row in rows]
    return [candidate for candidate in found if _may_decide(actor, candidate)]


def get_duplicate(first: str, second: str, *, actor: Actor) -> Candidate:
    """The pair of these two codes; NotFound outside the actor's area (Z2)."""
    ids = dict(
        db.session.execute(sa.select(Household.code, Household.id).where(Household.code.in_((first, second)))).all()
    )
    if len(ids) != 2:
        raise NotFound(_NOTHING_HERE)
    low, high = sorted(ids.values())
    row = db.session.scalar(
        sa.select(HouseholdDuplicate).where(HouseholdDuplicate.first_id == low, HouseholdDuplicate.second_id == high)
    )
    if row is None:
        raise NotFound(_NOTHING_HERE)
    candidate = _candidate(row, _homes((low, high)))
    if not _may_decide(actor, candidate):
        raise NotFound(_NOTHING_HERE)
    return candidate


def decide_duplicate(
    first: str, second: str, *, verdict: DuplicateVerdict | None, why: str, by: Actor, now: datetime
) -> Candidate:
    """Say whether the two are one household, and which number stays; decided once, audited.

    Nothing is deleted: for the household that does not stay no need can be posted from then on.
    """
    candidate = get_duplicate(first, second, actor=by)
    reason = " ".join(why.split())
    if verdict is None:
        raise Invalid("Choose whether they are one household.", field="verdict")
    if not _SHORTEST_WHY <= len(reason) <= _LONGEST_WHY:
        raise Invalid("Say in 4 to 200 characters how you know.", field="why")
    decided = db.session.execute(
        sa.update(HouseholdDuplicate)
        .where(HouseholdDuplicate.id == candidate.id, HouseholdDuplicate.verdict.is_(None))
        .values(verdict=verdict, why=reason, decided_by=by.user_id, decided_at=now)
        .execution_options(synchronize_session=False)
    )
    if not decided.rowcount:  # type: ignore[attr-defined]
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    db.session.expire_all()
    audit.record(
        by,
        "duplicate.decide",
        subject="household",
        subject_id=candidate.first.id,
        at=now,
        division=candidate.first.division_code,
        verdict=verdict.value,
        first=candidate.first.code,
        second=candidate.second.code,
    )
    return get_duplicate(first, second, actor=by)


def kept_instead_of(household_id: int) -> str | None:
    """The code of the household that stays where this one was found to be the same, or None."""
    stays = sa.or_(
        sa.and_(_Noted.second_id == household_id, _Noted.verdict == DuplicateVerdict.KEEP_FIRST),
        sa.and_(_Noted.first_id == household_id, _Noted.verdict == DuplicateVerdict.KEEP_SECOND),
    )
    row = db.session.scalars(sa.select(HouseholdDuplicate).where(stays)).first()
    if row is None:
        return None
    other = row.first_id if row.second_id == household_id else row.second_id
    return db.session.scalar(sa.select(Household.code).where(Household.id == other))


def is_contact_disputed(household_id: int) -> bool:
    """True where three households or more have this one's phone or account, and it is not decided which (fraud 2).

    Of a number that very many have, the case is decided as one.
    """
    home = db.session.get_one(Household, household_id)
    others: set[int] = set()
    for sign, value in ((DuplicateSign.PHONE, home.phone_index), (DuplicateSign.ACCOUNT, home.bank_account_index)):
        if value is None:
            continue
        same = sa.select(Household.id).where(NUMBERS[sign] == value, Household.id != household_id)
        sharing_it = set(db.session.scalars(same))
        if is_settled(sign, value, size=len(sharing_it) + 1):
            continue
        if len(sharing_it) >= MOST_SHARING:
            return True
        others |= sharing_it
    is_first = sa.and_(_Noted.first_id == household_id, _Noted.second_id.in_(others))
    is_second = sa.and_(_Noted.second_id == household_id, _Noted.first_id.in_(others))
    decided = sa.select(sa.func.count()).where(sa.or_(is_first, is_second), _Noted.verdict.is_not(None))
    return len(others) >= _FEW_OTHERS and len(others) - (db.session.scalar(decided) or 0) >= _FEW_OTHERS


def _homes(ids: Iterable[int]) -> dict[int, Household]:
    chosen = sa.select(Household).where(Household.id.in_(set(ids))).options(selectinload(Household.members))
    return {home.id: home for home in db.session.scalars(chosen)}


def _candidate(row: HouseholdDuplicate, homes: dict[int, Household]) -> Candidate:
    signs = [sign for sign in DuplicateSign if sign.value in row.signs]
    return Candidate(row.id, homes[row.first_id], homes[row.second_id], signs, row.found_at, row.verdict, row.why)


def _covers(actor: Actor, household: Household) -> bool:
    return actor.can(Permission.DUPLICATE_DECIDE, household.division_code)


def _may_decide(actor: Actor, candidate: Candidate) -> bool:
    """Whoever covers both; a county that covers one of the two, since nobody covers more than a county."""
    both = _covers(actor, candidate.first) and _covers(actor, candidate.second)
    is_county = any(len(area) <= DIGITS[Level.COUNTY] for area in actor.areas(Permission.DUPLICATE_DECIDE))
    one = _covers(actor, candidate.first) or _covers(actor, candidate.second)
    return both or (is_county and one)
