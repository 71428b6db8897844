"""Runs the compiled sweep over a problem: the best k donors of every need and the best k needs of every donor."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import (
    LEVELS,
    Postings,
    Rules,
    donors_for,
    excluded_starts,
    file_donors,
    need_order,
    needs_for,
    waiting_ties,
)
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.pairs import eligible, pair_units
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
EVERY = slice(None)

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


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem made ready for a model: donors filed, needs ordered when first asked for. Kept warm by the service.

    ``loose`` are rows of donors that changed since the others were filed: they are not looked up in the postings
    but judged one by one, so that one donor's change does not file everybody again. ``selected`` are the rows of
    needs that take part in a full sweep, None = all.
    """

    problem: Problem
    model: Model
    rules: Rules
    steps: Array
    postings: Postings
    loose: Array
    selected: Array | None = None

    @cached_property
    def order(self) -> Array:
        """Rows of the needs that take part, those of one division, kind and category together."""
        order = need_order(self.problem.needs)
        if self.selected is None:
            return order
        takes_part = np.zeros(len(order), dtype=np.bool_)
        takes_part[self.selected] = True
        return order[takes_part[order]]

    @cached_property
    def ties(self) -> Array:
        """(N,) the place of each need among equals."""
        return waiting_ties(self.problem.needs)

    @cached_property
    def by_tie(self) -> Array:
        """(N,) the row that has each place."""
        return np.argsort(self.ties)

    @cached_property
    def terms(self) -> Array:
        """(N,) int16: the terms that hang on the need alone."""
        return need_terms(self.problem.needs, steps=self.steps)

    @cached_property
    def excluded_start(self) -> Array:
        """(N + 1,) where each need's forbidden pairs begin."""
        return excluded_starts(self.problem)

    @cached_property
    def pair_steps(self) -> tuple[int, ...]:
        """Units per step of the features that the kernel works out pair by pair."""
        return tuple(int(self.steps[FEATURES.index(feature)]) for feature in PAIR_FEATURES)


def prepare(problem: Problem, *, model: Model, rules: Rules | None = None, is_dense: bool = False) -> Prepared:
    """Everything that does not depend on the pair."""
    rules = rules or Rules()
    steps = model.steps()
    return Prepared(
        problem=problem,
        model=model,
        rules=rules,
        steps=steps,
        postings=file_donors(problem.donors, steps=steps, rules=rules, is_dense=is_dense),
        loose=np.empty(0, dtype=np.int64),
    )


def with_loose_donor(warm: Prepared, problem: Problem, *, donor: int, is_new: bool) -> Prepared:
    """Ready for a problem in which this one donor changed, or came: it is judged by itself from now on."""
    postings, loose = warm.postings, warm.loose
    if is_new:
        moved = np.where(postings.members >= donor, postings.members + 1, postings.members)
        postings, loose = replace(postings, members=moved), np.where(loose >= donor, loose + 1, loose)
    return _carried(warm, replace(warm, problem=problem, postings=postings, loose=np.union1d(loose, [donor])))


def filed_again(prepared: Prepared) -> Prepared:
    """The same with every donor filed and none loose."""
    if not len(prepared.loose):
        return prepared
    donors, is_dense = prepared.problem.donors, prepared.postings.is_dense
    postings = file_donors(donors, steps=prepared.steps, rules=prepared.rules, is_dense=is_dense)
    return _carried(prepared, replace(prepared, postings=postings, loose=prepared.loose[:0]))


def _carried(old: Prepared, new: Prepared) -> Prepared:
    """Keep what was worked out of needs that are the same."""
    for name in ("order", "ties", "by_tie", "terms"):
        if name in old.__dict__:
            new.__dict__[name] = old.__dict__[name]
    return new


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
    if len(prepared.loose):
        prepared = filed_again(prepared)
    parts = _parts(len(prepared.order), donors=len(donors), threads=threads)
    donor_entries = [np.full((len(donors), k), -1, dtype=np.int64) for _ in parts]
    _run(prepared, parts=parts, need_entries=need_entries, donor_entries=donor_entries)
    return _top(need_entries, rows=None), _top(donor_entries[0], rows=prepared.by_tie)


def best_donors(prepared: Prepared, *, need: int, k: int) -> Top:
    """The best k donors of one need (1, k): exactly its row of ``best_pairs``."""
    problem = prepared.problem
    low, high = prepared.excluded_start[need : need + 2].tolist()
    excluded = problem.excluded[low:high] & TIE_MASK
    if len(prepared.loose):
        excluded = np.union1d(excluded, prepared.loose)
    columns = _Columns(
        order=_FIRST_ROW,
        needs=_need_columns(prepared, ties=_FIRST_ROW, rows=slice(need, need + 1)),
        excluded=excluded,
        excluded_start=np.array([0, len(excluded)]),
    )
    entries = np.full((1, k), -1, dtype=np.int64)
    nobody = np.empty((0, k), dtype=np.int64)
    _sweep(prepared, columns, part=(0, 1), need_entries=entries, donor_entries=nobody)
    if len(prepared.loose):
        entries[0] = np.sort(np.concatenate([entries[0], _loose_entries(prepared, need=need)]))[::-1][:k]
    return _top(entries, rows=None)


def donors_of(prepared: Prepared, *, need: int) -> Array:
    """Rows of the donors that one need may be shown to, in order."""
    filed = donors_for(prepared.problem, need=need, postings=prepared.postings, rules=prepared.rules)
    if not len(prepared.loose):
        return filed
    return np.union1d(np.setdiff1d(filed, prepared.loose, assume_unique=True), _loose_donors(prepared, need=need))


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
    return replace(prepared, selected=rows)


def _loose_donors(prepared: Prepared, *, need: int) -> Array:
    """Those of the loose donors that one need may be shown to."""
    rows = prepared.loose
    is_allowed = eligible(prepared.problem, needs=np.full(len(rows), need), donors=rows, rules=prepared.rules)
    return rows[is_allowed]


def _loose_entries(prepared: Prepared, *, need: int) -> Array:
    """List entries of the loose donors, as the kernel makes them of the filed ones."""
    rows = _loose_donors(prepared, need=need)
    units = pair_units(prepared.problem, needs=np.full(len(rows), need), donors=rows, steps=prepared.steps)
    entries: Array = units << 32 | (TIE_MASK - rows)
    return entries


def _need_columns(prepared: Prepared, *, ties: Array, rows: slice = EVERY) -> tuple[Array, ...]:
    """The needs' arguments of the kernel in their order."""
    needs = prepared.problem.needs
    columns = (needs.kind, needs.category, needs.division, needs.log_amount, prepared.terms)
    return (*(column[rows] for column in columns), ties, needs.vectors[rows])


def _parts(needs: int, *, donors: int, threads: int) -> list[tuple[int, int]]:
    count = threads if needs * donors >= PAIRS_WORTH_A_THREAD else 1
    ends = [needs * part // count for part in range(count + 1)]
    return list(pairwise(ends))


def _run(
    prepared: Prepared, *, parts: Sequence[tuple[int, int]], need_entries: Array, donor_entries: Sequence[Array]
) -> None:
    problem = prepared.problem
    columns = _Columns(
        order=prepared.order,
        needs=_need_columns(prepared, ties=prepared.ties),
        excluded=problem.excluded,
        excluded_start=prepared.excluded_start,
    )
    if len(parts) == 1:
        _sweep(prepared, columns, part=parts[0], need_entries=need_entries, donor_entries=donor_entries[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        jobs = [
            pool.submit(_sweep, prepared, columns, part=part, need_entries=need_entries, donor_entries=entries)
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
