"""States and the moves between them, as tables: what is not in a table is refused."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from marketplace.core.errors import Conflict
from marketplace.core.kinds import Labelled


class NeedState(Labelled):
    """Where a need stands (需求状态)."""

    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待审核"
    RETURNED = "returned", "已退回"
    REJECTED = "rejected", "不予发布"
    PUBLISHED = "published", "待认领"
    PLEDGED = "pledged", "已对接"
    DELIVERED = "delivered", "已送达"
    CONFIRMED = "confirmed", "已确认"
    CLOSED = "closed", "已结束"
    SUSPENDED = "suspended", "暂停"
    WITHDRAWN = "withdrawn", "已撤回"
    EXPIRED = "expired", "已到期"


class PledgeState(Labelled):
    """Where a pledge stands (认领状态)."""

    OFFERED = "offered", "待答复"
    DECLINED = "declined", "已谢绝"
    ACCEPTED = "accepted", "已认领"
    RECEIVED = "received", "已到位"
    DELIVERED = "delivered", "已送达"
    CONFIRMED = "confirmed", "已确认"
    REPORTED = "reported", "已反馈"
    LAPSED = "lapsed", "逾期失效"
    CANCELLED = "cancelled", "已取消"


class HouseholdStatus(Labelled):
    """Where a household stands (农户状态)."""

    REGISTERED = "registered", "在册"
    EXITED = "exited", "已退出"
    MONITORED = "monitored", "监测中"
    REENTERED = "reentered", "重新纳入"


class NoticeState(Labelled):
    """Where a public notice stands (公示状态)."""

    PLANNED = "planned", "待张贴"
    OPEN = "open", "公示中"
    CLOSED = "closed", "已结束"


class GrievanceState(Labelled):
    """Where a complaint or an objection stands (举报办理状态)."""

    RECEIVED = "received", "已收到"
    ASSIGNED = "assigned", "办理中"
    ANSWERED = "answered", "已答复"
    UPHELD = "upheld", "属实"
    DISMISSED = "dismissed", "不属实"
    CLOSED = "closed", "已办结"


_N, _L, _H = NeedState, PledgeState, HouseholdStatus
_O, _G = NoticeState, GrievanceState

NEED_MOVES: Mapping[tuple[NeedState, str], NeedState] = {
    (_N.DRAFT, "submit"): _N.SUBMITTED,
    (_N.DRAFT, "withdraw"): _N.WITHDRAWN,
    (_N.SUBMITTED, "approve"): _N.PUBLISHED,
    (_N.SUBMITTED, "return"): _N.RETURNED,
    (_N.SUBMITTED, "reject"): _N.REJECTED,
    (_N.SUBMITTED, "withdraw"): _N.WITHDRAWN,
    (_N.RETURNED, "submit"): _N.SUBMITTED,
    (_N.RETURNED, "withdraw"): _N.WITHDRAWN,
    (_N.PUBLISHED, "cover"): _N.PLEDGED,
    (_N.PUBLISHED, "suspend"): _N.SUSPENDED,
    (_N.PUBLISHED, "withdraw"): _N.WITHDRAWN,
    (_N.PUBLISHED, "expire"): _N.EXPIRED,
    (_N.PLEDGED, "suspend"): _N.SUSPENDED,
    (_N.SUSPENDED, "resume"): _N.PUBLISHED,
    # Every line is still promised.
    (_N.SUSPENDED, "restore"): _N.PLEDGED,
    (_N.PLEDGED, "uncover"): _N.PUBLISHED,
    (_N.PLEDGED, "deliver"): _N.DELIVERED,
    (_N.DELIVERED, "confirm"): _N.CONFIRMED,
    (_N.CONFIRMED, "close"): _N.CLOSED,
    # Suspected fraud takes off what is public, however far it has come (R-V6).
    (_N.PUBLISHED, "revoke"): _N.WITHDRAWN,
    (_N.PLEDGED, "revoke"): _N.WITHDRAWN,
    (_N.SUSPENDED, "revoke"): _N.WITHDRAWN,
    (_N.EXPIRED, "revoke"): _N.WITHDRAWN,
    (_N.DELIVERED, "revoke"): _N.WITHDRAWN,
    (_N.CONFIRMED, "revoke"): _N.WITHDRAWN,
    (_N.CLOSED, "revoke"): _N.WITHDRAWN,
}

PLEDGE_MOVES: Mapping[tuple[PledgeState, str], PledgeState] = {
    (_L.OFFERED, "accept"): _L.ACCEPTED,
    (_L.OFFERED, "decline"): _L.DECLINED,
    (_L.OFFERED, "lapse"): _L.LAPSED,
    (_L.OFFERED, "cancel"): _L.CANCELLED,
    (_L.ACCEPTED, "receive"): _L.RECEIVED,
    (_L.ACCEPTED, "lapse"): _L.LAPSED,
    (_L.ACCEPTED, "cancel"): _L.CANCELLED,
    (_L.RECEIVED, "deliver"): _L.DELIVERED,
    (_L.DELIVERED, "confirm"): _L.CONFIRMED,
    (_L.CONFIRMED, "report"): _L.REPORTED,
}

HOUSEHOLD_MOVES: Mapping[tuple[HouseholdStatus, str], HouseholdStatus] = {
    (_H.REGISTERED, "enter"): _H.REGISTERED,
    (_H.REGISTERED, "exit"): _H.EXITED,
    (_H.REGISTERED, "monitor"): _H.MONITORED,
    (_H.REENTERED, "exit"): _H.EXITED,
    (_H.EXITED, "monitor"): _H.MONITORED,
    (_H.MONITORED, "clear"): _H.EXITED,
    (_H.MONITORED, "reenter"): _H.REENTERED,
    (_H.EXITED, "reenter"): _H.REENTERED,
}

NOTICE_MOVES: Mapping[tuple[NoticeState, str], NoticeState] = {
    (_O.PLANNED, "post"): _O.OPEN,
    (_O.PLANNED, "withdraw"): _O.CLOSED,
    (_O.OPEN, "close"): _O.CLOSED,
}

GRIEVANCE_MOVES: Mapping[tuple[GrievanceState, str], GrievanceState] = {
    (_G.RECEIVED, "assign"): _G.ASSIGNED,
    (_G.ASSIGNED, "assign"): _G.ASSIGNED,
    (_G.ASSIGNED, "answer"): _G.ANSWERED,
    (_G.ANSWERED, "uphold"): _G.UPHELD,
    (_G.ANSWERED, "dismiss"): _G.DISMISSED,
    (_G.UPHELD, "close"): _G.CLOSED,
    (_G.DISMISSED, "close"): _G.CLOSED,
}

# Visible to everybody: the public list and the public page of one need.
PUBLIC_NEED_STATES = frozenset(
    {_N.PUBLISHED, _N.PLEDGED, _N.DELIVERED, _N.CONFIRMED, _N.CLOSED, _N.SUSPENDED, _N.EXPIRED}
)
# A pledge that holds its lines: they are not open to anybody else. An offer holds nothing before it is accepted.
HOLDING_PLEDGE_STATES = frozenset({_L.ACCEPTED, _L.RECEIVED, _L.DELIVERED, _L.CONFIRMED, _L.REPORTED})

S = TypeVar("S", bound=StrEnum)


def next_state(moves: Mapping[tuple[S, str], S], state: S, move: str) -> S:
    """The state after ``move``; Conflict where the table has no such move from here."""
    try:
        return moves[(state, move)]
    except KeyError:
        raise Conflict("This is no longer possible: the record has moved on. Reload the page.") from None
