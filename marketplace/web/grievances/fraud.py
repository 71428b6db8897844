"""The desk's page of suspected fraud behind a complaint: record it, and when it was reported to the police."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.fulfilment.worklist import list_to_give_back
from marketplace.grievances import fraud, policy
from marketplace.grievances.fraud_queries import count_told, find_case, withdrawn_by
from marketplace.grievances.queries import get_grievance
from marketplace.web.forms import form_errors
from marketplace.web.grievances.forms import FraudForm, PoliceForm
from marketplace.web.grievances.views import bp
from marketplace.web.guard import current_actor, requires

_HANDLES = requires(Permission.GRIEVANCE_HANDLE)


@bp.get("/desk/grievances/<code>/fraud")
@_HANDLES
def fraud_case(code: str) -> ResponseReturnValue:
    """The case, or the form that records one."""
    return _page(code)


@bp.post("/desk/grievances/<code>/fraud")
@_HANDLES
def open_fraud_case(code: str) -> ResponseReturnValue:
    """Record what is suspected: the need is withdrawn and its donors are told."""
    form = FraudForm().offer()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                fraud.open_case(code, suspected=form.suspected, police=form.police, by=current_actor(), now=utc_now())
            flash(_("The case is recorded. The need is withdrawn and its donors are told."))
            return redirect(url_for(".fraud_case", code=code), 303)
    return _page(code, form), 422


@bp.post("/desk/grievances/<code>/fraud/police")
@_HANDLES
def note_police(code: str) -> ResponseReturnValue:
    """Add the day of the report to the police, or why there is none yet."""
    form = PoliceForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                fraud.note_police(code, police=form.police, by=current_actor(), now=utc_now())
            flash(_("Noted. It stays as it is."))
            return redirect(url_for(".fraud_case", code=code), 303)
    return _page(code, form), 422


def _page(code: str, form: PoliceForm | None = None) -> str:
    """The page; a form that failed comes back as it was typed."""
    actor = current_actor()
    grievance = get_grievance(code, actor=actor)
    case = find_case(grievance)
    touched = policy.needs_of(grievance) if case is None else withdrawn_by(case)
    ids = {need.id for need in touched}
    if form is None:
        form = FraudForm(formdata=None).offer() if case is None else PoliceForm(formdata=None)
    return render_template(
        "grievances/fraud.html",
        grievance=grievance,
        case=case,
        touched=touched,
        to_give_back=[pledge for pledge in list_to_give_back(actor) if pledge.need_id in ids],
        told=count_told(case) if case is not None else 0,
        bar=policy.fraud_bar(actor, grievance),
        today=china_day(utc_now()),
        form=form,
    )
