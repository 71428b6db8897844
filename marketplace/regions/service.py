"""Import the 12-digit tree and its former names: checked whole, then written whole."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.divisions import CODE_LENGTH, Level, at_level, is_code, level_of
from marketplace.core.errors import Forbidden, Invalid
from marketplace.core.tables import read_table
from marketplace.db import db
from marketplace.regions.models import Division, DivisionAlias
from marketplace.regions.places import forget_places

_BUILTIN = files("marketplace.regions") / "data"
_COLUMNS = ("code12", "name", "level", "parent12")
_ALIAS_COLUMNS = ("old_name", "level", "code12")
_LEVEL_WORDS = {
    **{level.value: level for level in Level},
    "省": Level.PROVINCE,
    "州": Level.PREFECTURE,
    "市": Level.PREFECTURE,
    "县": Level.COUNTY,
    "乡": Level.TOWNSHIP,
    "镇": Level.TOWNSHIP,
    "乡镇": Level.TOWNSHIP,
    "村": Level.VILLAGE,
}
_TOP = frozenset({Level.PROVINCE, Level.PREFECTURE})
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be taken, and what to change in it."""

    row: int
    message: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DivisionReport:
    """What an import of divisions would do, or did; the counts are of divisions and aliases together."""

    made: int
    changed: int
    unchanged: int
    refused: list[Refusal]


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    code: str
    name: str
    level: Level
    parent: str | None


@dataclass(frozen=True, slots=True)
class _AliasRow:
    number: int
    old_name: str
    old_code: str
    level: Level
    code: str
    valid_to: date | None
    basis: str


def import_divisions(content: bytes, *, by: Actor, dry_run: bool = False) -> DivisionReport:
    """Take a table ``code12,name,level,parent12``: all of it, or nothing where a row is refused.

    Raises Forbidden for anybody but the system's own commands, Invalid where the file is no such table.
    """
    _ensure_system(by)
    rows, refused = _read_divisions(content)
    known = {d.code: d for d in db.session.scalars(sa.select(Division))}
    refused += _misplaced(rows, known=set(known))
    made = [row for row in rows if row.code not in known]
    changed = [row for row in rows if row.code in known and _differs(known[row.code], row, known=set(known))]
    report = DivisionReport(len(made), len(changed), len(rows) - len(made) - len(changed), refused)
    if not dry_run and not refused and (made or changed):
        _write(made, changed, known)
    return report


def import_aliases(content: bytes, *, by: Actor, dry_run: bool = False) -> DivisionReport:
    """Take a table ``old_name,old_code12,level,code12,valid_to,basis`` of former names and codes."""
    _ensure_system(by)
    rows, refused = _read_aliases(content)
    known = {(a.old_name, a.old_code, a.code): a for a in db.session.scalars(sa.select(DivisionAlias))}
    made = [row for row in rows if (row.old_name, row.old_code, row.code) not in known]
    pairs = [(known[key], r) for r in rows if (key := (r.old_name, r.old_code, r.code)) in known]
    changed = [(old, row) for old, row in pairs if (old.valid_to, old.basis) != (row.valid_to, row.basis)]
    report = DivisionReport(len(made), len(changed), len(pairs) - len(changed), refused)
    if not dry_run and not refused and (made or changed):
        db.session.add_all(_alias_of(row) for row in made)
        for alias, row in changed:
            alias.valid_to, alias.basis = row.valid_to, row.basis
        db.session.flush()
        forget_places()
    return report


def import_builtin(*, by: Actor, dry_run: bool = False) -> DivisionReport:
    """The tree of Ganzi prefecture (edition 2023) and its former names, as they come with the program.

    A surface that has changed something puts that into the audit trail itself.
    """
    tree = import_divisions((_BUILTIN / "divisions.csv").read_bytes(), by=by, dry_run=dry_run)
    if dry_run:
        # Aliases point into the tree, which a dry run has not written.
        return tree
    old = import_aliases((_BUILTIN / "aliases.csv").read_bytes(), by=by)
    return DivisionReport(
        tree.made + old.made, tree.changed + old.changed, tree.unchanged + old.unchanged, tree.refused + old.refused
    )


def _ensure_system(by: Actor) -> None:
    if not by.is_system:
        raise Forbidden("Your role does not allow this.")


