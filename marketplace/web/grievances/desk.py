"""The desk's complaints: the overdue first; take one on, answer it, decide it, say what was put right."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.grievances import policy, queries, service
from marketplace.grievances.fraud_queries import find_case
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.grievances import fraud as _fraud  # noqa: F401  (registers its views)
from marketplace.web.grievances.forms import AnswerForm, CloseForm, DecisionForm
from marketplace.web.grievances.views import bp
from marketplace.web.guard import current_actor, requires

__all__ = ["bp"]
_HANDLES = requires(Permission.GRIEVANCE_HANDLE)


@bp.get("/desk/grievances")
@_HANDLES
def index() -> ResponseReturnValue:
    """What is to be answered and decided, the overdue first; or what is decided."""
    actor, today = current_actor(), china_day(utc_now())
    decided = request.args.get("decided") == "1"
    rows = queries.list_grievances(actor, today=today, decided=decided)
    return render_template(
        "grievances/index.html",
        rows=rows,
        subjects={row.id: queries.subject_code(row) for row in rows},
        decided=decided,
        today=today,
        counts=queries.count_open(actor, today=today),
    )


@bp.get("/desk/grievances/<code>")
@_HANDLES
def show(code: str) -> ResponseReturnValue:
    """One complaint with what may be done about it."""
    return _page(code)


@bp.post("/desk/grievances/<code>/assign")
@_HANDLES
def assign(code: str) -> ResponseReturnValue:
    """I answer this one."""
    with transaction():
        service.take_on(code, by=current_actor(), now=utc_now())
    flash(_("It is yours now. Answer by the day that stands there."))
    return redirect(url_for(".show", code=code), 303)


@bp.post("/desk/grievances/<code>/answer")
@_HANDLES
def answer(code: str) -> ResponseReturnValue:
    """The answer that whoever has the ticket reads."""
    form = AnswerForm()
    return _act(code, form, lambda: _run(service.answer, code, words=form.words.data), _("The answer is public now."))


@bp.post("/desk/grievances/<code>/uphold")
@_HANDLES
def uphold(code: str) -> ResponseReturnValue:
    """The complaint is right."""
    form = DecisionForm()
    return _act(code, form, lambda: _run(service.uphold, code, reason=form.reason.data), _("Recorded as right."))


@bp.post("/desk/grievances/<code>/dismiss")
@_HANDLES
def dismiss(code: str) -> ResponseReturnValue:
    """The complaint is not right."""
    form = DecisionForm()
    return _act(code, form, lambda: _run(service.dismiss, code, reason=form.reason.data), _("Recorded as not right."))


@bp.post("/desk/grievances/<code>/close")
@_HANDLES
def close(code: str) -> ResponseReturnValue:
    """The case is done."""
    form = CloseForm()
    return _act(code, form, lambda: _run(service.close, code, put_right=form.put_right.data or ""), _("Closed."))


def _run(act: Callable[..., Any], code: str, **said: str) -> None:
    with transaction():
        act(code, by=current_actor(), now=utc_now(), **said)


def _act(code: str, form: BaseForm, do: Callable[[], None], done: str) -> ResponseReturnValue:
    if form.validate_on_submit():
        with form_errors(form):
            do()
            flash(done)
            return redirect(url_for(".show", code=code), 303)
    return _page(code, form), 422


def _page(code: str, failed: BaseForm | None = None) -> str:
    """The page; a form that failed comes back as it was typed."""
    actor = current_actor()
    grievance = queries.get_grievance(code, actor=actor)
    forms = {kind: failed if isinstance(failed, kind) else kind(formdata=None) for kind in _FORMS}
    return render_template(
        "grievances/show.html",
        grievance=grievance,
        subject=queries.subject_code(grievance),
        bar=policy.handling_bar(actor, grievance),
        case=find_case(grievance),
        is_mine=grievance.assigned_to == actor.user_id,
        today=china_day(utc_now()),
        answer_form=forms[AnswerForm],
        decision_form=forms[DecisionForm],
        close_form=forms[CloseForm],
    )


_FORMS: tuple[type[BaseForm], ...] = (AnswerForm, DecisionForm, CloseForm)
