"""Who gives like whom, and who gives where: what co-giving and shares of giving say of a donor's pairs.

Neighbours follow user-based co-giving (Resnick et al. 1994; cosine with discounts for needs that many donors share,
Adamic and Adar 2003; decay in time, Ding and Li 2005).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.history import UNKNOWN
from marketplace.matching.engine.sparse import Table, table_of

# Shares by category and area count as if this many typical gifts had been seen before.
PRIOR_GIFTS = 5.0
SHARED_PRIOR = 5.0
_TINY = 1e-6

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Donors x needs with weights, the same by need, and each donor's length under the discounted cosine."""

    by_donor: Table
    by_need: Table
    discount: Array
    length: Array

    def likeness(self, donor: int) -> Array:
        """Cosine of every donor with this one over the needs they share (D,); 0 for the donor itself."""
        low, high = self.by_donor.start[donor], self.by_donor.start[donor + 1]
        columns = self.by_donor.columns[low:high]
        weights = np.zeros(self.by_donor.width)
        weights[columns] = self.by_donor.values[low:high] * self.discount[columns]
        alike: Array = self.by_need.row_sum(weights) / np.maximum(self.length[donor] * self.length, _TINY)
        alike[donor] = 0.0
        return alike

    def shared(self, donor: int, *, donors_of_need: Array) -> Array:
        """How many needs each donor shares with this one, a need of many donors counting less (D,)."""
        low, high = self.by_donor.start[donor], self.by_donor.start[donor + 1]
        columns = self.by_donor.columns[low:high]
        weights = np.zeros(self.by_donor.width)
        weights[columns] = self.by_donor.values[low:high] / (donors_of_need[columns] + SHARED_PRIOR)
        return self.by_need.row_sum(weights)


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Codes of the needs (N,), the log of each code's share of all giving, and giving by (donor, code)."""

    codes: Array
    log_base: Array
    given: Table

    def lift(self, donor: int, *, wished: Array) -> Array:
        """Log of how much more of each need's code this donor gives to than all do (N,); wishes count as giving."""
        if not len(self.log_base):
            return np.zeros(len(self.codes))
        low, high = self.given.start[donor], self.given.start[donor + 1]
        counts = np.bincount(self.given.columns[low:high], self.given.values[low:high], minlength=len(self.log_base))
        if len(wished):
            counts[wished] = counts[wished] + PRIOR_GIFTS / len(wished)
        share = (counts + PRIOR_GIFTS * np.exp(self.log_base)) / (counts.sum() + PRIOR_GIFTS)
        # The last place answers code -1, unknown.
        lifts: Array = np.append(np.log(share) - self.log_base, 0.0)[self.codes]
        return lifts


def make_neighbours(given: Table) -> Neighbours:
    """Prepare co-giving: a need that n donors share counts 1 / log(1 + n)."""
    donors = np.bincount(given.columns, minlength=given.width)
    discount = 1.0 / np.log1p(np.maximum(donors, 1))
    squares = given.values.astype(np.float64) ** 2 * discount[given.columns]
    length = np.sqrt(np.bincount(given.rows(), squares, minlength=len(given)))
    return Neighbours(by_donor=given, by_need=given.transposed(), discount=discount, length=length)


def make_shares(codes: Array, *, seen: Table, weights: Array) -> Shares:
    """Giving by code; needs without a code count for nothing."""
    known = codes[seen.columns] != UNKNOWN
    width = int(codes.max(initial=UNKNOWN)) + 1
    of_pair = codes[seen.columns][known]
    base = np.bincount(of_pair, weights[known], minlength=width) + 1.0
    given = table_of(seen.rows()[known], of_pair, weights[known], height=len(seen), width=width)
    return Shares(codes=codes, log_base=np.log(base / base.sum()), given=given)
