"""Who may call the addresses of matching."""

from marketplace.core.permissions import ROLE_PERMISSIONS, Permission
from tests.web.access import Row

_READERS = {role for role, granted in ROLE_PERMISSIONS.items() if Permission.MATCH_READ in granted}
_REVIEWERS = {role for role, granted in ROLE_PERMISSIONS.items() if Permission.NEED_REVIEW in granted}

ROWS = [
    Row("GET", "/how-we-match", public=True),
    Row("GET", "/desk/needs/<code>/donors", allowed=_READERS),
    Row("POST", "/desk/needs/<code>/donors", allowed=_REVIEWERS),
]
