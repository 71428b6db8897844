"""Import the register: compare a file with what is registered, and write the difference, all of it or nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.exc import IntegrityError

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Forbidden
from marketplace.core.permissions import Permission
from marketplace.db.clock import china_day
from marketplace.households import comparing
from marketplace.households.bulk import BATCH, id_index, insert_households
from marketplace.households.case import Case
from marketplace.households.columns import PROFILE
from marketplace.households.comparing import Difference, Registered
from marketplace.households.findings import Code, Finding, Severity
from marketplace.households.reading import Reading, Sheet
from marketplace.households.rows import HouseholdRow
from marketplace.households.rules import RULES, Rule, check_household, checkable
from marketplace.regions.queries import place_name

Progress = Callable[[int], None]


class Action(StrEnum):
    """What an import does with a household of the file."""

    MADE = "made"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One household of the file: its first row, what is done with it, and why."""

    action: Action
    row: int
    registry_no: str
    division_code: str
    findings: tuple[Finding, ...] = ()
    # The columns that change, in the file's own words.
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or would do. ``unchecked`` are the codes of rules that the file says too little for."""

    entries: list[Entry]
    missing: list[str]
    unknown: list[str]
    unchecked: list[str]

    def count(self, action: Action) -> int:
        """Households with this action."""
        return sum(entry.action is action for entry in self.entries)

    @property
    def warnings(self) -> int:
        """Findings that refuse nothing."""
        return sum(not finding.is_error for entry in self.entries for finding in entry.findings)


@dataclass(frozen=True, slots=True)
class _Context:
    """What the whole file says beside one household."""

    registry_nos: Counter[str]
    # ID card -> its keyed index, worked out once for the file.
    indexes: dict[str, bytes]
    # The keyed index of each ID number -> the rows at which it stands.
    id_rows: dict[bytes, list[int]]
    rules: list[Rule]
    columns: frozenset[str]
    by: Actor
    now: datetime


def import_sheet(
    sheet: Sheet, *, by: Actor, now: datetime, dry_run: bool = False, progress: Progress | None = None
) -> Report:
    """Make and change what the file says; households with an error are left as they are, whole.

    Raises Forbidden without the right to register households, Conflict where somebody registered one of them at the
    same moment. ``progress`` hears the number of households compared, then those written.
    """
    report = _take(sheet, by=by, now=now, dry_run=dry_run, progress=progress)
    counts: dict[str, Any] = {action.value: report.count(action) for action in Action}
    if not dry_run and (counts[Action.MADE] or counts[Action.CHANGED]):
        audit.record(by, "household.import", subject="household", subject_id=None, at=now, **counts)
    return report


def findings_for(row: HouseholdRow, *, noted: Sequence[Finding], by: Actor, now: datetime) -> list[Finding]:
    """What files and forms have in common: cells, area, and every rule that the profile's columns allow.

    A finding's row is the member's position, from 1, as a form shows it.
    """
    reading = Reading(0, tuple(range(1, len(row.members) + 1)), row, tuple(noted))
    context = _context_of(Sheet([reading], frozenset(PROFILE), [], []), by=by, now=now)
    (entry, _, _) = next(_judge([reading], context, is_new=True))
    return list(entry.findings)


def _take(sheet: Sheet, *, by: Actor, now: datetime, dry_run: bool, progress: Progress | None) -> Report:
    if not by.has(Permission.HOUSEHOLD_WRITE):
        raise Forbidden("Your role does not allow this.")
    context = _context_of(sheet, by=by, now=now)
    entries: list[Entry] = []
    made: list[HouseholdRow] = []
    differences: list[Difference] = []
    for start in range(0, len(sheet.readings), BATCH):
        batch = sheet.readings[start : start + BATCH]
        for entry, row, difference in _judge(batch, context):
            entries.append(entry)
            if row is not None and entry.action is Action.MADE:
                made.append(row)
            if difference is not None and entry.action is Action.CHANGED:
                differences.append(difference)
        if progress is not None:
            progress(len(batch))
    report = Report(entries, sheet.missing, sheet.unknown, [r.code for r in RULES if r not in context.rules])
    if not dry_run and (made or differences):
        _write(made, differences, by=by, now=now, progress=progress)
    return report


def _context_of(sheet: Sheet, *, by: Actor, now: datetime) -> _Context:
    indexes: dict[str, bytes] = {}
    id_rows: dict[bytes, list[int]] = {}
    for reading in sheet.readings:
        for member, row in zip(reading.household.members, reading.member_rows, strict=True):
            if member.id_number:
                index = indexes.get(member.id_card) or id_index(member.id_card)
                indexes[member.id_card] = index
                id_rows.setdefault(index, []).append(row)
    numbers = Counter(reading.household.registry_no for reading in sheet.readings)
    return _Context(numbers, indexes, id_rows, checkable(sheet.columns), sheet.columns, by, now)


def _judge(
    batch: Sequence[Reading], context: _Context, *, is_new: bool = False
) -> Iterator[tuple[Entry, HouseholdRow | None, Difference | None]]:
    indexes = {
        context.indexes[member.id_card] for reading in batch for member in reading.household.members if member.id_number
    }
    registered = {} if is_new else comparing.load_registered([reading.household.registry_no for reading in batch])
    owners = comparing.load_owners(indexes)
    for reading in batch:
        yield _judge_one(reading, registered.get(reading.household.registry_no), owners, context)


def _judge_one(
    reading: Reading, old: Registered | None, owners: dict[bytes, comparing.Owner], context: _Context
) -> tuple[Entry, HouseholdRow | None, Difference | None]:
    row = reading.household
    findings = [*reading.findings, *_area_findings(reading, old, context)]
    findings += _rule_findings(reading, owners, context, noted={(f.member, f.field) for f in findings})
    difference = None
    if old is not None and context.by.can(Permission.HOUSEHOLD_WRITE, old.division_code):
        difference, more = comparing.compare(old, row, columns=context.columns)
        findings += more
    located = tuple(_located(finding, reading) for finding in findings)
    if any(finding.is_error for finding in located):
        action = Action.REFUSED
    elif difference is None:
        action = Action.MADE
    else:
        action = Action.CHANGED if difference.is_any else Action.UNCHANGED
    changes = difference.columns if difference is not None and action is Action.CHANGED else ()
    return Entry(action, reading.row, row.registry_no, row.division_code, located, changes), row, difference


def _located(finding: Finding, reading: Reading) -> Finding:
    """With the row of the file at which it stands."""
    if finding.row is not None:
        return finding
    return replace(finding, row=reading.row if finding.member is None else reading.member_rows[finding.member])


def _area_findings(reading: Reading, old: Registered | None, context: _Context) -> Iterator[Finding]:
    row, by = reading.household, context.by
    if row.division_code and not by.can(Permission.HOUSEHOLD_WRITE, row.division_code):
        yield Finding(Code.PLACE_OUTSIDE, Severity.ERROR, "This village is outside your area.", field="division_code")
    if row.registry_no and context.registry_nos[row.registry_no] > 1:
        message = "The household number stands at several places in the file: keep one household of it."
        yield Finding(Code.NUMBER_TWICE, Severity.ERROR, message, field="registry_no")
    if old is not None and not by.can(Permission.HOUSEHOLD_WRITE, old.division_code):
        message = "This household number is in use elsewhere. Ask the county administrator."
        yield Finding(Code.NUMBER_TAKEN, Severity.ERROR, message, field="registry_no")
    numbers = Counter(member.person_no for member in row.members)
    for at, member in enumerate(row.members):
        if numbers[member.person_no] > 1:
            message = "Two members of this household have the same person number."
            yield Finding(Code.NUMBER_TWICE, Severity.ERROR, message, field="person_no", member=at)


def _rule_findings(
    reading: Reading,
    owners: dict[bytes, comparing.Owner],
    context: _Context,
    *,
    noted: set[tuple[int | None, str | None]],
) -> list[Finding]:
    """The quality rules' findings, without those about cells that could not be read anyway."""
    row = reading.household
    twice: dict[int, Finding] = {}
    for at, member in enumerate(row.members):
        if member.id_number:
            index = context.indexes[member.id_card]
            finding = _duplicate(
                at, reading.member_rows[at], context.id_rows[index], owners.get(index), row, context.by
            )
            if finding is not None:
                twice[at] = finding
    officer = row.extra.get("帮扶责任人证件号码", "")
    is_registered = bool(officer) and comparing.is_registered(id_index(officer[:18]), among=context.id_rows)
    case = Case(row, on=china_day(context.now), duplicates=frozenset(twice), officer_is_registered=is_registered)
    found = check_household(case, rules=context.rules)
    # A duplicate's own sentence says where the other one is.
    exact = [twice[f.member] if f.code == "ID05" and f.member in twice else f for f in found]
    return [finding for finding in exact if (finding.member, finding.field) not in noted or finding.field is None]


