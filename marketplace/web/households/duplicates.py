"""Two households that may be one, side by side, and the decision of a person."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length

from marketplace.core.divisions import Level
from marketplace.core.kinds import find_member
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.households import duplicates, queries
from marketplace.households.duplicates import Candidate
from marketplace.households.models import DuplicateVerdict, Household
from marketplace.households.shared_contacts import list_shared
from marketplace.needs.desk import needs_of_household
from marketplace.regions.queries import place_name
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.households.blueprint import bp

_DECIDES = requires(Permission.DUPLICATE_DECIDE)


class VerdictForm(BaseForm):
    """One household or two, and how one knows."""

    verdict = RadioField(_l("Are they one household?"), [InputRequired(_l("Choose whether they are one household."))])
    why = StringField(_l("How you know"), [Length(max=200)])

    def offer(self) -> None:
        """The closed list."""
        self.verdict.choices = [(verdict.value, term(verdict)) for verdict in DuplicateVerdict]


@bp.get("/desk/duplicates")
@_DECIDES
def duplicate_list() -> ResponseReturnValue:
    """Pairs that wait for a decision."""
    actor = current_actor()
    found, shared = duplicates.list_duplicates(actor=actor), list_shared(actor=actor)
    places = {home.id: place_name(home.division_code, Level.VILLAGE) for c in found for home in (c.first, c.second)}
    return render_template("households/duplicates.html", candidates=found, places=places, shared=shared)


@bp.get("/desk/duplicates/<first>/<second>")
@_DECIDES
def duplicate(first: str, second: str) -> ResponseReturnValue:
    """The two side by side, masked as in every list."""
    candidate = duplicates.get_duplicate(first, second, actor=current_actor())
    form = VerdictForm(formdata=None)
    form.offer()
    return _page(candidate, form)


@bp.post("/desk/duplicates/<first>/<second>")
@_DECIDES
def decide(first: str, second: str) -> ResponseReturnValue:
    """Keep what was decided."""
    form = VerdictForm()
    form.offer()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                duplicates.decide_duplicate(
                    first,
                    second,
                    verdict=find_member(DuplicateVerdict, form.verdict.data),
                    why=form.why.data or "",
                    by=current_actor(),
                    now=utc_now(),
                )
            flash(_("Decided. It is recorded who decided, when and why."))
            return redirect(url_for(".duplicate_list"), 303)
    return _page(duplicates.get_duplicate(first, second, actor=current_actor()), form), 422


def _page(candidate: Candidate, form: VerdictForm) -> str:
    return render_template(
        "households/duplicate.html",
        candidate=candidate,
        sides=[_side(candidate.first), _side(candidate.second)],
        form=form,
    )


def _side(household: Household) -> dict[str, Any]:
    return {
        "household": household,
        "place": place_name(household.division_code, Level.VILLAGE),
        "members": queries.masked_members(household, on=china_day(utc_now())),
        "phone": queries.masked_phone(household),
        "account": queries.masked_account(household),
        "needs": len(needs_of_household(household.id)),
        "is_mine": current_actor().can(Permission.HOUSEHOLD_READ, household.division_code),
    }
