"""A role reaches its division and everything below it, nothing beside it and nothing above."""

import pytest

from marketplace.core.actor import PUBLIC, SYSTEM, Actor, Grant, ensure_can
from marketplace.core.errors import Forbidden, NotFound
from marketplace.core.permissions import DONOR_ROLES, ROLE_PERMISSIONS, STAFF_ROLES, Permission, Role

COUNTY, TOWNSHIP, VILLAGE = "513332000000", "513332101000", "513332101201"
BELOW = [TOWNSHIP, "513332101202", VILLAGE]
BESIDE_OR_ABOVE = ["513332102000", "513332102201", COUNTY, "513300000000", "513330000000", "510000000000"]


def reviewer(division: str = TOWNSHIP) -> Actor:
    return Actor(user_id=1, grants=(Grant(Role.TOWNSHIP_REVIEWER, division),))


@pytest.mark.parametrize("division", BELOW)
def test_a_role_reaches_down(division: str) -> None:
    """Z2"""
    ensure_can(reviewer(), Permission.NEED_REVIEW, division)


@pytest.mark.parametrize("division", BESIDE_OR_ABOVE)
def test_a_role_reaches_neither_sideways_nor_up(division: str) -> None:
    """Z2: a row outside the area answers as if it did not exist."""
    assert not reviewer().can(Permission.NEED_REVIEW, division)
    with pytest.raises(NotFound):
        ensure_can(reviewer(), Permission.NEED_REVIEW, division)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_role_has_its_own_permissions_and_no_others(role: Role, permission: Permission) -> None:
    actor = Actor(user_id=1, grants=(Grant(role, VILLAGE),))
    if permission in ROLE_PERMISSIONS[role]:
        ensure_can(actor, permission, VILLAGE)
        return
    with pytest.raises(Forbidden):
        ensure_can(actor, permission, VILLAGE)


def test_two_roles_do_not_lend_each_other_their_areas() -> None:
    both = Actor(
        user_id=1,
        grants=(Grant(Role.VILLAGE_CLERK, VILLAGE), Grant(Role.TOWNSHIP_REVIEWER, "513332102000")),
    )
    assert both.can(Permission.NEED_POST, VILLAGE)
    assert not both.can(Permission.NEED_REVIEW, VILLAGE)
    assert not both.can(Permission.NEED_POST, "513332102201")


@pytest.mark.parametrize("permission", Permission)
def test_the_public_may_nothing_and_the_system_all(permission: Permission) -> None:
    assert not PUBLIC.has(permission)
    assert PUBLIC.areas(permission) == []
    assert SYSTEM.can(permission, VILLAGE)
    assert SYSTEM.areas(permission) == [""]


def test_areas_are_prefixes_of_the_divisions() -> None:
    actor = Actor(
        user_id=1,
        grants=(Grant(Role.COUNTY_ADMIN, COUNTY), Grant(Role.TOWNSHIP_REVIEWER, "513330100000")),
    )
    assert actor.areas(Permission.NEED_REVIEW) == ["513330100", "513332"]
    assert actor.areas(Permission.ROLE_GRANT) == ["513332"]


def test_staff_of_a_village_is_known_by_the_exact_village() -> None:
    clerk = Actor(user_id=1, grants=(Grant(Role.VILLAGE_CLERK, VILLAGE),))
    assert clerk.is_staff_of_village(VILLAGE)
    assert clerk.works_in(VILLAGE)
    assert not reviewer().is_staff_of_village(VILLAGE)
    assert reviewer().works_in(VILLAGE)


def test_no_role_is_staff_and_donor_at_once() -> None:
    assert not STAFF_ROLES & DONOR_ROLES


def test_nobody_who_posts_also_reviews() -> None:
    """Four eyes: no single role carries both ends of a need."""
    for permissions in ROLE_PERMISSIONS.values():
        assert not {Permission.NEED_POST, Permission.NEED_REVIEW} <= permissions


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PREFECTURE_OBSERVER])
def test_those_who_watch_write_nothing(role: Role) -> None:
    reads = {
        Permission.DESK_OPEN,
        Permission.HOUSEHOLD_READ,
        Permission.NEED_READ,
        Permission.PLEDGE_READ,
        Permission.MATCH_READ,
        Permission.AUDIT_READ,
        Permission.SIGNAL_READ,
    }
    # Discipline inspection answers complaints about a county's staff: nobody else stands above them.
    answers = {Permission.GRIEVANCE_HANDLE} if role is Role.AUDITOR else set()
    assert ROLE_PERMISSIONS[role] <= reads | answers
