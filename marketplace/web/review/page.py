"""One need as a reviewer sees it: everything side by side, and the forms that fit where it stands."""

from flask import render_template, request

from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db.clock import utc_now
from marketplace.needs import policy, queries
from marketplace.needs.checking import lint_of
from marketplace.needs.desk import household_codes, recent_needs
from marketplace.needs.marking import Mark, marks_of
from marketplace.needs.models import Need, ReturnReason
from marketplace.needs.pausing import find_pause
from marketplace.needs.queueing import after, answer_due, review_queue
from marketplace.needs.rechecking import find_recheck
from marketplace.needs.reviewing import may_take_back
from marketplace.needs.similar import similar_needs
from marketplace.web.guard import current_actor
from marketplace.web.i18n import say
from marketplace.web.needs.overrides import questions
from marketplace.web.needs.remarks import Remark, remarks_of
from marketplace.web.review.forms import ApproveForm, PauseForm, RecheckForm, ReturnForm

# Reasons that no change of the text mends.
_FINAL = (ReturnReason.NOT_A_NEED, ReturnReason.DUPLICATE, ReturnReason.OTHER)
# Rules that the lint does not know: they look beside the need, at people and at other needs.
_BESIDE = (
    "kin_of_poster",
    "staff_phone",
    "shared_contact",
    "revoked_before",
    "on_list",
    "helped_already",
    "far_amount",
    "near_limit",
)


def show_page(
    need: Need,
    *,
    last: Need | None = None,
    approving: ApproveForm | None = None,
    returning: ReturnForm | None = None,
    rechecking: RecheckForm | None = None,
    pausing: PauseForm | None = None,
) -> str:
    """The page, with the form that was refused in place of an empty one."""
    actor, now = current_actor(), utc_now()
    findings = lint_of(need, now=now)
    queue = review_queue(actor=actor, now=now)
    following = after(queue, need.id)
    is_waiting = need.state is NeedState.SUBMITTED
    recheck = _recheck_of(need)
    forms = [approving or approve_form(need), returning or return_form()]
    for form in forms:
        form.open(need.code, now)
    return render_template(
        "review/show.html",
        need=need,
        card=queries.preview_card(need) if is_waiting else queries.public_card(need),
        household_code=household_codes([need]).get(need.household_id or 0, ""),
        consent=queries.get_consent(need),
        photos=queries.list_photos(need),
        recent=recent_needs(need, now=now),
        similar=[
            (other, policy.may_read(actor, other.need), queries.is_public(other.need))
            for other in (similar_needs(need, now=now) if is_waiting or recheck else [])
        ],
        reviews=queries.list_reviews(need),
        remarks=[*_beside(need), *remarks_of(findings, need=need)],
        stands_out=need.is_flagged or any(finding.severity != "note" for finding in findings),
        questions=questions(findings, typed=request.form),
        bar=policy.review_bar(actor, need) or policy.turn_bar(actor, need),
        is_waiting=is_waiting,
        is_second=need.first_reviewer_id is not None,
        due=answer_due(need),
        place=next((i for i, other in enumerate(queue.needs, start=1) if other.id == need.id), 0),
        total=len(queue.rows),
        following=following,
        last=last,
        may_take_back=may_take_back(last or need, by=actor, now=now),
        recheck=recheck,
        pause=find_pause(need),
        approve_form=forms[0],
        return_form=forms[1],
        recheck_form=rechecking or _recheck_form(),
        pause_form=pausing or PauseForm(),
        reasons=list(ReturnReason),
        refusals=_FINAL,
    )


def approve_form(need: Need) -> ApproveForm:
    """What may be ticked for this need."""
    form = ApproveForm()
    form.offer(queries.list_photos(need), has_household=need.household_id is not None)
    return form


def return_form() -> ReturnForm:
    """The ready reasons."""
    form = ReturnForm()
    form.offer()
    return form


def _recheck_form() -> RecheckForm:
    form = RecheckForm(formdata=None)
    form.offer()
    return form


def _recheck_of(need: Need) -> object | None:
    """The draw that waits for this reader, if he may decide it."""
    actor = current_actor()
    drawn = find_recheck(need)
    may = actor.can(Permission.NEED_REVIEW_AGAIN, need.division_code)
    return drawn if may and drawn is not None and drawn.done_at is None else None


def _beside(need: Need) -> list[Remark]:
    return [_remark(mark) for mark in marks_of(need) if mark.rule in _BESIDE]


def _remark(mark: Mark) -> Remark:
    look = "late" if mark.flags else "wait"
    return Remark(look, look, say(mark.message, **mark.params), is_good=False)
