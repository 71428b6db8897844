"""Read quantities and prices as clerks type them."""

import unicodedata

from marketplace.core.errors import Invalid
from marketplace.core.money import parse_money
from marketplace.needs.models import MONEY_UNIT, NeedLine
from marketplace.needs.service import Amount
from marketplace.web.needs.forms import AmountsForm, price_name, quantity_name

_LONGEST_NUMBER = 9


def amounts_of(form: AmountsForm, lines: list[NeedLine]) -> dict[int, Amount]:
    """Each line's amount by its position; Invalid at the field that cannot be read."""
    return {line.position: _amount(form, line) for line in lines}


def _amount(form: AmountsForm, line: NeedLine) -> Amount:
    typed = form[quantity_name(line.position)].data or ""
    if line.unit == MONEY_UNIT:
        return Amount(quantity=_fen(typed, field=quantity_name(line.position), line=line))
    price = form[price_name(line.position)].data or ""
    return Amount(
        quantity=_whole(typed, line=line),
        unit_price_fen=_fen(price, field=price_name(line.position), line=line) if not _is_zero(price) else 0,
    )


def _whole(typed: str, *, line: NeedLine) -> int:
    digits = unicodedata.normalize("NFKC", typed).strip().replace(",", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
        raise Invalid(
            "%(name)s: write how many, as a number above 0.", field=quantity_name(line.position), name=line.name
        )
    return int(digits)


def _fen(typed: str, *, field: str, line: NeedLine) -> int:
    try:
        return parse_money(typed).fen
    except Invalid as error:
        raise Invalid("%(name)s: %(why)s", field=field, name=line.name, why=error.message) from error


def _is_zero(typed: str) -> bool:
    plain = unicodedata.normalize("NFKC", typed).strip()
    return plain == "" or set(plain) <= set("0.")
