"""Who may call the addresses of pledging."""

from marketplace.core.permissions import DONOR_ROLES
from tests.web.access import EVERYBODY, Row

ROWS = [
    Row("GET", "/needs/<code>/pledge", public=True),
    Row("GET", "/needs/<code>/pledge/check", allowed=EVERYBODY),
    Row("POST", "/needs/<code>/pledge", allowed=DONOR_ROLES),
]
