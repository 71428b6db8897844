"""The agreement's text by version, for everybody; on paper; and taken back by account or by staff."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.errors import NotFound
from marketplace.core.kinds import find_member
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.fulfilment.service import take_back_consent
from marketplace.needs import queries
from marketplace.needs.consent_texts import CONSENT_TEXT, consent_texts
from marketplace.needs.desk import list_askers
from marketplace.needs.models import Purpose, WithdrawnBy
from marketplace.web.guard import current_actor, public, requires
from marketplace.web.needs.blueprint import bp


@bp.get("/consent/<version>")
@public
def consent_text(version: str) -> ResponseReturnValue:
    """What a household agreed to under this version of the text."""
    sentences = consent_texts().get(version)
    if sentences is None:
        raise NotFound("There is no text of this version.")
    return render_template(
        "needs/consent.html", version=version, sentences_read=sentences, is_in_force=version == CONSENT_TEXT
    )


@bp.get("/desk/needs/paper")
@requires(Permission.NEED_POST)
def paper() -> ResponseReturnValue:
    """A blank form on A4 to fill in by hand; its QR code brings the clerk back to the household."""
    household = next(iter(list_askers(request.args.get("household") or "-", actor=current_actor())), None)
    return render_template("needs/paper.html", household=household, sentences_read=consent_texts()[CONSENT_TEXT])


@bp.post("/desk/needs/<code>/consent/withdraw")
@requires(Permission.NEED_POST, Permission.OWN_NEED_CONFIRM)
def withdraw_consent(code: str) -> ResponseReturnValue:
    """Take the agreement back, through the household's own account or by the clerk for it."""
    actor = current_actor()
    with transaction():
        need = queries.get_need(code, actor=actor)
        is_own = need.household_id is not None and need.household_id == actor.household_id
        take_back_consent(
            need,
            purpose=find_member(Purpose, request.form.get("purpose")) or Purpose.PUBLICATION,
            how=WithdrawnBy.OWN_ACCOUNT if is_own else WithdrawnBy.STAFF,
            by=actor,
            now=utc_now(),
        )
    flash(_("The agreement is taken back. What it allowed has ended."))
    return redirect(url_for(".status", code=need.code), 303)
