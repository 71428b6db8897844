"""Spreadsheets as rows of clean text: XLSX and CSV, in the encodings and with the quirks that offices send."""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from python_calamine import CalamineError, CalamineWorkbook

from marketplace.core.errors import Invalid

_XLSX_START = b"PK\x03\x04"
_OLD_EXCEL_START = b"\xd0\xcf\x11\xe0"
LARGEST_UNPACKED = 600 * 1024 * 1024
# Beyond this a spreadsheet's number has lost digits: an ID number must be kept as text.
_EXACT_DIGITS = 15
_FORMULA_TEXT = re.compile(r'^="(.*)"$')
# Stands for a number that the spreadsheet itself has rounded; no real cell holds it.
ROUNDED = "#ROUNDED"

Row = tuple[int, list[str]]


def read_table(content: bytes) -> Iterator[Row]:
    """Rows that hold anything, each with its number in the file (from 1), its cells as clean text.

    Takes XLSX, or CSV in UTF-8 (with or without a byte order mark) or GB18030. Raises Invalid where it is neither.
    """
    if content.startswith(_OLD_EXCEL_START):
        raise Invalid("This is an old Excel file (.xls). Save it as .xlsx or .csv and send it again.", field="file")
    rows = _xlsx_rows(content) if content.startswith(_XLSX_START) else _csv_rows(content)
    for number, cells in rows:
        if any(cells):
            yield number, cells


@lru_cache(maxsize=100_000)
def clean_cell(text: str) -> str:
    """One normal form (half-width digits), single spaces, and no quirk by which a program keeps numbers as text."""
    folded = " ".join(unicodedata.normalize("NFKC", text).split()).removeprefix("'")
    formula = _FORMULA_TEXT.match(folded)
    return formula[1].strip() if formula else folded


def _csv_rows(content: bytes) -> Iterator[Row]:
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            yield number, [clean_cell(cell) for cell in cells]
    except csv.Error as error:
        raise Invalid("This file is not a table. Save the spreadsheet as .xlsx or .csv.", field="file") from error


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise Invalid("This file is not a table. Save the spreadsheet as .xlsx or .csv.", field="file")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("The file's characters cannot be read. Save it as CSV in UTF-8, or as .xlsx.", field="file")


def _xlsx_rows(content: bytes) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise Invalid("The spreadsheet is too large. Split it by county and send the parts.", field="file")
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        # Empty rows at the top are left out by the reader but counted by the person who looks for row 12.
        first = 1 + (sheet.start[0] if sheet.start else 0)
        for number, cells in enumerate(sheet.to_python(skip_empty_area=True), start=first):
            yield number, [_cell_text(cell) for cell in cells]
    except (CalamineError, zipfile.BadZipFile, IndexError) as error:
        raise Invalid(
            "The spreadsheet is damaged. Open it, save it again as .xlsx, and send it.", field="file"
        ) from error


def _cell_text(cell: object) -> str:
    if isinstance(cell, str):
        return clean_cell(cell)
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float):
        return _number_text(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else clean_cell(str(cell))


def _number_text(number: int | float) -> str:
    """``3.0`` -> ``3``; a number of more than 15 digits is no longer the one that was typed."""
    if not abs(number) < 10**_EXACT_DIGITS:
        return ROUNDED
    return str(int(number)) if number == int(number) else repr(number)
