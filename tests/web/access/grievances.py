"""Rows of the pages of complaints."""

from marketplace.core.permissions import Role
from tests.web.access import Row

_HANDLERS = [Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN, Role.AUDITOR]

ROWS = [
    Row("GET", "/report", public=True),
    Row("POST", "/report", public=True),
    Row("GET", "/report/<code>", public=True),
    Row("GET", "/desk/grievances", allowed=_HANDLERS),
    Row("GET", "/desk/grievances/<code>", allowed=_HANDLERS),
    *(
        Row("POST", f"/desk/grievances/<code>/{act}", allowed=_HANDLERS)
        for act in ("assign", "answer", "uphold", "dismiss", "close", "fraud", "fraud/police")
    ),
    Row("GET", "/desk/grievances/<code>/fraud", allowed=_HANDLERS),
]
