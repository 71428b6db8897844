"""Pages on which a county decides on a proposal: make one, look at it as a whole, accept rows, discard, take back."""

from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.allocations import queries, service
from marketplace.allocations.models import AllocationState
from marketplace.core.actor import ensure_can
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.pledges.offering import OFFER_DAYS, take_back_offer
from marketplace.web.allocations.showing import area_choices, figures_of, rows_of
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.guard import current_actor, requires

bp = Blueprint("allocations", __name__)
_ALLOCATES = requires(Permission.MATCH_ALLOCATE)
_PAGE = 60


@bp.get("/desk/allocation")
@_ALLOCATES
def index() -> ResponseReturnValue:
    """The proposals of my area, and a new one."""
    actor = current_actor()
    return render_template(
        "allocations/index.html",
        allocations=queries.list_allocations(actor),
        areas=area_choices(actor),
        form=BaseForm(),
    )


@bp.post("/desk/allocation")
@_ALLOCATES
def propose() -> ResponseReturnValue:
    """Work out a new proposal; it changes nothing until somebody accepts it."""
    actor, now = current_actor(), utc_now()
    area = request.form.get("area", "")
    ensure_can(actor, Permission.MATCH_ALLOCATE, area)
    # Reading and solving take seconds: not while holding the write lock.
    plan = service.plan_allocation(area, now=now)
    with transaction():
        code = service.keep_plan(plan, by=actor, now=now).code
    return redirect(url_for(".show", code=code), 303)


@bp.get("/desk/allocation/<code>")
@_ALLOCATES
def show(code: str) -> ResponseReturnValue:
    """One proposal: what each need gets, what is left over, who waits and why, what fairness costs."""
    return _page(code, BaseForm())


@bp.post("/desk/allocation/<code>/accept")
@_ALLOCATES
def accept(code: str) -> ResponseReturnValue:
    """Offer the ticked rows, or all of them, to their donors."""
    form = BaseForm()
    ticked = [int(part) for part in request.form.getlist("part") if part.isdecimal()]
    with form_errors(form):
        with transaction():
            done = service.accept_parts(
                code,
                None if request.form.get("which") == "all" else ticked,
                by=current_actor(),
                now=utc_now(),
            )
        words = _("Offers sent: %(count)s. They run for %(days)s days and hold nothing until a donor says yes.")
        flash(words % {"count": done.made, "days": OFFER_DAYS})
        if done.passed:
            flash(
                _("%(count)s rows no longer fit and were left: the need or the donor has changed.", count=done.passed)
            )
        return redirect(url_for(".show", code=code), 303)
    return _page(code, form), 422


@bp.post("/desk/allocation/<code>/discard")
@_ALLOCATES
def discard(code: str) -> ResponseReturnValue:
    """Put the proposal aside."""
    with transaction():
        service.discard_allocation(code, by=current_actor(), now=utc_now())
    flash(_("The proposal is discarded. Offers that were sent stand until you take them back."))
    return redirect(url_for(".show", code=code), 303)


@bp.post("/desk/allocation/<code>/take-back")
@_ALLOCATES
def take_back(code: str) -> ResponseReturnValue:
    """Take one offer back that the donor has not accepted."""
    allocation = queries.get_allocation(code, actor=current_actor())
    with transaction():
        take_back_offer(request.form.get("offer", ""), by=current_actor(), now=utc_now())
    flash(_("The offer is taken back."))
    return redirect(url_for(".show", code=allocation.code), 303)


def _page(code: str, form: BaseForm) -> str:
    actor = current_actor()
    allocation = queries.get_allocation(code, actor=actor)
    after = request.args.get("after", "0")
    skipped = int(after) if after.isdecimal() and len(after) < 8 else 0
    found = queries.needs_with_parts(allocation, after=skipped, most=_PAGE + 1)
    more = f"?{urlencode({'after': skipped + _PAGE})}" if len(found) > _PAGE else ""
    return render_template(
        "allocations/show.html",
        allocation=allocation,
        figures=figures_of(allocation),
        rows=rows_of(found[:_PAGE]),
        undecided=queries.count_undecided(allocation),
        is_open=allocation.state is AllocationState.OPEN,
        more=more,
        form=form,
    )
