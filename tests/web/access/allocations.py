"""Rows of the pages on which a county decides who is offered what."""

from marketplace.core.permissions import Role
from tests.web.access import Row

_ADMINISTRATORS = [Role.COUNTY_ADMIN]

ROWS = [
    Row("GET", "/desk/allocation", allowed=_ADMINISTRATORS),
    Row("POST", "/desk/allocation", allowed=_ADMINISTRATORS),
    Row("GET", "/desk/allocation/<code>", allowed=_ADMINISTRATORS),
    *(
        Row("POST", f"/desk/allocation/<code>/{act}", allowed=_ADMINISTRATORS)
        for act in ("accept", "discard", "take-back")
    ),
]
