"""Rows of the photos."""

from tests.web.access import Row

ROWS = [Row("GET", "/photos/<token>.jpg", public=True)]
