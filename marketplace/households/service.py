"""Write households: register one, import many, reveal what is masked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import Actor
from marketplace.core.divisions import Level, level_of
from marketplace.core.errors import Invalid
from marketplace.db import db
from marketplace.db.clock import CHINA
from marketplace.households import policy
from marketplace.households.bulk import insert_households
from marketplace.households.columns import PROFILE
from marketplace.households.findings import Code, Finding, Severity
from marketplace.households.importing import Action, Entry, Report, import_sheet, take_sheet
from marketplace.households.models import Household
from marketplace.households.queries import get_household, next_registry_no
from marketplace.households.reading import Reading, Sheet, read_sheet
from marketplace.households.rows import HouseholdRow, MemberRow, status_of
from marketplace.regions.queries import find_division

__all__ = [
    "Action",
    "Entry",
    "HouseholdRow",
    "InvalidHousehold",
    "MemberRow",
    "Report",
    "Revealed",
    "import_sheet",
    "insert_households",
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


def register_household(row: HouseholdRow, *, by: Actor, now: datetime) -> tuple[Household, list[Finding]]:
    """Register one household of a village; returns it with the rules' warnings.

    An empty ``registry_no`` gets the village's next. Raises InvalidHousehold with all findings where a rule refuses it.
    """
    policy.ensure_can_write(by, row.division_code)
    village = find_division(row.division_code)
    if village is None or level_of(village.code) is not Level.VILLAGE:
        raise Invalid("Choose the village.", field="division_code")
    number = row.registry_no or next_registry_no(village.code)
    _ensure_free(number)
    complete = replace(
        row,
        registry_no=number,
        status=status_of(row.exit_attribute),
        members=tuple(
            replace(member, person_no=member.person_no or f"{number}{at:02d}")
            for at, member in enumerate(row.members, start=1)
        ),
    )
    # Rows 1, 2, … stand for the members as the form shows them.
    reading = Reading(0, tuple(range(1, len(row.members) + 1)), complete, ())
    report = take_sheet(Sheet([reading], frozenset(PROFILE), [], []), by=by, now=now)
    entry = report.entries[0]
    if entry.action is not Action.MADE:
        raise InvalidHousehold([finding for finding in entry.findings if finding.is_error])
    household = db.session.scalars(sa.select(Household).where(Household.registry_no == number)).one()
    audit.record(
        by, "household.register", subject="household", subject_id=household.id, at=now, division=household.division_code
    )
    return household, list(entry.findings)


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


def _ensure_free(registry_no: str) -> None:
    if db.session.scalar(sa.select(Household.id).where(Household.registry_no == registry_no)) is not None:
        message = "This household number is already in use."
        raise InvalidHousehold([Finding(Code.NUMBER_TAKEN, Severity.ERROR, message, field="registry_no")])


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
    counts = dict(db.session.execute(counted).tuples().all())
    if counts.get(REVEAL, 0) > MANY_REVEALS and REVEAL_FLAG not in counts:
        audit.record(by, REVEAL_FLAG, subject="user", subject_id=by.user_id, at=now, count=counts[REVEAL])
