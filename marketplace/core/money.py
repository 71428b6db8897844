"""Money as an integer number of fen (1 yuan = 100 fen); never a float."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from marketplace.core.errors import Invalid

FEN_PER_YUAN = 100
YUAN_PER_WAN = 10_000
# 10 ** 13 fen = 100 billion yuan: above any programme, and far inside a 64-bit integer even when summed.
LARGEST_FEN = 10**13

_AMOUNT = re.compile(r"^(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,3})?$")
_UNITS = {"": 1, "元": 1, "块": 1, "万": YUAN_PER_WAN, "万元": YUAN_PER_WAN}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in fen; may be negative in a difference, never in a record."""

    fen: int

    def __post_init__(self) -> None:
        if type(self.fen) is not int:
            raise TypeError("Money takes an integer number of fen")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.fen + other.fen)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.fen - other.fen)

    def __bool__(self) -> bool:
        return self.fen != 0

    @property
    def yuan(self) -> str:
        """``1,480.00``: yuan with thousands separators and two decimals."""
        sign = "−" if self.fen < 0 else ""
        whole, rest = divmod(abs(self.fen), FEN_PER_YUAN)
        return f"{sign}{whole:,}.{rest:02d}"

    @property
    def short(self) -> str:
        """``1,480`` where there are no fen, else ``1,480.50``."""
        text = self.yuan
        return text[:-3] if text.endswith(".00") else text

    @property
    def wan(self) -> str:
        """``147,898.074``: ten thousands of yuan (万元) with three decimals, half rounded up."""
        thousandths = (abs(self.fen) + 500) // 1000
        sign = "−" if self.fen < 0 and thousandths else ""
        return f"{sign}{thousandths // 1000:,}.{thousandths % 1000:03d}"

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Parts in proportion to ``weights`` that add up to the whole (largest remainder)."""
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("split needs weights of zero or more with a positive sum")
        shares = [divmod(self.fen * weight, total) for weight in weights]
        # The largest remainders take the fen that flooring left over.
        order = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
        left = self.fen - sum(whole for whole, _ in shares)
        extra = set(order[:left])
        return [Money(whole + (i in extra)) for i, (whole, _) in enumerate(shares)]


def parse_money(text: str) -> Money:
    """Read what people type: ``1480``, ``1,480.50``, ``１４８０元``, ``0.35万``; the result is positive.

    Raises Invalid for anything else: signs, exponents, NaN, fractions of a fen, zero, or too large.
    """
    folded = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").replace(" ", "")
    number = folded.rstrip("元块万")
    unit = folded[len(number) :]
    if unit not in _UNITS or not _AMOUNT.match(number) or not number.isascii():
        raise Invalid("Write the amount as a number, for example 1480 or 1480.50.")
    try:
        fen = Decimal(number.replace(",", "")) * _UNITS[unit] * FEN_PER_YUAN
    except InvalidOperation as error:
        raise Invalid("Write the amount as a number, for example 1480 or 1480.50.") from error
    if fen != fen.to_integral_value():
        raise Invalid("The smallest amount is 0.01 yuan: use at most two decimals.")
    if not 0 < fen <= LARGEST_FEN:
        raise Invalid("The amount must be above 0 and at most 100,000,000,000 yuan.")
    return Money(int(fen))


def percent(part: int, whole: int) -> str:
    """``77.0``: one decimal, half rounded up; an en dash where there is no whole."""
    if whole == 0:
        return "–"
    tenths = (abs(part) * 2000 + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}"