def _table(content: bytes, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    rows = read_table(content)
    _, header = next(rows, (0, []))
    names = [name.lower() for name in header]
    missing = [column for column in required if column not in names]
    if missing:
        raise Invalid("The file lacks these columns: %(columns)s.", field="file", columns=", ".join(missing))
    for number, cells in rows:
        yield number, dict(zip(names, cells, strict=False))


def _read_divisions(content: bytes) -> tuple[list[_Row], list[Refusal]]:
    rows: list[_Row] = []
    refused: list[Refusal] = []
    for number, cells in _table(content, _COLUMNS):
        code, name = cells.get("code12", ""), cells.get("name", "")
        level = _LEVEL_WORDS.get(cells.get("level", "").lower())
        fault = _fault_of(code, name=name, level=level, parent=cells.get("parent12", ""))
        if fault is not None:
            refused.append(Refusal(number, fault, {"code": code}))
        else:
            assert level is not None
            rows.append(_Row(number, code, name, level, cells.get("parent12") or None))
    twice = {code for code, count in Counter(row.code for row in rows).items() if count > 1}
    refused += [
        Refusal(r.number, "The code %(code)s stands in several rows.", {"code": r.code})
        for r in rows
        if r.code in twice
    ]
    return rows, refused


def _fault_of(code: str, *, name: str, level: Level | None, parent: str) -> str | None:
    if not is_code(code):
        return "“%(code)s” is not a division code: it needs 12 digits."
    if not name or len(name) > _LONGEST_NAME:
        return "The division %(code)s needs a name of at most 60 characters."
    if level is None:
        return "The level must be province, prefecture, county, township or village."
    if level_of(code) is not level:
        return "The code %(code)s does not fit the level: look at its zeros."
    if level is not Level.PROVINCE and parent != _parent_of(code, level):
        return "The parent of %(code)s must be the code of the level above it."
    return None


def _parent_of(code: str, level: Level) -> str:
    levels = list(Level)
    return at_level(code, levels[levels.index(level) - 1])


def _misplaced(rows: Sequence[_Row], *, known: set[str]) -> list[Refusal]:
    """Rows whose parent is neither in the file nor registered; the top of a tree needs none."""
    codes = known | {row.code for row in rows}
    return [
        Refusal(row.number, "The parent of %(code)s is neither in the file nor registered.", {"code": row.code})
        for row in rows
        if row.level not in _TOP and row.parent not in codes
    ]


def _differs(division: Division, row: _Row, *, known: set[str]) -> bool:
    parent = row.parent if row.parent in known else None
    return division.name != row.name or (parent is not None and division.parent_code != parent)


def _write(made: Sequence[_Row], changed: Sequence[_Row], known: dict[str, Division]) -> None:
    codes = set(known) | {row.code for row in made}
    order = list(Level)
    # Parents first: each row may point at one that the same file brings.
    for level in order:
        batch = [
            {"code": r.code, "name": r.name, "level": r.level, "parent_code": r.parent if r.parent in codes else None}
            for r in made
            if r.level is level
        ]
        if batch:
            db.session.execute(sa.insert(Division), batch)
    for row in changed:
        division = known[row.code]
        if division.name != row.name:
            # The name that goes stays findable: records of its time carry it.
            db.session.add(DivisionAlias(old_name=division.name, level=row.level, code=row.code))
        division.name = row.name
        if row.parent in codes:
            division.parent_code = row.parent
    db.session.flush()
    forget_places()


def _read_aliases(content: bytes) -> tuple[list[_AliasRow], list[Refusal]]:
    known = set(db.session.scalars(sa.select(Division.code)))
    rows: list[_AliasRow] = []
    refused: list[Refusal] = []
    for number, cells in _table(content, _ALIAS_COLUMNS):
        level = _LEVEL_WORDS.get(cells["level"].lower())
        code, old_code = cells["code12"], cells.get("old_code12", "")
        until = _day_of(cells.get("valid_to", ""))
        if level is None or code not in known or (old_code and not is_code(old_code)) or not cells["old_name"]:
            message = "An alias needs an old name, a level, and a code12 that is registered: %(code)s."
            refused.append(Refusal(number, message, {"code": code}))
        elif cells.get("valid_to") and until is None:
            refused.append(Refusal(number, "valid_to must be a day such as 2015-02-16.", {"code": code}))
        else:
            rows.append(
                _AliasRow(number, cells["old_name"], old_code, level, code, until, cells.get("basis", "")[:200])
            )
    return rows, refused


def _alias_of(row: _AliasRow) -> DivisionAlias:
    return DivisionAlias(
        old_name=row.old_name,
        old_code=row.old_code.ljust(CODE_LENGTH, "0") if row.old_code else "",
        level=row.level,
        code=row.code,
        valid_to=row.valid_to,
        basis=row.basis,
    )


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
