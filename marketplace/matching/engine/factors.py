"""Factors of donors and needs for implicit feedback: who gives, reduced to 32 tastes that nobody has to name."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.sparse import Table

FACTORS = 32
ROUNDS = 8
CONFIDENCE = 40.0
RIDGE = 1.0
SEED = 0
# So many rows are solved at once: 16 MB of matrices.
_BATCH = 2_048

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Donors (D, 32) and needs (N, 32); their product says how likely a pair is, about 1 where it was seen."""

    donors: Array
    needs: Array

    def of(self, donor: int) -> Array:
        """Every need for one donor (N,)."""
        return np.asarray(self.needs @ self.donors[donor])


def alternating_least_squares(seen: Table, *, seed: int = SEED) -> Factors:
    """Every pair at confidence 1, those that were seen at 41; source: Hu, Koren and Volinsky 2008."""
    needs = np.random.default_rng(seed).normal(0, 0.1, (seen.width, FACTORS))
    by_need = seen.transposed()
    donors = np.zeros((len(seen), FACTORS))
    for _ in range(ROUNDS):
        donors = _solve(seen, needs)
        needs = _solve(by_need, donors)
    return Factors(donors, needs)


def _solve(table: Table, other: Array) -> Array:
    """The factors of each row, the other side's held; rows without entries stay zero."""
    from marketplace.matching.engine.walks import add_up  # noqa: PLC0415 - numba would slow every start

    common = other.T @ other + RIDGE * np.eye(FACTORS)
    out = np.zeros((len(table), FACTORS))
    rows = np.flatnonzero(table.sizes())
    for chosen in np.split(rows, range(_BATCH, len(rows), _BATCH)):
        squares, sums = np.zeros((len(chosen), FACTORS, FACTORS)), np.zeros((len(chosen), FACTORS))
        add_up(table.start, table.columns, other, chosen, squares, sums)
        right = (1 + CONFIDENCE) * sums[:, :, np.newaxis]
        out[chosen] = np.linalg.solve(common + CONFIDENCE * squares, right)[:, :, 0]
    return out
