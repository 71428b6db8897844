"""Runs the compiled sweep over a problem: the best k donors of every need and the best k needs of every donor."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.pairs import eligible, pair_units
from marketplace.matching.engine.prepared import (
    NEED_FEATURES,
    TIE_MASK,
    Prepared,
    filed_again,
    kernel,
    need_terms,
    needs_of,
)

# Below this many needs times donors a second thread costs more than it brings.
PAIRS_WORTH_A_THREAD = 5_000_000
# A thread takes so many needs at a time, or its turn of TURNS where that is more. One need in FIRST is taken before the
# others, those that score highest by themselves: donors' lists hold good needs early, and the rest is turned away.
PART = 4096
TURNS = 16
FIRST = 16
NOBODY = -1
MOST_PLACES = 50
_NEED_COLUMNS = tuple(feature.value for feature in NEED_FEATURES)
_ZERO = np.zeros(1, dtype=np.int64)

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """The best k of each row: partners (rows, k) int32, NOBODY where the list ends; units (rows, k) int16."""

    partners: Array
    units: Array


def _columns(prepared: Prepared, *, rows: Array) -> tuple[Array, ...]:
    """The columns of some needs as the kernel reads them."""
    needs, start = prepared.problem.needs, prepared.excluded_start
    columns = (needs.kind, needs.category, needs.division, needs.log_amount)
    own = (*(column[rows] for column in columns), need_terms(needs, steps=prepared.steps, rows=rows))
    ties, low, high = (column.astype(np.int64) for column in (prepared.ties[rows], start[rows], start[rows + 1]))
    return (rows.astype(np.int64), *own, needs.vectors, ties, low, high, prepared.excluded_donors)


def _columns_of_one(prepared: Prepared, *, need: int) -> tuple[Array, ...]:
    """The same of one need."""
    needs, row = prepared.problem.needs, slice(need, need + 1)
    pairs = prepared.problem.excluded
    excluded = prepared.excluded_donors[pairs.searchsorted(need << 32) : pairs.searchsorted((need + 1) << 32)]
    terms = 0
    for name, step in zip(_NEED_COLUMNS, prepared.need_steps, strict=True):
        terms += step * int(getattr(needs, name)[need])
    own = (needs.kind[row], needs.category[row], needs.division[row], needs.log_amount[row])
    # One need alone has no equals to be ordered among: any place will do.
    return (
        _ZERO,
        *own,
        np.array([terms], dtype=np.int16),
        needs.vectors[row],
        _ZERO,
        _ZERO,
        np.array([len(excluded)]),
        excluded,
    )


def best_pairs(prepared: Prepared, *, k: int, threads: int = 2) -> tuple[Top, Top]:
    """The best k donors of each need (N, k) and the best k needs of each donor (D, k), by score, waiting, code.

    Units are those of Model.steps(); equal scores are ordered by the need's waiting and then by code.
    """
    needs, donors = prepared.problem.needs, prepared.problem.donors
    if not 1 <= k <= MOST_PLACES:
        raise ValueError(f"a list has between 1 and {MOST_PLACES} places, not {k}")
    prepared = filed_again(prepared)
    by_need = _empty(len(needs), k=k)
    count = threads if len(prepared.sweep_order) * len(donors) >= PAIRS_WORTH_A_THREAD else 1
    entries = np.full((count, len(donors), k), -1, dtype=np.int64)
    _run(prepared, by_need=by_need, donor_entries=entries)
    return by_need, _top(entries[0], rows=prepared.by_tie)


def best_donors(prepared: Prepared, *, need: int, k: int) -> Top:
    """The best k donors of one need (1, k): exactly its row of ``best_pairs``."""
    best, nobody = _empty(1, k=k), np.empty((0, k), dtype=np.int64)
    _sweep(prepared, asks=_columns_of_one(prepared, need=need), best=best, donor_entries=nobody)
    return _with_loose(prepared, best, need=need, k=k) if len(prepared.loose) else best


def best_needs(prepared: Prepared, *, donor: int, k: int, among: Array | None = None) -> Top:
    """The best k needs of one donor (1, k): exactly its row of ``best_pairs``; ``among`` limits the rows."""
    rows = needs_of(prepared, donor=donor)
    if among is not None:
        rows = np.intersect1d(rows, among, assume_unique=True)
    units = pair_units(prepared.problem, needs=rows, donors=np.full(len(rows), donor), steps=prepared.steps)
    return _best(units << 32 | (TIE_MASK - prepared.ties[rows].astype(np.int64)), k=k, rows=prepared.by_tie)


def _loose_donors(prepared: Prepared, *, need: int) -> Array:
    """Those of the loose donors that one need may be shown to."""
    rows = prepared.loose
    is_allowed = eligible(prepared.problem, needs=np.full(len(rows), need), donors=rows, rules=prepared.rules)
    return rows[is_allowed]


def _with_loose(prepared: Prepared, best: Top, *, need: int, k: int) -> Top:
    """The list of one need with the loose donors put among the filed ones."""
    rows = _loose_donors(prepared, need=need)
    units = pair_units(prepared.problem, needs=np.full(len(rows), need), donors=rows, steps=prepared.steps)
    is_held = best.partners[0] != NOBODY
    rows = np.concatenate([best.partners[0, is_held].astype(np.int64), rows])
    units = np.concatenate([best.units[0, is_held].astype(np.int64), units])
    return _best(units << 32 | (TIE_MASK - rows), k=k, rows=None)


def _run(prepared: Prepared, *, by_need: Top, donor_entries: Array) -> None:
    """Sweep all needs, one thread for each of ``donor_entries`` (T, D, k), whose first holds the donors' lists then."""
    parts = iter(_parts(prepared, threads=len(donor_entries)))
    turn = Lock()

    def take_parts(entries: Array) -> None:
        while True:
            with turn:
                rows = next(parts, None)
            if rows is None:
                return
            _sweep(prepared, asks=_columns(prepared, rows=rows), best=by_need, donor_entries=entries)

    if len(donor_entries) == 1:
        take_parts(donor_entries[0])
        return
    with ThreadPoolExecutor(len(donor_entries)) as pool:
        list(pool.map(take_parts, donor_entries))
    for others in donor_entries[1:]:
        kernel().merge(donor_entries[0], others)


