"""The county's page on the review: second looks, disagreements, signals of collusion; and what everybody may know."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.accounts.models import User
from marketplace.core.permissions import Permission
from marketplace.db import db, transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.grievances.fraud_queries import list_cases
from marketplace.needs.rechecking import list_disagreements, list_rechecks
from marketplace.needs.review_figures import review_figures
from marketplace.needs.review_models import ReviewSignal
from marketplace.needs.signal_reveals import list_reveals
from marketplace.needs.signals import close_signal, find_signals, list_signals
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, public, requires
from marketplace.web.review.forms import CloseForm

bp = Blueprint("oversight", __name__)
_READS = requires(Permission.SIGNAL_READ)
_EVERYWHERE = ("",)


@bp.get("/desk/oversight")
@_READS
def index() -> ResponseReturnValue:
    """What waits for a second look, where it did not agree, and what looks as if nobody had looked."""
    return _page(CloseForm(formdata=None), 0)


@bp.post("/desk/oversight/signals")
@requires(Permission.SIGNAL_CLOSE)
def look() -> ResponseReturnValue:
    """Look for signals now instead of at night."""
    with transaction():
        found = find_signals(now=utc_now(), by=current_actor())
    flash(_("%(count)s new signals.", count=found))
    return redirect(url_for(".index"), 303)


@bp.post("/desk/oversight/signals/<int:signal_id>/close")
@requires(Permission.SIGNAL_CLOSE)
def close(signal_id: int) -> ResponseReturnValue:
    """Close a signal with what was found (F2)."""
    form = CloseForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                close_signal(signal_id, reason=form.reason.data or "", by=current_actor(), now=utc_now())
            flash(_("The signal is closed."))
            return redirect(url_for(".index"), 303)
    return _page(form, signal_id), 422


@bp.get("/how-needs-are-checked")
@public
def explained() -> ResponseReturnValue:
    """How a need is checked before it is public, and how often a second look did not agree: sums only."""
    return render_template("review/explained.html", figures=review_figures(_EVERYWHERE))


def _page(form: CloseForm, refused: int) -> str:
    actor = current_actor()
    areas = actor.areas(Permission.SIGNAL_READ)
    signals, closed = list_signals(actor=actor), list_signals(actor=actor, closed=True)
    return render_template(
        "review/oversight.html",
        rechecks=list_rechecks(actor=actor),
        disagreements=list_disagreements(areas),
        figures=review_figures(areas),
        cases=list_cases(actor),
        today=china_day(utc_now()),
        signals=signals,
        closed=closed,
        names=_names([*signals, *closed]),
        looks={signal.id: list_reveals(signal) for signal in (*signals, *closed)},
        form=form,
        refused=refused,
    )


def _names(signals: list[ReviewSignal]) -> dict[int, str]:
    """Who is named: staff of the area, for whoever looks into it."""
    ids = {named for signal in signals for named in (signal.user_id, signal.other_user_id)}
    return {user.id: user.name for user_id in ids if (user := db.session.get(User, user_id)) is not None}
