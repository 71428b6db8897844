"""Slips of a village on A4 sheets: choose the needs, make new codes, print and cut."""

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.needs import service
from marketplace.needs.desk import household_codes, list_slip_needs
from marketplace.needs.models import Need
from marketplace.web.forms import add_error
from marketplace.web.guard import current_actor, requires
from marketplace.web.needs.blueprint import bp
from marketplace.web.needs.forms import ActForm
from marketplace.web.needs.slips import keep_slips, kept_slips

# What one cookie can hold, and a clerk can cut in one go: eight sheets of six.
MOST_SLIPS = 48
_POSTS = requires(Permission.NEED_POST)


@bp.route("/desk/needs/slips", methods=["GET", "POST"])
@_POSTS
def slips() -> ResponseReturnValue:
    """Tick the needs whose slips are to be printed; each gets a new code."""
    needs, form = list_slip_needs(actor=current_actor()), ActForm()
    if form.validate_on_submit():
        chosen = set(request.form.getlist("needs"))
        wanted = [need.code for need in needs if need.code in chosen]
        if 0 < len(wanted) <= MOST_SLIPS:
            with transaction():
                made = {code: service.reissue_slip(code, by=current_actor(), now=utc_now()) for code in wanted}
            keep_slips(session, made, now=utc_now())
            flash(_("%(count)s slips are ready to print. Older ones of these needs no longer work.", count=len(made)))
            return redirect(url_for(".print_slips"), 303)
        add_error(form, "", _("Tick at least one need, and at most %(most)s at a time.", most=MOST_SLIPS))
    ticked = (
        request.form.getlist("needs") if form.is_submitted() else [n.code for n in needs if _is_new(n)][:MOST_SLIPS]
    )
    page = render_template(
        "needs/slips.html", form=form, needs=needs, ticked=ticked, codes=household_codes(needs), most=MOST_SLIPS
    )
    return page, 422 if form.is_submitted() else 200


@bp.get("/desk/needs/slips/print")
@_POSTS
def print_slips() -> ResponseReturnValue:
    """Six slips a sheet with lines to cut along, for ten minutes."""
    secrets = kept_slips(session, now=utc_now())
    needs = [need for need in list_slip_needs(actor=current_actor()) if need.code in secrets]
    return render_template("needs/slips_print.html", needs=needs, secrets=secrets, codes=household_codes(needs))


def _is_new(need: Need) -> bool:
    """Nobody has a slip yet: it was sent from a spreadsheet."""
    return need.slip_index is None
