"""Who may call the donors' addresses."""

from marketplace.core.permissions import DONOR_ROLES
from tests.web.access import Row

ROWS = [
    Row("GET", "/register", public=True),
    Row("POST", "/register", public=True),
    Row("GET", "/donors/<code>", public=True),
    Row("GET", "/my", allowed=DONOR_ROLES),
    Row("GET", "/my/pledges/<code>", allowed=DONOR_ROLES),
    *(Row("POST", f"/my/pledges/<code>/{act}", allowed=DONOR_ROLES) for act in ("accept", "decline", "cancel")),
    Row("POST", "/my/pledges/<code>/visibility", allowed=DONOR_ROLES),
    Row("GET", "/my/preferences", allowed=DONOR_ROLES),
    Row("POST", "/my/preferences", allowed=DONOR_ROLES),
    Row("POST", "/my/preferences/personalised/<choice>", allowed=DONOR_ROLES),
    Row("POST", "/my/visibility", allowed=DONOR_ROLES),
    Row("POST", "/my/relations", allowed=DONOR_ROLES),
]
