"""The person behind a request or a command: an identity with roles, each granted for a division."""

from dataclasses import dataclass

from marketplace.core.divisions import contains, significant
from marketplace.core.errors import Forbidden, NotFound
from marketplace.core.permissions import ROLE_PERMISSIONS, STAFF_ROLES, Permission, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in force for a division (12-digit code) and all below it."""

    role: Role
    division: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``user_id`` is None for the public and for the system's own commands.

    ``donor_id`` and ``household_id`` are the donor or household that this person speaks for.
    """

    user_id: int | None
    grants: tuple[Grant, ...] = ()
    donor_id: int | None = None
    household_id: int | None = None
    is_system: bool = False

    def has(self, permission: Permission) -> bool:
        """True where some role, anywhere, carries the permission."""
        return self.is_system or any(permission in ROLE_PERMISSIONS[g.role] for g in self.grants)

    def can(self, permission: Permission, division: str) -> bool:
        """True where a role that carries the permission reaches the division."""
        return self.is_system or any(
            permission in ROLE_PERMISSIONS[g.role] and contains(g.division, division) for g in self.grants
        )

    def areas(self, permission: Permission) -> list[str]:
        """Significant prefixes of the divisions where the permission holds; ``[""]`` is everywhere."""
        if self.is_system:
            return [""]
        return sorted({significant(g.division) for g in self.grants if permission in ROLE_PERMISSIONS[g.role]})

    def works_in(self, division: str) -> bool:
        """True where the actor is staff of the division or of one above it."""
        return any(g.role in STAFF_ROLES and contains(g.division, division) for g in self.grants)

    def is_staff_of_village(self, village: str) -> bool:
        """True where the actor holds a staff role granted for exactly this village."""
        return any(g.role in STAFF_ROLES and g.division == village for g in self.grants)


PUBLIC = Actor(user_id=None)
SYSTEM = Actor(user_id=None, is_system=True)


def ensure_can(actor: Actor, permission: Permission, division: str) -> None:
    """Raise Forbidden without the permission at all, NotFound for a row outside the actor's area (Z2)."""
    if not actor.has(permission):
        raise Forbidden("Your role does not allow this.")
    if not actor.can(permission, division):
        raise NotFound("There is nothing here that you may see.")
