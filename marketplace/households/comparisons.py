"""Lists of other offices, compared with the register by keyed indexes alone (比对; R-V5, fraud rule 4).

A list says who died, moved away, is paid by the state, or owns a vehicle, a company or a flat. It accuses nobody: a
need of a household with somebody on it is decided by two people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Forbidden, Invalid, NotFound
from marketplace.core.identity import fold, id_number_fault
from marketplace.core.tables import read_table
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.households.bulk import id_index
from marketplace.households.models import ComparisonEntry, ComparisonKind, Member
from marketplace.regions.queries import find_division

NUMBER = "证件号码"
_CARD = 18
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Compared:
    """What a list holds, how many of it are in the register, and the rows that hold no ID number."""

    listed: int
    in_register: int
    refused: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class OnList:
    """Somebody of a household stands on a list; who, only the register's own page tells those who may look."""

    kind: ComparisonKind
    as_of: date


def load_list(
    content: bytes,
    *,
    kind: ComparisonKind,
    division: str,
    as_of: date,
    dry_run: bool = False,
    by: Actor,
    now: datetime,
) -> Compared:
    """Take the place of the division's earlier list of this kind; all or nothing, with one row refused nothing.

    ``content`` is CSV or XLSX with a column 证件号码. Raises Invalid without it or for a day to come.
    """
    if not by.is_system:
        raise Forbidden("Your role does not allow this.")
    if find_division(division) is None:
        raise NotFound("There is no division with this code.")
    if as_of > china_day(now):
        raise Invalid("The day of the list lies in the future.", field="as_of")
    indexes, refused = _read(content)
    registered = _count_registered(indexes)
    if not dry_run and not refused:
        _replace(indexes, kind=kind, division=division, as_of=as_of)
        audit.record(
            by,
            "comparison.load",
            subject="comparison",
            subject_id=None,
            at=now,
            division=division,
            list=kind.value,
            as_of=as_of.isoformat(),
            listed=len(indexes),
        )
    return Compared(len(indexes), registered, tuple(refused))


def lists_of(household_id: int) -> list[OnList]:
    """The lists on which somebody of the household stands."""
    found = (
        sa.select(ComparisonEntry.kind, sa.func.max(ComparisonEntry.as_of).label("as_of"))
        .join(Member, Member.id_index == ComparisonEntry.id_index)
        .where(Member.household_id == household_id)
        .group_by(ComparisonEntry.kind)
        .order_by(ComparisonEntry.kind)
    )
    return [OnList(row.kind, row.as_of) for row in db.session.execute(found)]


def _read(content: bytes) -> tuple[list[bytes], list[tuple[int, str]]]:
    rows = read_table(content)
    _, header = next(rows, (0, []))
    if NUMBER not in header:
        raise Invalid("The file has no column: %(columns)s.", field="file", columns=NUMBER)
    column = header.index(NUMBER)
    numbers: dict[str, None] = {}
    refused: list[tuple[int, str]] = []
    for row, cells in rows:
        number = fold(cells[column]) if column < len(cells) else ""
        fault = id_number_fault(number)
        if fault is None:
            numbers[number[:_CARD]] = None
        else:
            refused.append((row, fault))
    return [id_index(number) for number in numbers], refused


def _count_registered(indexes: Sequence[bytes]) -> int:
    counted = 0
    for start in range(0, len(indexes), _AT_ONCE):
        these = indexes[start : start + _AT_ONCE]
        counted += db.session.scalar(sa.select(sa.func.count()).where(Member.id_index.in_(these))) or 0
    return counted


def _replace(indexes: Sequence[bytes], *, kind: ComparisonKind, division: str, as_of: date) -> None:
    db.session.execute(
        sa.delete(ComparisonEntry).where(ComparisonEntry.kind == kind, ComparisonEntry.division_code == division)
    )
    for start in range(0, len(indexes), _AT_ONCE):
        db.session.execute(
            sa.insert(ComparisonEntry),
            [
                {"kind": kind, "division_code": division, "id_index": index, "as_of": as_of}
                for index in indexes[start : start + _AT_ONCE]
            ],
        )
    db.session.flush()
