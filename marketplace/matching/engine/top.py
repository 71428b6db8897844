"""Runs the compiled sweep over a problem: the best k donors of every need and the best k needs of every donor."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import (
    Postings,
    Rules,
    donors_for,
    file_donors,
    need_order,
    needs_for,
    places_of,
    sweep_order,
    waiting_order,
)
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.pairs import eligible, pair_units
from marketplace.matching.engine.problem import Needs, Problem

# Below this many needs times donors a second thread costs more than it brings.
PAIRS_WORTH_A_THREAD = 5_000_000
# A thread takes so many needs at a time, or its turn of TURNS where that is more. One need in FIRST is taken before the
# others, those that score highest by themselves: donors' lists hold good needs early, and the rest is turned away.
PART = 4096
TURNS = 16
FIRST = 16
NOBODY = -1
TIE_MASK = (1 << 32) - 1
MOST_PLACES = 50
PAIR_FEATURES = (Feature.AREA, Feature.AMOUNT, Feature.BUDGET, Feature.TEXT)
NEED_FEATURES = (Feature.URGENCY, Feature.VULNERABILITY, Feature.WAITING, Feature.NEVER_HELPED)
_NEED_COLUMNS = tuple(feature.value for feature in NEED_FEATURES)
EVERY = slice(None)
_ZERO = np.zeros(1, dtype=np.int64)

Array = NDArray[Any]
Rows: TypeAlias = Array | slice


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """The best k of each row: partners (rows, k) int32, NOBODY where the list ends; units (rows, k) int16."""

    partners: Array
    units: Array


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
        """Rows of the needs, those of one division, kind and category together."""
        return need_order(self.problem.needs)

    @cached_property
    def sweep_order(self) -> Array:
        """Rows of the needs (n,) int32 that take part in a full sweep, those of one kind and category together."""
        order = sweep_order(self.problem.needs)
        if self.selected is None:
            return order
        takes_part = np.zeros(len(order), dtype=np.bool_)
        takes_part[self.selected] = True
        return order[takes_part[order]]

    @cached_property
    def by_tie(self) -> Array:
        """(N,) int32: rows of the needs as equals are ordered."""
        return waiting_order(self.problem.needs)

    @cached_property
    def ties(self) -> Array:
        """(N,) int32: the place of each need among equals."""
        return places_of(self.by_tie)

    @cached_property
    def excluded_donors(self) -> Array:
        """(E,) int64: the donors of the problem's forbidden pairs, need by need."""
        return self.problem.excluded & TIE_MASK

    @cached_property
    def excluded_start(self) -> Array:
        """(N + 1,) int32: where the excluded donors of each need begin; those of need i end where i + 1's begin."""
        counts = np.bincount(self.problem.excluded >> 32, minlength=len(self.problem.needs))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    @cached_property
    def market(self) -> tuple[Any, Any]:
        """All donors and how they are filed, and the units per step of the features that hang on the pair."""
        donors, filed, kernel = self.problem.donors, self.postings, _kernel()
        own = np.column_stack([filed.base.T, donors.log_typical, donors.log_budget])
        gives = kernel.Gives(own, donors.vectors, filed.keys, filed.starts, filed.members, filed.by_category)
        return gives, kernel.Steps(*(int(self.steps[FEATURES.index(feature)]) for feature in PAIR_FEATURES))

    @cached_property
    def need_steps(self) -> tuple[int, ...]:
        """Units per step of the features that hang on the need alone."""
        return tuple(int(self.steps[FEATURES.index(feature)]) for feature in NEED_FEATURES)


def prepare(problem: Problem, *, model: Model, rules: Rules | None = None) -> Prepared:
    """Everything that does not depend on the pair."""
    rules = rules or Rules()
    steps = model.steps()
    return Prepared(
        problem=problem,
        model=model,
        rules=rules,
        steps=steps,
        postings=file_donors(problem.donors, steps=steps, rules=rules),
        loose=np.empty(0, dtype=np.int64),
    )


