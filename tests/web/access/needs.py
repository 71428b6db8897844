"""Rows of the pages of needs."""

from marketplace.core.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.web.access import Row

_READERS = [role for role in Role if Permission.NEED_READ in ROLE_PERMISSIONS[role]]
_KEEPERS = [Role.COUNTY_ADMIN]
_POSTERS = [Role.VILLAGE_CLERK, Role.HOUSEHOLD]

ROWS = [
    Row("GET", "/needs", public=True),
    Row("GET", "/needs/<code>", public=True),
    Row("GET", "/consent/<version>", public=True),
    Row("GET", "/slip", public=True),
    Row("POST", "/slip", public=True),
    Row("GET", "/slip/<code>", public=True),
    Row("POST", "/slip/confirm", public=True),
    Row("POST", "/slip/withdraw", public=True),
    Row("POST", "/slip/leave", public=True),
    Row("GET", "/desk/needs", allowed=[*_READERS, Role.HOUSEHOLD]),
    Row("GET", "/desk/catalogue", allowed=_KEEPERS),
    Row("GET", "/desk/catalogue.csv", allowed=_KEEPERS),
    Row("POST", "/desk/catalogue/import", allowed=_KEEPERS),
    Row("GET", "/desk/catalogue/new", allowed=_KEEPERS),
    Row("POST", "/desk/catalogue/new", allowed=_KEEPERS),
    Row("GET", "/desk/catalogue/<code>", allowed=_KEEPERS),
    Row("POST", "/desk/catalogue/<code>", allowed=_KEEPERS),
    Row("GET", "/desk/needs/<code>", allowed=[*_READERS, Role.HOUSEHOLD]),
    Row("POST", "/desk/needs/<code>/withdraw", allowed=_POSTERS),
    Row("GET", "/desk/needs/sheet.xlsx", allowed=[Role.VILLAGE_CLERK]),
    Row("GET", "/desk/needs/sheet", allowed=[Role.VILLAGE_CLERK]),
    Row("POST", "/desk/needs/sheet", allowed=[Role.VILLAGE_CLERK]),
    Row("GET", "/desk/needs/sheet/<token>", allowed=[Role.VILLAGE_CLERK]),
    Row("POST", "/desk/needs/sheet/<token>", allowed=[Role.VILLAGE_CLERK]),
    Row("GET", "/desk/needs/slips", allowed=[Role.VILLAGE_CLERK]),
    Row("POST", "/desk/needs/slips", allowed=[Role.VILLAGE_CLERK]),
    Row("GET", "/desk/needs/slips/print", allowed=[Role.VILLAGE_CLERK]),
    Row("GET", "/desk/needs/paper", allowed=[Role.VILLAGE_CLERK]),
    Row("GET", "/desk/needs/new", allowed=_POSTERS),
    Row("POST", "/desk/needs/new", allowed=_POSTERS),
    Row("GET", "/desk/needs/<code>/what", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/what", allowed=_POSTERS),
    Row("GET", "/desk/needs/<code>/how-much", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/how-much", allowed=_POSTERS),
    Row("GET", "/desk/needs/<code>/why", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/why", allowed=_POSTERS),
    Row("GET", "/desk/needs/<code>/agree", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/agree", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/consent/withdraw", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/again", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/template", allowed=_POSTERS),
    Row("GET", "/desk/needs/<code>/check", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/check", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/split", allowed=_POSTERS),
    Row("GET", "/desk/needs/<code>/slip", allowed=_POSTERS),
    Row("POST", "/desk/needs/<code>/slip", allowed=_POSTERS),
]
