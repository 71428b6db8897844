"""Propose a change of a household's status."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.divisions import Level
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.households import policy, service
from marketplace.households.models import Household
from marketplace.households.proposing import find_pending, open_moves
from marketplace.households.queries import get_household
from marketplace.regions.queries import place_name
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.notices.blueprint import bp
from marketplace.web.notices.forms import ProposalForm

_PLANS = requires(Permission.NOTICE_PLAN)


@bp.get("/desk/households/<code>/status")
@_PLANS
def propose(code: str) -> ResponseReturnValue:
    """What may change from here, and the appraisal that it asks for."""
    household = _proposable(code)
    return _page(household, ProposalForm(formdata=None).offer(open_moves(household)))


@bp.post("/desk/households/<code>/status")
@_PLANS
def send_proposal(code: str) -> ResponseReturnValue:
    """Propose it; nothing changes before its notice is over."""
    household = _proposable(code)
    form = ProposalForm().offer(open_moves(household))
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.propose_change(
                    code,
                    move=form.chosen_move,
                    monitored_as=form.chosen_kind,
                    reason=form.reason.data,
                    appraisal=form.appraisal,
                    minutes=form.minutes.data.stream,
                    by=current_actor(),
                    now=utc_now(),
                )
                village = household.division_code
            flash(_("The change is proposed. Now plan its notice."))
            return redirect(url_for(".plan", village=village), 303)
    return _page(_proposable(code), form), 422


def _proposable(code: str) -> Household:
    household = get_household(code, actor=current_actor())
    policy.ensure_can_propose(current_actor(), household)
    return household


def _page(household: Household, form: ProposalForm) -> str:
    return render_template(
        "notices/propose.html",
        household=household,
        place=place_name(household.division_code, Level.VILLAGE),
        pending=find_pending(household.id),
        form=form,
    )