def _parts(prepared: Prepared, *, threads: int) -> list[Array]:
    """The order in parts: the needs that score highest by themselves, then the rest piece by piece."""
    order = prepared.sweep_order
    if len(order) <= PART:
        return [order]
    terms = need_terms(prepared.problem.needs, steps=prepared.steps)[order]
    rank = len(order) - len(order) // FIRST
    is_first = terms >= np.partition(terms, rank)[rank]
    rest = order[~is_first]
    size = max(PART, len(rest) // (threads * TURNS))
    return [*np.array_split(order[is_first], threads), *np.array_split(rest, len(rest) // size + 1)]


def _sweep(prepared: Prepared, *, asks: tuple[Array, ...], best: Top, donor_entries: Array) -> None:
    code = kernel()
    code.sweep(code.Asks(*asks), *prepared.market, best.partners, best.units, donor_entries)


def _empty(rows: int, *, k: int) -> Top:
    return Top(partners=np.full((rows, k), NOBODY, dtype=np.int32), units=np.zeros((rows, k), dtype=np.int16))


def _best(entries: Array, *, k: int, rows: Array | None) -> Top:
    """The best k of the entries of one list."""
    best = np.full((1, k), -1, dtype=np.int64)
    found = np.sort(entries)[::-1][:k]
    best[0, : len(found)] = found
    return _top(best, rows=rows)


def _top(entries: Array, *, rows: Array | None) -> Top:
    """Entries -> partners and units; ``rows`` turns a tie rank into the row that has it."""
    top = _empty(len(entries), k=entries.shape[1])
    for start in range(0, len(entries), PART):
        part = slice(start, start + PART)
        is_held = entries[part] >= 0
        held = entries[part][is_held]
        ranks = TIE_MASK - (held & TIE_MASK)
        top.partners[part][is_held] = ranks if rows is None else rows[ranks]
        top.units[part][is_held] = held >> 32
    return top
