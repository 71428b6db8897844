"""The rules of the book, without a database: which account feeds which, and what may follow what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from marketplace.core.errors import Conflict, Invalid
from marketplace.core.money import LARGEST_FEN
from marketplace.ledger.models import FEN, AccountRole, EntryKind

_R = AccountRole

# From which account to which each kind of entry moves; a reversal moves back what its original moved.
ROUTES: Mapping[EntryKind, tuple[AccountRole, AccountRole]] = {
    EntryKind.PLEDGE: (_R.DONOR, _R.PROMISE),
    EntryKind.RELEASE: (_R.PROMISE, _R.DONOR),
    EntryKind.RECEIVE: (_R.PROMISE, _R.CUSTODY),
    EntryKind.DISBURSE: (_R.CUSTODY, _R.HANDED),
    EntryKind.USE: (_R.HANDED, _R.SPENT),
    EntryKind.RETURN: (_R.CUSTODY, _R.DONOR),
}
# The running total that each kind adds to.
TOTAL_OF: Mapping[EntryKind, str] = {
    EntryKind.PLEDGE: "pledged",
    EntryKind.RELEASE: "released",
    EntryKind.RECEIVE: "received",
    EntryKind.DISBURSE: "disbursed",
    EntryKind.USE: "used",
    EntryKind.RETURN: "returned",
}
_LONGEST_HOLDER = 160
_LONGEST_MEMO = 120
_RESTED_ON = "Later entries rest on this one: reverse them first."


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """A role held by somebody: a donor's or pledge's code, a custodian, a payee, a purpose."""

    role: AccountRole
    holder: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """How much of which unit; money is counted in fen. ``memo`` says what it is of."""

    amount: int
    unit: str = FEN
    memo: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line of an entry: a quantity that leaves one account and enters another."""

    source: Account
    target: Account
    amount: int
    unit: str = FEN
    memo: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Running totals in one unit."""

    pledged: int = 0
    released: int = 0
    received: int = 0
    disbursed: int = 0
    used: int = 0
    returned: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def owed(self) -> int:
        """Promised and neither arrived nor released."""
        return self.pledged - self.released - self.received

    @property
    def in_custody(self) -> int:
        """Arrived and neither passed on nor given back."""
        return self.received - self.disbursed - self.returned

    @property
    def handed(self) -> int:
        """Passed on and not yet used."""
        return self.disbursed - self.used

    @property
    def left(self) -> int:
        """Arrived and neither used nor given back."""
        return self.received - self.used - self.returned

    @property
    def is_in_order(self) -> bool:
        """Used within disbursed within received within pledged, nothing below zero (L2)."""
        amounts: list[int] = [getattr(self, f.name) for f in fields(self)]
        return min(self.owed, self.in_custody, self.handed, *amounts) >= 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What entries are about: a pledge or an agreement, with the accounts of the two who promise and are promised."""

    type: str
    id: int
    code: str
    # The donor's code or the helping unit's name.
    donor: str
    # The donor's will: what it may be used for, such as "need:XQ-…" or "channel:central".
    earmark: str

    @property
    def promise(self) -> Account:
        """The account of what is promised and has not arrived."""
        return Account(_R.PROMISE, self.code)

    def pledged(self, quantities: Iterable[Quantity]) -> list[Transfer]:
        """The donor promises."""
        return _lines(Account(_R.DONOR, self.donor), self.promise, quantities)

    def released(self, quantities: Iterable[Quantity]) -> list[Transfer]:
        """A promise, or what is left of it, ends."""
        return _lines(self.promise, Account(_R.DONOR, self.donor), quantities)

    def received(self, custodian: str, quantities: Iterable[Quantity]) -> list[Transfer]:
        """What was promised arrives at a custodian."""
        return _lines(self.promise, Account(_R.CUSTODY, custodian), quantities)

    def disbursed(self, custodian: str, payee: str, quantities: Iterable[Quantity]) -> list[Transfer]:
        """The custodian passes on."""
        return _lines(Account(_R.CUSTODY, custodian), Account(_R.HANDED, payee), quantities)

    def used(self, payee: str, what: str, quantities: Iterable[Quantity]) -> list[Transfer]:
        """What was passed on is spent or handed over."""
        return _lines(Account(_R.HANDED, payee), Account(_R.SPENT, what), quantities)

    def returned(self, custodian: str, quantities: Iterable[Quantity]) -> list[Transfer]:
        """The custodian gives back to the donor."""
        return _lines(Account(_R.CUSTODY, custodian), Account(_R.DONOR, self.donor), quantities)


