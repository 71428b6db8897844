"""How far a fraction of few cases may lie from the rate behind it: Wilson's interval (1927)."""

from dataclasses import dataclass
from math import sqrt

# The 97.5th percentile of the normal distribution: 95 of 100 such intervals hold the rate.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper bound in tenths of a percent."""

    low: int
    high: int

    @property
    def words(self) -> str:
        """``72.0–81.3``, in percent."""
        return f"{self.low // 10}.{self.low % 10}–{self.high // 10}.{self.high % 10}"


def wilson(part: int, whole: int) -> Interval | None:
    """The 95 % interval of ``part`` of ``whole``; None where there is no whole. ValueError unless 0 <= part <= whole.

    Centre (p + z²/2n) / (1 + z²/n), half width z √(p(1-p)/n + z²/4n²) / (1 + z²/n): it never leaves 0 to 1, and it
    is honest for few cases and for rates near 0 and 1, where the plain p ± z √(p(1-p)/n) is not.
    """
    if not 0 <= part <= whole:
        raise ValueError("a part lies between nothing and the whole")
    if whole == 0:
        return None
    share, square = part / whole, _Z * _Z / whole
    centre = (share + square / 2) / (1 + square)
    half = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    low = 0 if part == 0 else round(1000 * (centre - half))
    return Interval(low, 1000 if part == whole else round(1000 * (centre + half)))
