"""Who may handle a complaint: in its area, above whom it is about, and never who decided on it before (F2)."""

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.divisions import ancestors
from marketplace.core.errors import Forbidden, NotFound
from marketplace.core.permissions import STAFF_ROLES, Permission
from marketplace.grievances.models import Grievance
from marketplace.needs.models import Need

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
    """Why this handler must leave it to another one, or None: nobody judges what he did himself."""
    if actor.user_id is not None and actor.user_id in _hands(grievance):
        return "You took part in what this is about: somebody else decides, for example the county."
    if grievance.named_division is None and actor.is_staff_of_village(grievance.division_code):
        return "This comes from your own village: somebody else decides."
    return None


def ensure_can_handle(actor: Actor, grievance: Grievance) -> None:
    """May read it and has no hand in it."""
    ensure_can_read(actor, grievance)
    bar = handling_bar(actor, grievance)
    if bar is not None:
        raise Forbidden(bar)


def _hands(grievance: Grievance) -> set[int | None]:
    """The people whose own acts are complained of."""
    found: set[int | None] = set()
    needs: list[Need | None] = [grievance.need]
    if grievance.pledge is not None:
        needs.append(grievance.pledge.need)
    if grievance.notice is not None:
        notice = grievance.notice
        found |= {notice.planned_by, notice.posted_by}
        entries = [grievance.entry] if grievance.entry is not None else notice.entries
        found |= {entry.proposal.proposed_by for entry in entries if entry.proposal is not None}
        needs += [entry.need for entry in entries]
    for need in needs:
        found |= {need.poster_id, need.reviewer_id} if need is not None else set()
    return found
