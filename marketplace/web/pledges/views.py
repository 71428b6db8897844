"""Pages on which a donor pledges: choose, check, and it is made."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, DomainError, Invalid, NotFound
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.donors.demands import Refused
from marketplace.donors.models import Donor
from marketplace.needs.public import PublicNeed
from marketplace.needs.queries import find_public_need, public_card
from marketplace.pledges import service
from marketplace.pledges.conditions import flag_demand, propose_condition
from marketplace.web.forms import add_error
from marketplace.web.guard import current_actor, public, requires, signed_in
from marketplace.web.i18n import sentence_of
from marketplace.web.pledges.forms import (
    Choice,
    MakeForm,
    PledgeForm,
    form_for,
    make_form,
    pledge_form,
    quantity_words,
    sent_for,
)

bp = Blueprint("pledges", __name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the check page says about a choice."""

    items: list[str]
    value_fen: int
    is_above_budget: bool
    budget_fen: int | None


@bp.get("/needs/<code>/pledge")
@public
def choose(code: str) -> ResponseReturnValue:
    """Choose what to give."""
    card = _card(code)
    return _choose_page(card, form_for(card, current_actor()))


@bp.get("/needs/<code>/pledge/check")
@signed_in
def check(code: str) -> ResponseReturnValue:
    """Read once more what is promised and what comes next."""
    actor, card = current_actor(), _card(code)
    if actor.donor_id is None:
        return redirect(url_for("donors.register", next=request.full_path.rstrip("?")), 303)
    form = form_for(card, actor)
    choice = _read(form)
    if choice is None or card.state is not NeedState.PUBLISHED:
        return _choose_page(card, form), 422
    return _check_page(card, make_form(choice, client_key=secrets.token_hex(16)), choice, actor)


@bp.post("/needs/<code>/pledge")
@requires(Permission.PLEDGE_MAKE)
def make(code: str) -> ResponseReturnValue:
    """Make the promise; the same form sent twice makes one."""
    card, form = _card(code), make_form()
    choice = form.choice()
    if choice is None:
        flash(_("This form was not complete. Please choose once more."))
        return redirect(url_for(".choose", code=card.code), 303)
    actor = current_actor()
    try:
        pledge_code = _make(card, choice, form, by=actor)
    except (Invalid, Conflict) as error:
        flag(error, division=card.township, code=card.code)
        if error.field == "condition":
            add_error(form, error.field, sentence_of(error))
            return _check_page(card, form, choice, actor), error.status
        # What is open now may be less than when the page was drawn.
        now_open = _card(code)
        again = pledge_form(now_open, sent=sent_for(now_open, choice))
        add_error(again, error.field, sentence_of(error))
        return _choose_page(now_open, again), error.status
    flash(_("Thank you. Your pledge is recorded."))
    return redirect(url_for("donors.pledge", code=pledge_code), 303)


def _card(code: str) -> PublicNeed:
    need = find_public_need(code)
    if need is None:
        raise NotFound("There is nothing here that you may see.")
    return public_card(need)


def _read(form: PledgeForm) -> Choice | None:
    try:
        return form.choice()
    except Invalid as error:
        add_error(form, error.field, sentence_of(error))
        return None


def flag(error: DomainError, *, division: str, code: str) -> None:
    """What nobody may ask for is looked at by the county, though the form was refused (fraud 29)."""
    if isinstance(error, Refused):
        with transaction():
            flag_demand(error, division=division, code=code, by=current_actor(), now=utc_now())


def _make(card: PublicNeed, choice: Choice, form: MakeForm, *, by: Actor) -> str:
    with transaction():
        pledge = service.pledge_need(
            card.code,
            quantities=choice.quantities,
            way=choice.way,
            intent=choice.intent,
            shows_name=choice.shows_name,
            shows_amount=choice.shows_amount,
            client_key=form.client_key.data,
            by=by,
            now=utc_now(),
        )
        if form.condition.data and form.condition.data.strip():
            propose_condition(pledge.code, form.condition.data, by=by, now=utc_now())
        return pledge.code


def _summary(card: PublicNeed, choice: Choice, actor: Actor) -> Summary:
    lines = {line.id: line for line in card.lines}
    value = sum(lines[line_id].unit_price_fen * quantity for line_id, quantity in choice.quantities.items())
    donor = db.session.get_one(Donor, actor.donor_id)
    budget = donor.preference.budget_fen
    return Summary(
        items=[quantity_words(lines[line_id], quantity) for line_id, quantity in choice.quantities.items()],
        value_fen=value,
        is_above_budget=budget is not None and value > budget,
        budget_fen=budget,
    )


def _check_page(card: PublicNeed, form: MakeForm, choice: Choice, actor: Actor) -> str:
    return render_template(
        "pledges/check.html",
        card=card,
        form=form,
        choice=choice,
        summary=_summary(card, choice, actor),
        back=f"{url_for('.choose', code=card.code)}?{urlencode(sent_for(card, choice))}",
    )


def _choose_page(card: PublicNeed, form: PledgeForm) -> str:
    return render_template("pledges/choose.html", card=card, form=form)
