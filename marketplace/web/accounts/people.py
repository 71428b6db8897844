"""The staff of an area, as its administrator sees and changes it."""

from flask import flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.accounts import queries, service
from marketplace.core.actor import Actor
from marketplace.core.divisions import DIGITS, Level
from marketplace.core.masking import mask_phone
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.regions.queries import list_level, place_name
from marketplace.web.accounts.forms import ColleagueForm, GrantForm
from marketplace.web.accounts.views import bp
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires

_PAGE = 50
_LINK = "welcome_link"


@bp.get("/desk/people")
@requires(Permission.ROLE_GRANT)
def people() -> ResponseReturnValue:
    """Who works in the area, in which role."""
    form = ColleagueForm(formdata=None)
    form.offer(_places(current_actor()))
    return _people_page(form)


@bp.post("/desk/people")
@requires(Permission.ROLE_GRANT)
def add_person() -> ResponseReturnValue:
    """Grant a role to a phone number; somebody new gets a one-time link, shown once."""
    form = ColleagueForm()
    form.offer(_places(current_actor()))
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                _user, token = service.invite(
                    form.phone.data,
                    name=form.name.data,
                    role=form.role.data,
                    division=form.division.data,
                    by=current_actor(),
                    now=utc_now(),
                )
            flash(_("The role has been granted."))
            _show_once(token)
            return redirect("/desk/people", 303)
    return _people_page(form), 422


@bp.post("/desk/people/revoke")
@requires(Permission.ROLE_GRANT)
def revoke() -> ResponseReturnValue:
    """End a role; the person's next request is refused."""
    form = GrantForm()
    with transaction():
        service.revoke_role(form.grant.data or 0, by=current_actor(), now=utc_now())
    flash(_("The role has been revoked."))
    return redirect("/desk/people", 303)


@bp.post("/desk/people/link")
@requires(Permission.ROLE_GRANT)
def new_link() -> ResponseReturnValue:
    """A one-time link for somebody who forgot the password."""
    form = GrantForm()
    with transaction():
        _user, token = service.renew_link(form.grant.data or 0, by=current_actor(), now=utc_now())
    _show_once(token)
    return redirect("/desk/people", 303)


def _show_once(token: str | None) -> None:
    if token is not None:
        session[_LINK] = f"{request.host_url}welcome/{token}"


def _people_page(form: ColleagueForm) -> str:
    page = max(1, request.args.get("page", 1, type=int))
    grants = queries.list_staff(current_actor(), skip=(page - 1) * _PAGE, limit=_PAGE + 1)
    return render_template(
        "accounts/people.html",
        form=form,
        grant_form=GrantForm(formdata=None),
        grants=grants[:_PAGE],
        link=session.pop(_LINK, None),
        names={g.division_code: place_name(g.division_code, Level.VILLAGE) for g in grants},
        phones={g.id: mask_phone(g.user.phone) for g in grants},
        more=f"/desk/people?page={page + 1}" if len(grants) > _PAGE else "",
        own_id=current_actor().user_id,
    )


def _places(actor: Actor) -> list[tuple[str, str]]:
    """The places of the actor's area; villages are left out above a county, where they are thousands."""
    areas = actor.areas(Permission.ROLE_GRANT)
    levels = [Level.COUNTY, Level.TOWNSHIP]
    if all(len(area) >= DIGITS[Level.COUNTY] for area in areas):
        levels.append(Level.VILLAGE)
    codes = sorted({division.code for area in areas for level in levels for division in list_level(level, area=area)})
    return [(code, place_name(code, Level.VILLAGE)) for code in codes]
