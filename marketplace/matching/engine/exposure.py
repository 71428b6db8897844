"""How long a need may be expected to be open in a window, from how long earlier needs were.

What is open twice as long is given to twice as often, all else alike: the log of the time is the offset of a rate
(McCullagh and Nelder 1989, 6.2). A need's own day of closing is not looked at beyond the window's first day, for it is
often the day when enough was given; those that closed before it tell, by Kaplan and Meier (1958), how long needs last.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.history import UNKNOWN

Array = NDArray[Any]


def expected_share(published: Array, closed: Array, *, rows: Array, start: int, end: int) -> Array:
    """The share of [start, end) that needs ``rows`` may be expected to be open (n,), above 0 and at most 1.

    published, closed: (N,) days or UNKNOWN; a need is open on both. Rows are published before ``end`` and not closed
    before ``start``; those of unknown publication count as published on ``start``.
    """
    since = np.where(published[rows] == UNKNOWN, start, published[rows])
    age, left = np.maximum(start - since, 0), end - np.maximum(since, start)
    still = _still_open(published, closed, start=start, days=int((age + left).max(initial=0)))
    total = np.concatenate([[0.0], np.cumsum(still)])
    share: Array = (total[age + left] - total[age]) / still[age] / (end - start)
    return share


def _still_open(published: Array, closed: Array, *, start: int, days: int) -> Array:
    """The chance of being open so many days after publication (days + 1,), as known on ``start``; never 0.

    One need more than there are is counted as never closed, so that the longest known does not end all.
    """
    begun = (published != UNKNOWN) & (published < start)
    is_closed = (closed != UNKNOWN) & (closed < start)
    lasted = np.clip(np.where(is_closed, closed, start) - published, 0, days)[begun]
    ends = np.bincount(lasted, is_closed[begun], minlength=days + 1)
    at_risk = np.cumsum(np.bincount(lasted, minlength=days + 1)[::-1])[::-1]
    return np.concatenate([[1.0], np.cumprod(1.0 - ends / (at_risk + 1.0))[:-1]])
