"""The household's answer: with the code on its slip from any phone, or through its own account."""

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.fulfilment import service
from marketplace.fulfilment.queries import list_own_deliveries
from marketplace.web.forms import form_errors
from marketplace.web.fulfilment.blueprint import bp
from marketplace.web.fulfilment.forms import OwnForm, SlipForm
from marketplace.web.guard import current_actor, public, requires
from marketplace.web.i18n import say as _
from marketplace.web.security import few_wrong_slips

_UNPROCESSABLE = 422


@bp.get("/confirm")
@public
def ask() -> ResponseReturnValue:
    """Did the help arrive?"""
    return _page(SlipForm())


@bp.post("/confirm")
@public
@few_wrong_slips
def answer() -> ResponseReturnValue:
    """The answer with a slip's code; every wrong code is told the same."""
    form = SlipForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.confirm_by_slip(
                    form.slip.data,
                    arrived=form.says_yes,
                    note=form.note.data or "",
                    by=current_actor(),
                    now=utc_now(),
                )
            return _thanks(form.says_yes)
    return _page(form), _UNPROCESSABLE


@bp.post("/confirm/own/<code>")
@requires(Permission.OWN_NEED_CONFIRM)
def answer_own(code: str) -> ResponseReturnValue:
    """The answer through the household's own account."""
    form = OwnForm(code)
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.confirm_as_household(
                    code,
                    arrived=form.says_yes,
                    note=form.note.data or "",
                    by=current_actor(),
                    now=utc_now(),
                )
            return _thanks(form.says_yes)
    return _page(SlipForm(formdata=None), own=form), _UNPROCESSABLE


def _page(form: SlipForm, own: OwnForm | None = None) -> str:
    household_id = current_actor().household_id
    waiting = list_own_deliveries(household_id) if household_id is not None else []
    forms = [
        (row, own if own is not None and own.need_code == row.need_code else OwnForm(row.need_code, formdata=None))
        for row in waiting
    ]
    return render_template("fulfilment/confirm.html", form=form, own_forms=forms)


def _thanks(arrived: bool) -> ResponseReturnValue:
    if arrived:
        flash(_("Thank you. Your answer is recorded: it arrived."))
    else:
        flash(_("Thank you. Your answer is recorded: it did not arrive. The township looks into it."))
    return redirect("/confirm", 303)
