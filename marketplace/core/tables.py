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
# The reader keeps a sheet as one rectangle: a single cell far out would fill the memory with empty ones.
MOST_CELLS = 12_000_000
_CELL = re.compile(rb'r="([A-Z]{0,3})(\d{1,7})"')
# Without one of these a sheet has at most 26 columns and 99,999 rows: no need to look at each cell.
_FAR_CELL = re.compile(rb'r="(?:[A-Z]{2,3}\d|[A-Z]?\d{6})')
_NEAR_ROWS, _NEAR_COLUMNS = 99_999, 26
_CHUNK = 4 * 1024 * 1024
_LONGEST_REFERENCE = 16
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
            _ensure_reasonable(packed)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            yield number, [_cell_text(cell) for cell in cells]
    except (CalamineError, zipfile.BadZipFile, IndexError) as error:
        raise Invalid(
            "The spreadsheet is damaged. Open it, save it again as .xlsx, and send it.", field="file"
        ) from error


def _ensure_reasonable(packed: zipfile.ZipFile) -> None:
    """Refuse a file that would unpack to too much, or whose cells span too large a rectangle."""
    parts = packed.infolist()
    sheets = [part for part in parts if part.filename.startswith("xl/worksheets/")]
    is_large = sum(part.file_size for part in parts) > LARGEST_UNPACKED
    if is_large or any(_rectangle(packed, sheet) > MOST_CELLS for sheet in sheets):
        raise Invalid("The spreadsheet is too large. Split it by county and send the parts.", field="file")


def _rectangle(packed: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> int:
    """Rows times columns that the references in a sheet reach."""
    if not any(_FAR_CELL.search(text) for text in _texts(packed, sheet)):
        return _NEAR_ROWS * _NEAR_COLUMNS
    rows = columns = 1
    for text in _texts(packed, sheet):
        found = _CELL.findall(text)
        rows = max([rows, *(int(row) for row in {row for _, row in found})])
        columns = max([columns, *(_column_number(letters) for letters in {letters for letters, _ in found})])
    return rows * columns


def _texts(packed: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> Iterator[bytes]:
    """The sheet in pieces that overlap by more than one reference."""
    rest = b""
    with packed.open(sheet) as source:
        while chunk := source.read(_CHUNK):
            yield rest + chunk
            rest = chunk[-_LONGEST_REFERENCE:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


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
