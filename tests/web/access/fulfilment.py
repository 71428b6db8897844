"""Who may call the addresses of fulfilment."""

from marketplace.core.permissions import Role
from tests.web.access import Row

_READS = {
    Role.VILLAGE_CLERK,
    Role.VILLAGE_SUPERVISOR,
    Role.TOWNSHIP_REVIEWER,
    Role.COUNTY_ADMIN,
    Role.AUDITOR,
    Role.ASSIGNED_OFFICER,
}
_BOOKS = {Role.TOWNSHIP_REVIEWER, Role.COUNTY_ADMIN}
_SECOND = {Role.VILLAGE_SUPERVISOR, Role.TOWNSHIP_REVIEWER, Role.ASSIGNED_OFFICER}
_ASKS = {Role.VILLAGE_CLERK, *_SECOND}

ROWS = [
    Row("GET", "/desk/pledges", allowed=_READS),
    Row("GET", "/desk/pledges/<code>", allowed=_READS),
    Row("POST", "/desk/pledges/<code>/receipt", allowed=_BOOKS),
    Row("POST", "/desk/pledges/<code>/disbursement", allowed=_BOOKS),
    Row("POST", "/desk/pledges/<code>/use", allowed=_BOOKS),
    Row("POST", "/desk/pledges/<code>/return", allowed=_BOOKS),
    Row("POST", "/desk/pledges/<code>/delivery", allowed={Role.VILLAGE_CLERK}),
    Row("POST", "/desk/pledges/<code>/confirmation", allowed=_SECOND),
    Row("POST", "/desk/pledges/<code>/feedback", allowed={Role.VILLAGE_CLERK}),
    Row("GET", "/desk/follow-ups", allowed=_ASKS),
    Row("GET", "/desk/follow-ups/<code>", allowed=_ASKS),
    Row("POST", "/desk/follow-ups/<code>", allowed=_ASKS),
    Row("GET", "/confirm/later", public=True),
    Row("POST", "/confirm/later", public=True),
    Row("POST", "/confirm/later/<code>", allowed={Role.HOUSEHOLD}),
    Row("GET", "/confirm", public=True),
    Row("POST", "/confirm", public=True),
    Row("POST", "/confirm/own/<code>", allowed={Role.HOUSEHOLD}),
]
