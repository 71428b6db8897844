"""May this actor plan or post a notice: the right role, and the village in the actor's area."""

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import Forbidden
from marketplace.core.permissions import Permission


def ensure_can_read(actor: Actor, division: str) -> None:
    """Whoever reads the households of the village reads its notices."""
    ensure_can(actor, Permission.HOUSEHOLD_READ, division)


def ensure_can_plan(actor: Actor, division: str) -> None:
    """Township or county staff of the area plan notices; nobody of the village itself does."""
    ensure_can(actor, Permission.NOTICE_PLAN, division)
    if actor.is_staff_of_village(division):
        raise Forbidden("This is your own village: somebody else plans its notices.")


def ensure_can_post(actor: Actor, division: str) -> None:
    """The village's clerk posts the notice on the board, or staff of the township or county."""
    ensure_can(actor, Permission.NOTICE_POST, division)
