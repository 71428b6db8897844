"""Accounts: logging in and out, the own account, the staff of an area."""

from marketplace.core.permissions import Role
from tests.web.access import EVERYBODY, Row

_ADMIN = {Role.COUNTY_ADMIN}

ROWS = [
    Row("GET", "/login", public=True),
    Row("POST", "/login", public=True),
    Row("POST", "/logout", allowed=EVERYBODY),
    Row("GET", "/welcome/<token>", public=True),
    Row("POST", "/welcome/<token>", public=True),
    Row("GET", "/account", allowed=EVERYBODY),
    Row("POST", "/account/name", allowed=EVERYBODY),
    Row("POST", "/account/password", allowed=EVERYBODY),
    Row("GET", "/desk/people", allowed=_ADMIN),
    Row("POST", "/desk/people", allowed=_ADMIN),
    Row("POST", "/desk/people/revoke", allowed=_ADMIN),
    Row("POST", "/desk/people/link", allowed=_ADMIN),
]