def _lines(source: Account, target: Account, quantities: Iterable[Quantity]) -> list[Transfer]:
    return [Transfer(source, target, q.amount, q.unit, q.memo) for q in quantities]


def check_shape(kind: EntryKind, lines: Sequence[Transfer]) -> None:
    """Refuse amounts that are not whole numbers above 0 (L7), names that are empty or too long, and wrong routes."""
    if not lines:
        raise Invalid("Say how much: an entry needs at least one amount.", field="amount")
    for line in lines:
        if type(line.amount) is not int or not 0 < line.amount <= LARGEST_FEN:
            raise Invalid("The amount must be a whole number above 0.", field="amount")
        holders = (line.source.holder, line.target.holder)
        if not all(len(holder.strip()) > 0 and len(holder) <= _LONGEST_HOLDER for holder in holders):
            raise Invalid("Say from whom and to whom, in at most 160 characters.", field="holder")
        if not line.unit or len(line.unit) > 16 or len(line.memo) > _LONGEST_MEMO:
            raise Invalid("Name the unit in at most 16 characters and the purpose in at most 120.", field="unit")
        if (line.source.role, line.target.role) != ROUTES.get(kind):
            raise Invalid("This kind of entry cannot move an amount between these accounts.")


@dataclass(slots=True)
class Standing:
    """Where one subject stands after its entries so far: earmark, totals and what each of its accounts holds."""

    earmark: str | None = None
    totals: dict[str, Totals] = field(default_factory=dict)
    held: defaultdict[tuple[Account, str], int] = field(default_factory=lambda: defaultdict(int))

    def apply(self, kind: EntryKind, lines: Sequence[Transfer], *, earmark: str, undoes: EntryKind | None) -> None:
        """Add one entry; after a Conflict or Invalid the standing is of no more use.

        ``undoes`` is the kind of the reversed entry where ``kind`` is REVERSE: its amounts are taken off (L8).
        """
        self._check_earmark(kind, earmark)
        name, sign = TOTAL_OF[undoes or kind], -1 if undoes else 1
        for line in lines:
            self._move(line, is_undoing=undoes is not None)
            before = self.totals.get(line.unit, Totals())
            values = {f.name: getattr(before, f.name) for f in fields(before)}
            values[name] += sign * line.amount
            self.totals[line.unit] = Totals(**values)
        if any(not totals.is_in_order for totals in self.totals.values()):
            raise Conflict(_RESTED_ON)

    def _check_earmark(self, kind: EntryKind, earmark: str) -> None:
        if self.earmark is None:
            if kind is not EntryKind.PLEDGE:
                raise Conflict("Nothing has been promised here yet.")
            self.earmark = earmark
        if self.earmark != earmark:
            raise Invalid("This gift is meant for another purpose; changing it needs the donor's recorded consent.")

    def _move(self, line: Transfer, *, is_undoing: bool) -> None:
        place = (line.source, line.unit)
        held = self.held.get(place, 0)
        # Only a donor's account may fall below zero: by what the donor has promised.
        if line.source.role is not _R.DONOR and held < line.amount:
            units = {unit for _, unit in self.held}
            raise Conflict(_RESTED_ON) if is_undoing else _too_little(line, held=held, units=units)
        self.held[place] -= line.amount
        self.held[(line.target, line.unit)] += line.amount


def _too_little(line: Transfer, *, held: int, units: set[str]) -> Conflict:
    if line.unit not in units:
        return Conflict("This gift is counted in another unit than “%(unit)s”.", field="unit", unit=line.unit)
    if line.source.role is _R.PROMISE:
        text = "That is more than is still promised."
    elif line.source.role is _R.CUSTODY:
        text = "That is more than has arrived there and not been passed on."
    else:
        text = "That is more than was passed on and not used."
    return Conflict(text, field="amount", held=held, unit=line.unit)
