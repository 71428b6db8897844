"""Months after a delivery: two questions, answered by the household itself or, a week later, to staff who ask it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import DataRequired, Length, Optional

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.fulfilment import follow_up, queries
from marketplace.fulfilment.follow_up import Said
from marketplace.needs.models import Need
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.fulfilment.blueprint import bp
from marketplace.web.guard import current_actor, public, requires
from marketplace.web.i18n import say as _
from marketplace.web.security import few_wrong_slips

_UNPROCESSABLE = 422
_YES, _NO = "yes", "no"


def _yes_or_no(label: object, yes: object, no: object) -> RadioField:
    choices = [SelectChoice(_YES, yes), SelectChoice(_NO, no)]
    return RadioField(label, [DataRequired(_l("Choose yes or no."))], choices=choices)


class LaterForm(BaseForm):
    """The two questions."""

    useful = _yes_or_no(
        _l("Is what you received still of use to you?"),
        _l("Yes, it is of use"),
        _l("No, it is used up, broken or does not fit"),
    )
    needed = _yes_or_no(
        _l("Do you still need this kind of help?"), _l("Yes, we still need it"), _l("No, we manage without")
    )
    note = StringField(_l("Anything to say?"), [Optional(), Length(max=200)])

    @property
    def said(self) -> Said:
        """The answer."""
        return Said(self.useful.data == _YES, self.needed.data == _YES, self.note.data or "")


class LaterSlipForm(LaterForm):
    """The two questions, with the code on the household's slip."""

    slip = StringField(
        _l("The code on the slip"), [DataRequired(_l("Write the code that stands on the slip.")), Length(max=20)]
    )


@bp.get("/confirm/later")
@public
def ask_later() -> ResponseReturnValue:
    """Months later: is it still of use, is it still needed?"""
    return _page(LaterSlipForm())


@bp.post("/confirm/later")
@public
@few_wrong_slips
def answer_later() -> ResponseReturnValue:
    """The answer with a slip's code."""
    form = LaterSlipForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                follow_up.answer_by_slip(form.slip.data, form.said, by=current_actor(), now=utc_now())
            return _thanks()
    return _page(form), _UNPROCESSABLE


@bp.post("/confirm/later/<code>")
@requires(Permission.OWN_NEED_CONFIRM)
def answer_later_own(code: str) -> ResponseReturnValue:
    """The answer through the household's own account."""
    form = LaterForm(prefix=f"{code}-")
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                follow_up.answer_as_household(code, form.said, by=current_actor(), now=utc_now())
            return _thanks()
    return _page(LaterSlipForm(formdata=None), own=(code, form)), _UNPROCESSABLE


@bp.get("/desk/follow-ups")
@requires(Permission.FEEDBACK_WRITE, Permission.DELIVERY_CONFIRM)
def follow_ups() -> ResponseReturnValue:
    """The households of the reader's area that are to be asked."""
    actor, now = current_actor(), utc_now()
    return render_template(
        "fulfilment/follow_ups.html",
        checks=follow_up.list_due(actor, now=now),
        count=follow_up.count_due(actor, now=now),
    )


@bp.get("/desk/follow-ups/<code>")
@requires(Permission.FEEDBACK_WRITE, Permission.DELIVERY_CONFIRM)
def follow_up_of(code: str) -> ResponseReturnValue:
    """The two questions about one gift's need."""
    return _staff_page(code, LaterForm())


@bp.post("/desk/follow-ups/<code>")
@requires(Permission.FEEDBACK_WRITE, Permission.DELIVERY_CONFIRM)
def write_follow_up(code: str) -> ResponseReturnValue:
    """What the household said to the person who asked it."""
    form = LaterForm()
    need = queries.get_case(code, actor=current_actor()).need
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                follow_up.answer_on_visit(need.code, form.said, by=current_actor(), now=utc_now())
            flash(_("Your answer is recorded."))
            return redirect(url_for(".follow_ups"), 303)
    return _staff_page(code, form), _UNPROCESSABLE


def _staff_page(code: str, form: LaterForm) -> str:
    case = queries.get_case(code, actor=current_actor())
    days = follow_up.check_of(case.need, now=utc_now() - follow_up.OWN_WEEK)
    given = follow_up.follow_ups_of([case.need.id]).get(case.need.id, [])
    return render_template("fulfilment/follow_up.html", case=case, form=form, days=days, given=given)


def _page(form: LaterSlipForm, own: tuple[str, LaterForm] | None = None) -> str:
    household_id = current_actor().household_id
    due = follow_up.list_own_checks(household_id, now=utc_now()) if household_id is not None else []
    return render_template("fulfilment/later.html", form=form, own_forms=[(need, _form_of(need, own)) for need in due])


def _form_of(need: Need, own: tuple[str, LaterForm] | None) -> LaterForm:
    if own is not None and own[0] == need.code:
        return own[1]
    return LaterForm(prefix=f"{need.code}-", formdata=None)


def _thanks() -> ResponseReturnValue:
    flash(_("Thank you. Your answer is recorded, and the donor is told."))
    return redirect("/confirm/later", 303)
