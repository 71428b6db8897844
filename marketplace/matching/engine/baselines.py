"""Plain rankers that ours has to beat in the same run; each scores all candidates for one donor.

Within one need's list the same scores order the donors, so a popularity ranker must say who gives much, too.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.past import Past, text_profile

Array = NDArray[Any]
Scorer = Callable[[int], Array]


def make_baselines(past: Past, *, seed: int) -> Mapping[str, Scorer]:
    """Scorers donor row -> (candidates,) float by the name of the ranker."""
    rows = past.candidates
    needs, recent = np.log1p(past.popularity[rows]), np.log1p(past.recent_popularity[rows])
    donors, lately = past.donor_columns[2], past.donor_columns[1]
    plain = past.plain_neighbours
    even = np.ones(len(past.last))
    return {
        "random": lambda donor: np.random.default_rng([seed, donor]).random(len(rows)),
        "popularity": lambda donor: needs + donors[donor],
        "recent_popularity": lambda donor: recent + lately[donor],
        "cogiving_knn": lambda donor: plain.by_donor.row_sum(plain.likeness(donor))[rows],
        "als": lambda donor: past.factors.of(donor)[rows],
        "tfidf": lambda donor: past.text.dot(text_profile(past, donor, weights=even))[rows],
    }
