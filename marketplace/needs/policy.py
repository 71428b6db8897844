"""May this actor touch this need: right role, right area, never one's own, never one's own village."""

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Conflict, Forbidden, NotFound
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.needs.models import Need
from marketplace.relatives.queries import Ties, is_same_person, ties_of

OWN_APPROVAL = "You have approved this need before: somebody else looks at it again."


def may_read(actor: Actor, need: Need) -> bool:
    """Staff of the need's area, and the household itself."""
    is_own = need.household_id is not None and need.household_id == actor.household_id
    return is_own or actor.can(Permission.NEED_READ, need.division_code)


def ensure_can_read(actor: Actor, need: Need) -> None:
    """NotFound for everybody else, so that nobody learns what exists elsewhere (Z2)."""
    if not may_read(actor, need):
        raise NotFound("There is nothing here that you may see.")


def may_edit(actor: Actor, need: Need) -> bool:
    """Whoever may post for the need's household or village."""
    is_own = need.household_id is not None and need.household_id == actor.household_id
    return is_own or actor.can(Permission.NEED_POST, need.division_code)


def ensure_can_post(actor: Actor, division: str, *, household_id: int | None = None) -> None:
    """A clerk posts in own villages; a household with an own account posts for itself."""
    if household_id is not None and household_id == actor.household_id:
        return
    ensure_can(actor, Permission.NEED_POST, division)


def ensure_can_edit(actor: Actor, need: Need) -> None:
    """Whoever may post for the need's household or village may go on with its draft."""
    ensure_can_post(actor, need.division_code, household_id=need.household_id)


def review_bar(actor: Actor, need: Need, ties: Ties | None = None) -> str | None:
    """Why this reviewer must leave this need to another one, or None (R-V3, Z6); ``ties`` where they are known."""
    if need.poster_id == actor.user_id:
        return "You posted this need: somebody else reviews it."
    if actor.is_staff_of_village(need.division_code):
        return "This need comes from your own village: somebody else reviews it."
    known = ties_of(actor.user_id) if ties is None else ties
    return known.bar(household_id=need.household_id, poster_id=need.poster_id)


def turn_bar(actor: Actor, need: Need) -> str | None:
    """Why a need that one person has approved is another one's turn, at the county; None where it is the actor's."""
    if need.state is not NeedState.SUBMITTED or need.first_reviewer_id is None or actor.user_id is None:
        return None
    if not actor.can(Permission.NEED_REVIEW_AGAIN, need.division_code):
        return "It has been approved once. Something stands out, so that the county decides now."
    return OWN_APPROVAL if is_same_person(actor.user_id, need.first_reviewer_id) else None


def ensure_can_review(actor: Actor, need: Need) -> None:
    """Right role, right area, not the poster, not of the village, no relative (R-V3).

    Conflict where somebody has approved it in the meantime and it is another one's turn.
    """
    ensure_can(actor, Permission.NEED_REVIEW, need.division_code)
    _refuse(review_bar(actor, need))
    turn = turn_bar(actor, need)
    if turn is not None:
        raise Conflict(turn)


def ensure_can_review_again(actor: Actor, need: Need) -> None:
    """The county's own look: everything that holds for a reviewer, with the county's permission."""
    ensure_can(actor, Permission.NEED_REVIEW_AGAIN, need.division_code)
    _refuse(review_bar(actor, need))


def ensure_is_another(actor: Actor, approver_id: int) -> None:
    """Not whoever approved, under no account (Z6)."""
    if actor.user_id is None or is_same_person(actor.user_id, approver_id):
        raise Forbidden(OWN_APPROVAL)


def ensure_can_pause(actor: Actor, need: Need) -> None:
    """Any reviewer of the area, and the system itself: a pause protects, so that nothing bars from it."""
    ensure_can(actor, Permission.NEED_REVIEW, need.division_code)


def ensure_can_resume(actor: Actor, need: Need, *, is_disputed: bool) -> None:
    """Whoever may review it; after the county's disagreement only the county, and never who approved it."""
    if not is_disputed:
        ensure_can_review(actor, need)
        return
    ensure_can_review_again(actor, need)
    if need.reviewer_id is not None:
        ensure_is_another(actor, need.reviewer_id)


def _refuse(bar: str | None) -> None:
    if bar is not None:
        raise Forbidden(bar)
