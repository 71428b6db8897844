"""What a pair is worth to learn from: the chance that it ends as help that is of use, by how far it has come.

The steps opened, pledged, delivered, confirmed, of use are a chain; the rate of each is learnt from the pairs that have
left it, and those still on it are censored: they count by what became of the others (a discrete-time survival
estimate; Singer and Willett 1993). Each rate starts at what experts expect, as if 50 cases had been seen.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.chances import shrunk_rate

Array = NDArray[Any]


class Step(IntEnum):
    """How far a pair has come."""

    OPENED = 0
    PLEDGED = 1
    DELIVERED = 2
    CONFIRMED = 3


# The chance of going on from each step, before anything is known: a look becomes a pledge, a pledge a delivery, a
# delivery is confirmed by two people, and what was confirmed is of use months later.
EXPECTED = (0.1, 0.8, 0.95, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class Fates:
    """What became of n pairs so far, each (n,).

    reached: the furthest Step; was_opened: seen in a list and opened before; is_over: nothing more will come of it (the
    pledge lapsed, or nobody pledged in time); use: the share of the household's later answers that it is of use, NaN
    where it was not asked yet.
    """

    reached: Array
    was_opened: Array
    is_over: Array
    use: Array


def step_rates(fates: Fates) -> Array:
    """The chance of going on from each Step (4,), strictly between 0 and 1."""
    rates = []
    for step, expected in zip(Step, EXPECTED, strict=True):
        if step is Step.CONFIRMED:
            took = ~np.isnan(fates.use)
            went = fates.use[took]
        else:
            on = fates.was_opened if step is Step.OPENED else np.ones(len(fates.reached), dtype=bool)
            took = on & ((fates.reached > step) | ((fates.reached == step) & fates.is_over))
            went = (fates.reached > step)[took].astype(np.float64)
        rates.append(float(shrunk_rate(went, weight=np.ones(len(went)), prior=expected)))
    return np.array(rates)


def worths(fates: Fates) -> Array:
    """What each pair is worth, 0 to 1 (n,): a pledge that lapsed nothing, an opening what openings come to."""
    to_the_end = np.cumprod(step_rates(fates)[::-1])[::-1]
    expected = np.where(np.isnan(fates.use), to_the_end[fates.reached], np.nan_to_num(fates.use))
    # Who looked and left showed an interest all the same; a promise that was not kept is worth none.
    worth: Array = np.where(fates.is_over & (fates.reached > Step.OPENED), 0.0, expected)
    return worth
