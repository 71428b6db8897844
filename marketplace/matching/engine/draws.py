"""The compiled draw: one of each pool by lot, in one walk over the pool."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.compiled import compiled

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

u64 = np.uint64


@compiled
def mixed(bits: Any) -> Any:
    """A 64-bit number scattered evenly (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    bits = (bits ^ bits >> u64(30)) * u64(0xBF58476D1CE4E5B9)
    bits = (bits ^ bits >> u64(27)) * u64(0x94D049BB133111EB)
    return bits ^ bits >> u64(31)


@compiled
def draw(
    marks: U64, members: I32, start: I64, low: I64, high: I64, apart_start: I64, apart: I32, lots: U64, shown: I32,
    met: I32, drawn: I64,
) -> None:  # fmt: skip
    """Fill in who is drawn from each pool; the columns are those of ``Pools.draw``, ``marks`` as the members stand.

    met: room to work, -1 for every row.
    """
    for turn in range(len(lots)):
        for q in range(shown.shape[1]):
            if shown[turn, q] >= 0:
                met[shown[turn, q]] = turn
        for at in range(apart_start[turn], apart_start[turn + 1]):
            met[apart[at]] = turn
        lot, winner, least = lots[turn], -1, u64(0)
        for stretch in range(start[turn], start[turn + 1]):
            for at in range(low[stretch], high[stretch]):
                number = mixed(marks[at] ^ lot)
                # Hardly any is smaller than all before it: only of these it is asked whether they may be drawn.
                if (number < least or winner < 0) and met[members[at]] != turn:
                    winner, least = members[at], number
        drawn[turn] = winner
