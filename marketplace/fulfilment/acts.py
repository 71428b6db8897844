"""What a pledge waits for next, and by when: the same words on the desk, on the record and in the reminders."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from marketplace.core.kinds import Labelled
from marketplace.core.workflow import PledgeState

# Promised help that arrived is handed over within a month, and nothing lies idle longer.
DELIVER_WITHIN = timedelta(days=30)
CONFIRM_WITHIN = timedelta(days=7)
# Counted from the delivery: nearly all donors hear of it in half a month.
REPORT_WITHIN = timedelta(days=15)


class Act(Labelled):
    """What somebody does next with a pledge (下一步)."""

    RECEIVE = "receive", "登记到位"
    DELIVER = "deliver", "送达"
    CONFIRM = "confirm", "确认"
    REPORT = "report", "反馈"


NEXT_ACT: Mapping[PledgeState, Act] = {
    PledgeState.ACCEPTED: Act.RECEIVE,
    PledgeState.RECEIVED: Act.DELIVER,
    PledgeState.DELIVERED: Act.CONFIRM,
    PledgeState.CONFIRMED: Act.REPORT,
}
STATE_BEFORE: Mapping[Act, PledgeState] = {act: state for state, act in NEXT_ACT.items()}

# The moment from which an act's time runs (a column of the pledge), and how long it may take.
CLOCKS: Mapping[Act, tuple[str, timedelta]] = {
    Act.RECEIVE: ("expires_at", timedelta()),
    Act.DELIVER: ("received_at", DELIVER_WITHIN),
    Act.CONFIRM: ("delivered_at", CONFIRM_WITHIN),
    Act.REPORT: ("delivered_at", REPORT_WITHIN),
}


def due_at(act: Act, started: datetime) -> datetime:
    """When an act is due whose clock started at ``started``."""
    return started + CLOCKS[act][1]
