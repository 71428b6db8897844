"""Who may do what: roles, permissions, and the one table that joins them."""

from enum import StrEnum

from marketplace.core.kinds import Labelled


class Role(Labelled):
    """A role is granted for a division and reaches everything below it, nothing beside it."""

    VILLAGE_CLERK = "village_clerk", "村信息员"
    VILLAGE_SUPERVISOR = "village_supervisor", "村务监督员"
    TOWNSHIP_REVIEWER = "township_reviewer", "乡镇审核员"
    COUNTY_ADMIN = "county_admin", "县管理员"
    PREFECTURE_OBSERVER = "prefecture_observer", "州观察员"
    AUDITOR = "auditor", "审计/纪检"
    ASSIGNED_OFFICER = "assigned_officer", "帮扶责任人"
    DONOR = "donor", "爱心人士"
    ENTERPRISE = "enterprise", "企业"
    ORGANISATION = "organisation", "社会组织"
    VOLUNTEER = "volunteer", "志愿者"
    HOUSEHOLD = "household", "农户本人"


class Permission(StrEnum):
    """One act that a view guards and a policy checks against a row's division."""

    DESK_OPEN = "desk.open"
    HOUSEHOLD_READ = "household.read"
    HOUSEHOLD_WRITE = "household.write"
    PERSONAL_REVEAL = "personal.reveal"
    DUPLICATE_DECIDE = "duplicate.decide"
    NOTICE_PLAN = "notice.plan"
    NOTICE_POST = "notice.post"
    GRIEVANCE_HANDLE = "grievance.handle"
    NEED_READ = "need.read"
    NEED_POST = "need.post"
    NEED_REVIEW = "need.review"
    NEED_REVIEW_AGAIN = "need.review_again"
    MATCH_READ = "match.read"
    MATCH_ALLOCATE = "match.allocate"
    PLEDGE_MAKE = "pledge.make"
    PLEDGE_READ = "pledge.read"
    RECEIPT_RECORD = "receipt.record"
    USE_RECORD = "use.record"
    DELIVERY_RECORD = "delivery.record"
    DELIVERY_CONFIRM = "delivery.confirm"
    FEEDBACK_WRITE = "feedback.write"
    OWN_NEED_CONFIRM = "own_need.confirm"
    LEDGER_REVERSE = "ledger.reverse"
    ROLE_GRANT = "role.grant"
    CATALOGUE_KEEP = "catalogue.keep"
    AUDIT_READ = "audit.read"
    SIGNAL_READ = "signal.read"
    SIGNAL_CLOSE = "signal.close"
    CALENDAR_KEEP = "calendar.keep"


_P = Permission

# The donor's side: an individual, an enterprise, an organisation pledge alike.
_GIVER = frozenset({_P.PLEDGE_MAKE})
_STAFF_READS = frozenset({_P.DESK_OPEN, _P.HOUSEHOLD_READ, _P.NEED_READ, _P.PLEDGE_READ})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VILLAGE_CLERK: _STAFF_READS
    | {
        _P.HOUSEHOLD_WRITE,
        _P.NOTICE_POST,
        _P.PERSONAL_REVEAL,
        _P.NEED_POST,
        _P.DELIVERY_RECORD,
        _P.FEEDBACK_WRITE,
    },
    Role.VILLAGE_SUPERVISOR: _STAFF_READS | {_P.DELIVERY_CONFIRM},
    Role.TOWNSHIP_REVIEWER: _STAFF_READS
    | {
        _P.NOTICE_PLAN,
        _P.NOTICE_POST,
        _P.GRIEVANCE_HANDLE,
        _P.PERSONAL_REVEAL,
        _P.DUPLICATE_DECIDE,
        _P.NEED_REVIEW,
        _P.MATCH_READ,
        _P.RECEIPT_RECORD,
        _P.USE_RECORD,
        _P.DELIVERY_CONFIRM,
    },
    Role.COUNTY_ADMIN: _STAFF_READS
    | {
        _P.NOTICE_PLAN,
        _P.NOTICE_POST,
        _P.GRIEVANCE_HANDLE,
        _P.HOUSEHOLD_WRITE,
        _P.PERSONAL_REVEAL,
        _P.DUPLICATE_DECIDE,
        _P.NEED_REVIEW,
        _P.MATCH_READ,
        _P.MATCH_ALLOCATE,
        _P.RECEIPT_RECORD,
        _P.USE_RECORD,
        _P.LEDGER_REVERSE,
        _P.ROLE_GRANT,
        _P.CATALOGUE_KEEP,
        _P.AUDIT_READ,
        _P.NEED_REVIEW_AGAIN,
        _P.SIGNAL_READ,
        _P.SIGNAL_CLOSE,
        _P.CALENDAR_KEEP,
    },
    # Aggregates only: an observer opens the desk's figures and no record of a household.
    Role.PREFECTURE_OBSERVER: frozenset({_P.DESK_OPEN}),
    # Discipline inspection answers complaints about staff, and writes nothing else.
    Role.AUDITOR: _STAFF_READS | {_P.MATCH_READ, _P.AUDIT_READ, _P.GRIEVANCE_HANDLE, _P.SIGNAL_READ},
    Role.ASSIGNED_OFFICER: _STAFF_READS | {_P.DELIVERY_CONFIRM},
    Role.DONOR: _GIVER,
    Role.ENTERPRISE: _GIVER,
    Role.ORGANISATION: _GIVER,
    Role.VOLUNTEER: _GIVER,
    Role.HOUSEHOLD: frozenset({_P.OWN_NEED_CONFIRM}),
}

# A cadre of an area: whoever works there may not count as an arm's-length donor to it.
STAFF_ROLES = frozenset(role for role, granted in ROLE_PERMISSIONS.items() if _P.DESK_OPEN in granted)
DONOR_ROLES = frozenset({Role.DONOR, Role.ENTERPRISE, Role.ORGANISATION, Role.VOLUNTEER})
