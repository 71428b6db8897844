"""Rows of the pages of notices and of proposed changes."""

from marketplace.core.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.web.access import Row


def _with(permission: Permission) -> list[Role]:
    return [role for role in Role if permission in ROLE_PERMISSIONS[role]]


_READERS, _PLANNERS, _POSTERS = map(_with, (Permission.HOUSEHOLD_READ, Permission.NOTICE_PLAN, Permission.NOTICE_POST))

ROWS = [
    Row("GET", "/notices", public=True),
    Row("GET", "/notices/<code>", public=True),
    Row("GET", "/notices/<code>/names", public=True),
    Row("GET", "/desk/notices", allowed=_READERS),
    Row("GET", "/desk/notices/<code>", allowed=_READERS),
    Row("GET", "/desk/notices/<code>/board", allowed=_READERS),
    Row("GET", "/desk/notices/new", allowed=_PLANNERS),
    Row("POST", "/desk/notices/new", allowed=_PLANNERS),
    Row("POST", "/desk/notices/<code>/withdraw", allowed=_PLANNERS),
    Row("POST", "/desk/notices/<code>/post", allowed=_POSTERS),
    Row("POST", "/desk/notices/<code>/photo", allowed=_POSTERS),
    Row("GET", "/desk/households/<code>/status", allowed=_PLANNERS),
    Row("POST", "/desk/households/<code>/status", allowed=_PLANNERS),
]
