"""Read a history of giving from CSV files (plain or .gz) into arrays; columns that are missing stay unknown."""

import csv
import gzip
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from marketplace.core.errors import Invalid
from marketplace.core.text import bigrams, normal_form, syllable_pairs, words
from marketplace.matching.engine.sparse import Table, make_table

UNKNOWN = -1
GIFT_COLUMNS = ("donor_id", "need_id", "date")
NEED_COLUMNS = ("published_at", "closed_at", "category", "area", "kind", "amount", "text", "outcome")
DONOR_COLUMNS = ("type", "area", "categories", "budget", "text")
# How the codes of administrative divisions nest: county, township, village.
AREA_PREFIXES = (6, 9, 12)
_SEPARATORS = re.compile(r"[;,|、；，\s]+")
_LATIN = re.compile(r"[a-z0-9]+")
_LARGEST_FIELD = 1_000_000

Array = NDArray[Any]
Row = tuple[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """G gifts in the order of their days, N needs and D donors in the order of their ids.

    donor, need, day (days since 0001-01-01), amount (float, at least 0): (G,). published, closed: (N,) int64 days,
    outcome: (N,) 1, 0; category, kind: (N,) codes; asked: (N,) float; areas: (levels, N) codes, coarse to fine;
    wishes: D donors x categories; donor_areas: (levels, D) codes; budget: (D,) float; words, donor_words: rows x words.
    UNKNOWN or NaN where nothing is known; ``columns`` names the columns that hold anything.
    """

    donors: tuple[str, ...]
    needs: tuple[str, ...]
    donor: Array
    need: Array
    day: Array
    amount: Array
    published: Array
    closed: Array
    outcome: Array
    category: Array
    kind: Array
    asked: Array
    areas: Array
    wishes: Table
    donor_areas: Array
    budget: Array
    words: Table
    donor_words: Table
    columns: frozenset[str]


def read_history(needs: Path, *, gifts: Path | None = None, donors: Path | None = None) -> History:
    """Read the files; a row that cannot be right is refused with its file, number and column (Invalid).

    GIFTS: donor_id, need_id, date and, if known, amount. NEEDS: need_id and any of NEED_COLUMNS. DONORS: donor_id and
    any of DONOR_COLUMNS. Amounts below zero (corrections in real books) count as 0. Needs and donors that only the
    gifts name are taken in with nothing known of them.
    """
    need_rows, need_heads = _keyed(needs, key="need_id")
    donor_rows, donor_heads = _keyed(donors, key="donor_id") if donors else ({}, frozenset())
    given = list(_gifts(gifts)) if gifts else []
    need_ids = tuple(sorted({*need_rows, *(need for _, need, _, _ in given)}))
    donor_ids = tuple(sorted({*donor_rows, *(donor for donor, _, _, _ in given)}))
    if not need_ids:
        raise Invalid("%(file)s holds no need: give one row for each need.", file=needs.name)
    return _history(
        _Columns(needs.name, [need_rows.get(one) for one in need_ids]),
        _Columns(donors.name if donors else "", [donor_rows.get(one) for one in donor_ids]),
        needs=need_ids,
        donors=donor_ids,
        given=sorted(given, key=lambda gift: (gift[3], *gift[:3])),
        heads=need_heads | {f"donor_{head}" for head in donor_heads},
    )


def make_history(needs: Mapping[str, Mapping[str, str]]) -> History:
    """A history of needs alone, by id with NEED_COLUMNS as text; no gifts, no donors."""
    ids = tuple(sorted(needs))
    rows: list[Row | None] = [(number, needs[one]) for number, one in enumerate(ids, start=1)]
    return _history(_Columns("", rows), _Columns("", []), needs=ids, donors=(), given=[], heads=frozenset(NEED_COLUMNS))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Rows of one file in the order of their ids; None for an id that only the gifts name."""

    file: str
    rows: list[Row | None]

    def texts(self, column: str) -> list[str]:
        return [(row[1].get(column) or "").strip() if row else "" for row in self.rows]

    def values(self, column: str, read: Callable[[str], float], *, unknown: float, dtype: type) -> Array:
        """One number a row, in the reader's own words where one cannot be read."""
        texts = self.texts(column)
        return np.array(
            [
                _read(read, text, file=self.file, row=row[0] if row else 0, column=column) if text else unknown
                for text, row in zip(texts, self.rows, strict=True)
            ],
            dtype=dtype,
        )


def _history(
    need: _Columns,
    donor: _Columns,
    *,
    needs: tuple[str, ...],
    donors: tuple[str, ...],
    given: list[tuple[str, str, float, int]],
    heads: frozenset[str],
) -> History:
    need_at = {code: row for row, code in enumerate(needs)}
    donor_at = {code: row for row, code in enumerate(donors)}
    categories = need.texts("category")
    code_of = {name: code for code, name in enumerate(sorted({*categories} - {""}))}
    wished = [[code_of[w] for w in _SEPARATORS.split(text) if w in code_of] for text in donor.texts("categories")]
    areas, donor_areas = _areas(need.texts("area"), donor.texts("area"))
    vocabulary: dict[str, int] = {}
    said = [[vocabulary.setdefault(w, len(vocabulary)) for w in tokens(text)] for text in need.texts("text")]
    heard = [[vocabulary[w] for w in tokens(text) if w in vocabulary] for text in donor.texts("text")]
    return History(
        donors=donors,
        needs=needs,
        donor=np.array([donor_at[one] for one, _, _, _ in given], dtype=np.int64),
        need=np.array([need_at[one] for _, one, _, _ in given], dtype=np.int64),
        day=np.array([day for _, _, _, day in given], dtype=np.int64),
        amount=np.array([max(amount, 0.0) for _, _, amount, _ in given], dtype=np.float64),
        published=need.values("published_at", _day, unknown=UNKNOWN, dtype=np.int64),
        closed=need.values("closed_at", _day, unknown=UNKNOWN, dtype=np.int64),
        outcome=need.values("outcome", _outcome, unknown=UNKNOWN, dtype=np.int64),
        category=np.array([code_of.get(name, UNKNOWN) for name in categories], dtype=np.int64),
        kind=_codes(need.texts("kind")),
        asked=need.values("amount", _amount, unknown=math.nan, dtype=np.float64),
        areas=areas,
        wishes=make_table(wished, columns=len(code_of)),
        donor_areas=donor_areas,
        budget=donor.values("budget", _amount, unknown=math.nan, dtype=np.float64),
        words=make_table(said, columns=len(vocabulary)),
        donor_words=make_table(heard, columns=len(vocabulary)),
        columns=heads,
    )


def tokens(text: str) -> list[str]:
    """The distinct words of a text: Chinese words and bigrams, pairs of Tibetan syllables, Latin words, numbers."""
    normal = normal_form(text)
    return sorted({*bigrams(normal), *words(normal), *_LATIN.findall(normal), *syllable_pairs(normal)})


def _areas(needs: list[str], donors: list[str]) -> tuple[Array, Array]:
    """Codes by level, coarse to fine; codes of divisions nest by their digits, other names only equal themselves."""
    nests = any(len(area) == AREA_PREFIXES[-1] and area.isdigit() for area in needs)
    levels = [[area[:digits] for area in [*needs, *donors]] for digits in AREA_PREFIXES] if nests else [needs + donors]
    codes = np.stack([_codes(level) for level in levels])
    return codes[:, : len(needs)], codes[:, len(needs) :]


def _codes(names: list[str]) -> Array:
    code_of = {name: code for code, name in enumerate(sorted({*names} - {""}))}
    return np.array([code_of.get(name, UNKNOWN) for name in names], dtype=np.int64)


def _keyed(path: Path, *, key: str) -> tuple[dict[str, Row], frozenset[str]]:
    rows: dict[str, Row] = {}
    filled: set[str] = set()
    for number, row in _rows(path, required=(key,)):
        code = _required(row, key, file=path.name, number=number)
        if code in rows:
            raise Invalid(
                "%(file)s, row %(row)s: %(column)s %(value)s stands twice; leave one of the two out.",
                file=path.name,
                row=number,
                column=key,
                value=code,
            )
        rows[code] = (number, row)
        filled.update(column for column, value in row.items() if column != key and value.strip())
    return rows, frozenset(filled)


def _gifts(path: Path) -> Iterator[tuple[str, str, float, int]]:
    for number, row in _rows(path, required=GIFT_COLUMNS):
        donor, need, when = (
            _required(row, column, file=path.name, number=number) for column in ("donor_id", "need_id", "date")
        )
        day = _read(_day, when, file=path.name, row=number, column="date")
        text = row.get("amount", "").strip()
        amount = _read(_signed, text, file=path.name, row=number, column="amount") if text else 0.0
        yield donor, need, amount, int(day)


def _rows(path: Path, *, required: Iterable[str]) -> Iterator[Row]:
    csv.field_size_limit(_LARGEST_FIELD)
    try:
        with _open(path) as lines:
            reader = csv.DictReader(lines, restval="")
            missing = [column for column in required if column not in (reader.fieldnames or [])]
            if missing:
                raise Invalid(
                    "%(file)s has no column %(columns)s: name it in the first row.",
                    file=path.name,
                    columns=", ".join(missing),
                )
            for row in reader:
                row.pop(None, None)  # cells beyond the header
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        raise Invalid("%(file)s is not in UTF-8: save it again as CSV UTF-8.", file=path.name) from error
    except (OSError, EOFError, csv.Error) as error:
        raise Invalid("%(file)s cannot be read as CSV: %(why)s", file=path.name, why=str(error)) from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _required(row: Mapping[str, str], column: str, *, file: str, number: int) -> str:
    value = row[column].strip()
    if not value:
        raise Invalid("%(file)s, row %(row)s: %(column)s is empty.", file=file, row=number, column=column)
    return value


def _read(read: Callable[[str], float], text: str, *, file: str, row: int, column: str) -> float:
    try:
        return read(text)
    except ValueError as error:
        raise Invalid(
            "%(file)s, row %(row)s: %(column)s is %(value)s; write %(form)s.",
            file=file,
            row=row,
            column=column,
            value=text[:40],
            form=_FORMS[read],
        ) from error


def _day(text: str) -> int:
    return date.fromisoformat(text[:10]).toordinal()


def _signed(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _amount(text: str) -> float:
    return max(_signed(text), 0.0)


def _outcome(text: str) -> int:
    if text not in {"0", "1"}:
        raise ValueError(text)
    return int(text)


_FORMS: Mapping[Callable[[str], float], str] = {
    _day: "YYYY-MM-DD",
    _signed: "1234.56",
    _amount: "1234.56",
    _outcome: "1 / 0",
}
