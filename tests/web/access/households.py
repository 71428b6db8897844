"""Who may call the pages of households."""

from marketplace.core.permissions import Role
from tests.web.access import Row

_READERS = {
    Role.VILLAGE_CLERK,
    Role.VILLAGE_SUPERVISOR,
    Role.TOWNSHIP_REVIEWER,
    Role.COUNTY_ADMIN,
    Role.AUDITOR,
    Role.ASSIGNED_OFFICER,
}
_WRITERS = {Role.VILLAGE_CLERK, Role.COUNTY_ADMIN}
_DECIDERS = {Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN}
_REVEALERS = {Role.VILLAGE_CLERK, Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN}

ROWS = [
    Row("GET", "/desk/duplicates", allowed=_DECIDERS),
    Row("GET", "/desk/shared-numbers/<code>", allowed=_DECIDERS),
    Row("POST", "/desk/shared-numbers/<code>", allowed=_DECIDERS),
    Row("GET", "/desk/duplicates/<first>/<second>", allowed=_DECIDERS),
    Row("POST", "/desk/duplicates/<first>/<second>", allowed=_DECIDERS),
    Row("GET", "/desk/households", allowed=_READERS),
    Row("GET", "/desk/households/<code>", allowed=_READERS),
    Row("POST", "/desk/households/<code>/reveal", allowed=_REVEALERS),
    Row("GET", "/desk/households/new", allowed=_WRITERS),
    Row("POST", "/desk/households/new", allowed=_WRITERS),
    Row("GET", "/desk/households/<code>/edit", allowed=_WRITERS),
    Row("POST", "/desk/households/<code>/edit", allowed=_WRITERS),
    Row("GET", "/desk/households/import", allowed=_WRITERS),
    Row("POST", "/desk/households/import", allowed=_WRITERS),
    Row("GET", "/desk/households/import/<token>", allowed=_WRITERS),
    Row("POST", "/desk/households/import/<token>", allowed=_WRITERS),
]
