"""The desk's pledges: the list of work, the record of one pledge, and each act; also registers the public /confirm."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.kinds import find_member
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.fulfilment import follow_up, queries, service, worklist
from marketplace.fulfilment.acts import Act
from marketplace.web.forms import form_errors
from marketplace.web.fulfilment import by_slip as _by_slip  # noqa: F401  (registers its views)
from marketplace.web.fulfilment import confirm as _confirm  # noqa: F401
from marketplace.web.fulfilment import later as _later  # noqa: F401
from marketplace.web.fulfilment.blueprint import bp
from marketplace.web.fulfilment.forms import (
    DeliveryForm,
    DisbursementForm,
    FeedbackForm,
    GiveBackForm,
    SecondForm,
    UseForm,
    receipt_form,
)
from marketplace.web.fulfilment.pages import record_page
from marketplace.web.guard import current_actor, requires
from marketplace.web.i18n import say as _

__all__ = ["bp"]

# Which act is whose, to open the desk's list at what its reader can do.
_WHOSE = {
    Act.RECEIVE: Permission.RECEIPT_RECORD,
    Act.DELIVER: Permission.DELIVERY_RECORD,
    Act.CONFIRM: Permission.DELIVERY_CONFIRM,
    Act.REPORT: Permission.FEEDBACK_WRITE,
}


@bp.get("/desk/pledges")
@requires(Permission.PLEDGE_READ)
def index() -> ResponseReturnValue:
    """What waits in the reader's area, by what comes next and by when."""
    actor = current_actor()
    counts = worklist.count_work(actor)
    to_give_back = worklist.list_to_give_back(actor)
    only_denied = request.args.get("denied") == "1"
    own = [act for act, permission in _WHOSE.items() if actor.has(permission)] or list(Act)
    default = next((act for act in own if counts[act]), own[0])
    act = Act.CONFIRM if only_denied else find_member(Act, request.args.get("act")) or default
    page = worklist.list_work(actor, act, cursor=request.args.get("after", ""), only_denied=only_denied)
    here = "denied=1" if only_denied else f"act={act.value}"
    return render_template(
        "fulfilment/index.html",
        page=page,
        act=act,
        acts=list(Act),
        counts=counts,
        denied=worklist.count_denied(actor),
        only_denied=only_denied,
        to_give_back=to_give_back,
        follow_ups=follow_up.count_due(actor, now=utc_now()) if actor.has(_WHOSE[Act.REPORT]) else 0,
        next_url=f"/desk/pledges?{here}&after={page.next_cursor}" if page.next_cursor else "",
    )


@bp.get("/desk/pledges/<code>")
@requires(Permission.PLEDGE_READ)
def show(code: str) -> ResponseReturnValue:
    """One pledge with all that happened to it."""
    return record_page(code)


@bp.post("/desk/pledges/<code>/receipt")
@requires(Permission.RECEIPT_RECORD)
def receive(code: str) -> ResponseReturnValue:
    """Something arrived."""
    case = queries.get_case(code, actor=current_actor())
    form = receipt_form(case)
    if form.validate_on_submit() and (quantities := form.quantities(case.lines)) is not None:
        with form_errors(form):
            with transaction():
                service.record_receipt(
                    code,
                    quantities=quantities,
                    custodian=form.custodian.data,
                    voucher_no=form.voucher_no.data or "",
                    client_key=form.client_key.data,
                    by=current_actor(),
                    now=utc_now(),
                )
            return _done(code, _("What arrived is recorded."))
    return record_page(code, failed="receipt", form=form)


@bp.post("/desk/pledges/<code>/disbursement")
@requires(Permission.USE_RECORD)
def disburse(code: str) -> ResponseReturnValue:
    """Money was passed on."""
    form = DisbursementForm().offer(queries.get_case(code, actor=current_actor()))
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.record_disbursement(
                    code,
                    receipt_id=form.receipt.data,
                    payee=form.payee.data,
                    voucher_no=form.disbursement_no.data or "",
                    by=current_actor(),
                    now=utc_now(),
                )
            return _done(code, _("The payment is recorded."))
    return record_page(code, failed="disbursement", form=form)


@bp.post("/desk/pledges/<code>/use")
@requires(Permission.USE_RECORD)
def use(code: str) -> ResponseReturnValue:
    """Money was spent."""
    form = UseForm().offer(queries.get_case(code, actor=current_actor()))
    if form.validate_on_submit():
        with form_errors(form):
            amount = form.money
            with transaction():
                service.record_use(
                    code,
                    payee=form.payee.data,
                    what=form.what.data,
                    amount=amount,
                    voucher_no=form.use_no.data,
                    photo=form.photo.data.stream if form.photo.data else None,
                    client_key=form.client_key.data,
                    by=current_actor(),
                    now=utc_now(),
                )
            return _done(code, _("What the money was spent on is recorded."))
    return record_page(code, failed="use", form=form)


@bp.post("/desk/pledges/<code>/return")
@requires(Permission.USE_RECORD)
def give_back(code: str) -> ResponseReturnValue:
    """What arrived for a withdrawn need went back to the donor."""
    case = queries.get_case(code, actor=current_actor())
    form = GiveBackForm().offer(case.receipts, case)
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.give_back(
                    code,
                    receipt_id=form.receipt.data,
                    reason=form.reason.data,
                    voucher_no=form.voucher_no.data,
                    to_origin=form.to_origin.data,
                    photo=form.photo.data.stream if form.photo.data else None,
                    by=current_actor(),
                    now=utc_now(),
                )
            return _done(code, _("What was given back is recorded, and the donor reads it."))
    return record_page(code, failed="give_back", form=form)


@bp.post("/desk/pledges/<code>/delivery")
@requires(Permission.DELIVERY_RECORD)
def deliver(code: str) -> ResponseReturnValue:
    """The help was handed over."""
    form = DeliveryForm().offer()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.record_delivery(
                    code,
                    photo=form.photo.data.stream,
                    witness=form.chosen_witness,
                    note=form.note.data or "",
                    by=current_actor(),
                    now=utc_now(),
                )
            return _done(code, _("The delivery is recorded. Now the household and a second person confirm it."))
    return record_page(code, failed="delivery", form=form)


@bp.post("/desk/pledges/<code>/confirmation")
@requires(Permission.DELIVERY_CONFIRM)
def confirm(code: str) -> ResponseReturnValue:
    """A second person went to see."""
    form = SecondForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.confirm_as_second(
                    code,
                    arrived=form.says_yes,
                    note=form.note.data or "",
                    photo_is_clean=form.photo_is_clean.data,
                    by=current_actor(),
                    now=utc_now(),
                )
            return _done(code, _("Your answer is recorded."))
    return record_page(code, failed="confirmation", form=form)


@bp.post("/desk/pledges/<code>/feedback")
@requires(Permission.FEEDBACK_WRITE)
def report(code: str) -> ResponseReturnValue:
    """Tell the donor."""
    form = FeedbackForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.give_feedback(
                    code,
                    words=form.words.data,
                    rating=int(form.rating.data) if form.rating.data else None,
                    may_publish=form.may_publish.data,
                    by=current_actor(),
                    now=utc_now(),
                )
            return _done(code, _("The donor has been told."))
    return record_page(code, failed="feedback", form=form)


def _done(code: str, sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect(url_for(".show", code=code), 303)
