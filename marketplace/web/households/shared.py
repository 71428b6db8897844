"""A number that very many households have: all of them, page by page, and why they may have it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.households import shared_contacts
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.households.blueprint import bp

_DECIDES = requires(Permission.DUPLICATE_DECIDE)


class SettleForm(BaseForm):
    """Why they may have one number."""

    why = StringField(_l("Why they may have one number"), [Length(max=200)])


@bp.get("/desk/shared-numbers/<code>")
@_DECIDES
def shared_number(code: str) -> ResponseReturnValue:
    """The households, and the form that settles the case."""
    return _page(code, SettleForm(formdata=None))


@bp.post("/desk/shared-numbers/<code>")
@_DECIDES
def settle_number(code: str) -> ResponseReturnValue:
    """Keep why; their payments go on."""
    form = SettleForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                shared_contacts.settle_shared(code, why=form.why.data or "", by=current_actor(), now=utc_now())
            flash(_("Decided. It is recorded who decided, when and why."))
            return redirect(url_for(".duplicate_list"), 303)
    return _page(code, form), 422


def _page(code: str, form: SettleForm) -> str:
    actor = current_actor()
    asked = request.args.get("page", "1")
    page = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 6 else 1
    homes, has_more = shared_contacts.households_of(code, actor=actor, page=max(page, 1))
    return render_template(
        "households/shared.html",
        case=shared_contacts.get_shared(code, actor=actor),
        homes=homes,
        mine={home.id for home in homes if actor.can(Permission.HOUSEHOLD_READ, home.division_code)},
        more=url_for(".shared_number", code=code, page=page + 1) if has_more else "",
        form=form,
    )
