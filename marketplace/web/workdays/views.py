"""The calendar of working days: what holds, one more day, a whole year from a CSV."""

import io
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import HiddenField, RadioField, SelectChoice, StringField
from wtforms.validators import Length

from marketplace.core.errors import Invalid
from marketplace.core.permissions import ROLE_PERMISSIONS, Permission
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.workdays import queries, service
from marketplace.workdays.service import DayRow

bp = Blueprint("workdays", __name__)
_KEEPS = requires(Permission.CALENDAR_KEEP)
_LONGEST_FILE = 100_000


class DayForm(BaseForm):
    """One day that the week does not decide."""

    day = StringField(_l("Day"), [Length(max=10)])
    works = RadioField(
        _l("Kind of day"),
        choices=[SelectChoice("0", _l("A day off")), SelectChoice("1", _l("A weekend that is worked"))],
    )
    name = StringField(_l("Name of the day"), [Length(max=40)])


class FileForm(BaseForm):
    """A year as a CSV."""

    file = FileField(_l("CSV with the columns day, works, name"))


class DropForm(BaseForm):
    """The day whose entry goes."""

    dropped = HiddenField()


@bp.get("/desk/calendar")
@_KEEPS
def calendar() -> ResponseReturnValue:
    """The days off and the weekends that are worked, from this year on."""
    return _page(DayForm(formdata=None), FileForm(formdata=None))


@bp.post("/desk/calendar")
@_KEEPS
def add() -> ResponseReturnValue:
    """Enter one day."""
    form = DayForm()
    if form.validate_on_submit():
        with form_errors(form):
            row = DayRow(_day(form.day.data), form.works.data == "1", form.name.data or "")
            with transaction():
                service.set_day(row, division=_division(), by=current_actor(), now=utc_now())
            flash(_("The day is entered."))
            return redirect(url_for(".calendar"), 303)
    return _page(form, FileForm(formdata=None)), 422


@bp.post("/desk/calendar/file")
@_KEEPS
def load() -> ResponseReturnValue:
    """Enter a year."""
    form = FileForm()
    if form.validate_on_submit():
        with form_errors(form):
            rows = service.read_days(io.StringIO(_text(form), newline=""))
            with transaction():
                loaded = service.load_days(rows, division=_division(), by=current_actor(), now=utc_now())
            flash(_("%(count)s days are entered.", count=loaded))
            return redirect(url_for(".calendar"), 303)
    return _page(DayForm(formdata=None), form), 422


@bp.post("/desk/calendar/drop")
@_KEEPS
def drop() -> ResponseReturnValue:
    """Take one's own entry out."""
    with transaction():
        service.drop_day(_day(request.form.get("dropped")), division=_division(), by=current_actor(), now=utc_now())
    flash(_("The entry is taken out."))
    return redirect(url_for(".calendar"), 303)


def _page(day_form: DayForm, file_form: FileForm) -> str:
    today, division = china_day(utc_now()), _division()
    return render_template(
        "workdays/calendar.html",
        days=queries.list_days(division, since=date(today.year, 1, 1)),
        division=division,
        year=today.year,
        has_year=queries.has_year(division, today.year),
        day_form=day_form,
        file_form=file_form,
        drop_form=DropForm(formdata=None),
    )


def _division() -> str:
    """The division whose calendar the reader keeps: the first that he is granted."""
    kept = (g.division for g in current_actor().grants if Permission.CALENDAR_KEEP in ROLE_PERMISSIONS[g.role])
    return min(kept)


def _day(typed: str | None) -> date:
    try:
        return date.fromisoformat((typed or "").strip())
    except ValueError:
        raise Invalid("Write the day as 2026-10-01.", field="day") from None


def _text(form: FileForm) -> str:
    content = form.file.data.read(_LONGEST_FILE + 1) if form.file.data else b""
    if not 0 < len(content) <= _LONGEST_FILE:
        raise Invalid("Choose a CSV file of at most 100 kB.", field="file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("Save the file as CSV in UTF-8.", field="file") from None
