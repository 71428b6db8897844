"""Pages of households for staff: the list, one household, and what its masks hide."""

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.actor import ensure_can
from marketplace.core.divisions import Level
from marketplace.core.permissions import Permission
from marketplace.db import db, transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.households import queries, service
from marketplace.households.comparisons import lists_of
from marketplace.households.models import Household
from marketplace.households.proposing import find_pending
from marketplace.media.models import Photo
from marketplace.needs.desk import needs_of_household
from marketplace.needs.signals import note_reveals
from marketplace.notices.queries import find_notice_of
from marketplace.regions.queries import place_name
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.households import duplicates as _duplicates  # noqa: F401
from marketplace.web.households import importing as _importing  # noqa: F401  (its pages register themselves)
from marketplace.web.households import registering as _registering  # noqa: F401
from marketplace.web.households import shared as _shared  # noqa: F401
from marketplace.web.households.blueprint import bp
from marketplace.web.households.forms import RevealForm

__all__ = ["bp"]


@bp.get("/desk/households")
@requires(Permission.HOUSEHOLD_READ)
def index() -> ResponseReturnValue:
    """Households of the area; names are masked, and searching needs the whole name or number."""
    search = request.args.get("q", "").strip()[:60]
    page = queries.list_households(current_actor(), search=search, after=request.args.get("after"))
    more = url_for(".index", after=page.after, q=search or None) if page.after else ""
    places = {row.division_code: place_name(row.division_code, Level.VILLAGE) for row in page.rows}
    return render_template("households/index.html", rows=page.rows, places=places, search=search, more=more)


@bp.get("/desk/households/<code>")
@requires(Permission.HOUSEHOLD_READ)
def show(code: str) -> ResponseReturnValue:
    """One household: its facts, members, history, needs, and what the register should put right."""
    household = queries.get_household(code, actor=current_actor())
    return _page(household, form=RevealForm(formdata=None))


@bp.post("/desk/households/<code>/reveal")
@requires(Permission.PERSONAL_REVEAL)
def reveal(code: str) -> ResponseReturnValue:
    """Show names and numbers whole to somebody who says why; shown once, never kept by the browser (P5)."""
    form = RevealForm()
    household = queries.get_household(code, actor=current_actor())
    ensure_can(current_actor(), Permission.PERSONAL_REVEAL, household.division_code)
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                by = current_actor()
                revealed = service.reveal_household(code, reason=form.reason.data, by=by, now=utc_now())
                note_reveals(by=by, now=utc_now())
            household = queries.get_household(code, actor=current_actor())
            response = make_response(_page(household, form=RevealForm(formdata=None), revealed=revealed))
            response.headers["Cache-Control"] = "no-store"
            return response
    return _page(household, form=form), 422


def _page(household: Household, *, form: RevealForm, revealed: service.Revealed | None = None) -> str:
    today = china_day(utc_now())
    actor = current_actor()
    pending = find_pending(household.id)
    return render_template(
        "households/show.html",
        household=household,
        place=place_name(household.division_code, Level.VILLAGE),
        members=queries.masked_members(household, on=today),
        phone=queries.masked_phone(household),
        account=queries.masked_account(household),
        findings=queries.findings_of(household, on=today),
        history=queries.list_status_changes(household),
        lists=lists_of(household.id),
        needs=needs_of_household(household.id),
        pending=pending,
        minutes=db.session.get_one(Photo, pending.minutes_id).token if pending else "",
        notice=find_notice_of(pending) if pending else None,
        may_propose=actor.can(Permission.NOTICE_PLAN, household.division_code) and pending is None,
        may_change=actor.can(Permission.HOUSEHOLD_WRITE, household.division_code),
        may_post=actor.can(Permission.NEED_POST, household.division_code),
        may_reveal=actor.can(Permission.PERSONAL_REVEAL, household.division_code),
        form=form,
        revealed=revealed,
    )
