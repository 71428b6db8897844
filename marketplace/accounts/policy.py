"""Who may grant and revoke which roles, where."""

from collections.abc import Iterable

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.divisions import Level, level_of
from marketplace.core.errors import Forbidden, Invalid
from marketplace.core.permissions import Permission, Role

# What an administrator of a county may hand out, and the level of division that each belongs to.
# Whoever watches over the county (observer, auditor) is named by the operator, not by the county.
GRANTABLE = {
    Role.VILLAGE_CLERK: Level.VILLAGE,
    Role.VILLAGE_SUPERVISOR: Level.VILLAGE,
    Role.ASSIGNED_OFFICER: Level.VILLAGE,
    Role.TOWNSHIP_REVIEWER: Level.TOWNSHIP,
    Role.COUNTY_ADMIN: Level.COUNTY,
}
_LEVEL_FAULTS = {
    Level.VILLAGE: "This role belongs to a village: choose one.",
    Level.TOWNSHIP: "This role belongs to a township: choose one.",
    Level.COUNTY: "This role belongs to a county: choose one.",
}


def ensure_can_grant(actor: Actor, role: Role, division: str, *, user_id: int) -> None:
    """Inside the actor's own area only, never to himself, each role at its own level."""
    if actor.is_system:
        return
    _ensure_can_change(actor, division, user_id=user_id)
    if role not in GRANTABLE:
        raise Forbidden("This role is granted by the operator of the site.")
    level = GRANTABLE[role]
    if level_of(division) != level:
        raise Invalid(_LEVEL_FAULTS[level], field="division")


def ensure_can_revoke(actor: Actor, division: str, *, user_id: int) -> None:
    """Inside the actor's own area only, never his own role."""
    if not actor.is_system:
        _ensure_can_change(actor, division, user_id=user_id)


def may_reset(actor: Actor, divisions: Iterable[str]) -> bool:
    """True where every role of a person lies in the actor's area: a link to the account opens all of them."""
    return all(actor.can(Permission.ROLE_GRANT, division) for division in divisions)


def _ensure_can_change(actor: Actor, division: str, *, user_id: int) -> None:
    ensure_can(actor, Permission.ROLE_GRANT, division)
    if user_id == actor.user_id:
        raise Forbidden("Nobody changes his own roles. Ask another administrator.")
