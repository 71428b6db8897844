"""Conditions that donors attach: added to a pledge by its donor, looked at by a reviewer (R-V9)."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.errors import Invalid
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.pledges import conditions
from marketplace.pledges.queries import get_own_pledge
from marketplace.web.forms import add_error
from marketplace.web.guard import current_actor, requires
from marketplace.web.i18n import sentence_of
from marketplace.web.pledges.forms import ConditionForm, RefusalForm
from marketplace.web.pledges.views import flag

bp = Blueprint("conditions", __name__)
_REVIEWS = requires(Permission.NEED_REVIEW)


@bp.get("/my/pledges/<code>/condition")
@requires(Permission.PLEDGE_MAKE)
def ask(code: str) -> ResponseReturnValue:
    """What may be asked, and what may not."""
    return _ask_page(code, ConditionForm(formdata=None))


@bp.post("/my/pledges/<code>/condition")
@requires(Permission.PLEDGE_MAKE)
def propose(code: str) -> ResponseReturnValue:
    """Attach it, for a reviewer to look at."""
    form, actor = ConditionForm(), current_actor()
    try:
        with transaction():
            conditions.propose_condition(code, form.condition.data or "", by=actor, now=utc_now())
    except Invalid as error:
        need = get_own_pledge(code, actor=actor).need
        flag(error, division=need.division_code, code=need.code)
        add_error(form, error.field, sentence_of(error))
        return _ask_page(code, form), error.status
    flash(_("A reviewer looks at your condition. Until then your pledge stands without it."))
    return redirect(url_for("donors.pledge", code=code), 303)


@bp.get("/desk/conditions")
@_REVIEWS
def index() -> ResponseReturnValue:
    """What donors ask for and nobody has looked at yet."""
    return _list_page(RefusalForm(formdata=None), "")


@bp.post("/desk/conditions/<code>/accept")
@_REVIEWS
def accept(code: str) -> ResponseReturnValue:
    """The clerk and the household are shown it from now on."""
    with transaction():
        conditions.decide_condition(code, accepts=True, by=current_actor(), now=utc_now())
    flash(_("Accepted. The clerk and the household see it with the pledge."))
    return redirect(url_for(".index"), 303)


@bp.post("/desk/conditions/<code>/refuse")
@_REVIEWS
def refuse(code: str) -> ResponseReturnValue:
    """The donor is told why; the pledge stands without it."""
    form = RefusalForm()
    try:
        with transaction():
            conditions.decide_condition(
                code, accepts=False, reason=form.reason.data or "", by=current_actor(), now=utc_now()
            )
    except Invalid as error:
        add_error(form, error.field, sentence_of(error))
        return _list_page(form, code), error.status
    flash(_("Not accepted. The donor is told why; the pledge stands without it."))
    return redirect(url_for(".index"), 303)


def _ask_page(code: str, form: ConditionForm) -> str:
    pledge = get_own_pledge(code, actor=current_actor())
    earlier = conditions.conditions_of(pledge.id)
    return render_template(
        "pledges/condition.html",
        pledge=pledge,
        earlier=earlier,
        may_propose=conditions.may_propose(pledge, earlier),
        form=form,
    )


def _list_page(form: RefusalForm, failed: str) -> str:
    return render_template(
        "pledges/conditions.html", rows=conditions.list_waiting(current_actor()), form=form, failed=failed
    )
