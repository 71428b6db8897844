"""Who may call the addresses of statistics: everybody."""

from tests.web.access import Row

ROWS = [
    Row("GET", "/statistics", public=True),
    Row("GET", "/statistics.csv", public=True),
    Row("GET", "/statistics/codes", public=True),
]
