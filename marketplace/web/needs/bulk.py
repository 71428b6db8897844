"""Many needs from a spreadsheet on the web: the file to fill in, upload, what would happen, send."""

from pathlib import Path

from flask import Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.households import uploads
from marketplace.needs import sheet
from marketplace.needs.desk import list_askers
from marketplace.web.forms import BaseForm, form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.needs.blueprint import bp
from marketplace.web.needs.forms import ActForm

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SheetForm(BaseForm):
    """The spreadsheet."""

    file = FileField(_l("Spreadsheet (.xlsx or .csv)"), [FileRequired(_l("Choose a file."))])


@bp.get("/desk/needs/sheet.xlsx")
@requires(Permission.NEED_POST)
def blank_sheet() -> ResponseReturnValue:
    """The spreadsheet to fill in, with the items and the households of the area beside it."""
    actor = current_actor()
    content = sheet.blank_sheet(list_askers("", actor=actor), area=actor.areas(Permission.NEED_POST)[0])
    headers = {"Content-Disposition": "attachment; filename=needs.xlsx"}
    return Response(content, mimetype=_XLSX, headers=headers)


@bp.route("/desk/needs/sheet", methods=["GET", "POST"])
@requires(Permission.NEED_POST)
def upload_sheet() -> ResponseReturnValue:
    """Choose the file; it is kept for its dry run if it is such a table at all."""
    form = SheetForm()
    if form.validate_on_submit():
        with form_errors(form):
            content = form.file.data.read()
            sheet.read_need_sheet(content)
            token = uploads.keep_upload(content, folder=_folder(), by=current_actor())
            return redirect(url_for(".preview_sheet", token=token), 303)
    return render_template("needs/sheet.html", form=form), 422 if form.is_submitted() else 200


@bp.get("/desk/needs/sheet/<token>")
@requires(Permission.NEED_POST)
def preview_sheet(token: str) -> ResponseReturnValue:
    """What would be made and refused, row by row, with the reason; nothing is written."""
    with transaction():
        entries = _entries(token, dry_run=True)
    kinds = {outcome: [e for e in entries if e.outcome is outcome] for outcome in sheet.Outcome}
    return render_template("needs/sheet_preview.html", kinds=kinds, token=token, form=ActForm())


@bp.post("/desk/needs/sheet/<token>")
@requires(Permission.NEED_POST)
def send_sheet(token: str) -> ResponseReturnValue:
    """Send all that is complete to the township."""
    with transaction():
        entries = _entries(token, dry_run=False)
    uploads.drop_upload(token, folder=_folder(), by=current_actor())
    counts = {outcome.value: sum(e.outcome is outcome for e in entries) for outcome in sheet.Outcome}
    flash(_("Sent: %(made)d. Sent before: %(known)d. Refused: %(refused)d.", **counts))
    return redirect(url_for(".desk", state="submitted"), 303)


def _entries(token: str, *, dry_run: bool) -> list[sheet.Entry]:
    actor = current_actor()
    groups = sheet.read_need_sheet(uploads.read_upload(token, folder=_folder(), by=actor))
    return sheet.import_needs(groups, poster=lambda _code: actor, now=utc_now(), dry_run=dry_run)


def _folder() -> Path:
    instance: Path = current_app.config["SETTINGS"].instance
    return instance / "uploads"
