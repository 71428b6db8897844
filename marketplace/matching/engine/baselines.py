"""Plain rankers that ours has to beat in the same run; each scores all candidates for one donor.

Within one need's list the same scores order the donors, so a popularity ranker must say who gives much, too.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.signals import Past, text_profile
from marketplace.matching.engine.sparse import Table

FACTORS = 32
ROUNDS = 8
CONFIDENCE = 40.0
RIDGE = 1.0

Array = NDArray[Any]
Scorer = Callable[[int], Array]


def make_baselines(past: Past, *, seed: int) -> Mapping[str, Scorer]:
    """Scorers donor row -> (candidates,) float by the name of the ranker."""
    rows = past.candidates
    needs, recent = np.log1p(past.popularity[rows]), np.log1p(past.recent_popularity[rows])
    donors, lately = past.donor_columns[2], past.donor_columns[1]
    plain = past.plain_neighbours
    left, right = alternating_least_squares(past.seen, seed=seed)
    even = np.ones(len(past.last))
    return {
        "random": lambda donor: np.random.default_rng([seed, donor]).random(len(rows)),
        "popularity": lambda donor: needs + donors[donor],
        "recent_popularity": lambda donor: recent + lately[donor],
        "cogiving_knn": lambda donor: plain.by_donor.row_sum(plain.likeness(donor))[rows],
        "als": lambda donor: right[rows] @ left[donor],
        "tfidf": lambda donor: past.text.dot(text_profile(past, donor, weights=even))[rows],
    }


def alternating_least_squares(seen: Table, *, seed: int) -> tuple[Array, Array]:
    """Factors of donors (D, 32) and needs (N, 32) for implicit feedback; source: Hu, Koren and Volinsky 2008."""
    rng = np.random.default_rng(seed)
    needs = rng.normal(0, 0.1, (seen.width, FACTORS))
    by_need = seen.transposed()
    donors = np.zeros((len(seen), FACTORS))
    for _ in range(ROUNDS):
        donors = _solve(seen, needs)
        needs = _solve(by_need, donors)
    return donors, needs


def _solve(table: Table, other: Array) -> Array:
    """The factors of each row, the other side's held: every pair at confidence 1, those that were seen at 41."""
    common = other.T @ other + RIDGE * np.eye(FACTORS)
    out = np.zeros((len(table), FACTORS))
    for row in np.flatnonzero(table.sizes()).tolist():
        mine = other[table.columns[table.start[row] : table.start[row + 1]]]
        out[row] = np.linalg.solve(common + CONFIDENCE * mine.T @ mine, (1 + CONFIDENCE) * mine.sum(axis=0))
    return out
