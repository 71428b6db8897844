"""One change at a time: the ranker after a need or a donor came, changed or went, without preparing all of it again.

What a change does not touch is carried over; the lists that the new ranker gives equal those of one that was made
from all rows anew with the same text space.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from marketplace.matching.engine.build import with_donor, with_need, without_need
from marketplace.matching.engine.lists import Setting, marks_of
from marketplace.matching.engine.prepared import filed_again, with_loose_donor
from marketplace.matching.engine.problem import Array, DonorRow, NeedRow, Problem
from marketplace.matching.engine.rank import Ranker


def change_need(ranker: Ranker, row: NeedRow) -> Ranker:
    """The ranker with one need replaced, or added where its code is new."""
    return _with_needs(ranker, with_need(ranker.setting.prepared.problem, row=row))


def drop_need(ranker: Ranker, code: str) -> Ranker:
    """The ranker without a need that is no longer open; KeyError where it is not there."""
    return _with_needs(ranker, without_need(ranker.setting.prepared.problem, code=code))


def change_donor(ranker: Ranker, row: DonorRow) -> Ranker:
    """The ranker with one donor replaced, or added where its code is new."""
    old = ranker.setting.prepared
    problem = with_donor(old.problem, row=row)
    is_new = len(problem.donors) > len(old.problem.donors)
    prepared = with_loose_donor(old, problem, donor=problem.donor_index(row.code), is_new=is_new)
    setting = _carried(ranker.setting, replace(ranker.setting, prepared=prepared), "worst_off", "neutral_place")
    return Ranker(_marked(ranker.setting, setting))


def filed(ranker: Ranker) -> Ranker:
    """The same ranker with every donor filed; what follows is quicker, and the lists are the same."""
    old = ranker.setting
    prepared = filed_again(old.prepared)
    return Ranker(_carried(old, replace(old, prepared=prepared), "worst_off", "neutral_place", *_MARKS))


_MARKS: dict[str, Callable[[Problem], Sequence[str]]] = {
    "need_marks": lambda problem: problem.needs.codes,
    "donor_marks": lambda problem: problem.donors.codes,
}


def _with_needs(ranker: Ranker, problem: Problem) -> Ranker:
    prepared = replace(ranker.setting.prepared, problem=problem)
    return Ranker(_marked(ranker.setting, replace(ranker.setting, prepared=prepared)))


def _carried(old: Setting, new: Setting, *names: str) -> Setting:
    for name in names:
        if name in old.__dict__:
            new.__dict__[name] = old.__dict__[name]
    return new


def _marked(old: Setting, new: Setting) -> Setting:
    """Carry the marks of the lots over, with those of one code put in or taken out."""
    for name, codes in _MARKS.items():
        if name in old.__dict__:
            before, after = codes(old.prepared.problem), codes(new.prepared.problem)
            new.__dict__[name] = _moved(old.__dict__[name], before=before, after=after)
    return new


def _moved(marks: Array, *, before: Sequence[str], after: Sequence[str]) -> Array:
    if before is after or len(before) == len(after):
        return marks
    shorter = min(before, after, key=len)
    longer = max(before, after, key=len)
    low, high = 0, len(shorter)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if shorter[middle] == longer[middle] else (low, middle)
    return np.delete(marks, low) if len(before) > len(after) else np.insert(marks, low, marks_of([after[low]]))
