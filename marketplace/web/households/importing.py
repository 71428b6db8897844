"""Import the register on the web: upload, see what would happen, confirm."""

from pathlib import Path

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.households import service, uploads
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.households.blueprint import bp
from marketplace.web.households.forms import ConfirmForm, UploadForm

# A page shows this many households of each kind, and says how many more there are.
ROWS_SHOWN = 100


@bp.get("/desk/households/import")
@requires(Permission.HOUSEHOLD_WRITE)
def choose_file() -> ResponseReturnValue:
    """Ask for the spreadsheet and say what it must hold."""
    return render_template("households/import.html", form=UploadForm(formdata=None))


@bp.post("/desk/households/import")
@requires(Permission.HOUSEHOLD_WRITE)
def upload() -> ResponseReturnValue:
    """Keep the file for its dry run, if it is a register at all."""
    form = UploadForm()
    if form.validate_on_submit():
        with form_errors(form):
            content = form.file.data.read()
            service.read_sheet(content)
            token = uploads.keep_upload(content, folder=_folder(), by=current_actor())
            return redirect(url_for(".preview", token=token), 303)
    return render_template("households/import.html", form=form), 422


@bp.get("/desk/households/import/<token>")
@requires(Permission.HOUSEHOLD_WRITE)
def preview(token: str) -> ResponseReturnValue:
    """What would be made, changed and refused, with row and reason; nothing is written."""
    sheet = service.read_sheet(uploads.read_upload(token, folder=_folder(), by=current_actor()))
    report = service.import_sheet(sheet, by=current_actor(), now=utc_now(), dry_run=True)
    kinds = {action: [e for e in report.entries if e.action is action] for action in service.Action}
    return render_template(
        "households/preview.html",
        report=report,
        kinds=kinds,
        warned=[e for e in report.entries if e.findings and e.action is not service.Action.REFUSED],
        shown=ROWS_SHOWN,
        form=ConfirmForm(),
        token=token,
    )


@bp.post("/desk/households/import/<token>")
@requires(Permission.HOUSEHOLD_WRITE)
def confirm(token: str) -> ResponseReturnValue:
    """Write it: everything that is not refused, in one transaction."""
    sheet = service.read_sheet(uploads.read_upload(token, folder=_folder(), by=current_actor()))
    with transaction():
        report = service.import_sheet(sheet, by=current_actor(), now=utc_now())
    uploads.drop_upload(token, folder=_folder(), by=current_actor())
    flash(
        _(
            "Made: %(made)d. Changed: %(changed)d. Unchanged: %(unchanged)d. Refused: %(refused)d.",
            **{action.value: report.count(action) for action in service.Action},
        )
    )
    return redirect(url_for(".index"), 303)


def _folder() -> Path:
    instance: Path = current_app.config["SETTINGS"].instance
    return instance / "uploads"