def _duplicate(
    at: int, row: int, rows: Sequence[int], owner: comparing.Owner | None, household: HouseholdRow, by: Actor
) -> Finding | None:
    others = [other for other in rows if other != row]
    if others:
        message = "The same ID number stands in row %(other)s."
        return _id05(at, message, other=", ".join(str(other) for other in others))
    if owner is None or owner.registry_no == household.registry_no:
        return None
    if by.can(Permission.HOUSEHOLD_READ, owner.division_code):
        message = "This ID number is registered in household %(code)s, %(place)s."
        return _id05(at, message, code=owner.code, place=place_name(owner.division_code))
    return _id05(at, "This ID number is already registered in another household. Ask the county administrator.")


def _id05(at: int, message: str, **params: object) -> Finding:
    return Finding("ID05", Severity.ERROR, message, field="id_number", member=at, params=params)


def _write(
    made: Sequence[HouseholdRow],
    differences: Sequence[Difference],
    *,
    by: Actor,
    now: datetime,
    progress: Progress | None,
) -> None:
    try:
        insert_households(made, now=now, recorded_by=by.user_id, progress=progress)
        comparing.write_differences(differences, by=by, now=now, progress=progress)
    except IntegrityError as error:
        message = "Somebody registered one of these households at the same moment. Send the file again."
        raise Conflict(message) from error
