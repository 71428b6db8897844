"""How long needs wait for a match, with those still open counted as censored, not as failures.

The survival curve is Kaplan and Meier's (1958): S(t) is the product over match times u <= t of 1 - d(u) / n(u), with
d(u) needs matched after u days and n(u) needs that had waited at least u days without a match.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import sqlalchemy as sa

from marketplace.db import db
from marketplace.statistics.cohorts import Cohort, progress

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


def waiting_of(cohort: Cohort) -> Waiting:
    """The waiting times of a cohort, in one query."""
    seen = progress(cohort)
    rows = db.session.execute(
        sa.select(seen.c.published_at, seen.c.matched_at, seen.c.ended_at).where(seen.c.is_withdrawn == 0)
    )
    spells = [
        ((matched or ended or cohort.as_of) - published, matched is not None) for published, matched, ended in rows
    ]
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
