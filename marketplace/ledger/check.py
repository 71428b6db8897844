"""Check the whole book from zero: every invariant of the ledger, recomputed from its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from marketplace.core.errors import DomainError
from marketplace.db import db
from marketplace.ledger.models import AccountRole, EntryKind, LedgerAccount, LedgerBalance, LedgerEntry, LedgerLine
from marketplace.ledger.rules import ROUTES, Account, Standing, Totals, Transfer

_MOST_FAULTS_NAMED = 20
_ROWS_AT_ONCE = 5_000


@dataclass(slots=True)
class Invariant:
    """One promise of the book: what it says, how many records were looked at, and which of them break it."""

    id: str
    says: str
    checked: int = 0
    fault_count: int = 0
    # The first faults in words; the rest is counted.
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """True where nothing breaks it."""
        return self.fault_count == 0

    def look(self, *, is_right: bool, fault: str) -> None:
        """Count one record, and name it where it is wrong."""
        self.checked += 1
        if not is_right:
            self.fault_count += 1
            if len(self.faults) < _MOST_FAULTS_NAMED:
                self.faults.append(fault)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry as its rows say, and nothing of what any total says."""

    id: int
    kind: EntryKind
    subject: tuple[str, int]
    earmark: str
    reverses_id: int | None
    reason: str
    actor_id: int | None
    approved_by: int | None
    lines: tuple[Transfer, ...]
    units_agree: bool

    @property
    def mirrored(self) -> Counter[Transfer]:
        """Its lines with both ends swapped: what a reversal of it must hold."""
        return Counter(Transfer(t.target, t.source, t.amount, t.unit, t.memo) for t in self.lines)


def check_ledger() -> list[Invariant]:
    """Replay all entries in order of sequence; the invariants in a fixed order, each with its faults."""
    audit = _Audit()
    for entry in _entries():
        audit.read(entry)
    return audit.close()


class _Audit:
    """Goes through the entries once and remembers only where each subject stands."""

    def __init__(self) -> None:
        self.balanced = Invariant("L1", "Every entry takes from one account what it puts into another, unit by unit.")
        self.ordered = Invariant("L2", "Used within disbursed within received within pledged, after every entry.")
        self.earmarked = Invariant("L4", "Every entry of a gift keeps to the purpose that the donor gave it.")
        self.stored = Invariant("L6", "Stored totals equal the totals recomputed from zero.")
        self.reversed = Invariant("L8", "A reversal mirrors one entry, once, with a reason and a second person.")
        self.held = Invariant("L11", "No promise, custody or handed account holds less than nothing, in any unit.")
        self.standings: dict[tuple[str, int], Standing] = {}
        self.earlier: dict[int, _Entry] = {}
        self.undone: set[int] = set()

    def read(self, entry: _Entry) -> None:
        """Check one entry against its own lines and against what came before."""
        name = f"entry {entry.id}"
        self.balanced.look(is_right=_balances(entry), fault=f"{name} does not balance or mixes units")
        standing = self.standings.setdefault(entry.subject, Standing())
        is_meant = standing.earmark in (None, entry.earmark)
        self.earmarked.look(is_right=is_meant, fault=f"{name} is meant for {entry.earmark}, not {standing.earmark}")
        undone = self._read_reversal(entry) if entry.kind is EntryKind.REVERSE else None
        try:
            standing.apply(entry.kind, entry.lines, earmark=standing.earmark or entry.earmark, undoes=undone)
        except (DomainError, KeyError) as error:
            self.ordered.look(is_right=False, fault=f"{name} of {_name(entry.subject)}: {error}")
        else:
            self.ordered.look(is_right=True, fault="")
        self.earlier[entry.id] = entry

    def _read_reversal(self, entry: _Entry) -> EntryKind | None:
        original = self.earlier.get(entry.reverses_id or 0)
        is_right = (
            original is not None
            and original.id not in self.undone
            and original.subject == entry.subject
            and original.mirrored == Counter(entry.lines)
            and bool(entry.reason)
            and entry.approved_by is not None
            and entry.approved_by != entry.actor_id
        )
        self.reversed.look(is_right=is_right, fault=f"entry {entry.id} does not undo entry {entry.reverses_id}")
        if original is None:
            return None
        self.undone.add(original.id)
        return original.kind

    def close(self) -> list[Invariant]:
        """Compare where everything stands with what is stored."""
        self._compare_totals()
        for subject, standing in self.standings.items():
            for (account, unit), amount in standing.held.items():
                is_right = amount >= 0 or account.role is AccountRole.DONOR
                fault = f"{_name(subject)}: {account.role} holds {amount} {unit}"
                self.held.look(is_right=is_right, fault=fault)
        return [self.balanced, self.ordered, self.earmarked, self.stored, self.reversed, self.held]

    def _compare_totals(self) -> None:
        stored = _stored_totals()
        counted = {
            (*subject, unit): totals
            for subject, standing in self.standings.items()
            for unit, totals in standing.totals.items()
        }
        for place in sorted(stored.keys() | counted.keys()):
            is_right = stored.get(place, Totals()) == counted.get(place, Totals())
            fault = f"{_name(place[:2])} in {place[2]}: stored {stored.get(place)}, counted {counted.get(place)}"
            self.stored.look(is_right=is_right, fault=fault)


