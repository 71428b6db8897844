"""The record of one pledge with the forms of what its reader may do next, the first of them open."""

from dataclasses import dataclass
from typing import Any

from flask import render_template

from marketplace.core.actor import Actor
from marketplace.core.divisions import Level
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db.clock import utc_now
from marketplace.fulfilment import queries
from marketplace.fulfilment.models import ConfirmerKind, Receipt
from marketplace.fulfilment.policy import giving_back_bar
from marketplace.fulfilment.queries import Case
from marketplace.pledges.conditions import conditions_of
from marketplace.pledges.models import ConditionState
from marketplace.regions.queries import place_name
from marketplace.web.fulfilment.forms import (
    DeliveryForm,
    DisbursementForm,
    FeedbackForm,
    GiveBackForm,
    SecondForm,
    UseForm,
    receipt_form,
)
from marketplace.web.fulfilment.story import events_of
from marketplace.web.guard import current_actor

UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Doing:
    """One form of the record: which, where it goes, and the form itself."""

    name: str
    form: Any
    is_open: bool


def record_page(code: str, *, failed: str = "", form: Any = None) -> tuple[str, int]:
    """The page; a form that failed comes back as it was typed, in its own place."""
    actor = current_actor()
    case = queries.get_case(code, actor=actor)
    doings = _doings(case, actor, failed=failed, form=form)
    page = render_template(
        "fulfilment/show.html",
        case=case,
        village=place_name(case.need.division_code, Level.VILLAGE),
        doings=doings,
        failed=form if failed else None,
        events=events_of(case),
        conditions=[c.words for c in conditions_of(case.pledge.id) if c.state is ConditionState.ACCEPTED],
        waits_for=_waits_for(case) if not doings else "",
        overdue=case.due is not None and case.due < utc_now(),
    )
    return page, UNPROCESSABLE if failed else 200


def _doings(case: Case, actor: Actor, *, failed: str, form: Any) -> list[Doing]:
    found = {name: form if name == failed else make() for name, make in _possible(case, actor).items()}
    if failed and failed not in found:
        found = {failed: form, **found}
    first = failed or next(iter(found), "")
    return [Doing(name, made, name == first) for name, made in found.items()]


def _possible(case: Case, actor: Actor) -> dict[str, Any]:
    """What this person may do now, the most pressing first."""

    def may(permission: Permission) -> bool:
        return actor.can(permission, case.need.division_code)

    state = case.pledge.state
    found: dict[str, Any] = {}
    if (
        state in (PledgeState.ACCEPTED, PledgeState.RECEIVED)
        and not case.is_complete
        and may(Permission.RECEIPT_RECORD)
    ):
        found["receipt"] = lambda: receipt_form(case)
    if state is PledgeState.RECEIVED and case.undisbursed and may(Permission.USE_RECORD):
        found["disbursement"] = lambda: DisbursementForm().offer(case)
    if case.payees and may(Permission.USE_RECORD):
        found["use"] = lambda: UseForm().offer(case)
    if case.need.state is NeedState.WITHDRAWN:
        found = {name: make for name, make in found.items() if name == "use"}
        if may(Permission.USE_RECORD) and (receipts := _may_give_back(case, actor)):
            found = {"give_back": lambda: GiveBackForm().offer(receipts, case), **found}
        return found
    if _can_be_delivered(case) and may(Permission.DELIVERY_RECORD):
        found["delivery"] = lambda: DeliveryForm().offer()
    if _wants_second(case) and may(Permission.DELIVERY_CONFIRM):
        found["confirmation"] = SecondForm
    if state is PledgeState.CONFIRMED and may(Permission.FEEDBACK_WRITE):
        found["feedback"] = FeedbackForm
    return found


def _may_give_back(case: Case, actor: Actor) -> list[Receipt]:
    """The receipts in custody that this person may give back."""
    return [
        receipt
        for receipt in case.to_give_back
        if giving_back_bar(actor, pledge=case.pledge, need=case.need, receipt=receipt) is None
    ]


def _is_awaited(case: Case) -> bool:
    return case.pledge.state in (PledgeState.ACCEPTED, PledgeState.RECEIVED) and not case.is_complete


def _can_be_delivered(case: Case) -> bool:
    return case.pledge.state is PledgeState.RECEIVED and case.is_complete and not case.money.in_custody


def _wants_second(case: Case) -> bool:
    last = case.last_answer(ConfirmerKind.SECOND)
    return case.pledge.state is PledgeState.DELIVERED and (last is None or not last.arrived)


def _waits_for(case: Case) -> str:
    """The name of the act that somebody else has to do; the template says it in words."""
    state = case.pledge.state
    if case.need.state is NeedState.WITHDRAWN:
        return ""
    if _is_awaited(case):
        return "receipt"
    if state is PledgeState.RECEIVED:
        return "delivery" if _can_be_delivered(case) else "disbursement"
    if state is PledgeState.DELIVERED:
        return "confirmation" if _wants_second(case) else "household"
    return "feedback" if state is PledgeState.CONFIRMED else ""
