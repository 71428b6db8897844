"""Who may call the pages of places."""

from tests.web.access import Row

ROWS = [
    Row("GET", "/divisions", public=True),
    Row("GET", "/divisions/<code>", public=True),
]
