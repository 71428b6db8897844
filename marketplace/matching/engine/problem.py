"""The matching problem as arrays: one column per fact of needs and donors, and the pairs that must never meet."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.matching.engine.text import TextSpace

KINDS = tuple(SupportKind)
CATEGORIES = tuple(NeedCategory)
KIND_INDEX = {kind: index for index, kind in enumerate(KINDS)}
CATEGORY_INDEX = {category: index for index, category in enumerate(CATEGORIES)}
NATIONWIDE = 0
NOT_STATED = -1

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRow:
    """An open need as the service knows it; ``open_fen`` is what is still uncovered (0 = no amount).

    ``kind`` is the kind of its largest open line. ``parties`` are keys of everyone who stands behind it
    (poster, household, poster's unit): a donor whose ``excluded`` names one of them is never shown it.
    """

    code: str
    kind: SupportKind
    category: NeedCategory
    division: str
    open_fen: int = 0
    urgency: int = 0
    vulnerability: float = 0.0
    waiting_days: int = 0
    never_helped: bool = False
    text: str = ""
    parties: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DonorRow:
    """A donor with its wishes; no categories = any, no areas = the whole country, no budget = none stated.

    ``excluded`` holds party keys and need codes that this donor must never be shown (related parties).
    ``neighbours`` is, by category, the share of gifts of the donors who gave like this one.
    """

    code: str
    kinds: Collection[SupportKind]
    categories: Collection[NeedCategory] = ()
    areas: Collection[str] = ()
    budget_fen: int | None = None
    typical_fen: int | None = None
    text: str = ""
    successes: int = 0
    outcomes: int = 0
    last_active_days: int | None = None
    is_open: bool = True
    is_personalised: bool = True
    excluded: Collection[str] = ()
    neighbours: Mapping[NeedCategory, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """N needs in the order of their codes; every column has N rows.

    kind, category, urgency (0-2), vulnerability, waiting (levels), never_helped: uint8; division: int64, the
    12-digit code as a number; amount_fen: int64; log_amount: int16; waiting_days: int32; vectors: (N, 32) int8.
    """

    codes: Sequence[str]
    kind: Array
    category: Array
    division: Array
    amount_fen: Array
    log_amount: Array
    urgency: Array
    vulnerability: Array
    waiting_days: Array
    waiting: Array
    never_helped: Array
    vectors: Array

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class Donors:
    """D donors in the order of their codes; every column has D rows, except the last three.

    kinds: uint8 bits; categories: uint16 bits, 0 = any; budget_fen, typical_fen: int64, -1 = not stated;
    log_budget, log_typical: int16; success, capacity, recency: uint8 levels; successes, outcomes,
    last_active_days: int32; is_open, is_personalised: bool; vectors: (D, 32) int8; neighbours: (D, 13) uint8.
    Donor j's areas are area_codes[area_start[j]:area_start[j + 1]], int64, distinct; 0 = the whole country.
    """

    codes: Sequence[str]
    kinds: Array
    categories: Array
    budget_fen: Array
    typical_fen: Array
    log_budget: Array
    log_typical: Array
    successes: Array
    outcomes: Array
    success: Array
    capacity: Array
    last_active_days: Array
    recency: Array
    is_open: Array
    is_personalised: Array
    vectors: Array
    neighbours: Array
    area_start: Array
    area_codes: Array

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class Parties:
    """Who stands behind whom: (key, row) pairs in the order of keys; keys are 64-bit hashes of party names."""

    keys: Array
    rows: Array

    def rows_of(self, keys: Iterable[int]) -> list[int]:
        """Rows that carry one of the keys."""
        found: set[int] = set()
        for key in keys:
            low, high = np.searchsorted(self.keys, [key, key + 1])
            found.update(self.rows[low:high].tolist())
        return sorted(found)

    def with_row(self, row: int, *, keys: Iterable[int]) -> "Parties":
        """The same with one row's keys replaced."""
        own = np.array(sorted(set(keys)), dtype=np.int64)
        if np.array_equal(self.keys[self.rows == row], own):
            return self
        kept = self.rows != row
        others, rows = self.keys[kept], self.rows[kept]
        at = np.searchsorted(others, own)
        return Parties(keys=np.insert(others, at, own), rows=np.insert(rows, at, row))

    def shifted(self, at: int, *, by: int) -> "Parties":
        """The same with every row from ``at`` on moved by ``by``."""
        return Parties(keys=self.keys, rows=np.where(self.rows >= at, self.rows + by, self.rows))


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Needs, donors, and the pairs that must never be shown, as sorted ``need << 32 | donor`` (int64)."""

    needs: Needs
    donors: Donors
    text: TextSpace
    excluded: Array
    need_parties: Parties
    donor_parties: Parties

    def need_index(self, code: str) -> int:
        """The row of a need; KeyError where it is not among the open ones."""
        return _index(self.needs.codes, code)

    def has_need(self, code: str) -> bool:
        """True where the need is among the open ones."""
        return has_code(self.needs.codes, bisect_left(self.needs.codes, code), code)

    def donor_index(self, code: str) -> int:
        """The row of a donor; KeyError where there is none."""
        return _index(self.donors.codes, code)

    def is_excluded(self, needs: Array, *, donors: Array) -> Array:
        """Which of the pairs (needs[i], donors[i]) are related parties: (n,) bool."""
        pairs = needs.astype(np.int64) << 32 | donors
        at = np.searchsorted(self.excluded, pairs)
        return np.asarray(self.excluded.take(at, mode="clip") == pairs) if len(self.excluded) else at > 0


def has_code(codes: Sequence[str], at: int, code: str) -> bool:
    return at < len(codes) and codes[at] == code


def party_key(name: str) -> int:
    """A party's name as a 63-bit number, the same on every machine."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1


def stretches(begins: Array, counts: Array) -> Array:
    """begins[0], begins[0] + 1, ... (counts[0] of them), begins[1], ... as (counts.sum(),) int64."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(counts.sum()) + np.repeat(begins - ends + counts, counts))


def make_parties(pairs: Iterable[tuple[int, int]]) -> Parties:
    ordered = sorted(set(pairs))
    return Parties(
        keys=np.array([key for key, _ in ordered], dtype=np.int64),
        rows=np.array([row for _, row in ordered], dtype=np.int64),
    )


def _index(codes: Sequence[str], code: str) -> int:
    at = bisect_left(codes, code)
    if not has_code(codes, at, code):
        raise KeyError(code)
    return at
