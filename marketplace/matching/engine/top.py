"""Runs the compiled sweep over a problem: the best k donors of every need and the best k needs of every donor."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import (
    LEVELS,
    Postings,
    Rules,
    excluded_starts,
    file_donors,
    need_order,
    needs_for,
    waiting_ties,
)
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.pairs import pair_units
from marketplace.matching.engine.problem import Needs, Problem

# Below this many pairs a second thread costs more than it brings.
PAIRS_WORTH_A_THREAD = 5_000_000
NOBODY = -1
TIE_MASK = (1 << 32) - 1
MOST_PLACES = 50
# No score reaches it: a donor's threshold where only the need's list is wanted.
UNREACHED = np.iinfo(np.int16).max
PAIR_FEATURES = (Feature.AREA, Feature.AMOUNT, Feature.BUDGET, Feature.TEXT)
_FIRST_ROW = np.zeros(1, dtype=np.int64)

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """The best k of each row: partners (rows, k) int32, NOBODY where the list ends; units (rows, k) int32."""

    partners: Array
    units: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """What the kernel reads of the needs, in the order of its arguments: their order, columns, forbidden pairs."""

    order: Array
    needs: tuple[Array, ...]
    excluded: Array
    excluded_start: Array


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A problem made ready for a model: donors filed, needs ordered, terms summed. Kept warm by the service."""

    problem: Problem
    model: Model
    rules: Rules
    steps: Array
    postings: Postings
    order: Array
    ties: Array
    by_tie: Array
    columns: _Columns
    pair_steps: tuple[int, ...]

    @property
    def excluded_start(self) -> Array:
        """(N + 1,) where each need's forbidden pairs begin."""
        return self.columns.excluded_start


def prepare(
    problem: Problem, *, model: Model, rules: Rules | None = None, is_dense: bool = False, warm: Prepared | None = None
) -> Prepared:
    """Everything that does not depend on the pair; ``warm`` is reused where donors, model and rules are the same."""
    rules = rules or Rules()
    steps = model.steps()
    keeps = (
        warm is not None
        and warm.problem.donors is problem.donors
        and warm.rules == rules
        and warm.postings.is_dense == is_dense
        and np.array_equal(warm.steps, steps)
    )
    postings = (
        warm.postings
        if warm is not None and keeps
        else file_donors(problem.donors, steps=steps, rules=rules, is_dense=is_dense)
    )
    needs = problem.needs
    order, ties = need_order(needs), waiting_ties(needs)
    const = need_terms(needs, steps=steps)
    return Prepared(
        problem=problem,
        model=model,
        rules=rules,
        steps=steps,
        postings=postings,
        order=order,
        ties=ties,
        by_tie=np.argsort(ties),
        columns=_Columns(
            order=order,
            needs=(needs.kind, needs.category, needs.division, needs.log_amount, const, ties, needs.vectors),
            excluded=problem.excluded,
            excluded_start=excluded_starts(problem),
        ),
        pair_steps=tuple(int(steps[FEATURES.index(feature)]) for feature in PAIR_FEATURES),
    )


def need_terms(needs: Needs, *, steps: Array) -> Array:
    """(N,) int16: the terms that hang on the need alone."""
    step = dict(zip(FEATURES, steps.tolist(), strict=True))
    terms: Array = (
        step[Feature.URGENCY] * needs.urgency.astype(np.int64)
        + step[Feature.VULNERABILITY] * needs.vulnerability.astype(np.int64)
        + step[Feature.WAITING] * needs.waiting.astype(np.int64)
        + step[Feature.NEVER_HELPED] * needs.never_helped.astype(np.int64)
    )
    return terms.astype(np.int16)


def best_pairs(prepared: Prepared, *, k: int, threads: int = 2) -> tuple[Top, Top]:
    """The best k donors of each need (N, k) and the best k needs of each donor (D, k), by score, waiting, code.

    Units are those of Model.steps(); equal scores are ordered by the need's waiting and then by code.
    """
    needs, donors = prepared.problem.needs, prepared.problem.donors
    if not 1 <= k <= MOST_PLACES:
        raise ValueError(f"a list has between 1 and {MOST_PLACES} places, not {k}")
    need_entries = np.full((len(needs), k), -1, dtype=np.int64)
    parts = _parts(len(prepared.order), donors=len(donors), threads=threads)
    donor_entries = [np.full((len(donors), k), -1, dtype=np.int64) for _ in parts]
    _run(prepared, parts=parts, need_entries=need_entries, donor_entries=donor_entries)
    return _top(need_entries, rows=None), _top(donor_entries[0], rows=prepared.by_tie)


