"""A problem made ready for a model: donors and needs filed, terms worked out; kept warm between changes."""

from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import (
    Postings,
    Rules,
    file_donors,
    places_of,
    sweep_order,
    waiting_order,
)
from marketplace.matching.engine.features import FEATURES, Feature
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.pools import NeedFile, Pools, donor_pools, file_needs, need_pools
from marketplace.matching.engine.problem import Needs, Problem

PAIR_FEATURES = (Feature.AREA, Feature.AMOUNT, Feature.BUDGET, Feature.TEXT)
NEED_FEATURES = (Feature.URGENCY, Feature.VULNERABILITY, Feature.WAITING, Feature.NEVER_HELPED)
TIE_MASK = (1 << 32) - 1
EVERY = slice(None)

Array = NDArray[Any]
Rows: TypeAlias = Array | slice


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
    def filed_needs(self) -> NeedFile:
        """The needs as donors look for them."""
        return file_needs(self.problem.needs, rules=self.rules)

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
        donors, filed, code = self.problem.donors, self.postings, kernel()
        own = np.column_stack([filed.base.T, donors.log_typical, donors.log_budget])
        gives = code.Gives(own, donors.vectors, filed.keys, filed.starts, filed.members, filed.by_category)
        return gives, code.Steps(*(int(self.steps[FEATURES.index(feature)]) for feature in PAIR_FEATURES))

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
    elif donor not in loose:
        postings = postings.without(donor)
    return _carried(warm, replace(warm, problem=problem, postings=postings, loose=np.union1d(loose, [donor])))


def filed_again(prepared: Prepared) -> Prepared:
    """The same with every donor filed and none loose."""
    if not len(prepared.loose):
        return prepared
    postings = file_donors(prepared.problem.donors, steps=prepared.steps, rules=prepared.rules)
    return _carried(prepared, replace(prepared, postings=postings, loose=prepared.loose[:0]))


def _carried(old: Prepared, new: Prepared) -> Prepared:
    """Keep what was worked out of needs that are the same."""
    for name in ("filed_needs", "by_tie", "ties"):
        if name in old.__dict__:
            new.__dict__[name] = old.__dict__[name]
    return new


def among(prepared: Prepared, *, rows: Array) -> Prepared:
    """The same with only these needs taking part; the lists of the others stay empty."""
    return _carried(prepared, replace(prepared, selected=rows))


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


def pools_of_needs(prepared: Prepared, *, needs: Array) -> Pools:
    """The donors that each of some needs (n,) may be shown to."""
    return donor_pools(
        prepared.problem, needs=needs, filed=prepared.postings, loose=prepared.loose, rules=prepared.rules
    )


def pools_of_donors(prepared: Prepared, *, donors: Array) -> Pools:
    """The needs that each of some donors (n,) may be shown."""
    return need_pools(prepared.problem, donors=donors, filed=prepared.filed_needs, rules=prepared.rules)


def donors_of(prepared: Prepared, *, need: int) -> Array:
    """Rows of the donors that one need may be shown to, in order."""
    return pools_of_needs(prepared, needs=np.array([need])).rows(0)


def needs_of(prepared: Prepared, *, donor: int) -> Array:
    """Rows of the needs that one donor may be shown, in order."""
    return pools_of_donors(prepared, donors=np.array([donor])).rows(0)


def kernel() -> ModuleType:
    """The compiled code, loaded at the first ranking: numba would slow every start of the web."""
    from marketplace.matching.engine import kernel as code  # noqa: PLC0415 - see the docstring

    return code
