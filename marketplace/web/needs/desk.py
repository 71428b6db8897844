"""The clerk's list of needs, one need's state, and taking one back."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.kinds import find_member
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.grievances.queries import upheld_about
from marketplace.needs import policy, queries, service
from marketplace.needs.checking import lint_of
from marketplace.needs.desk import count_by_state, household_codes, list_desk_needs
from marketplace.needs.drafts import EDITABLE, missing_step
from marketplace.needs.models import Need
from marketplace.needs.pausing import list_pauses
from marketplace.needs.queueing import answer_due
from marketplace.needs.repeating import is_template
from marketplace.needs.service import Step
from marketplace.web.guard import current_actor, requires
from marketplace.web.i18n import say
from marketplace.web.needs.blueprint import bp
from marketplace.web.needs.forms import ActForm
from marketplace.web.needs.remarks import remarks_of


@bp.get("/desk/needs")
@requires(Permission.NEED_READ, Permission.OWN_NEED_CONFIRM)
def desk() -> ResponseReturnValue:
    """Needs of the area by state; what has to be done comes first."""
    counts = count_by_state(actor=current_actor())
    state = find_member(NeedState, request.args.get("state")) or next(iter(counts), NeedState.DRAFT)
    page = request.args.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 6 else 1
    rows, has_more = list_desk_needs(state, actor=current_actor(), page=max(number, 1))
    more = url_for(".desk", state=state.value, page=number + 1) if has_more else ""
    return render_template("needs/desk.html", rows=rows, counts=counts, state=state, more=more)


@bp.get("/desk/needs/<code>")
@requires(Permission.NEED_READ, Permission.OWN_NEED_CONFIRM)
def status(code: str) -> ResponseReturnValue:
    """Where one need stands, what the reviewer said, and what to do next."""
    need = queries.get_need(code, actor=current_actor())
    return render_template(
        "needs/status.html",
        need=need,
        household_code=household_codes([need]).get(need.household_id or 0, ""),
        consent=queries.get_consent(need),
        reviews=queries.list_reviews(need),
        photos=queries.list_photos(need),
        remarks=remarks_of(lint_of(need, now=utc_now()), need=need),
        may_edit=policy.may_edit(current_actor(), need),
        is_public=queries.is_public(need),
        may_repeat=need.state not in EDITABLE and bool(need.lines),
        is_template=is_template(need, actor=current_actor()),
        again_key=secrets.token_urlsafe(24),
        next_step=missing_step(need) or Step.CHECK,
        next_words=_waiting_words(need) or _next_words(need),
        pauses=list_pauses(need),
        form=ActForm(),
    )


@bp.post("/desk/needs/<code>/withdraw")
@requires(Permission.NEED_POST, Permission.OWN_NEED_CONFIRM)
def withdraw(code: str) -> ResponseReturnValue:
    """Take a need back."""
    with transaction():
        need = service.withdraw_need(code, by=current_actor(), now=utc_now())
    flash(_("The need has been taken back."))
    return redirect(url_for(".status", code=need.code), 303)


def _waiting_words(need: Need) -> str:
    """By when a need that was sent is answered, in working days; empty for any other."""
    due = answer_due(need)
    if due is None:
        return ""
    if due < china_day(utc_now()):
        return say("This answer is overdue since %(day)s. Ask the reviewer, or call the hotline.", day=due.isoformat())
    if need.first_reviewer_id is not None:
        return say(
            "The township has approved it. Something stands out, so that the county decides by %(day)s.",
            day=due.isoformat(),
        )
    return say(
        "The township answers within 3 working days: by %(day)s. There is nothing to do now.", day=due.isoformat()
    )


def _next_words(need: Need) -> str:
    """What the clerk does next, in a sentence."""
    if need.hidden_at is not None:
        return str(_("The household took its agreement back: nothing of this need is public any more."))
    if need.state is NeedState.WITHDRAWN and upheld_about(need):
        return str(_("Withdrawn for good after a complaint that was found to be right. Nothing is handed over."))
    words: dict[NeedState, str] = {
        NeedState.DRAFT: _("This is a draft. Finish it and send it to the township."),
        NeedState.RETURNED: _("Change what the reviewer names, then send it again."),
        NeedState.SUBMITTED: _("The township looks at it within 3 working days. There is nothing to do now."),
        NeedState.REJECTED: _("It will not be published. Tell the household why."),
        NeedState.PUBLISHED: _("It is public and waits for a pledge."),
        NeedState.PLEDGED: _("Everything is pledged. Hand the help over when it arrives, with a photo of the thing."),
        NeedState.DELIVERED: _("Delivered. The household and a second person confirm it."),
        NeedState.CONFIRMED: _("Confirmed. Write to the donors how it went."),
        NeedState.CLOSED: _("Done: the donors have been told."),
        NeedState.SUSPENDED: _("Paused by a reviewer while something is looked into."),
        NeedState.WITHDRAWN: _("Taken back. If it is needed after all, post a new one."),
        NeedState.EXPIRED: _("Nobody pledged in time. Ask the household, and post it again if it is still needed."),
    }
    return words[need.state]
