"""Write households: register one, import many, reveal what is masked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.audit import service as audit
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import Actor
from marketplace.core.divisions import Level, level_of
from marketplace.core.errors import Conflict, Invalid
from marketplace.db import db
from marketplace.db.clock import CHINA
from marketplace.households import policy
from marketplace.households.bulk import insert_households
from marketplace.households.changing import completed, write_changes
from marketplace.households.comparing import status_finding
from marketplace.households.findings import Code, Finding, Severity
from marketplace.households.importing import Action, Entry, Report, findings_for, import_sheet
from marketplace.households.models import Household
from marketplace.households.proposing import Appraisal, apply_proposal, drop_proposal, propose_change
from marketplace.households.queries import get_household, next_registry_no
from marketplace.households.reading import read_sheet
from marketplace.households.rows import HouseholdRow, MemberRow, status_of
from marketplace.regions.queries import find_division

__all__ = [
    "Action",
    "Appraisal",
    "Entry",
    "HouseholdRow",
    "InvalidHousehold",
    "MemberRow",
    "Report",
    "Revealed",
    "RevealedPerson",
    "apply_proposal",
    "change_household",
    "drop_proposal",
    "import_sheet",
    "insert_households",
    "propose_change",
    "read_sheet",
    "register_household",
    "reveal_household",
]

_SHORTEST_REASON = 4
_LONGEST_REASON = 200
# More reveals than this on one day are flagged for the auditor.
MANY_REVEALS = 20
REVEAL = "personal.reveal"
REVEAL_FLAG = "personal.reveal-flag"


class InvalidHousehold(Invalid):
    """Quality rules refuse the household; ``findings`` name each field and member."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("Some entries of this household need a change.")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class RevealedPerson:
    """A member's full name, ID number and state of health."""

    person_no: str
    name: str
    id_number: str
    health: str


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the masks of a household hide."""

    phone: str
    bank_account: str
    members: list[RevealedPerson]


def register_household(
    row: HouseholdRow, *, noted: Sequence[Finding] = (), by: Actor, now: datetime
) -> tuple[Household, list[Finding]]:
    """Register one household of a village; returns it with the rules' warnings.

    ``noted`` is what the form found while reading. An empty ``registry_no`` gets the village's next.
    Raises InvalidHousehold with all findings where one of them refuses it.
    """
    policy.ensure_can_write(by, row.division_code)
    village = find_division(row.division_code)
    if village is None or level_of(village.code) is not Level.VILLAGE:
        raise Invalid("Choose the village.", field="division_code")
    number = row.registry_no or next_registry_no(village.code)
    members = tuple(
        replace(member, person_no=member.person_no or f"{number}{at:02d}")
        for at, member in enumerate(row.members, start=1)
    )
    complete = replace(row, registry_no=number, status=status_of(row.exit_attribute), members=members)
    findings = [*_taken(number), *findings_for(complete, noted=noted, by=by, now=now)]
    _refuse(findings)
    try:
        (household_id,) = insert_households([complete], now=now, recorded_by=by.user_id)
    except IntegrityError as error:
        raise Conflict("Somebody registered this household at the same moment.") from error
    household = db.session.get_one(Household, household_id)
    # Without a number of the national register it is new to it: its entry passes a notice first (R-V4).
    household.entry_pending = not row.registry_no
    audit.record(
        by, "household.register", subject="household", subject_id=household.id, at=now, division=household.division_code
    )
    return household, findings


def change_household(
    code: str, row: HouseholdRow, *, noted: Sequence[Finding] = (), by: Actor, now: datetime
) -> tuple[Household, list[Finding]]:
    """Change a registered household; members are matched by person number, new ones join, nobody is removed.

    In ``row`` an empty name, ID number, phone or account keeps what is registered (the form never shows those);
    everything else is taken as it stands. Raises InvalidHousehold as register_household does.
    """
    household = get_household(code, actor=by)
    policy.ensure_can_write(by, household.division_code)
    complete = completed(household, row)
    findings = findings_for(complete, noted=noted, by=by, now=now)
    findings += status_finding(household.exit_attribute, complete.exit_attribute, severity=Severity.ERROR)
    _refuse(findings)
    changed = write_changes(household, complete, now=now)
    if changed:
        audit.record(
            by,
            "household.change",
            subject="household",
            subject_id=household.id,
            at=now,
            division=household.division_code,
            columns=changed,
        )
    return household, findings


def reveal_household(code: str, *, reason: str, by: Actor, now: datetime) -> Revealed:
    """Show the full numbers and names of a household to somebody who says why; audited (P5).

    Raises Invalid where the reason is missing. The reason itself stays in the trail, so it may name nobody.
    """
    household = get_household(code, actor=by)
    policy.ensure_can_reveal(by, household)
    why = " ".join(reason.split())
    if not _SHORTEST_REASON <= len(why) <= _LONGEST_REASON:
        raise Invalid("Say in 4 to 200 characters why you need it.", field="reason")
    audit.record(
        by,
        REVEAL,
        subject="household",
        subject_id=household.id,
        at=now,
        division=household.division_code,
        reason=why,
        code=household.code,
    )
    db.session.flush()
    _flag_many_reveals(by, now=now)
    return Revealed(
        phone=household.phone or "",
        bank_account=household.bank_account or "",
        members=[RevealedPerson(m.person_no, m.name, m.id_number, m.health) for m in household.members],
    )


def _taken(registry_no: str) -> list[Finding]:
    if db.session.scalar(sa.select(Household.id).where(Household.registry_no == registry_no)) is None:
        return []
    message = "This household number is already in use."
    return [Finding(Code.NUMBER_TAKEN, Severity.ERROR, message, field="registry_no")]


def _refuse(findings: Sequence[Finding]) -> None:
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise InvalidHousehold(errors)


def _flag_many_reveals(by: Actor, *, now: datetime) -> None:
    """One flag a day for a person who reveals very often."""
    midnight = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    counted = (
        sa.select(AuditEntry.action, sa.func.count())
        .where(
            AuditEntry.user_id == by.user_id,
            AuditEntry.at >= midnight,
            AuditEntry.at < midnight + timedelta(days=1),
            AuditEntry.action.in_((REVEAL, REVEAL_FLAG)),
        )
        .group_by(AuditEntry.action)
    )
    counts = dict(db.session.execute(counted).all())
    if counts.get(REVEAL, 0) > MANY_REVEALS and REVEAL_FLAG not in counts:
        audit.record(by, REVEAL_FLAG, subject="user", subject_id=by.user_id, at=now, count=counts[REVEAL])
