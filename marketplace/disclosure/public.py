"""What the world sees of a gift: listed fields alone, the donor as chosen, the township at finest (R-P2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.core.kinds import DonorType, SupportKind
from marketplace.core.money import FEN_PER_YUAN, Money
from marketplace.core.workflow import PledgeState
from marketplace.needs.models import MONEY_UNIT, NeedLine
from marketplace.pledges.models import PledgeLine

# Where a donor hides an amount, the class that it lies in is shown: upper bounds in yuan.
_BOUNDS = (100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000)
_TAIL = 4


@dataclass(frozen=True, slots=True)
class PublicGiver:
    """A donor as chosen for one gift; no code, so that two gifts of one person cannot be joined."""

    is_person: bool
    # Empty where the donor is not named.
    name: str = ""
    # The last characters of a unit's credit code tell units of like names apart.
    credit_tail: str = ""


@dataclass(frozen=True, slots=True)
class PublicGift:
    """One gift in the list. Amounts are None where the donor hides them; the classes then tell their size.

    Help of time and places has no price: its amounts are 0, and its items say how much it is.
    """

    code: str
    promised_on: date
    giver: PublicGiver
    items: str
    kind: SupportKind
    township: str
    state: PledgeState
    is_late: bool
    agreed_fen: int | None
    received_fen: int | None
    amount_class: str
    received_class: str

    @property
    def has_value(self) -> bool:
        """False for help that has no price."""
        return self.agreed_fen != 0


def giver_of(donor_type: DonorType, name: str, credit_code: str | None, *, shows_name: bool) -> PublicGiver:
    """The donor's name only where it was shown for this gift."""
    if not shows_name:
        return PublicGiver(donor_type.is_person)
    tail = (credit_code or "")[-_TAIL:] if not donor_type.is_person else ""
    return PublicGiver(donor_type.is_person, name, tail)


def amount_class(fen: int) -> str:
    """``500–1,000``: the class of a hidden amount, in yuan."""
    yuan = fen // FEN_PER_YUAN
    low = 0
    for bound in _BOUNDS:
        if yuan < bound:
            return f"{low:,}–{bound:,}"
        low = bound
    return f"> {low:,}"


def promised_words(promised: PledgeLine, asked: NeedLine) -> str:
    """``4 床``, ``8,000 元``: how much of a line was promised."""
    if asked.unit == MONEY_UNIT:
        return f"{Money(promised.quantity).short} 元"
    return f"{promised.quantity:,} {asked.unit}"


def items_of(lines: Sequence[tuple[str, str]], *, shows_amount: bool) -> str:
    """``棉被 4 床、取暖炉 1 台`` from (name, amount in words); the names alone where the amount is hidden."""
    return "、".join(f"{name} {amount}" if shows_amount else name for name, amount in lines)
