"""Where a donor stands among all who may help with a need: what "not in the list" means in numbers."""

from dataclasses import dataclass

import numpy as np

from marketplace.matching.engine.pairs import pair_units
from marketplace.matching.engine.prepared import TIE_MASK, Prepared, donors_of
from marketplace.matching.engine.rank import points_of


@dataclass(frozen=True, slots=True)
class Standing:
    """The place by score (1 = best) among ``of`` donors who may be shown; ``last_points``: those of the k-th place."""

    place: int
    of: int
    last_points: int


def standing(prepared: Prepared, *, need: int, donor: int, k: int) -> Standing | None:
    """The standing of one pair, by rows; None where a rule keeps the two apart. Equal scores are ordered by code."""
    rows = donors_of(prepared, need=need)
    at = np.flatnonzero(rows == donor)
    if not len(at):
        return None
    units = pair_units(prepared.problem, needs=np.full(len(rows), need), donors=rows, steps=prepared.steps)
    entries = units << 32 | (TIE_MASK - rows)
    last = np.sort(entries)[::-1][min(k, len(rows)) - 1]
    points = points_of(int(last >> 32), full=prepared.model.full_units())
    return Standing(place=1 + int((entries > entries[at[0]]).sum()), of=len(rows), last_points=points)
