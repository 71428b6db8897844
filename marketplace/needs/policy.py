"""May this actor touch this need: right role, right area, never one's own, never one's own village."""

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Forbidden, NotFound
from marketplace.core.permissions import Permission
from marketplace.needs.models import Need


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


def review_bar(actor: Actor, need: Need) -> str | None:
    """Why this reviewer must leave this need to another one, or None (R-V3, Z6)."""
    if need.poster_id == actor.user_id:
        return "You posted this need: somebody else reviews it."
    if actor.is_staff_of_village(need.division_code):
        return "This need comes from your own village: somebody else reviews it."
    if need.household_id is not None and need.household_id == actor.household_id:
        return "This need is your own household's: somebody else reviews it."
    return None


def ensure_can_review(actor: Actor, need: Need) -> None:
    """Right role, right area, not the poster, not of the village (R-V3)."""
    ensure_can(actor, Permission.NEED_REVIEW, need.division_code)
    bar = review_bar(actor, need)
    if bar is not None:
        raise Forbidden(bar)
