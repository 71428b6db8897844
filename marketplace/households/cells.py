"""Single cells of the register: each read into its type, or noted as unreadable with what to write instead."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from marketplace.core.errors import Invalid
from marketplace.core.identity import fold, parse_phone
from marketplace.core.kinds import ExitAttribute, Labelled, PovertyAttribute, PovertyCause
from marketplace.core.tables import ROUNDED
from marketplace.households.columns import ACCOUNT, LONGEST
from marketplace.households.findings import Code, Finding, Severity

Cells = Mapping[str, str]
C = TypeVar("C", bound=Labelled)

_YES = frozenset({"是", "有", "1", "y", "yes", "true", "C", "D", "c", "d", "C级", "D级"})
_NO = frozenset({"否", "无", "0", "n", "no", "false", "A", "B", "a", "b", "A级", "B级"})
_REGISTRY_NO = re.compile(r"^[0-9A-Za-z-]{1,30}$")
_ACCOUNT = re.compile(r"^\d{8,30}$")
_ATTRIBUTES = {a.label: a for a in PovertyAttribute} | {
    "低保贫困": PovertyAttribute.ALLOWANCE_POOR,
    "五保贫困户": PovertyAttribute.FIVE_GUARANTEES,
    "特困供养户": PovertyAttribute.FIVE_GUARANTEES,
    "特困户": PovertyAttribute.FIVE_GUARANTEES,
}
_EXITS = {a.label: a for a in ExitAttribute} | {"脱贫": ExitAttribute.EXITED, "返贫户": ExitAttribute.RETURNED}
_CAUSES = {c.label: c for c in PovertyCause} | {"其他": PovertyCause.OTHER, "交通落后": PovertyCause.ROADS}


class Noter:
    """Adds findings about one row of the file, and about one member where it has one."""

    def __init__(self, notes: list[Finding], *, row: int | None = None, member: int | None = None) -> None:
        self._notes, self._row, self._member = notes, row, member

    def __call__(
        self,
        code: Code,
        message: str,
        *,
        field: str | None = None,
        severity: Severity = Severity.ERROR,
        **params: object,
    ) -> None:
        """Note a finding with its translatable sentence."""
        finding = Finding(code, severity, message, field=field, member=self._member, row=self._row, params=params)
        self._notes.append(finding)


def required(cells: Cells, column: str, *, field: str, note: Noter) -> str:
    """Text that may not be empty."""
    text = cells.get(column, "")
    if not text:
        note(Code.MISSING, "The cell “%(column)s” is empty.", field=field, column=column)
    return limited(text, column, field=field, note=note)


def short(cells: Cells, column: str, *, field: str, note: Noter) -> str:
    """Text that may be empty."""
    return limited(cells.get(column, ""), column, field=field, note=note)


def limited(text: str, column: str, *, field: str, note: Noter) -> str:
    """The text, noted where it is longer than the register allows."""
    if len(text) > LONGEST[field]:
        note(
            Code.TOO_LONG,
            "The cell “%(column)s” holds more than %(most)s characters.",
            field=field,
            column=column,
            most=LONGEST[field],
        )
    return text


def flag(cells: Cells, column: str, *, field: str, note: Noter) -> bool | None:
    """是 or 否; a house may be graded instead, C and D being unsafe."""
    text = cells.get(column, "")
    if not text:
        return None
    if text in _YES or text in _NO:
        return text in _YES
    _unreadable(note, column, text, field=field, wanted="是 / 否")
    return None


def whole(cells: Cells, column: str, *, field: str, note: Noter) -> int | None:
    """A whole number; ``3.0`` is one."""
    text = cells.get(column, "")
    if not text:
        return None
    number = _decimal(text)
    # Larger than any count, and still harmless to store and to print.
    if number is None or number != number.to_integral_value() or abs(number) > 10**6:
        _unreadable(note, column, text, field=field, wanted="0, 1, 2 …")
        return None
    return int(number)


def income(cells: Cells, note: Noter) -> int | None:
    """Yuan per person and year, as fen; may be negative here, a rule refuses that."""
    text = cells.get("人均纯收入", "")
    if not text:
        return None
    number = _decimal(text.removesuffix("元"))
    if number is None or abs(number) > 10**9:
        _unreadable(note, "人均纯收入", text, field="income_fen", wanted="2736.50")
        return None
    return int((number * 100).to_integral_value())


def registry_no(cells: Cells, note: Noter) -> str:
    """The household's number in the national register."""
    text = cells.get("户编号", "")
    if not text:
        note(Code.MISSING, "The cell “%(column)s” is empty.", field="registry_no", column="户编号")
    elif text == ROUNDED:
        _rounded(note, "户编号", field="registry_no")
    elif not _REGISTRY_NO.match(text):
        _unreadable(note, "户编号", text, field="registry_no", wanted="5133…")
    return text


def id_number(cells: Cells, note: Noter) -> str:
    """Digits in one form; what they mean is for the rules."""
    text = cells.get("证件号码", "")
    if text == ROUNDED:
        _rounded(note, "证件号码", field="id_number")
    return fold(text)


def phone(cells: Cells, note: Noter) -> str | None:
    """A mobile number, or None where the cell is empty."""
    text = cells.get("联系电话", "")
    try:
        return parse_phone(text) if text else None
    except Invalid as error:
        note(Code.UNREADABLE, error.message, field="phone")
        return None


def account(cells: Cells, note: Noter) -> str | None:
    """A bank account's digits, or None where the cell is empty."""
    text = fold(cells.get(ACCOUNT, ""))
    if not text:
        return None
    if cells[ACCOUNT] == ROUNDED:
        _rounded(note, ACCOUNT, field="bank_account")
    elif not _ACCOUNT.match(text):
        note(Code.UNREADABLE, "A bank account has 8 to 30 digits.", field="bank_account")
    return text


def attribute(cells: Cells, note: Noter) -> PovertyAttribute | None:
    """贫困户属性."""
    return _choice(cells, "贫困户属性", _ATTRIBUTES, field="attribute", note=note, is_required=True)


def exit_attribute(cells: Cells, note: Noter) -> ExitAttribute | None:
    """脱贫属性."""
    return _choice(cells, "脱贫属性", _EXITS, field="exit_attribute", note=note, is_required=True)


def main_cause(cells: Cells, note: Noter) -> PovertyCause | None:
    """主要致贫原因; an empty one is for the rules."""
    return _choice(cells, "主要致贫原因", _CAUSES, field="main_cause", note=note, is_required=False)


def _choice(
    cells: Cells, column: str, words: Mapping[str, C], *, field: str, note: Noter, is_required: bool
) -> C | None:
    text = cells.get(column, "")
    if text in words:
        return words[text]
    if text:
        _unreadable(note, column, text, field=field, wanted=" / ".join(dict.fromkeys(c.label for c in words.values())))
    elif is_required:
        note(Code.MISSING, "The cell “%(column)s” is empty.", field=field, column=column)
    return None


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _unreadable(note: Noter, column: str, text: str, *, field: str, wanted: str) -> None:
    message = "The cell “%(column)s” says “%(text)s”. Write one of: %(wanted)s."
    note(Code.UNREADABLE, message, field=field, column=column, text=text[:40], wanted=wanted)


def _rounded(note: Noter, column: str, *, field: str) -> None:
    message = "The spreadsheet has rounded the number in “%(column)s”. Format the column as text and type it again."
    note(Code.UNREADABLE, message, field=field, column=column)
