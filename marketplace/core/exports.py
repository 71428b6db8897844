"""Cells of exported tables: no spreadsheet program may take a name for a formula (E1)."""

import re

# What spreadsheet programs read as the start of a formula, in half and full width, and the characters that break rows.
_FORMULA = re.compile(r"^[\s'\"]*[=+\-@＝＋－＠]|^[\t\r\n]")
_BREAKS = re.compile(r"[\t\r\n]+")


def text_cell(text: str) -> str:
    """Text that stays text: a leading apostrophe before anything that could be run, one line."""
    return f"'{_BREAKS.sub(' ', text)}" if _FORMULA.search(text) else _BREAKS.sub(" ", text)


def amount_cell(fen: int) -> str:
    """``1480.00``: a number to every program, without separators."""
    sign, whole = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{whole // 100}.{whole % 100:02d}"
