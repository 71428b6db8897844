"""Who may call the addresses of pledging."""

from marketplace.core.permissions import DONOR_ROLES, Role
from tests.web.access import EVERYBODY, Row

_REVIEWERS = [Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN]

ROWS = [
    Row("GET", "/needs/<code>/pledge", public=True),
    Row("GET", "/needs/<code>/pledge/check", allowed=EVERYBODY),
    Row("POST", "/needs/<code>/pledge", allowed=DONOR_ROLES),
    Row("GET", "/my/pledges/<code>/condition", allowed=DONOR_ROLES),
    Row("POST", "/my/pledges/<code>/condition", allowed=DONOR_ROLES),
    Row("GET", "/desk/conditions", allowed=_REVIEWERS),
    Row("POST", "/desk/conditions/<code>/accept", allowed=_REVIEWERS),
    Row("POST", "/desk/conditions/<code>/refuse", allowed=_REVIEWERS),
]
