"""Read the register's spreadsheet into households; nothing is looked up but places."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from marketplace.core.errors import Invalid
from marketplace.core.tables import Row, read_table
from marketplace.households import cells as read
from marketplace.households.columns import (
    ACCOUNT,
    CHECKED_ONLY,
    PROFILE,
    ROWS_ABOVE_HEADER,
    column_name,
    ensure_essential,
    is_header,
)
from marketplace.households.findings import Code, Finding, Severity
from marketplace.households.rows import HEAD, HouseholdRow, MemberRow, status_of
from marketplace.regions.queries import resolve_code

Cells = dict[str, str]
Group = list[tuple[int, Cells]]
_PLACE = ("县", "乡", "行政村")
_PERSON = ("姓名", "证件号码")


@dataclass(frozen=True, slots=True)
class Reading:
    """A household as the file has it: its first row, the row of each member, and what could not be read."""

    row: int
    member_rows: tuple[int, ...]
    household: HouseholdRow
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole file. ``missing`` are the profile's columns that it lacks, ``unknown`` those that nobody knows."""

    readings: list[Reading]
    columns: frozenset[str]
    missing: list[str]
    unknown: list[str]


def read_sheet(content: bytes, *, progress: Callable[[int], None] | None = None) -> Sheet:
    """Every household of an XLSX or CSV file; raises Invalid where the file is not such a table.

    ``progress`` hears 1 after each household.
    """
    rows = read_table(content)
    names = _header(rows)
    columns = frozenset(name for name in names if name)
    known = frozenset(PROFILE) | CHECKED_ONLY | {ACCOUNT}
    readings = []
    resolve = _resolver()
    for group in _groups(rows, names):
        readings.append(_read_group(group, columns=columns & known, resolve=resolve))
        if progress is not None:
            progress(1)
    if not readings:
        raise Invalid("The file has a header but no rows below it.", field="file")
    return Sheet(
        readings=readings,
        columns=columns & known,
        missing=[column for column in PROFILE if column not in columns],
        unknown=sorted(columns - known),
    )


def _header(rows: Iterator[Row]) -> list[str]:
    first: list[str] = []
    for _, (_number, texts) in zip(range(ROWS_ABOVE_HEADER), rows, strict=False):
        names = [column_name(text) for text in texts]
        if is_header(names):
            ensure_essential(names)
            return names
        first = first or names
    ensure_essential(first)
    raise Invalid("The file is empty.", field="file")


def _groups(rows: Iterator[Row], names: Sequence[str]) -> Iterator[Group]:
    """Rows of one household: a head starts one, and so does another household number."""
    group: Group = []
    number = ""
    for line, texts in rows:
        cells = dict(zip(names, texts, strict=False))
        own, is_head = cells.get("户编号", ""), cells.get("与户主关系") == HEAD
        starts = own != number if own else is_head
        if group and starts:
            yield group
            group, number = [], ""
        group.append((line, cells))
        number = own or number
    if group:
        yield group


def _resolver() -> Callable[[str, str, str], str | None]:
    """resolve_code, asked once for each village of the file."""

    @cache
    def resolve(county: str, township: str, village: str) -> str | None:
        return resolve_code(county=county, township=township, village=village)

    return resolve


def _read_group(group: Group, *, columns: frozenset[str], resolve: Callable[[str, str, str], str | None]) -> Reading:
    people = [(line, cells) for line, cells in group if any(cells.get(column) for column in _PERSON)]
    head_line, head = next(((n, c) for n, c in group if c.get("与户主关系") == HEAD), group[0])
    notes: list[Finding] = []
    division = _division(group, head, resolve, notes)
    household = household_of(head, people, division=division or "", line=head_line, columns=columns, notes=notes)
    if household.declared_count not in (None, len(people)):
        read.Noter(notes, row=head_line)(
            Code.COUNT_DIFFERS,
            "The register says %(declared)s people, the file has %(rows)s.",
            severity=Severity.WARNING,
            declared=household.declared_count,
            rows=len(people),
        )
    return Reading(head_line, tuple(line for line, _ in people), household, tuple(notes))


def household_of(
    head: Cells, people: Group, *, division: str, line: int, columns: frozenset[str], notes: list[Finding]
) -> HouseholdRow:
    """A household from the head's cells and each member's; what cannot be read is added to ``notes``."""
    note = read.Noter(notes, row=line)
    extra = columns & CHECKED_ONLY
    exit_attribute = read.exit_attribute(head, note)
    return HouseholdRow(
        registry_no=read.registry_no(head, note),
        division_code=division,
        head_name=head.get("姓名", ""),
        attribute=read.attribute(head, note),
        exit_attribute=exit_attribute,
        main_cause=read.main_cause(head, note),
        members=tuple(
            _member(cells, at=at, line=row, notes=notes, head=head, extra=extra)
            for at, (row, cells) in enumerate(people)
        ),
        group_name=read.short(head, "自然村", field="group_name", note=note),
        unsafe_house=read.flag(head, "危房户", field="unsafe_house", note=note),
        safe_water=read.flag(head, "饮水安全", field="safe_water", note=note),
        scarce_water=read.flag(head, "饮水困难", field="scarce_water", note=note),
        income_fen=read.income(head, note),
        phone=read.phone(head, note),
        bank_account=read.account(head, note),
        status=status_of(exit_attribute),
        declared_count=read.whole(head, "人数", field="declared_count", note=note),
        extra={column: head.get(column, "") for column in extra},
    )


def _member(cells: Cells, *, at: int, line: int, notes: list[Finding], head: Cells, extra: frozenset[str]) -> MemberRow:
    note = read.Noter(notes, row=line, member=at)
    number = cells.get("人编号") or f"{head.get('户编号', '')}{at + 1:02d}"
    return MemberRow(
        person_no=read.limited(number, "人编号", field="person_no", note=note),
        name=read.required(cells, "姓名", field="name", note=note),
        id_number=read.id_number(cells, note),
        relation=read.required(cells, "与户主关系", field="relation", note=note),
        ethnicity=read.short(cells, "民族", field="ethnicity", note=note),
        education=read.short(cells, "文化程度", field="education", note=note),
        school_status=read.short(cells, "在校生状况", field="school_status", note=note),
        health=read.short(cells, "健康状况", field="health", note=note),
        labour=read.short(cells, "劳动技能", field="labour", note=note),
        work_place=read.short(cells, "务工状况", field="work_place", note=note),
        work_months=read.whole(cells, "务工时间(月)", field="work_months", note=note),
        serious_illness_insured=read.flag(cells, "参加大病医疗", field="serious_illness_insured", note=note),
        extra={column: cells.get(column, "") for column in extra},
    )


def _division(
    group: Group, head: Cells, resolve: Callable[[str, str, str], str | None], notes: list[Finding]
) -> str | None:
    """The village that the head's row names; members' rows may leave it out but not contradict it."""
    county, township, village = (head.get(column, "") for column in _PLACE)
    note = read.Noter(notes, row=group[0][0])
    for line, cells in group:
        if any(cells.get(column) and cells[column] != head.get(column) for column in _PLACE):
            read.Noter(notes, row=line)(Code.PLACE_DIFFERS, "This row names another place than its head's row.")
    if not (county and township and village):
        note(Code.MISSING, "The county, the township and the village are all needed.", field="division_code")
        return None
    code = resolve(county, township, village)
    if code is None:
        message = "There is no village “%(village)s” in “%(township)s”, “%(county)s”: check the three names."
        note(Code.PLACE_UNKNOWN, message, field="division_code", village=village, township=township, county=county)
    return code