def best_donors(prepared: Prepared, *, need: int, k: int) -> Top:
    """The best k donors of one need (1, k): exactly its row of ``best_pairs``."""
    low, high = prepared.excluded_start[need : need + 2].tolist()
    columns = _Columns(
        order=_FIRST_ROW,
        needs=tuple(column[need : need + 1] for column in prepared.columns.needs),
        excluded=prepared.columns.excluded[low:high] - (need << 32),
        excluded_start=np.array([0, high - low]),
    )
    entries = np.full((1, k), -1, dtype=np.int64)
    nobody = np.empty((0, k), dtype=np.int64)
    _sweep(prepared, columns, part=(0, 1), need_entries=entries, donor_entries=nobody)
    return _top(entries, rows=None)


def best_needs(prepared: Prepared, *, donor: int, k: int, among: Array | None = None) -> Top:
    """The best k needs of one donor (1, k): exactly its row of ``best_pairs``; ``among`` limits the rows."""
    rows = needs_for(prepared.problem, donor=donor, order=prepared.order, rules=prepared.rules)
    if among is not None:
        rows = np.intersect1d(rows, among, assume_unique=True)
    units = pair_units(prepared.problem, needs=rows, donors=np.full(len(rows), donor), steps=prepared.steps)
    entries = np.full((1, k), -1, dtype=np.int64)
    best = np.sort(units << 32 | (TIE_MASK - prepared.ties[rows]))[::-1][:k]
    entries[0, : len(best)] = best
    return _top(entries, rows=prepared.by_tie)


def among(prepared: Prepared, *, rows: Array) -> Prepared:
    """The same with only these needs taking part; the lists of the others stay empty."""
    takes_part = np.zeros(len(prepared.problem.needs), dtype=np.bool_)
    takes_part[rows] = True
    order = prepared.order[takes_part[prepared.order]]
    return replace(prepared, order=order, columns=replace(prepared.columns, order=order))


def _parts(needs: int, *, donors: int, threads: int) -> list[tuple[int, int]]:
    count = threads if needs * donors >= PAIRS_WORTH_A_THREAD else 1
    ends = [needs * part // count for part in range(count + 1)]
    return list(pairwise(ends))


def _run(
    prepared: Prepared, *, parts: Sequence[tuple[int, int]], need_entries: Array, donor_entries: Sequence[Array]
) -> None:
    if len(parts) == 1:
        _sweep(prepared, prepared.columns, part=parts[0], need_entries=need_entries, donor_entries=donor_entries[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        jobs = [
            pool.submit(_sweep, prepared, prepared.columns, part=part, need_entries=need_entries, donor_entries=entries)
            for part, entries in zip(parts, donor_entries, strict=True)
        ]
        for job in jobs:
            job.result()
    for others in donor_entries[1:]:
        _kernel().merge(donor_entries[0], others)


def _sweep(
    prepared: Prepared, columns: _Columns, *, part: tuple[int, int], need_entries: Array, donor_entries: Array
) -> None:
    """Sweep needs order[part[0]:part[1]]; donor_entries with no rows leaves the donors' lists out."""
    postings = prepared.postings
    lowest = 0 if len(donor_entries) else UNREACHED
    _kernel().sweep(
        columns.order,
        *part,
        *columns.needs,
        columns.excluded,
        columns.excluded_start,
        postings.is_dense,
        postings.kind_room,
        postings.category_room,
        LEVELS,
        postings.keys,
        postings.starts,
        postings.members,
        postings.base,
        postings.typical,
        postings.budget,
        postings.columns,
        np.full(len(postings.typical), lowest, dtype=np.int16),
        *prepared.pair_steps,
        prepared.rules.must_fit_area,
        need_entries,
        donor_entries,
    )


def _kernel() -> ModuleType:
    """The compiled code, loaded at the first ranking: numba would slow every start of the web."""
    from marketplace.matching.engine import kernel  # noqa: PLC0415 - see the docstring

    return kernel


def _top(entries: Array, *, rows: Array | None) -> Top:
    """Entries -> partners and units; ``rows`` turns a tie rank into the row that has it."""
    is_held = entries >= 0
    ranks = TIE_MASK - (entries & TIE_MASK)
    partners = ranks if rows is None or not len(rows) else rows[np.where(is_held, ranks, 0)]
    return Top(
        partners=np.where(is_held, partners, NOBODY).astype(np.int32),
        units=np.where(is_held, entries >> 32, 0).astype(np.int32),
    )
