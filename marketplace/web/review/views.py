"""Pages of review: the queue, one need side by side with what is known, and the decisions."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.kinds import find_member
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.needs import policy, queries, service
from marketplace.needs.checking import lint_of
from marketplace.needs.desk import household_codes, recent_needs, review_queue
from marketplace.needs.models import Need, ReturnReason
from marketplace.needs.service import Seen
from marketplace.web.guard import current_actor, requires
from marketplace.web.matching.refresh import refresh_need
from marketplace.web.needs.overrides import overrides_in, questions
from marketplace.web.needs.remarks import remarks_of
from marketplace.web.review.forms import ApproveForm, PauseForm, ReturnForm, shown_at

bp = Blueprint("review", __name__)
# Reasons that no change of the text mends.
_FINAL = (ReturnReason.NOT_A_NEED, ReturnReason.DUPLICATE, ReturnReason.OTHER)
_REVIEWS = requires(Permission.NEED_REVIEW)


@bp.get("/desk/review")
@_REVIEWS
def queue() -> ResponseReturnValue:
    """What waits for a decision, the oldest first."""
    waiting = review_queue(actor=current_actor())
    return render_template("review/queue.html", waiting=waiting, codes=household_codes(waiting.needs))


@bp.get("/desk/review/<code>")
@_REVIEWS
def show(code: str) -> ResponseReturnValue:
    """One need beside the household's recent help, its prices, the findings and the consent."""
    need = queries.get_need(code, actor=current_actor())
    return _page(need)


@bp.post("/desk/review/<code>/approve")
@_REVIEWS
def approve(code: str) -> ResponseReturnValue:
    """Put the need before the public (R-V2)."""
    need = queries.get_need(code, actor=current_actor())
    form, need_id = _approve_form(need), need.id
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                service.approve_need(
                    code,
                    seen=[seen for seen in Seen if seen.value in form.seen.data],
                    photo_tokens=form.photos.data,
                    overrides=overrides_in(request.form),
                    by=current_actor(),
                    now=utc_now(),
                )
            refresh_need(need_id)
            flash(_("The need is now public."))
            return redirect(url_for(".queue"), 303)
    return _page(need, approve_form=form), 422


@bp.post("/desk/review/<code>/return")
@_REVIEWS
def send_back(code: str) -> ResponseReturnValue:
    """Back to the clerk with one reason."""
    need = queries.get_need(code, actor=current_actor())
    form = _return_form()
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                service.return_need(
                    code, reason=_reason(form), note=form.note.data or "", by=current_actor(), now=utc_now()
                )
            flash(_("Returned. The clerk sees your reason."))
            return redirect(url_for(".queue"), 303)
    return _page(need, return_form=form), 422


@bp.post("/desk/review/<code>/reject")
@_REVIEWS
def reject(code: str) -> ResponseReturnValue:
    """Not to be published."""
    need = queries.get_need(code, actor=current_actor())
    form = _return_form()
    if form.validate_on_submit():
        with shown_at(form):
            with transaction():
                service.reject_need(
                    code, reason=_reason(form), note=form.note.data or "", by=current_actor(), now=utc_now()
                )
            flash(_("Refused. The clerk sees your reason."))
            return redirect(url_for(".queue"), 303)
    return _page(need, return_form=form), 422


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
    return _page(need, pause_form=form), 422


@bp.post("/desk/review/<code>/resume")
@_REVIEWS
def resume(code: str) -> ResponseReturnValue:
    """Put a paused need back into the list."""
    with transaction():
        need = service.resume_need(code, by=current_actor(), now=utc_now())
    flash(_("The need is public again."))
    return redirect(url_for(".show", code=need.code), 303)


def _page(
    need: Need,
    *,
    approve_form: ApproveForm | None = None,
    return_form: ReturnForm | None = None,
    pause_form: PauseForm | None = None,
) -> str:
    actor, now = current_actor(), utc_now()
    findings = lint_of(need, now=now)
    waiting = review_queue(actor=actor).needs
    position = next((i for i, other in enumerate(waiting, start=1) if other.id == need.id), 0)
    return render_template(
        "review/show.html",
        need=need,
        card=queries.preview_card(need) if need.state is NeedState.SUBMITTED else queries.public_card(need),
        household_code=household_codes([need]).get(need.household_id or 0, ""),
        consent=queries.get_consent(need),
        photos=queries.list_photos(need),
        recent=recent_needs(need, now=now),
        reviews=queries.list_reviews(need),
        remarks=remarks_of(findings, need=need),
        questions=questions(findings, typed=request.form),
        bar=policy.review_bar(actor, need),
        is_waiting=need.state is NeedState.SUBMITTED,
        place=position,
        total=len(waiting),
        approve_form=approve_form or _approve_form(need),
        return_form=return_form or _return_form(),
        pause_form=pause_form or PauseForm(),
        reasons=list(ReturnReason),
        refusals=_FINAL,
    )


def _approve_form(need: Need) -> ApproveForm:
    form = ApproveForm()
    form.offer(queries.list_photos(need), has_household=need.household_id is not None)
    return form


def _return_form() -> ReturnForm:
    form = ReturnForm()
    form.offer()
    return form


def _reason(form: ReturnForm) -> ReturnReason:
    return find_member(ReturnReason, form.reason.data) or ReturnReason.OTHER
