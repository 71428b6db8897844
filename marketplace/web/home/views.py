"""Pages of home."""

from flask import Blueprint, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.config import Settings
from marketplace.web.display import LANGUAGE_COOKIE, SIZE_COOKIE, THEME_COOKIE, chosen_display, remember
from marketplace.web.guard import public
from marketplace.web.health import health
from marketplace.web.home.forms import DisplayForm
from marketplace.web.signing_in import own_target

bp = Blueprint("home", __name__)


@bp.get("/display")
@public
def display() -> ResponseReturnValue:
    """Choose type size, language, light or dark."""
    shown = chosen_display()
    form = DisplayForm(data=shown.as_form() | {"next": own_target(request.args.get("next"), default="/")})
    return render_template("home/display.html", form=form)


@bp.post("/display")
@public
def set_display() -> ResponseReturnValue:
    """Keep the choice and go back."""
    form = DisplayForm()
    if not form.validate_on_submit():
        return render_template("home/display.html", form=form), 422
    response = redirect(own_target(form.next.data, default="/"), 303)
    settings: Settings = current_app.config["SETTINGS"]
    for name, value in (
        (SIZE_COOKIE, form.size.data),
        (LANGUAGE_COOKIE, form.language.data),
        (THEME_COOKIE, form.theme.data),
    ):
        remember(response, name, value, secure=settings.secure_cookies)
    return response


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """For the machine that watches this one."""
    report = health()
    response = jsonify(report)
    response.headers["Cache-Control"] = "no-store"
    return response, 200 if report["ok"] else 503
