"""Ask again for what was asked for before, and keep needs as one's own templates."""

import secrets

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.needs import service
from marketplace.needs.drafts import missing_step
from marketplace.needs.service import Step
from marketplace.web.guard import current_actor, requires
from marketplace.web.needs.blueprint import bp

_POSTS = requires(Permission.NEED_POST, Permission.OWN_NEED_CONFIRM)


@bp.post("/desk/needs/<code>/again")
@_POSTS
def again(code: str) -> ResponseReturnValue:
    """A new draft like this need; what is missing is the agreement, which is asked for anew."""
    key = request.form.get("client_key") or secrets.token_urlsafe(24)
    with transaction():
        need = service.repeat_need(code, client_key=key, by=current_actor(), now=utc_now())
        step = missing_step(need) or Step.CHECK
    return redirect(url_for(f".{step.value.replace('-', '_')}", code=need.code), 303)


@bp.post("/desk/needs/<code>/template")
@_POSTS
def template(code: str) -> ResponseReturnValue:
    """Keep this need as one's own template, or no longer."""
    with transaction():
        is_kept = service.keep_template(code, by=current_actor(), now=utc_now())
    flash(_("Kept among your templates.") if is_kept else _("No longer among your templates."))
    return redirect(url_for(".status", code=code), 303)
