"""Sessions: who is signed in, for how long, and where to go to sign in."""

import time
from urllib.parse import urlencode, urlsplit

from flask import Flask, flash, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import LoginManager, current_user, login_user, logout_user

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user_by_session
from marketplace.web.accounts.forms import LoginForm
from marketplace.web.kept import keep_form, remember_owner
from marketplace.web.security import ABSOLUTE, IDLE

_BEGAN, _SEEN = "began", "seen"
# The cookie is written again only this often, so that most answers carry none.
_TOUCH_SECONDS = 60


def setup_signing_in(app: Flask) -> None:
    """Load the reader of each request; end sessions that are idle or old."""
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(find_user_by_session)
    manager.unauthorized_handler(_ask_to_sign_in)
    app.before_request(_end_old_session)


def sign_in(user: User) -> None:
    """Begin a session; nothing of an earlier one goes on."""
    session.clear()
    # Flask-WTF keeps the request's form token here; it belonged to the session that has just gone.
    g.pop("csrf_token", None)
    session.permanent = True
    session[_BEGAN] = session[_SEEN] = int(time.time())
    login_user(user)


def sign_out() -> None:
    """End this session here; service.end_sessions ends the person's others."""
    logout_user()
    session.clear()


def own_target(target: str | None, *, default: str) -> str:
    """A path on this site to go on to; anything that leads elsewhere becomes ``default``."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable():
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target


def _end_old_session() -> None:
    if "_user_id" not in session:
        return
    now = int(time.time())
    seen, began = session.get(_SEEN, 0), session.get(_BEGAN, 0)
    if now - seen > IDLE.total_seconds() or now - began > ABSOLUTE.total_seconds():
        remember_owner(find_user_by_session(session["_user_id"]))
        session.clear()
    elif now - seen > _TOUCH_SECONDS:
        session[_SEEN] = now


def _ask_to_sign_in() -> ResponseReturnValue:
    """To the login page and, after a page that can be opened again, back; a form that was sent is kept there."""
    if "_user_id" in session and not current_user.is_authenticated:
        session.clear()
    if request.method == "GET":
        flash(_("Please log in to go on."))
        return redirect(f"/login?{urlencode({'next': request.full_path.rstrip('?')})}", 303)
    kept = keep_form()
    if kept:
        flash(_("Your session has ended. Please log in: what you typed is kept."))
        return render_template("accounts/login.html", form=LoginForm(formdata=None, data={"kept": kept})), 401
    flash(_("Your session has ended. Please log in and send it again."))
    return redirect("/login", 303)
