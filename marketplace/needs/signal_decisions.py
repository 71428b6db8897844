"""What stands out in decisions on needs, counted over a quarter of a year.

Fraud rules 10 and 11: a clerk and a reviewer with more than 95 % approvals and a median look of under 30 seconds over
at least 20 cases; 10 or more decisions within one hour; decisions between midnight and five.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Protocol, TypeVar

import sqlalchemy as sa

from marketplace.core.divisions import Level, at_level
from marketplace.db import db
from marketplace.db.clock import CHINA
from marketplace.needs.models import Decision, Need, NeedReview
from marketplace.needs.review_models import SignalKind

PAIR_CASES = 20
PAIR_APPROVED_PERCENT = 95
PAIR_SECONDS = 30
BURST_CASES = 10
NIGHT_ENDS = 5
_DECISIONS = (Decision.APPROVE, Decision.RETURN, Decision.REJECT)


class Dated(Protocol):
    """What a person did to a need, and when."""

    @property
    def code(self) -> str: ...
    @property
    def division(self) -> str: ...
    @property
    def at(self) -> datetime: ...


T = TypeVar("T", bound=Dated)


@dataclass(frozen=True, slots=True)
class Case:
    """One decision: who posted, who decided, when, how long the page was open, what came of it."""

    code: str
    division: str
    poster_id: int
    reviewer_id: int
    decision: Decision
    at: datetime
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A signal as it was counted, with the codes of its cases."""

    kind: SignalKind
    user_id: int
    other_user_id: int
    division: str
    span: str
    cases: tuple[str, ...]
    figures: dict[str, int]


def of_decisions(*, since: datetime) -> list[Found]:
    """Pairs, bursts and nights of reviewers."""
    cases = _cases(since=since)
    return [
        *_pairs(cases),
        *bursts(cases, SignalKind.BURST, lambda case: case.reviewer_id),
        *nights(cases, SignalKind.NIGHT, lambda case: case.reviewer_id),
    ]


def _cases(*, since: datetime) -> list[Case]:
    chosen = (
        sa.select(
            Need.code,
            Need.division_code,
            Need.poster_id,
            NeedReview.reviewer_id,
            NeedReview.decision,
            NeedReview.at,
            NeedReview.opened_at,
        )
        .join(Need, Need.id == NeedReview.need_id)
        .where(NeedReview.at > since, NeedReview.decision.in_(_DECISIONS))
        .order_by(NeedReview.at, NeedReview.id)
    )
    return [Case(*row[:6], _seconds(row.opened_at, row.at)) for row in db.session.execute(chosen)]


def _seconds(opened_at: datetime | None, at: datetime) -> int | None:
    return None if opened_at is None else max(0, int((at - opened_at).total_seconds()))


def _pairs(cases: Iterable[Case]) -> Iterator[Found]:
    """A clerk and a reviewer, over a quarter of a year."""
    groups: dict[tuple[int, int, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.reviewer_id, case.poster_id, quarter(case.at)].append(case)
    for (reviewer, poster, span), group in groups.items():
        timed = [case.seconds for case in group if case.seconds is not None]
        approved = sum(case.decision is Decision.APPROVE for case in group)
        if len(group) < PAIR_CASES or len(timed) < PAIR_CASES or approved * 100 <= PAIR_APPROVED_PERCENT * len(group):
            continue
        middle = int(median(timed))
        if middle < PAIR_SECONDS:
            yield found(SignalKind.PAIR, reviewer, poster, span, group, approved=approved, seconds=middle)


def bursts(cases: Iterable[T], kind: SignalKind, who: Callable[[T], int]) -> Iterator[Found]:
    """A person, within one hour by the clock."""
    for (person, hour), group in _by_person(cases, "%Y-%m-%d %H", who).items():
        if len(group) >= BURST_CASES:
            yield found(kind, person, person, hour, group)


def nights(cases: Iterable[T], kind: SignalKind, who: Callable[[T], int]) -> Iterator[Found]:
    """A person, in one night."""
    late = [case for case in cases if case.at.astimezone(CHINA).hour < NIGHT_ENDS]
    for (person, day), group in _by_person(late, "%Y-%m-%d", who).items():
        yield found(kind, person, person, day, group)


def found(kind: SignalKind, user: int, other: int, span: str, group: Sequence[Dated], **figures: int) -> Found:
    """A signal with its cases, in the township of the first."""
    codes = tuple(dict.fromkeys(case.code for case in group))
    place = at_level(group[0].division, Level.TOWNSHIP)
    return Found(kind, user, other, place, span, codes, {"cases": len(group), **figures})


def quarter(at: datetime) -> str:
    """``2018-Q4``, by the day in China."""
    day = at.astimezone(CHINA)
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _by_person(cases: Iterable[T], span: str, who: Callable[[T], int]) -> dict[tuple[int, str], list[T]]:
    groups: dict[tuple[int, str], list[T]] = defaultdict(list)
    for case in cases:
        groups[who(case), f"{case.at.astimezone(CHINA):{span}}"].append(case)
    return groups
