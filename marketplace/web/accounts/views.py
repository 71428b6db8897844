"""Pages of accounts: log in and out, the first password, the own account."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts import queries, service
from marketplace.accounts.models import User
from marketplace.core.actor import Actor
from marketplace.core.identity import fold
from marketplace.core.masking import mask_phone
from marketplace.core.permissions import Permission
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.web.accounts.forms import LoginForm, LogoutForm, NameForm, PasswordForm, WelcomeForm
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, public, signed_in
from marketplace.web.kept import read_kept, send_again_page
from marketplace.web.security import limiter, was_refused
from marketplace.web.signing_in import own_target, sign_in, sign_out

bp = Blueprint("accounts", __name__)


def _account_key() -> str:
    """The account that an attempt is made on; a keyed index, so that the store of limits holds no phone number."""
    return queries.phone_index(fold(request.form.get("phone", ""))).hex()


_WINDOW = "15 minutes"
_few_per_account = limiter.limit(f"5 per {_WINDOW}", key_func=_account_key, deduct_when=was_refused)
_some_per_address = limiter.limit(f"50 per {_WINDOW}", deduct_when=was_refused)


@bp.get("/login")
@public
def login() -> ResponseReturnValue:
    """Ask for phone number and password."""
    if current_user.is_authenticated:
        return redirect(_start_page(current_actor()), 303)
    return render_template("accounts/login.html", form=LoginForm(data={"next": request.args.get("next", "")}))


@bp.post("/login")
@public
@_few_per_account
@_some_per_address
def check_login() -> ResponseReturnValue:
    """Begin a session, or say in one sentence that phone or password is wrong (A1)."""
    form = LoginForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                user = service.authenticate(form.phone.data, password=form.password.data, now=utc_now())
            kept = read_kept(form.kept.data)
            if kept and kept.owner in (None, user.id):
                sign_in(user)
                return send_again_page(kept)
            return _enter(user, form.next.data)
    return render_template("accounts/login.html", form=form), 422


@bp.post("/logout")
@signed_in
def logout() -> ResponseReturnValue:
    """End the person's sessions, here and elsewhere (A4)."""
    user_id = current_user.id
    with transaction() as session:
        service.end_sessions(session.get_one(User, user_id))
    sign_out()
    flash(_("You are logged out."))
    return redirect("/", 303)


@bp.get("/welcome/<token>")
@public
def welcome(token: str) -> ResponseReturnValue:
    """An invited person sets the first password."""
    service.check_login_link(token, now=utc_now())
    return render_template("accounts/welcome.html", form=WelcomeForm(), token=token)


@bp.post("/welcome/<token>")
@public
@_some_per_address
def set_first_password(token: str) -> ResponseReturnValue:
    """Use the link up and begin a session."""
    form = WelcomeForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                user = service.use_login_link(token, password=form.password.data, now=utc_now())
            return _enter(user, None)
    return render_template("accounts/welcome.html", form=form, token=token), 422


@bp.get("/account")
@signed_in
def account() -> ResponseReturnValue:
    """The own account: name, roles, password."""
    return _account_page()


@bp.post("/account/name")
@signed_in
def set_name() -> ResponseReturnValue:
    """Change what the pages call the reader."""
    form = NameForm()
    user_id = current_user.id
    if form.validate_on_submit():
        with form_errors(form):
            with transaction() as session:
                service.change_name(session.get_one(User, user_id), name=form.name.data, now=utc_now())
            flash(_("The name has been changed."))
            return redirect("/account", 303)
    return _account_page(name_form=form), 422


@bp.post("/account/password")
@signed_in
@limiter.limit(f"5 per {_WINDOW}", key_func=lambda: f"password-{current_user.id}", deduct_when=was_refused)
def set_password() -> ResponseReturnValue:
    """Change the password; the person's other sessions end."""
    form = PasswordForm()
    user_id = current_user.id
    if form.validate_on_submit():
        with form_errors(form):
            with transaction() as session:
                user = session.get_one(User, user_id)
                service.change_password(user, current=form.current.data, password=form.password.data, now=utc_now())
            sign_in(user)
            flash(_("The password has been changed. Your other devices are logged out."))
            return redirect("/account", 303)
    return _account_page(password_form=form), 422


def _account_page(*, name_form: NameForm | None = None, password_form: PasswordForm | None = None) -> str:
    user = db.session.get_one(User, current_user.id)
    return render_template(
        "accounts/account.html",
        grants=queries.list_grants(user),
        logout_form=LogoutForm(),
        name_form=name_form or NameForm(formdata=None, data={"name": user.name}),
        password_form=password_form or PasswordForm(formdata=None),
        phone=mask_phone(user.phone),
    )


def _enter(user: User, target: str | None) -> ResponseReturnValue:
    sign_in(user)
    return redirect(own_target(target, default=_start_page(queries.actor_of(user))), 303)


def _start_page(actor: Actor) -> str:
    if actor.has(Permission.DESK_OPEN):
        return "/desk"
    return "/my" if actor.has(Permission.PLEDGE_MAKE) else "/"
