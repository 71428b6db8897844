"""Pages of home: the first page, finding by code, how we count, privacy, display, the desk, health."""

from flask import Blueprint, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.config import Settings
from marketplace.core.permissions import Permission
from marketplace.db.clock import utc_now
from marketplace.statistics.queries import Step
from marketplace.web.display import LANGUAGE_COOKIE, SIZE_COOKIE, THEME_COOKIE, chosen_display, remember
from marketplace.web.guard import current_actor, public, requires
from marketplace.web.health import health
from marketplace.web.home.desk import desk_of
from marketplace.web.home.finding import page_for
from marketplace.web.home.forms import DisplayForm
from marketplace.web.home.front import front_page
from marketplace.web.needs.overrides import overrides_counted
from marketplace.web.security import search_limit
from marketplace.web.signing_in import own_target

bp = Blueprint("home", __name__)


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    """The first page."""
    return render_template("home/index.html", page=front_page(_settings().home_division, now=utc_now()))


@bp.get("/find")
@public
@search_limit
def find() -> ResponseReturnValue:
    """Go to what a code names, or search for the words."""
    typed = request.args.get("q", "")
    target = page_for(typed)
    if target is None:
        return render_template("home/find.html", typed=typed), 404
    return redirect(target, 303)


@bp.get("/how-we-count")
@public
def how_we_count() -> ResponseReturnValue:
    """Every formula behind a public figure, and what the ranking looks at."""
    return render_template("home/how-we-count.html", overrides=overrides_counted(), steps=Step)


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """What is shown, what is not, and why."""
    return render_template("home/privacy.html")


@bp.get("/desk")
@requires(Permission.DESK_OPEN)
def desk() -> ResponseReturnValue:
    """What waits for the reader."""
    return render_template("home/desk.html", desk=desk_of(current_actor(), now=utc_now()), post=Permission.NEED_POST)


@bp.get("/display")
@public
def display() -> ResponseReturnValue:
    """Choose type size, language, light or dark; the link that led here may have chosen already."""
    chosen = {name: request.args[name] for name in ("size", "language") if name in request.args}
    target = own_target(request.args.get("next"), default="/")
    form = DisplayForm(formdata=None, data=chosen_display().as_form() | chosen | {"next": target})
    return render_template("home/display.html", form=form)


@bp.post("/display")
@public
def set_display() -> ResponseReturnValue:
    """Keep the choice and go back."""
    form = DisplayForm()
    if not form.validate_on_submit():
        return render_template("home/display.html", form=form), 422
    response = redirect(own_target(form.next.data, default="/"), 303)
    for name, value in (
        (SIZE_COOKIE, form.size.data),
        (LANGUAGE_COOKIE, form.language.data),
        (THEME_COOKIE, form.theme.data),
    ):
        remember(response, name, value, secure=_settings().secure_cookies)
    return response


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """For the machine that watches this one."""
    report = health()
    response = jsonify(report)
    response.headers["Cache-Control"] = "no-store"
    return response, 200 if report["ok"] else 503


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
