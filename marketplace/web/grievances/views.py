"""Report something, and see with the ticket how it stands; anybody may, nobody is asked who he is."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.divisions import Level
from marketplace.core.errors import NotFound
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.grievances import queries, service
from marketplace.grievances.queries import Subject
from marketplace.regions.queries import list_level, names_of
from marketplace.web.forms import add_error, form_errors
from marketplace.web.grievances.forms import ReportForm
from marketplace.web.guard import public
from marketplace.web.i18n import say as _
from marketplace.web.security import limiter, was_refused

bp = Blueprint("grievances", __name__)
_UNPROCESSABLE = 422
_few_reports = limiter.limit("10 per hour")
# Only wrong tries count: a ticket is not to be guessed.
_few_wrong_tickets = limiter.limit("20 per 15 minutes", deduct_when=was_refused)


@bp.get("/report")
@public
def ask() -> ResponseReturnValue:
    """What is wrong? ``about`` is the code of a need, a gift or a notice; ``ticket`` leads to how one stands."""
    ticket = request.args.get("ticket", "").strip()
    if ticket:
        return redirect(url_for(".ticket", code=queries.folded(ticket)), 303)
    subject = _subject()
    return _page(_offered(ReportForm(formdata=None), subject), subject)


@bp.post("/report")
@public
@_few_reports
def send() -> ResponseReturnValue:
    """Take it in and show the ticket."""
    subject = _subject()
    form = _offered(ReportForm(), subject)
    if form.validate_on_submit():
        if form.website.data:
            add_error(form, None, _("This was filled in by a machine. Leave the last field empty and send it again."))
            return _page(form, subject), _UNPROCESSABLE
        place = subject or Subject("", form.county.data)
        with form_errors(form):
            with transaction():
                photo = form.photo.data.stream if form.photo.data else None
                made = service.receive(place, form.complaint, photo=photo, now=utc_now())
                code = made.code
            return redirect(url_for(".ticket", code=code, new=1), 303)
    return _page(form, subject), _UNPROCESSABLE


@bp.get("/report/<code>")
@public
@_few_wrong_tickets
def ticket(code: str) -> ResponseReturnValue:
    """How it stands."""
    found = queries.get_ticket(code)
    today = china_day(utc_now())
    return render_template(
        "grievances/ticket.html", ticket=found, is_late=found.is_late(today), is_new=request.args.get("new") == "1"
    )


def _subject() -> Subject | None:
    about = request.args.get("about", "").strip()
    if not about:
        return None
    subject = queries.find_subject(about)
    if subject is None:
        raise NotFound("There is nothing public with this code. Check it, or report without it.")
    return subject


def _offered(form: ReportForm, subject: Subject | None) -> ReportForm:
    home = current_app.config["SETTINGS"].home_division
    counties = [county.code for county in list_level(Level.COUNTY, area=home.rstrip("0"))] or [home]
    return form.offer(subject, [(code, name) for code, name in names_of(counties).items()])


def _page(form: ReportForm, subject: Subject | None) -> str:
    return render_template("grievances/report.html", form=form, subject=subject)