def _name(subject: tuple[str, int]) -> str:
    return f"{subject[0]} {subject[1]}"


def _balances(entry: _Entry) -> bool:
    """Each line leaves an account and enters another of the same unit, by the route of the entry's kind."""
    routes = {(t.source.role, t.target.role) for t in entry.lines}
    is_routed = entry.kind is EntryKind.REVERSE or routes == {ROUTES[entry.kind]}
    moves = all(t.amount > 0 and t.source != t.target for t in entry.lines)
    return bool(entry.lines) and entry.units_agree and is_routed and moves


def _entries() -> Iterator[_Entry]:
    source, target = sa.orm.aliased(LedgerAccount), sa.orm.aliased(LedgerAccount)
    entry_columns = [
        LedgerEntry.id,
        LedgerEntry.kind,
        LedgerEntry.subject_type,
        LedgerEntry.subject_id,
        LedgerEntry.earmark,
        LedgerEntry.reverses_id,
        LedgerEntry.reason,
        LedgerEntry.actor_id,
        LedgerEntry.approved_by,
    ]
    line_columns = [LedgerLine.amount, LedgerLine.unit, LedgerLine.memo]
    ends = [e for a in (source, target) for e in (a.role, a.holder, a.unit)]
    columns: list[Any] = [*entry_columns, *line_columns, *ends]
    chosen = (
        sa.select(*columns)
        .outerjoin(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .outerjoin(source, source.id == LedgerLine.from_account_id)
        .outerjoin(target, target.id == LedgerLine.to_account_id)
        .order_by(LedgerEntry.id, LedgerLine.id)
    )
    rows = db.session.execute(chosen.execution_options(yield_per=_ROWS_AT_ONCE))
    for _, group in groupby(rows, key=lambda row: row[0]):
        yield _entry([tuple(row) for row in group])


def _entry(rows: list[tuple[Any, ...]]) -> _Entry:
    key, kind, subject_type, subject_id, earmark, reverses_id, reason, actor_id, approved_by = rows[0][:9]
    lines, units_agree = [], True
    for *_, amount, unit, memo, from_role, from_holder, from_unit, to_role, to_holder, to_unit in rows:
        if amount is None:
            continue
        units_agree = units_agree and from_unit == unit == to_unit
        lines.append(Transfer(Account(from_role, from_holder), Account(to_role, to_holder), amount, unit, memo))
    return _Entry(
        id=key,
        kind=kind,
        subject=(subject_type, subject_id),
        earmark=earmark,
        reverses_id=reverses_id,
        reason=reason,
        actor_id=actor_id,
        approved_by=approved_by,
        lines=tuple(lines),
        units_agree=units_agree,
    )


def _stored_totals() -> Mapping[tuple[str, int, str], Totals]:
    B = LedgerBalance
    place = (B.subject_type, B.subject_id, B.unit)
    amounts = (B.pledged, B.released, B.received, B.disbursed, B.used, B.returned)
    columns: list[Any] = [*place, *amounts]
    return {(row[0], row[1], row[2]): Totals(*row[3:]) for row in db.session.execute(sa.select(*columns))}
