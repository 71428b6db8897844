"""A need's page for whoever holds its paper slip: from any phone, without an account, for ten minutes."""

from dataclasses import dataclass
from datetime import timedelta

from flask import flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from marketplace.core.errors import NotFound
from marketplace.core.kinds import find_member
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.fulfilment import service
from marketplace.fulfilment.queries import awaits_household
from marketplace.grievances.queries import upheld_about
from marketplace.needs import queries
from marketplace.needs.models import Need, Purpose, WithdrawnBy
from marketplace.needs.pausing import find_pause
from marketplace.pledges.conditions import accepted_conditions
from marketplace.web.filters import day, term
from marketplace.web.forms import BaseForm, add_error
from marketplace.web.fulfilment.blueprint import bp
from marketplace.web.guard import current_actor, public
from marketplace.web.i18n import say as _
from marketplace.web.needs.story import timeline_of
from marketplace.web.security import few_wrong_slips

_UNPROCESSABLE = 422
_KEY, _SHOWN_FOR = "slip_read", timedelta(minutes=10)
_WRONG = "This code is not right. Please compare it with the slip, letter by letter."


class CodeForm(BaseForm):
    """The code on the slip."""

    slip = StringField(
        _l("The code on the slip"), [DataRequired(_l("Write the code that stands on the slip.")), Length(max=20)]
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a need stands for its household: in a sentence, and what comes next."""

    now: str
    next: str


@bp.get("/slip")
@public
def by_slip() -> ResponseReturnValue:
    """Where the need stands, or the question for the code."""
    need = _shown_need()
    return _ask(CodeForm(formdata=None)) if need is None else _show(need)


@bp.post("/slip")
@public
@few_wrong_slips
def open_slip() -> ResponseReturnValue:
    """Open the page with a typed code; every wrong code is told the same."""
    form = CodeForm()
    if form.validate_on_submit():
        return _enter(form, form.slip.data)
    return _ask(form), _UNPROCESSABLE


@bp.get("/slip/<code>")
@public
@few_wrong_slips
def scan_slip(code: str) -> ResponseReturnValue:
    """Open the page with the code of the printed square; the code leaves the address at once."""
    return _enter(CodeForm(formdata=None), code)


@bp.post("/slip/confirm")
@public
def confirm_slip() -> ResponseReturnValue:
    """The household says whether the help arrived."""
    slip, arrived = _slip(), request.form.get("arrived") == "yes"
    with transaction():
        service.confirm_by_slip(
            slip, arrived=arrived, note=request.form.get("note", ""), by=current_actor(), now=utc_now()
        )
    if arrived:
        flash(_("Thank you. Your answer is recorded: it arrived."))
    else:
        flash(_("Thank you. Your answer is recorded: it did not arrive. The township looks into it."))
    return redirect("/slip", 303)


@bp.post("/slip/withdraw")
@public
def withdraw_by_slip() -> ResponseReturnValue:
    """The household takes its agreement back, as easily as it gave it (R-P5)."""
    slip = _slip()
    purpose = find_member(Purpose, request.form.get("purpose")) or Purpose.PUBLICATION
    with transaction():
        need = queries.find_need_by_slip(slip)
        if need is None:
            raise NotFound(_WRONG)
        service.take_back_consent(need, purpose=purpose, how=WithdrawnBy.SLIP, by=current_actor(), now=utc_now())
    flash(_("The agreement is taken back. What it allowed has ended."))
    return redirect("/slip", 303)


@bp.post("/slip/leave")
@public
def leave_slip() -> ResponseReturnValue:
    """Forget the code: the phone may be a neighbour's."""
    session.pop(_KEY, None)
    return redirect("/slip", 303)


def _enter(form: CodeForm, typed: str) -> ResponseReturnValue:
    if queries.find_need_by_slip(typed) is None:
        add_error(form, "slip", _(_WRONG))
        return _ask(form), _UNPROCESSABLE
    session[_KEY] = [typed, int((utc_now() + _SHOWN_FOR).timestamp())]
    return redirect("/slip", 303)


def _slip() -> str:
    """The code that was opened here within ten minutes."""
    kept = session.get(_KEY)
    if not kept or kept[1] < utc_now().timestamp():
        raise NotFound("Type the code on the slip again: it is shown for ten minutes.")
    return str(kept[0])


def _shown_need() -> Need | None:
    kept = session.get(_KEY)
    if not kept or kept[1] < utc_now().timestamp():
        return None
    return queries.find_need_by_slip(str(kept[0]))


def _ask(form: CodeForm) -> str:
    return render_template("fulfilment/slip_ask.html", form=form)


def _show(need: Need) -> str:
    consent = queries.get_consent(need)
    return render_template(
        "fulfilment/slip.html",
        need=need,
        standing=_standing(need),
        events=timeline_of(need),
        awaits=awaits_household(need.id),
        conditions=accepted_conditions(need.id),
        agreed=[row for row in (consent.purposes if consent else []) if row.withdrawn_at is None],
        is_public=queries.is_public(need),
        form=CodeForm(formdata=None),
    )


def _standing(need: Need) -> Standing:
    if need.hidden_at is not None:
        return Standing(_("You have taken your agreement back."), _("Nothing of it is public any more."))
    if need.state is NeedState.SUSPENDED and (pause := find_pause(need)) is not None:
        since = _("It is paused since %(day)s: %(cause)s.", day=day(pause.started_at), cause=term(pause.cause))
        return Standing(since, _("What was promised stays promised. Ask the township, or call the hotline."))
    if need.state is NeedState.WITHDRAWN and upheld_about(need):
        return Standing(
            _("It was withdrawn after a complaint that was found to be right."),
            _("Ask the township, or call the hotline."),
        )
    told: dict[NeedState, tuple[str, str]] = {
        NeedState.DRAFT: (_("It is being written."), _("The village clerk sends it to the township.")),
        NeedState.SUBMITTED: (
            _("The township is looking at it."),
            _("You will have an answer within 3 working days."),
        ),
        NeedState.RETURNED: (
            _("The township asked the clerk to change something."),
            _("The village clerk puts it right and sends it again."),
        ),
        NeedState.REJECTED: (_("It will not be published."), _("Ask the village clerk why, or call the hotline.")),
        NeedState.PUBLISHED: (_("It is public and waits for a pledge."), _("When somebody pledges, it stands here.")),
        NeedState.PLEDGED: (
            _("Somebody has promised all of it."),
            _("The village brings it when it has arrived. Keep this slip."),
        ),
        NeedState.DELIVERED: (
            _("The village says that it was handed over."),
            _("Say whether it arrived. Then a second person looks."),
        ),
        NeedState.CONFIRMED: (_("You and a second person have confirmed it."), _("The donor is told how it went.")),
        NeedState.CLOSED: (_("It is done, and the donor has been told."), _("There is nothing more to do.")),
        NeedState.SUSPENDED: (
            _("It is paused while something is looked into."),
            _("Ask the township, or call the hotline."),
        ),
        NeedState.WITHDRAWN: (
            _("It was taken back."),
            _("If it is needed after all, ask the village clerk to post it again."),
        ),
        NeedState.EXPIRED: (
            _("Nobody pledged in time."),
            _("If it is still needed, ask the village clerk to post it again."),
        ),
    }
    return Standing(*told[need.state])
