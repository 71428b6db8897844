"""May this actor touch this household: the right role, and the household in the actor's area."""

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Forbidden
from marketplace.core.permissions import Permission
from marketplace.households.models import Household


def ensure_can_read(actor: Actor, household: Household) -> None:
    """Staff of the area, and the person who speaks for the household; everybody else finds nothing (Z2)."""
    if actor.household_id is not None and actor.household_id == household.id:
        return
    ensure_can(actor, Permission.HOUSEHOLD_READ, household.division_code)


def ensure_can_write(actor: Actor, division: str) -> None:
    """Register or change households of this division."""
    ensure_can(actor, Permission.HOUSEHOLD_WRITE, division)


def ensure_can_reveal(actor: Actor, household: Household) -> None:
    """See an ID number, a phone or an account whole; each time asks a reason (P5)."""
    ensure_can(actor, Permission.PERSONAL_REVEAL, household.division_code)


def ensure_can_propose(actor: Actor, household: Household) -> None:
    """Township or county staff of the area propose a change of status; nobody of the household's own village does."""
    ensure_can(actor, Permission.NOTICE_PLAN, household.division_code)
    if actor.is_staff_of_village(household.division_code):
        raise Forbidden("This household is of your own village: somebody else proposes its status.")
