"""Pages of review: the queue, one need side by side with what is known, and the decisions."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.kinds import find_member
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.needs import queries, service
from marketplace.needs.desk import household_codes
from marketplace.needs.models import Need, ReturnReason
from marketplace.needs.queueing import after, review_queue
from marketplace.needs.service import Seen
from marketplace.notices.service import ensure_may_be_published
from marketplace.web.guard import current_actor, requires
from marketplace.web.needs.overrides import overrides_in
from marketplace.web.review.forms import PauseForm, RecheckForm, shown_at
from marketplace.web.review.page import approve_form, return_form, show_page
from marketplace.web.review.reasons import reasons_of

bp = Blueprint("review", __name__)
_REVIEWS = requires(Permission.NEED_REVIEW)
AFTER = "after"


@bp.get("/desk/review")
@_REVIEWS
def queue() -> ResponseReturnValue:
    """What waits for a decision: the first due first, each with why it stands there."""
    waiting = review_queue(actor=current_actor(), now=utc_now())
    return render_template(
        "review/queue.html",
        waiting=waiting,
        codes=household_codes(waiting.needs),
        reasons={row.need.id: reasons_of(row) for row in waiting.rows},
        last=_last_decided(),
        form=PauseForm(formdata=None),
    )


@bp.get("/desk/review/<code>")
@_REVIEWS
def show(code: str) -> ResponseReturnValue:
    """One need beside the household's recent help, what reads like it, its prices, the findings and the consent."""
    need = queries.get_need(code, actor=current_actor())
    return show_page(need, last=_last_decided())


@bp.post("/desk/review/<code>/approve")
@_REVIEWS
def approve(code: str) -> ResponseReturnValue:
    """Put the need before the public (R-V2), or on to the county where something stands out."""
    need = queries.get_need(code, actor=current_actor())
    form, onward = approve_form(need), _onward(need)
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                ensure_may_be_published(queries.get_need(code, actor=current_actor()))
                decided = service.approve_need(
                    code,
                    seen=[seen for seen in Seen if seen.value in form.seen.data],
                    photo_tokens=form.photos.data,
                    overrides=overrides_in(request.form),
                    opened_at=form.opened_at(need.code),
                    by=current_actor(),
                    now=utc_now(),
                )
                is_public = decided.state is NeedState.PUBLISHED
            flash(_("The need is now public.") if is_public else _("Approved once. The county decides now."))
            return redirect(onward, 303)
    return show_page(need, approving=form), 422


@bp.post("/desk/review/<code>/return")
@_REVIEWS
def send_back(code: str) -> ResponseReturnValue:
    """Back to the clerk with one reason."""
    need = queries.get_need(code, actor=current_actor())
    form, onward = return_form(), _onward(need)
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                service.return_need(
                    code,
                    reason=_reason(form.reason.data),
                    note=form.note.data or "",
                    opened_at=form.opened_at(need.code),
                    by=current_actor(),
                    now=utc_now(),
                )
            flash(_("Returned. The clerk sees your reason."))
            return redirect(onward, 303)
    return show_page(need, returning=form), 422


@bp.post("/desk/review/<code>/reject")
@_REVIEWS
def reject(code: str) -> ResponseReturnValue:
    """Not to be published."""
    need = queries.get_need(code, actor=current_actor())
    form, onward = return_form(), _onward(need)
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                service.reject_need(
                    code,
                    reason=_reason(form.reason.data),
                    note=form.note.data or "",
                    opened_at=form.opened_at(need.code),
                    by=current_actor(),
                    now=utc_now(),
                )
            flash(_("Refused. The clerk sees your reason."))
            return redirect(onward, 303)
    return show_page(need, returning=form), 422


@bp.post("/desk/review/<code>/take-back")
@_REVIEWS
def take_back(code: str) -> ResponseReturnValue:
    """Undo one's own return of a moment ago."""
    with transaction():
        need = service.take_return_back(code, by=current_actor(), now=utc_now())
    flash(_("The return is taken back: the need waits for review again."))
    return redirect(url_for(".show", code=need.code), 303)


@bp.post("/desk/review/<code>/again")
@requires(Permission.NEED_REVIEW_AGAIN)
def look_again(code: str) -> ResponseReturnValue:
    """The county's second look at an approval: right, or not."""
    need = queries.get_need(code, actor=current_actor())
    form = RecheckForm()
    form.offer()
    agrees = request.form.get("agrees") == "yes"
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                service.decide_recheck(
                    code,
                    agrees=agrees,
                    reason=find_member(ReturnReason, form.reason.data),
                    note=form.note.data or "",
                    by=current_actor(),
                    now=utc_now(),
                )
            flash(
                _("Noted: you agree.")
                if agrees
                else _("Noted: you do not agree. What is not handed over yet is paused.")
            )
            return redirect(url_for("oversight.index"), 303)
    return show_page(need, rechecking=form), 422


@bp.post("/desk/review/<code>/suspend")
@_REVIEWS
def suspend(code: str) -> ResponseReturnValue:
    """Pause a public need while something is looked into."""
    need = queries.get_need(code, actor=current_actor())
    form = PauseForm()
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                service.suspend_need(code, note=form.note.data or "", by=current_actor(), now=utc_now())
            flash(_("The need is paused: nobody can pledge to it now."))
            return redirect(url_for(".show", code=need.code), 303)
    return show_page(need, pausing=form), 422


@bp.post("/desk/review/<code>/resume")
@_REVIEWS
def resume(code: str) -> ResponseReturnValue:
    """Put a paused need back into the list."""
    with transaction():
        need = service.resume_need(code, by=current_actor(), now=utc_now())
    flash(_("The need is public again."))
    return redirect(url_for(".show", code=need.code), 303)


def _onward(need: Need) -> str:
    """After the decision: the next need, or the queue once nothing is left; both say what was decided last."""
    following = after(review_queue(actor=current_actor(), now=utc_now()), need.id)
    place = url_for(".show", code=following.code) if following else url_for(".queue")
    return f"{place}?{AFTER}={need.code}"


def _last_decided() -> Need | None:
    """The need that this person decided just before, so that there is a way back to it."""
    need = queries.find_need(request.args.get(AFTER, ""))
    may_see = need is not None and current_actor().can(Permission.NEED_REVIEW, need.division_code)
    return need if may_see else None


def _reason(code: str | None) -> ReturnReason:
    return find_member(ReturnReason, code) or ReturnReason.OTHER
