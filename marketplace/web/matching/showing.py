"""Suggestions made ready for a page: reasons in the reader's words, needs as public cards."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.core.actor import Actor
from marketplace.core.kinds import DonorType
from marketplace.matching import service
from marketplace.matching.engine.whynot import Standing
from marketplace.matching.models import Direction, Slot
from marketplace.matching.queries import Term, donors_for_need, find_reasons, needs_for_donor
from marketplace.needs.public import PublicNeed
from marketplace.needs.queries import public_card
from marketplace.web.i18n import say
from marketplace.web.matching.noting import note_opened, note_shown


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words, with the points that it brings."""

    words: str
    points: int


@dataclass(frozen=True, slots=True)
class ShownNeed:
    """A suggested need; without a score where personalisation is off."""

    card: PublicNeed
    score: int
    slot: Slot
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ShownDonor:
    """A suggested donor: code and type, no name."""

    code: str
    donor_type: DonorType
    score: int
    slot: Slot
    reasons: tuple[Reason, ...]


def reasons_in_words(terms: Sequence[Term]) -> tuple[Reason, ...]:
    """The stored terms in the reader's language."""
    return tuple(Reason(say(term.message, **term.params), term.points) for term in terms)


def needs_shown_to(actor: Actor, *, most: int = 10) -> list[ShownNeed]:
    """What to suggest to a donor; nothing to anybody else."""
    if actor.donor_id is None:
        return []
    found = needs_for_donor(actor.donor_id)[:most]
    note_shown(Direction.NEEDS_FOR_DONOR, need_ids=[s.need.id for s in found], donor_ids=[actor.donor_id])
    return [ShownNeed(public_card(s.need), s.score, s.slot, reasons_in_words(s.terms)) for s in found]


def reasons_shown_to(actor: Actor, *, need_id: int) -> ShownNeed | None:
    """Why a need was suggested to the donor who looks at it; None where it was not."""
    found = find_reasons(need_id, donor_id=actor.donor_id) if actor.donor_id is not None else None
    if found is None or actor.donor_id is None:
        return None
    note_opened(need_id, donor_id=actor.donor_id)
    return ShownNeed(public_card(found.need), found.score, found.slot, reasons_in_words(found.terms))


def donors_shown_for(need_id: int) -> list[ShownDonor]:
    """The donors suggested for a need."""
    found = donors_for_need(need_id)
    note_shown(Direction.DONORS_FOR_NEED, need_ids=[need_id], donor_ids=[s.donor_id for s in found])
    return [ShownDonor(s.code, s.donor_type, s.score, s.slot, reasons_in_words(s.terms)) for s in found]


@dataclass(frozen=True, slots=True)
class ShownJudgement:
    """One pair judged: what keeps it apart, or its place by score, and its points with their reasons."""

    donor_code: str
    hindrances: tuple[str, ...]
    standing: Standing | None
    score: int
    reasons: tuple[Reason, ...]


def judgement_shown(need_code: str, *, donor_code: str) -> ShownJudgement:
    """Why a donor is suggested for a need, or why not; NotFound where either is not in the market."""
    judged = service.judge(need_code, donor_code=donor_code)
    terms = [(r.phrase, r.points) for r in judged.explanation.reasons if r.points]
    return ShownJudgement(
        donor_code=judged.donor_code,
        hindrances=tuple(say(phrase.message, **phrase.params) for phrase in judged.hindrances),
        standing=judged.standing,
        score=judged.explanation.points,
        reasons=tuple(Reason(say(phrase.message, **phrase.params), points) for phrase, points in terms),
    )
