"""Register a household, or change one: a form without scripts that keeps everything typed."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.actor import ensure_can
from marketplace.core.divisions import Level
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.households import queries, service
from marketplace.households.findings import Finding
from marketplace.households.models import Household
from marketplace.regions.queries import list_level, place_name
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.households.blueprint import bp
from marketplace.web.households.forms import HouseholdForm, prefilled

_ADD, _REMOVE = "add", "remove-"


@bp.get("/desk/households/new")
@requires(Permission.HOUSEHOLD_WRITE)
def new() -> ResponseReturnValue:
    """An empty household with its head."""
    form = _offered(HouseholdForm(formdata=None))
    return render_template("households/new.html", form=form)


@bp.post("/desk/households/new")
@requires(Permission.HOUSEHOLD_WRITE)
def register() -> ResponseReturnValue:
    """Register the household, or show it again with one member more, one less, or what is to be put right."""
    form = _offered(HouseholdForm())
    if _rows_changed(form):
        return render_template("households/new.html", form=form)
    if form.validate_on_submit():
        with form_errors(form):
            household = _save(form)
            if household is not None:
                return redirect(url_for(".show", code=household.code), 303)
    return render_template("households/new.html", form=form), 422


@bp.get("/desk/households/<code>/edit")
@requires(Permission.HOUSEHOLD_WRITE)
def edit(code: str) -> ResponseReturnValue:
    """The household's facts to change; what is masked is left empty and stays as it is."""
    household = _writable(code)
    form = _offered(HouseholdForm(formdata=prefilled(household)))
    return _edit_page(form, household)


@bp.post("/desk/households/<code>/edit")
@requires(Permission.HOUSEHOLD_WRITE)
def change(code: str) -> ResponseReturnValue:
    """Change what differs."""
    household = _writable(code)
    form = _offered(HouseholdForm())
    if _rows_changed(form):
        return _edit_page(form, household)
    if form.validate_on_submit():
        with form_errors(form):
            changed = _save(form, code=household.code)
            if changed is not None:
                return redirect(url_for(".show", code=changed.code), 303)
    return _edit_page(form, _writable(code)), 422


def _save(form: HouseholdForm, *, code: str | None = None) -> Household | None:
    """The household as it is now registered, or None with every finding at its field."""
    row, noted = form.read()
    by, now = current_actor(), utc_now()
    if code is not None:
        noted = [finding for finding in noted if not _keeps_what_is_there(finding, form)]
    try:
        with transaction():
            if code is None:
                household, findings = service.register_household(row, noted=noted, by=by, now=now)
            else:
                household, findings = service.change_household(code, row, noted=noted, by=by, now=now)
    except service.InvalidHousehold as error:
        form.show(error.findings)
        return None
    flash(_("The household is registered.") if code is None else _("The changes are saved."))
    if findings:
        flash(_("The rules have %(number)d remarks; they stand below.", number=len(findings)))
    return household


def _keeps_what_is_there(finding: Finding, form: HouseholdForm) -> bool:
    """An empty name of somebody registered is no fault: the form does not show it."""
    if finding.member is None or finding.field != "name":
        return False
    return bool(form.members.entries[finding.member].form.person_no.data)


def _rows_changed(form: HouseholdForm) -> bool:
    """True where the reader pressed a button that only adds or removes a row of the form."""
    act = request.form.get("do", "")
    if act == _ADD:
        form.add_member()
    elif act.startswith(_REMOVE) and act.removeprefix(_REMOVE).isdecimal():
        form.remove_member(int(act.removeprefix(_REMOVE)))
    else:
        return False
    return True


def _writable(code: str) -> Household:
    household = queries.get_household(code, actor=current_actor())
    ensure_can(current_actor(), Permission.HOUSEHOLD_WRITE, household.division_code)
    return household


def _edit_page(form: HouseholdForm, household: Household) -> str:
    masked = {person.person_no: person for person in queries.masked_members(household, on=china_day(utc_now()))}
    return render_template(
        "households/edit.html",
        form=form,
        household=household,
        masked=masked,
        phone=queries.masked_phone(household),
        account=queries.masked_account(household),
    )


def _offered(form: HouseholdForm) -> HouseholdForm:
    areas = current_actor().areas(Permission.HOUSEHOLD_WRITE)
    villages = [village for area in areas for village in list_level(Level.VILLAGE, area=area)]
    form.offer([(village.code, place_name(village.code, Level.VILLAGE)) for village in villages])
    if not form.members.entries[0].form.relation.data:
        form.members.entries[0].form.relation.data = "户主"
    return form
