"""How long needs wait for a match, with those still open counted as censored, not as failures.

The survival curve is Kaplan and Meier's (1958): S(t) is the product over match times u <= t of 1 - d(u) / n(u), with
d(u) needs matched after u days and n(u) needs that had waited at least u days without a match.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from marketplace.statistics.cohorts import Cohort
from marketplace.statistics.seen import SeenNeed, of_question, seen_needs

WITHIN_DAYS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Days from publication to match: the median (None where half are not matched yet), and shares by a day.

    ``within`` has (days, share in tenths of a percent, or None where nobody has been watched that long).
    """

    needs: int
    matched: int
    median_days: int | None
    within: tuple[tuple[int, int | None], ...]
    # (days, share pledged by then in tenths of a percent), for each day with a match.
    curve: tuple[tuple[int, int], ...] = ()


def waiting_of(cohort: Cohort) -> Waiting:
    """The waiting times of a cohort."""
    return waiting_among(of_question(seen_needs(cohort), cohort), as_of=cohort.as_of)


def waiting_among(seen: Iterable[SeenNeed], *, as_of: datetime) -> Waiting:
    """The waiting times of these needs."""
    spells = [((n.matched_at or n.ended_at or as_of) - n.published_at, n.matched_at is not None) for n in seen]
    return summarise([(max(0, spell.days), matched) for spell, matched in spells])


def summarise(spells: Iterable[tuple[int, bool]]) -> Waiting:
    """Kaplan-Meier from (whole days watched, was it matched then)."""
    watched = list(spells)
    curve = survival(watched)
    longest = max((days for days, _ in watched), default=-1)
    median = next((days for days, still in curve if still <= Fraction(1, 2)), None)
    return Waiting(
        needs=len(watched),
        matched=sum(matched for _, matched in watched),
        median_days=median,
        within=tuple((days, _tenths(curve, days) if longest >= days else None) for days in WITHIN_DAYS),
        curve=tuple((days, _tenths(curve, days)) for days, _still in curve),
    )


def survival(spells: Iterable[tuple[int, bool]]) -> list[tuple[int, Fraction]]:
    """(day, share not matched after that day) for each day with a match, exactly."""
    watched = list(spells)
    matches = Counter(days for days, matched in watched if matched)
    leaving = Counter(days for days, _ in watched)
    at_risk, still, curve = len(watched), Fraction(1), []
    for days in sorted(leaving):
        if matches[days]:
            still *= 1 - Fraction(matches[days], at_risk)
            curve.append((days, still))
        at_risk -= leaving[days]
    return curve


def _tenths(curve: list[tuple[int, Fraction]], days: int) -> int:
    """The share matched by that day in tenths of a percent, half rounded up."""
    still = next((share for day, share in reversed(curve) if day <= days), Fraction(1))
    return int((1 - still) * 1000 + Fraction(1, 2))
