"""Pages on which a donor says what to suggest, what is public, and to whom a relation exists."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.divisions import Level, significant
from marketplace.core.errors import NotFound
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.donors import queries, service
from marketplace.regions.queries import list_level
from marketplace.web.donors.blueprint import bp
from marketplace.web.donors.forms import (
    PreferenceForm,
    RelationForm,
    TokenForm,
    VisibilityForm,
    preference_values,
    visibility_values,
)
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires

_ON_OFF = {"on": True, "off": False}


@bp.get("/my/preferences")
@requires(Permission.PLEDGE_MAKE)
def wishes() -> ResponseReturnValue:
    """What I want to give, and what others see of me."""
    return _page()


@bp.post("/my/preferences")
@requires(Permission.PLEDGE_MAKE)
def set_wishes() -> ResponseReturnValue:
    """Save what I want to give."""
    form = PreferenceForm().offer(_areas())
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.set_preference(form.wishes(), by=current_actor(), now=utc_now())
            return _saved()
    return _page(preference=form), 422


@bp.post("/my/preferences/personalised/<choice>")
@requires(Permission.PLEDGE_MAKE)
def personalise(choice: str) -> ResponseReturnValue:
    """Suggestions by my own wishes, or by waiting time alone, in one tap (R-P8)."""
    if choice not in _ON_OFF:
        raise NotFound("There is nothing here that you may see.")
    with transaction():
        service.set_personalised(_ON_OFF[choice], by=current_actor(), now=utc_now())
    return _saved(back=".mine" if request.form.get("back") == "list" else ".wishes")


@bp.post("/my/visibility")
@requires(Permission.PLEDGE_MAKE)
def set_visibility() -> ResponseReturnValue:
    """Save what is proposed for new gifts, and whether a public page exists."""
    form = VisibilityForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.set_visibility(
                    shows_name=form.shows_name.data,
                    shows_amount=form.shows_amount.data,
                    has_public_page=form.has_public_page.data,
                    by=current_actor(),
                    now=utc_now(),
                )
            return _saved()
    return _page(visibility=form), 422


@bp.post("/my/relations")
@requires(Permission.PLEDGE_MAKE)
def declare() -> ResponseReturnValue:
    """Declare a relation to a household."""
    form = RelationForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.declare_relation(
                    form.relation.data, household_code=form.household_code.data, by=current_actor(), now=utc_now()
                )
            return _saved()
    return _page(relation=form), 422


def _saved(*, back: str = ".wishes") -> ResponseReturnValue:
    flash(_("Saved."))
    return redirect(url_for(back), 303)


def _areas() -> list[tuple[str, str]]:
    """The counties of the division that this site serves."""
    home = current_app.config["SETTINGS"].home_division
    return [(division.code, division.name) for division in list_level(Level.COUNTY, area=significant(home))]


def _page(
    *,
    preference: PreferenceForm | None = None,
    visibility: VisibilityForm | None = None,
    relation: RelationForm | None = None,
) -> str:
    donor = queries.get_own_donor(current_actor())
    stored = preference_values(donor.preference)
    return render_template(
        "donors/wishes.html",
        donor=donor,
        preference=preference or PreferenceForm(formdata=None, data=stored).offer(_areas()),
        visibility=visibility or VisibilityForm(formdata=None, data=visibility_values(donor)),
        relation=relation or RelationForm(formdata=None),
        relations=queries.relations_of(donor.id),
        token=TokenForm(),
    )
