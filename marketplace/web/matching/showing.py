"""Suggestions made ready for a page: reasons in the reader's words, needs as public cards."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.core.actor import Actor
from marketplace.core.kinds import DonorType
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
