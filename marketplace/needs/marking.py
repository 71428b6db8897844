"""What stands out about a need that waits for review: kept with it, so that the queue is ordered without looking again.

A mark that flags asks for a second approver at the county; the others only inform.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.households.comparisons import lists_of
from marketplace.households.models import Household
from marketplace.needs.checking import lint_of
from marketplace.needs.lint import Finding, Severity
from marketplace.needs.models import Need
from marketplace.needs.outliers import far_amount, helped_already, near_limit
from marketplace.needs.pausing import was_revoked
from marketplace.relatives.queries import has_staff_phone, shares_contact, ties_of

# A flag weighs more than any number of notes that a need can have.
FLAG_WEIGHT = 10


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that stands out: a rule, a translatable sentence with its values, and whether it flags."""

    rule: str
    message: str
    flags: bool
    params: dict[str, Any] = field(default_factory=dict)


def mark_need(need: Need, *, findings: list[Finding] | None = None, now: datetime) -> list[Mark]:
    """Look at the need as it is now, and keep with it what stands out."""
    found = lint_of(need, now=now) if findings is None else findings
    marks = [Mark(f.rule, f.message, f.severity is not Severity.NOTE, dict(f.params)) for f in found]
    if need.household_id is not None:
        marks += _about_household(need, need.household_id, now=now)
    need.marks = [asdict(mark) for mark in marks]
    need.risk = sum(FLAG_WEIGHT if mark.flags else 1 for mark in marks)
    need.is_flagged = any(mark.flags for mark in marks)
    db.session.flush()
    return marks


def marks_of(need: Need) -> list[Mark]:
    """What was kept, the grave first."""
    marks = [Mark(**kept) for kept in need.marks or []]
    return sorted(marks, key=lambda mark: not mark.flags)


def is_first_approved(need: Need) -> bool:
    """True while a flagged need waits for its second approver."""
    return need.state is NeedState.SUBMITTED and need.first_reviewer_id is not None


def _about_household(need: Need, household_id: int, *, now: datetime) -> Iterator[Mark]:
    """Ties to whoever posted or works there, and what is unusual beside others."""
    yield from _conflicts(need, household_id)
    if was_revoked(household_id):
        yield Mark("revoked_before", "An earlier need of this household was withdrawn after a complaint.", True)
    for listed in lists_of(household_id):
        on_list = {"list": listed.kind.label, "day": listed.as_of.isoformat()}
        yield Mark("on_list", "Somebody of the household stands on a list: %(list)s (%(day)s).", True, on_list)
    for unusual in helped_already(need, now=now):
        yield Mark(unusual.rule, unusual.message, True, dict(unusual.params))
    for unusual in (*far_amount(need, now=now), *near_limit(need, now=now)):
        yield Mark(unusual.rule, unusual.message, False, dict(unusual.params))


def _conflicts(need: Need, household_id: int) -> Iterator[Mark]:
    """Ties between the household and whoever posted for it, or any member of staff (fraud rules 2 and 9)."""
    if household_id in ties_of(need.poster_id).households and not _is_own_account(need):
        yield Mark("kin_of_poster", "Whoever posted this is related to the household: the county decides too.", True)
    if has_staff_phone(household_id):
        yield Mark("staff_phone", "The household's phone number is that of a member of staff.", True)
    if shares_contact(household_id):
        yield Mark("shared_contact", "Another household has the same phone number or bank account.", True)


def _is_own_account(need: Need) -> bool:
    """A household that posts for itself is no conflict: the same review follows."""
    speaker = db.session.get(Household, need.household_id)
    return speaker is not None and speaker.user_id == need.poster_id
