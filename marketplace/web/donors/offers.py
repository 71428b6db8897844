"""A donor answers an offer: yes or no, with one tap each."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.pledges.offering import accept_offer, decline_offer
from marketplace.web.donors.blueprint import bp
from marketplace.web.guard import current_actor, requires


@bp.post("/my/pledges/<code>/accept")
@requires(Permission.PLEDGE_MAKE)
def accept(code: str) -> ResponseReturnValue:
    """Yes: the offer becomes a pledge, if what it names is still open."""
    with transaction():
        accept_offer(code, by=current_actor(), now=utc_now())
    flash(_("Thank you. Your pledge is recorded."))
    return redirect(url_for(".pledge", code=code), 303)


@bp.post("/my/pledges/<code>/decline")
@requires(Permission.PLEDGE_MAKE)
def decline(code: str) -> ResponseReturnValue:
    """No; nobody asks why."""
    with transaction():
        decline_offer(code, by=current_actor(), now=utc_now())
    flash(_("Thank you for the answer. The need stays open to others."))
    return redirect(url_for(".mine"), 303)
