"""Signals of collusion (红旗): decisions that look as if nobody had really looked. A person decides what they mean.

Fraud rules 10 and 11: a clerk and a reviewer with more than 95 % approvals and a median look of under 30 seconds over
at least 20 cases; 10 or more decisions within one hour; decisions between midnight and five.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import sqlalchemy as sa

from marketplace.accounts.models import RoleGrant
from marketplace.audit import service as audit
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.divisions import Level, at_level, contains, significant
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import STAFF_ROLES, Permission
from marketplace.db import db
from marketplace.db.clock import CHINA
from marketplace.needs.deciding import LONGEST_NOTE
from marketplace.needs.desk import in_areas
from marketplace.needs.models import Decision, Need, NeedReview
from marketplace.needs.review_models import ReviewSignal, SignalKind
from marketplace.relatives.queries import is_same_person

LOOKED_BACK = timedelta(days=92)
PAIR_CASES = 20
PAIR_APPROVED_PERCENT = 95
PAIR_SECONDS = 30
BURST_CASES = 10
NIGHT_ENDS = 5
_DECISIONS = (Decision.APPROVE, Decision.RETURN, Decision.REJECT)


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


def find_signals(*, now: datetime, by: Actor) -> int:
    """Look through the last quarter's decisions and keep what is new; returns how many signals are new."""
    cases = _cases(since=now - LOOKED_BACK)
    found = [*_pairs(cases), *_bursts(cases), *_nights(cases)]
    same = (ReviewSignal.kind, ReviewSignal.user_id, ReviewSignal.other_user_id, ReviewSignal.span)
    known = {tuple(row) for row in db.session.execute(sa.select(*same))}
    new = [each for each in found if (each.kind, each.user_id, each.other_user_id, each.span) not in known]
    db.session.add_all(_row(each, now) for each in new)
    db.session.flush()
    if new:
        audit.record(by, "signal.find", subject="review_signal", subject_id=None, at=now, found=len(new))
    return len(new)


def close_signal(signal_id: int, *, reason: str, by: Actor, now: datetime) -> ReviewSignal:
    """Say what was found and close it; never the person it names, nor anybody who works under that person (F2)."""
    signal = db.session.get(ReviewSignal, signal_id)
    if signal is None or not by.can(Permission.SIGNAL_READ, signal.division_code):
        raise NotFound("There is no such signal.")
    ensure_can(by, Permission.SIGNAL_CLOSE, signal.division_code)
    _ensure_is_free(signal, by)
    if not reason.strip():
        raise Invalid("Write what you found.", field="reason")
    if signal.closed_at is not None:
        raise Conflict("Somebody else has closed this signal.")
    signal.closed_at, signal.closed_by = now, by.user_id
    signal.closing_reason = reason.strip()[:LONGEST_NOTE]
    db.session.flush()
    audit.record(
        by, "signal.close", subject="review_signal", subject_id=signal.id, at=now, division=signal.division_code
    )
    return signal


def list_signals(*, actor: Actor, closed: bool = False) -> list[ReviewSignal]:
    """The signals of the actor's area, never one that names the actor; the latest first."""
    areas = actor.areas(Permission.SIGNAL_READ)
    if not areas:
        return []
    stands = ReviewSignal.closed_at.is_not(None) if closed else ReviewSignal.closed_at.is_(None)
    chosen = sa.select(ReviewSignal).where(stands, in_areas(ReviewSignal.division_code, areas))
    rows = db.session.scalars(chosen.order_by(ReviewSignal.found_at.desc(), ReviewSignal.id.desc()))
    return [row for row in rows if not _names(row, actor)]


def _ensure_is_free(signal: ReviewSignal, by: Actor) -> None:
    if _names(signal, by):
        raise Forbidden("This signal names you: somebody else looks into it.")
    above = db.session.scalars(
        sa.select(RoleGrant.division_code).where(
            RoleGrant.user_id.in_((signal.user_id, signal.other_user_id)),
            RoleGrant.role.in_(STAFF_ROLES),
            RoleGrant.revoked_at.is_(None),
        )
    )
    own = [grant.division for grant in by.grants if grant.role in STAFF_ROLES]
    for division in above:
        if any(contains(division, place) and significant(place) != significant(division) for place in own):
            raise Forbidden("This signal names somebody above you: somebody else looks into it.")


def _names(signal: ReviewSignal, actor: Actor) -> bool:
    if actor.user_id is None:
        return False
    return any(is_same_person(actor.user_id, named) for named in {signal.user_id, signal.other_user_id})


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
        groups[case.reviewer_id, case.poster_id, _quarter(case.at)].append(case)
    for (reviewer, poster, span), group in groups.items():
        timed = [case.seconds for case in group if case.seconds is not None]
        approved = sum(case.decision is Decision.APPROVE for case in group)
        if len(group) < PAIR_CASES or len(timed) < PAIR_CASES or approved * 100 <= PAIR_APPROVED_PERCENT * len(group):
            continue
        middle = int(median(timed))
        if middle < PAIR_SECONDS:
            figures = {"cases": len(group), "approved": approved, "seconds": middle}
            yield _found(SignalKind.PAIR, reviewer, poster, span, group, figures)


def _bursts(cases: Iterable[Case]) -> Iterator[Found]:
    """A reviewer, within one hour by the clock."""
    for (reviewer, hour), group in _by_reviewer(cases, "%Y-%m-%d %H").items():
        if len(group) >= BURST_CASES:
            yield _found(SignalKind.BURST, reviewer, reviewer, hour, group, {"cases": len(group)})


def _nights(cases: Iterable[Case]) -> Iterator[Found]:
    """A reviewer, in one night."""
    late = [case for case in cases if case.at.astimezone(CHINA).hour < NIGHT_ENDS]
    for (reviewer, day), group in _by_reviewer(late, "%Y-%m-%d").items():
        yield _found(SignalKind.NIGHT, reviewer, reviewer, day, group, {"cases": len(group)})


def _by_reviewer(cases: Iterable[Case], span: str) -> dict[tuple[int, str], list[Case]]:
    groups: dict[tuple[int, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.reviewer_id, f"{case.at.astimezone(CHINA):{span}}"].append(case)
    return groups


def _found(kind: SignalKind, user: int, other: int, span: str, group: Sequence[Case], figures: dict[str, int]) -> Found:
    codes = tuple(dict.fromkeys(case.code for case in group))
    return Found(kind, user, other, at_level(group[0].division, Level.TOWNSHIP), span, codes, figures)


def _quarter(at: datetime) -> str:
    day = at.astimezone(CHINA)
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _row(found: Found, now: datetime) -> ReviewSignal:
    return ReviewSignal(
        kind=found.kind,
        user_id=found.user_id,
        other_user_id=found.other_user_id,
        division_code=found.division,
        span=found.span,
        cases=list(found.cases),
        figures=found.figures,
        found_at=now,
    )
