"""Who may handle a complaint: in its area, above whom it is about, and never who decided on it before (F2)."""

from marketplace.accounts.queries import is_below
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.divisions import ancestors
from marketplace.core.errors import Forbidden, NotFound
from marketplace.core.permissions import STAFF_ROLES, Permission
from marketplace.grievances.models import Grievance
from marketplace.needs.models import Need
from marketplace.notices.models import NoticeEntry
from marketplace.relatives.queries import is_same_person, ties_of

_HIDDEN = "There is nothing here that you may see."


def reach_of_staff(actor: Actor) -> set[str]:
    """Every division at which the actor is staff, and all above it: complaints about staff there are not his."""
    return {above for g in actor.grants if g.role in STAFF_ROLES for above in ancestors(g.division)}


def ensure_can_read(actor: Actor, grievance: Grievance) -> None:
    """Handlers of the area; of a complaint about staff only those above, and nobody who is or serves under them."""
    ensure_can(actor, Permission.GRIEVANCE_HANDLE, grievance.place)
    if grievance.named_division is not None and grievance.named_division in reach_of_staff(actor):
        raise NotFound(_HIDDEN)


def handling_bar(actor: Actor, grievance: Grievance) -> str | None:
    """Why this handler must leave it to another one, or None: nobody judges what he or a relative did or asked for."""
    if actor.user_id is not None and any(is_same_person(actor.user_id, hand) for hand in _hands(grievance)):
        return "You took part in what this is about: somebody else decides, for example the county."
    ties = ties_of(actor.user_id)
    if any(ties.bar(household_id=n.household_id, poster_id=n.poster_id) for n in needs_of(grievance)):
        return "You are related to somebody whom this is about: somebody else decides, for example the county."
    if grievance.named_division is None and actor.is_staff_of_village(grievance.division_code):
        return "This comes from your own village: somebody else decides."
    return None


def ensure_can_handle(actor: Actor, grievance: Grievance) -> None:
    """May read it and has no hand in it."""
    ensure_can_read(actor, grievance)
    _refuse(handling_bar(actor, grievance))


def fraud_bar(actor: Actor, grievance: Grievance) -> str | None:
    """Why this handler leaves a case of suspected fraud to another one, or None; nor one who works below (F2)."""
    if is_below(actor, _hands(grievance)):
        return "Somebody above you took part in what this is about: the county or discipline inspection decides."
    return handling_bar(actor, grievance)


def ensure_can_record_fraud(actor: Actor, grievance: Grievance) -> None:
    """May handle it and does not work under whoever took part in it."""
    ensure_can_read(actor, grievance)
    _refuse(fraud_bar(actor, grievance))


def needs_of(grievance: Grievance) -> list[Need]:
    """Every need that it touches: what it is about, what a gift went to, what hangs on the notice or its line."""
    touched = [grievance.need, grievance.pledge.need if grievance.pledge is not None else None]
    touched += [entry.need for entry in _entries(grievance)]
    return [need for need in touched if need is not None]


def _entries(grievance: Grievance) -> list[NoticeEntry]:
    if grievance.entry is not None:
        return [grievance.entry]
    return grievance.notice.entries if grievance.notice is not None else []


def _hands(grievance: Grievance) -> set[int]:
    """The people whose own acts are complained of."""
    found: set[int | None] = set()
    if grievance.notice is not None:
        found |= {grievance.notice.planned_by, grievance.notice.posted_by}
    found |= {entry.proposal.proposed_by for entry in _entries(grievance) if entry.proposal is not None}
    for need in needs_of(grievance):
        found |= {need.poster_id, need.reviewer_id, need.first_reviewer_id}
    return {hand for hand in found if hand is not None}


def _refuse(bar: str | None) -> None:
    if bar is not None:
        raise Forbidden(bar)