def with_loose_donor(warm: Prepared, problem: Problem, *, donor: int, is_new: bool) -> Prepared:
    """Ready for a problem in which this one donor changed, or came: it is judged by itself from now on."""
    postings, loose = warm.postings, warm.loose
    if is_new:
        moved = postings.members + (postings.members >= donor).astype(np.int32)
        # Loose donors are never scored from the postings, so this one's terms do not matter.
        base = np.insert(postings.base, donor, 0, axis=1)
        postings, loose = replace(postings, members=moved, base=base), np.where(loose >= donor, loose + 1, loose)
    return _carried(warm, replace(warm, problem=problem, postings=postings, loose=np.union1d(loose, [donor])))


def filed_again(prepared: Prepared) -> Prepared:
    """The same with every donor filed and none loose."""
    if not len(prepared.loose):
        return prepared
    postings = file_donors(prepared.problem.donors, steps=prepared.steps, rules=prepared.rules)
    return _carried(prepared, replace(prepared, postings=postings, loose=prepared.loose[:0]))


def _carried(old: Prepared, new: Prepared) -> Prepared:
    """Keep what was worked out of needs that are the same."""
    for name in ("order", "by_tie", "ties"):
        if name in old.__dict__:
            new.__dict__[name] = old.__dict__[name]
    return new


def need_terms(needs: Needs, *, steps: Array, rows: Rows = EVERY) -> Array:
    """(n,) int16: the terms that hang on the need alone."""
    step = dict(zip(FEATURES, steps.tolist(), strict=True))
    terms: Array = (
        step[Feature.URGENCY] * needs.urgency[rows].astype(np.int16)
        + step[Feature.VULNERABILITY] * needs.vulnerability[rows].astype(np.int16)
        + step[Feature.WAITING] * needs.waiting[rows].astype(np.int16)
        + step[Feature.NEVER_HELPED] * needs.never_helped[rows].astype(np.int16)
    )
    return terms


def _columns(prepared: Prepared, *, rows: Array) -> tuple[Array, ...]:
    """The columns of some needs as the kernel reads them."""
    needs, start = prepared.problem.needs, prepared.excluded_start
    columns = (needs.kind, needs.category, needs.division, needs.log_amount)
    own = (*(column[rows] for column in columns), need_terms(needs, steps=prepared.steps, rows=rows))
    ties, low, high = (column.astype(np.int64) for column in (prepared.ties[rows], start[rows], start[rows + 1]))
    return (rows.astype(np.int64), *own, needs.vectors, ties, low, high, prepared.excluded_donors)


def _columns_of_one(prepared: Prepared, *, need: int) -> tuple[Array, ...]:
    """The same of one need, kept from the loose donors too: those are judged one by one."""
    needs, row = prepared.problem.needs, slice(need, need + 1)
    pairs = prepared.problem.excluded
    excluded = prepared.excluded_donors[pairs.searchsorted(need << 32) : pairs.searchsorted((need + 1) << 32)]
    if len(prepared.loose):
        excluded = np.union1d(excluded, prepared.loose)
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
    return _best(units << 32 | (TIE_MASK - prepared.ties[rows].astype(np.int64)), k=k, rows=prepared.by_tie)


def among(prepared: Prepared, *, rows: Array) -> Prepared:
    """The same with only these needs taking part; the lists of the others stay empty."""
    return _carried(prepared, replace(prepared, selected=rows))


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
        _kernel().merge(donor_entries[0], others)


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
    kernel = _kernel()
    kernel.sweep(kernel.Asks(*asks), *prepared.market, best.partners, best.units, donor_entries)


def _kernel() -> ModuleType:
    """The compiled code, loaded at the first ranking: numba would slow every start of the web."""
    from marketplace.matching.engine import kernel  # noqa: PLC0415 - see the docstring

    return kernel


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
