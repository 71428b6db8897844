"""Read what is suggested, with its reasons; needs no engine, so that pages stay light."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.core.divisions import significant
from marketplace.core.kinds import DonorType, Urgency
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.donors.models import Donor, Preference
from marketplace.matching.models import Direction, MatchRun, Slot, Suggestion
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges.models import Pledge

LIST_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Term:
    """One reason: a message id, the values of its places, its points."""

    message: str
    params: dict[str, Any]
    points: int


@dataclass(frozen=True, slots=True)
class SuggestedNeed:
    """A need for a donor, at its place in the donor's list."""

    need: Need
    rank: int
    score: int
    slot: Slot
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class SuggestedDonor:
    """A donor for a need: by code and type, nothing else of the person."""

    donor_id: int
    code: str
    donor_type: DonorType
    rank: int
    score: int
    slot: Slot
    propensity: float
    terms: tuple[Term, ...]


def is_open() -> sa.ColumnElement[bool]:
    """The needs that are looking for somebody: public, with a line that is not covered."""
    line = sa.exists().where(NeedLine.need_id == Need.id, NeedLine.pledged < NeedLine.quantity)
    is_uncovered = line.correlate(Need)
    return sa.and_(Need.state == NeedState.PUBLISHED, Need.hidden_at.is_(None), is_uncovered)


def find_last_run() -> MatchRun | None:
    """The latest full run."""
    return db.session.scalar(sa.select(MatchRun).order_by(MatchRun.id.desc()).limit(1))


def donors_for_need(need_id: int) -> list[SuggestedDonor]:
    """The donors suggested for a need, best first; those who paused since are left out."""
    chosen = (
        sa.select(Suggestion, Donor.code, Donor.donor_type)
        .join(Donor, Donor.id == Suggestion.donor_id)
        .join(Preference, Preference.donor_id == Donor.id)
        .where(Suggestion.direction == Direction.DONORS_FOR_NEED, Suggestion.need_id == need_id)
        .where(Preference.paused.is_(False))
        .order_by(Suggestion.rank)
    )
    return [
        SuggestedDonor(s.donor_id, code, donor_type, s.rank, s.score, s.slot, s.propensity, read_terms(s.terms))
        for s, code, donor_type in db.session.execute(chosen)
    ]


def needs_for_donor(donor_id: int) -> list[SuggestedNeed]:
    """The needs suggested to a donor; by waiting time and urgency alone where personalisation is off.

    Needs that are no longer open are left out.
    """
    wishes = db.session.get(Preference, donor_id)
    if wishes is None or wishes.paused:
        return []
    return _ranked(donor_id) if wishes.personalised else _longest_waiting(wishes)


def find_reasons(need_id: int, *, donor_id: int) -> SuggestedNeed | None:
    """Why this need stands in this donor's list; None where it does not, or the donor wants no personal lists."""
    return next((s for s in needs_for_donor(donor_id) if s.need.id == need_id and s.terms), None)


def read_terms(stored: Sequence[Sequence[Any]]) -> tuple[Term, ...]:
    """The reasons as they were stored."""
    return tuple(Term(message, params, points) for message, params, points in stored)


def _ranked(donor_id: int) -> list[SuggestedNeed]:
    chosen = (
        sa.select(Suggestion, Need)
        .join(Need, Need.id == Suggestion.need_id)
        .where(Suggestion.direction == Direction.NEEDS_FOR_DONOR, Suggestion.donor_id == donor_id, is_open())
        .options(selectinload(Need.lines))
        .order_by(Suggestion.rank)
    )
    return [SuggestedNeed(need, s.rank, s.score, s.slot, read_terms(s.terms)) for s, need in db.session.execute(chosen)]


def _longest_waiting(wishes: Preference) -> list[SuggestedNeed]:
    urgency = sa.case({member: -number for number, member in enumerate(Urgency)}, value=Need.urgency)
    chosen = sa.select(Need).where(is_open()).options(selectinload(Need.lines))
    if wishes.kinds:
        chosen = chosen.where(Need.kind.in_(wishes.kinds))
    if wishes.areas:
        inside = [Need.division_code.startswith(significant(area), autoescape=True) for area in wishes.areas]
        chosen = chosen.where(sa.or_(*inside))
    waiting = db.session.scalars(chosen.order_by(Need.published_at, urgency, Need.id).limit(LIST_LENGTH))
    return [SuggestedNeed(need, rank, 0, Slot.NEUTRAL, ()) for rank, need in enumerate(waiting, start=1)]


@dataclass(frozen=True, slots=True)
class Touched:
    """Public needs and donors whose rows an act may have changed, by id in order."""

    needs: tuple[int, ...]
    donors: tuple[int, ...]


def touched_by(acted_on: Collection[tuple[str, int]]) -> Touched:
    """What acts on (subject type, id) change of the market.

    A pledge is of its need and its donor, a household of its needs, an account of the donor who signs in with it.
    """
    ids: defaultdict[str, set[int]] = defaultdict(set)
    for subject, subject_id in acted_on:
        ids[subject].add(subject_id)
    pledges = db.session.execute(sa.select(Pledge.need_id, Pledge.donor_id).where(Pledge.id.in_(ids["pledge"]))).all()
    needs = ids["need"] | {need_id for need_id, _ in pledges}
    is_public = sa.select(Need.id).where(
        Need.published_at.is_not(None), sa.or_(Need.id.in_(needs), Need.household_id.in_(ids["household"]))
    )
    own = sa.select(Donor.id).where(Donor.user_id.in_(ids["user"]))
    donors = ids["donor"] | {donor_id for _, donor_id in pledges} | set(db.session.scalars(own))
    return Touched(tuple(sorted(db.session.scalars(is_public))), tuple(sorted(donors)))
