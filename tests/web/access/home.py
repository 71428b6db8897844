"""Home: the first page, finding by code, explanations, display, health, and the desk's start page."""

from marketplace.core.permissions import STAFF_ROLES
from tests.web.access import Row

ROWS = [
    Row("GET", "/", public=True),
    Row("GET", "/find", public=True),
    Row("GET", "/how-we-count", public=True),
    Row("GET", "/privacy", public=True),
    Row("GET", "/display", public=True),
    Row("POST", "/display", public=True),
    Row("GET", "/healthz", public=True),
    Row("GET", "/desk", allowed=STAFF_ROLES),
]
