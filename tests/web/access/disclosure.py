"""Who may call the addresses of the disclosure: everybody."""

from tests.web.access import Row

ROWS = [
    Row("GET", "/disclosure", public=True),
    Row("GET", "/disclosure.csv", public=True),
    Row("GET", "/disclosure/<code>", public=True),
]
