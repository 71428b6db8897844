"""Builds the arrays from plain rows, and changes one row at a time."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from marketplace.core.divisions import is_code
from marketplace.matching.engine import features
from marketplace.matching.engine.problem import (
    CATEGORIES,
    CATEGORY_INDEX,
    KIND_INDEX,
    NATIONWIDE,
    NOT_STATED,
    Array,
    DonorRow,
    Donors,
    NeedRow,
    Needs,
    Parties,
    Problem,
    has_code,
    make_parties,
    party_key,
    stretches,
)
from marketplace.matching.engine.text import TextSpace, fit_text

LARGEST_FEN = 10**15
LOW = (1 << 32) - 1

_Rows = TypeVar("_Rows", Needs, Donors)


def build_problem(needs: Iterable[NeedRow], *, donors: Iterable[DonorRow], text: TextSpace | None = None) -> Problem:
    """Arrays from rows in any order; ValueError names the row and what to change.

    Pass the ``text`` space of an earlier build to get the same vectors for the same texts; without one it is
    fitted on the texts given.
    """
    need_rows = _ordered(needs)
    donor_rows = _ordered(donors)
    space = text or fit_text([row.text for row in [*need_rows, *donor_rows]])
    need_parties = make_parties([(k, i) for i, row in enumerate(need_rows) for k in _need_keys(row)])
    donor_parties = make_parties([(k, j) for j, row in enumerate(donor_rows) for k in _donor_keys(row)])
    return Problem(
        needs=_need_arrays(need_rows, text=space),
        donors=_donor_arrays(donor_rows, text=space),
        text=space,
        excluded=_excluded(need_parties, donors=donor_parties),
        need_parties=need_parties,
        donor_parties=donor_parties,
    )


def with_need(problem: Problem, *, row: NeedRow) -> Problem:
    """The problem with one need replaced, or added where its code is new."""
    at = bisect_left(problem.needs.codes, row.code)
    is_new = not has_code(problem.needs.codes, at, row.code)
    parties = problem.need_parties.shifted(at, by=1) if is_new else problem.need_parties
    keys = _need_keys(row)
    related = at << 32 | np.array(problem.donor_parties.rows_of(keys), dtype=np.int64)
    return replace(
        problem,
        needs=_spliced(problem.needs, _need_arrays([row], text=problem.text), at=at, drop=not is_new),
        need_parties=parties.with_row(at, keys=keys),
        excluded=_need_moved(problem.excluded, at, by=int(is_new), related=related),
    )


def with_donor(problem: Problem, *, row: DonorRow) -> Problem:
    """The problem with one donor replaced, or added where its code is new."""
    at = bisect_left(problem.donors.codes, row.code)
    is_new = not has_code(problem.donors.codes, at, row.code)
    parties = problem.donor_parties.shifted(at, by=1) if is_new else problem.donor_parties
    keys = _donor_keys(row)
    related = np.array(problem.need_parties.rows_of(keys), dtype=np.int64) << 32 | at
    return replace(
        problem,
        donors=_with_donor_row(problem.donors, _donor_arrays([row], text=problem.text), at=at, drop=not is_new),
        donor_parties=parties.with_row(at, keys=keys),
        excluded=_donor_moved(problem.excluded, at, by=int(is_new), related=related),
    )


def without_need(problem: Problem, *, code: str) -> Problem:
    """The problem without a need that is no longer open; KeyError where it is not there."""
    at = problem.need_index(code)
    empty = _need_arrays([], text=problem.text)
    return replace(
        problem,
        needs=_spliced(problem.needs, empty, at=at, drop=True),
        need_parties=problem.need_parties.with_row(at, keys=()).shifted(at, by=-1),
        excluded=_need_moved(problem.excluded, at, by=-1, related=np.empty(0, dtype=np.int64)),
    )


def _ordered(rows: Iterable[Any]) -> list[Any]:
    ordered = sorted(rows, key=lambda row: row.code)
    for before, after in pairwise(ordered):
        if before.code == after.code:
            raise ValueError(f"{after.code} stands twice among the rows: keep one of them")
    return ordered


def _need_arrays(rows: Sequence[NeedRow], *, text: TextSpace) -> Needs:
    amounts = np.array([_fen(row.open_fen, row.code) for row in rows], dtype=np.int64)
    waiting_days = np.array([_days(row.waiting_days) for row in rows], dtype=np.int32)
    urgency = np.array([row.urgency for row in rows], dtype=np.int64)
    if len(rows) and not 0 <= urgency.min() <= urgency.max() <= 2:
        raise ValueError("urgency must be 0 (normal), 1 (urgent) or 2 (critical)")
    return Needs(
        codes=tuple(row.code for row in rows),
        kind=np.array([KIND_INDEX[row.kind] for row in rows], dtype=np.uint8),
        category=np.array([CATEGORY_INDEX[row.category] for row in rows], dtype=np.uint8),
        division=np.array([_division(row.division, row.code) for row in rows], dtype=np.int64),
        amount_fen=amounts,
        log_amount=features.amount_levels(amounts),
        urgency=urgency.astype(np.uint8),
        vulnerability=_small(features.percent_levels(np.array([row.vulnerability for row in rows], dtype=np.float64))),
        waiting_days=waiting_days,
        waiting=_small(features.waiting_levels(waiting_days)),
        never_helped=np.array([row.never_helped for row in rows], dtype=np.uint8),
        vectors=text.vectors([row.text for row in rows]),
    )


def _donor_arrays(rows: Sequence[DonorRow], *, text: TextSpace) -> Donors:
    budgets = np.array([_stated(row.budget_fen, row.code) for row in rows], dtype=np.int64)
    typical = np.array([_stated(row.typical_fen, row.code) for row in rows], dtype=np.int64)
    successes = np.array([row.successes for row in rows], dtype=np.int32)
    outcomes = np.array([row.outcomes for row in rows], dtype=np.int32)
    if len(rows) and (successes.min() < 0 or (successes > outcomes).any()):
        raise ValueError("a donor's successes must lie between 0 and its outcomes")
    active = np.array(
        [NOT_STATED if row.last_active_days is None else _days(row.last_active_days) for row in rows],
        dtype=np.int32,
    )
    areas = [_areas(row) for row in rows]
    return Donors(
        codes=tuple(row.code for row in rows),
        kinds=np.array([sum(1 << KIND_INDEX[k] for k in {*row.kinds}) for row in rows], dtype=np.uint8),
        categories=np.array([sum(1 << CATEGORY_INDEX[c] for c in {*row.categories}) for row in rows], dtype=np.uint16),
        budget_fen=budgets,
        typical_fen=typical,
        log_budget=features.amount_levels(budgets),
        log_typical=features.amount_levels(typical),
        successes=successes,
        outcomes=outcomes,
        success=_small(features.success_levels(successes, outcomes)),
        capacity=_small(features.capacity_levels(budgets)),
        last_active_days=active,
        recency=_small(features.recency_levels(active)),
        is_open=np.array([row.is_open and row.budget_fen != 0 for row in rows], dtype=np.bool_),
        is_personalised=np.array([row.is_personalised for row in rows], dtype=np.bool_),
        vectors=text.vectors([row.text for row in rows]),
        neighbours=_neighbours(rows),
        area_start=np.cumsum([0, *map(len, areas)], dtype=np.int64),
        area_codes=np.array([code for codes in areas for code in codes], dtype=np.int64),
    )


def _neighbours(rows: Sequence[DonorRow]) -> Array:
    shares = np.zeros((len(rows), len(CATEGORIES)))
    for index, row in enumerate(rows):
        for category, share in row.neighbours.items():
            shares[index, CATEGORY_INDEX[category]] = share
    return _small(features.percent_levels(shares))


def _areas(row: DonorRow) -> list[int]:
    return sorted({_division(area, row.code) for area in row.areas}) or [NATIONWIDE]


def _small(levels: Array) -> Array:
    return levels.astype(np.uint8)


def _division(code: str, owner: str) -> int:
    if not is_code(code):
        raise ValueError(f"{owner}: {code!r} is not a division code; give its twelve digits")
    return int(code)


def _fen(fen: int, owner: str) -> int:
    if not 0 <= fen <= LARGEST_FEN:
        raise ValueError(f"{owner}: an amount must lie between 0 and {LARGEST_FEN} fen, not {fen}")
    return fen


def _stated(fen: int | None, owner: str) -> int:
    return NOT_STATED if fen is None else _fen(fen, owner)


def _days(days: int) -> int:
    return min(max(days, 0), np.iinfo(np.int32).max)


def _need_keys(row: NeedRow) -> list[int]:
    return [party_key(name) for name in (row.code, *row.parties)]


def _donor_keys(row: DonorRow) -> list[int]:
    return [party_key(name) for name in row.excluded]


def _excluded(needs: Parties, *, donors: Parties) -> Array:
    """Every (need, donor) whose keys meet."""
    low = np.searchsorted(needs.keys, donors.keys, side="left")
    counts = np.searchsorted(needs.keys, donors.keys, side="right") - low
    pairs = np.sort(needs.rows[stretches(low, counts)] << 32 | np.repeat(donors.rows, counts))
    is_first: Array = np.diff(pairs, prepend=-1) > 0
    return np.asarray(pairs[is_first])


def _need_moved(excluded: Array, at: int, *, by: int, related: Array) -> Array:
    """The forbidden pairs after need ``at`` came (1), stayed (0) or went (-1); ``related``: its own now, in order."""
    low, high = np.searchsorted(excluded, [at << 32, at + (by < 1) << 32])
    if by == 0 and np.array_equal(excluded[low:high], related):
        return excluded
    return np.concatenate([excluded[:low], related, excluded[high:] + (by << 32)])


def _donor_moved(excluded: Array, at: int, *, by: int, related: Array) -> Array:
    """The same after donor ``at`` came (1) or changed (0)."""
    donors = excluded & LOW
    if by:
        kept = excluded + (donors >= at)
    else:
        is_own = donors == at
        if np.array_equal(excluded[is_own], related):
            return excluded
        kept = excluded[~is_own]
    return np.insert(kept, np.searchsorted(kept, related), related)


def _spliced(table: _Rows, row: _Rows, *, at: int, drop: bool, skip: Collection[str] = ()) -> _Rows:
    """The table with ``row`` put in at ``at``, in place of what stood there where ``drop``."""
    after: int = at + drop
    changed: dict[str, Any] = {}
    for column in fields(table):
        if column.name in skip:
            continue
        old: Any = getattr(table, column.name)
        new: Any = getattr(row, column.name)
        if column.name == "codes":
            changed[column.name] = old if drop and new == tuple(old[at:after]) else (*old[:at], *new, *old[after:])
        else:
            changed[column.name] = np.concatenate([old[:at], new, old[after:]])
    return replace(table, **changed)


def _with_donor_row(donors: Donors, row: Donors, *, at: int, drop: bool) -> Donors:
    """Splice a donor; its areas are a list of lists, so their ends move."""
    spliced = _spliced(donors, row, at=at, drop=drop, skip=("area_start", "area_codes"))
    low, high = donors.area_start[at], donors.area_start[at + drop]
    codes = np.concatenate([donors.area_codes[:low], row.area_codes, donors.area_codes[high:]])
    counts = np.diff(donors.area_start)
    counts = np.concatenate([counts[:at], np.diff(row.area_start), counts[at + drop :]])
    return replace(spliced, area_start=np.concatenate([[0], np.cumsum(counts)]), area_codes=codes)
