"""Change one registered household from a form that never shows what is masked."""

from dataclasses import replace
from datetime import datetime

from marketplace.db import db
from marketplace.households.bulk import account_index, household_values, id_index, member_values, phone_index
from marketplace.households.columns import HOUSEHOLD_FIELDS, MEMBER_FIELDS
from marketplace.households.models import Household, Member
from marketplace.households.rows import HouseholdRow, MemberRow


def completed(household: Household, row: HouseholdRow) -> HouseholdRow:
    """The row with what its form left empty: number, place, names, ID numbers, phone, account, person numbers."""
    registered = {member.person_no: member for member in household.members}
    members = []
    for member in row.members:
        old = registered.get(member.person_no)
        if old is not None:
            kept = replace(member, name=member.name or old.name, id_number=member.id_number or old.id_number)
            members.append(kept)
        else:
            members.append(member)
    return replace(
        row,
        registry_no=household.registry_no,
        division_code=household.division_code,
        head_name=members[0].name if members else household.head_name,
        phone=row.phone or household.phone,
        bank_account=row.bank_account or household.bank_account,
        members=tuple(_numbered(household, members)),
    )


def write_changes(household: Household, row: HouseholdRow, *, now: datetime) -> list[str]:
    """Set what differs; returns the names of the columns that changed, in the register's words."""
    changed = {HOUSEHOLD_FIELDS[name] for name in _set(household, household_values(row))}
    household.phone_index, household.bank_account_index = (
        phone_index(household.phone),
        account_index(household.bank_account),
    )
    registered = {member.person_no: member for member in household.members}
    for member in row.members:
        old = registered.get(member.person_no)
        if old is None:
            new = Member(household_id=household.id, id_index=id_index(member.id_card), **member_values(member))
            household.members.append(new)
            changed.add("人数")
        else:
            changed |= {MEMBER_FIELDS[name] for name in _set(old, member_values(member))}
            old.id_index = id_index(member.id_card)
    if not changed:
        return []
    household.member_count = len(household.members)
    household.updated_at = now
    db.session.flush()
    return sorted(changed)


def _set(row: Household | Member, values: dict[str, object]) -> list[str]:
    """Set the attributes that differ; an unchanged secret is not encrypted anew."""
    names = [name for name, value in values.items() if getattr(row, name) != value]
    for name in names:
        setattr(row, name, values[name])
    return names


def _numbered(household: Household, members: list[MemberRow]) -> list[MemberRow]:
    """Who joins gets the next person number of the household."""
    taken = {member.person_no for member in household.members}
    numbered = []
    for member in members:
        if not member.person_no:
            serial = 1
            while f"{household.registry_no}{serial:02d}" in taken:
                serial += 1
            member = replace(member, person_no=f"{household.registry_no}{serial:02d}")
        taken.add(member.person_no)
        numbered.append(member)
    return numbered
