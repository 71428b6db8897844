"""Declare one's relatives; the county keeps the declarations of the staff of its area."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.accounts.models import User
from marketplace.core.kinds import find_member
from marketplace.core.permissions import Permission
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.relatives import queries
from marketplace.relatives.models import Kinship
from marketplace.relatives.service import Named, declare, end_relation, give_id_number
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.relatives.forms import DeclareForm, EndForm, OwnNumberForm

bp = Blueprint("relatives", __name__)
_STAFF = requires(Permission.DESK_OPEN)
_COUNTY = requires(Permission.ROLE_GRANT)


@bp.get("/desk/relatives")
@_STAFF
def own() -> ResponseReturnValue:
    """What I have declared, and the form for one more."""
    return _page(_me())


@bp.post("/desk/relatives")
@_STAFF
def declare_own() -> ResponseReturnValue:
    """Declare somebody of one's own."""
    return _declare(_me(), None)


@bp.post("/desk/relatives/number")
@_STAFF
def own_number() -> ResponseReturnValue:
    """Keep the keyed trace of one's own ID number (Z6)."""
    form = OwnNumberForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                give_id_number(form.own_id_number.data or "", by=current_actor(), now=utc_now())
            flash(_("Kept. Only a keyed trace of it is stored."))
            return redirect(url_for(".own"), 303)
    return _page(_me(), numbering=form), 422


@bp.get("/desk/people/<int:grant_id>/relatives")
@_COUNTY
def of_colleague(grant_id: int) -> ResponseReturnValue:
    """What a member of staff of the area has declared."""
    return _page(queries.get_staff(grant_id, actor=current_actor()), grant_id)


@bp.post("/desk/people/<int:grant_id>/relatives")
@_COUNTY
def declare_for(grant_id: int) -> ResponseReturnValue:
    """The county records what it knows of somebody."""
    return _declare(queries.get_staff(grant_id, actor=current_actor()), grant_id)


@bp.post("/desk/people/<int:grant_id>/relatives/<int:relation_id>/end")
@_COUNTY
def end(grant_id: int, relation_id: int) -> ResponseReturnValue:
    """A relation that no longer holds."""
    with transaction():
        end_relation(relation_id, by=current_actor(), now=utc_now())
    flash(_("The declaration has ended."))
    return redirect(url_for(".of_colleague", grant_id=grant_id), 303)


def _declare(person: User, grant_id: int | None) -> ResponseReturnValue:
    form, person_id = _form(), person.id
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                declare(
                    Named(form.household_code.data or "", form.phone.data or "", form.id_number.data or ""),
                    kinship=find_member(Kinship, form.kinship.data),
                    user=db.session.get_one(User, person_id),
                    by=current_actor(),
                    now=utc_now(),
                )
            flash(_("Declared. Needs of this person go to somebody else."))
            back = url_for(".own") if grant_id is None else url_for(".of_colleague", grant_id=grant_id)
            return redirect(back, 303)
    return _page(db.session.get_one(User, person_id), grant_id, declaring=form), 422


def _page(
    person: User,
    grant_id: int | None = None,
    *,
    declaring: DeclareForm | None = None,
    numbering: OwnNumberForm | None = None,
) -> str:
    declared = queries.list_declared(person.id)
    return render_template(
        "relatives/index.html",
        person=person,
        grant_id=grant_id,
        declared=declared,
        codes=queries.household_codes(declared),
        names=queries.user_names(declared),
        may_end=grant_id is not None and queries.works_under(current_actor(), person),
        form=declaring or _form(),
        number_form=numbering or OwnNumberForm(),
        end_form=EndForm(formdata=None),
    )


def _form() -> DeclareForm:
    form = DeclareForm()
    form.offer()
    return form


def _me() -> User:
    return db.session.get_one(User, current_actor().user_id)
