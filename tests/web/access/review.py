"""Rows of the pages of review."""

from marketplace.core.permissions import Role
from tests.web.access import Row

_REVIEWERS = [Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN]

ROWS = [
    Row("GET", "/desk/review", allowed=_REVIEWERS),
    Row("GET", "/desk/review/<code>", allowed=_REVIEWERS),
    *(
        Row("POST", f"/desk/review/<code>/{act}", allowed=_REVIEWERS)
        for act in ("approve", "return", "reject", "suspend", "resume")
    ),
]
