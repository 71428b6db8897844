"""One tap makes two drafts of a need that holds two."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.errors import Invalid
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.needs import service
from marketplace.web.guard import current_actor, requires
from marketplace.web.i18n import sentence_of
from marketplace.web.needs.blueprint import bp


@bp.post("/desk/needs/<code>/split")
@requires(Permission.NEED_POST, Permission.OWN_NEED_CONFIRM)
def split(code: str) -> ResponseReturnValue:
    """Go on with the first half; the second one waits among the drafts."""
    try:
        with transaction():
            first, second = service.split_need(code, by=current_actor(), now=utc_now())
            first_code, second_title = first.code, second.title
    except Invalid as error:
        flash(sentence_of(error))
        return redirect(url_for(".check", code=code), 303)
    flash(_("Two drafts now. “%(title)s” waits among your drafts.", title=second_title))
    return redirect(url_for(".why", code=first_code), 303)
