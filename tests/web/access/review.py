"""Rows of the pages of review."""

from marketplace.core.permissions import STAFF_ROLES, Role
from tests.web.access import Row

_REVIEWERS = [Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN]
_COUNTY = [Role.COUNTY_ADMIN]

ROWS = [
    Row("GET", "/desk/review", allowed=_REVIEWERS),
    Row("GET", "/desk/review/<code>", allowed=_REVIEWERS),
    *(
        Row("POST", f"/desk/review/<code>/{act}", allowed=_REVIEWERS)
        for act in ("approve", "return", "reject", "take-back", "suspend", "resume")
    ),
    Row("POST", "/desk/review/<code>/again", allowed=_COUNTY),
    Row("GET", "/how-needs-are-checked", public=True),
    Row("GET", "/desk/oversight", allowed=[Role.COUNTY_ADMIN, Role.AUDITOR]),
    Row("POST", "/desk/oversight/signals", allowed=_COUNTY),
    Row("POST", "/desk/oversight/signals/<int:signal_id>/close", allowed=_COUNTY),
    Row("GET", "/desk/relatives", allowed=STAFF_ROLES),
    Row("POST", "/desk/relatives", allowed=STAFF_ROLES),
    Row("POST", "/desk/relatives/number", allowed=STAFF_ROLES),
    Row("GET", "/desk/people/<int:grant_id>/relatives", allowed=_COUNTY),
    Row("POST", "/desk/people/<int:grant_id>/relatives", allowed=_COUNTY),
    Row("POST", "/desk/people/<int:grant_id>/relatives/<int:relation_id>/end", allowed=_COUNTY),
    Row("GET", "/desk/calendar", allowed=_COUNTY),
    Row("POST", "/desk/calendar", allowed=_COUNTY),
    Row("POST", "/desk/calendar/file", allowed=_COUNTY),
    Row("POST", "/desk/calendar/drop", allowed=_COUNTY),
]
