"""Form tokens, rate limits and session cookies: set up once for all pages."""

from datetime import timedelta
from itertools import chain

from flask import Flask, Response, abort, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

from marketplace.config import Settings

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)

csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address)

# Searching is the dearest thing that anybody may do without signing in.
search_limit = limiter.limit("60 per minute", exempt_when=lambda: not request.args.get("q"))


def was_refused(response: Response) -> bool:
    """True where an attempt failed: only failures count against a limit on attempts."""
    return response.status_code in (400, 403, 404, 422)


# Only wrong tries count, so that one phone may pass from household to household; all doors count together.
few_wrong_slips = limiter.shared_limit("10 per 15 minutes", scope="slip", deduct_when=was_refused)


def setup_security(app: Flask, settings: Settings) -> None:
    """Cookies that no script and no other site can use; a token in each form; limits shared by all workers."""
    app.config.update(
        PERMANENT_SESSION_LIFETIME=ABSOLUTE,
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_STORAGE_URI=settings.limits_url,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure_cookies else "session",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_REFRESH_EACH_REQUEST=False,
        # The token lives as long as the session, so that a long form is not refused at its end.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.before_request(_limit_plain_forms)
    app.before_request(_refuse_null_characters)
    csrf.init_app(app)
    limiter.init_app(app)


def _limit_plain_forms() -> None:
    """Flask's limit on form fields leaves out forms without files: theirs is the same."""
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = request.max_form_memory_size


def _refuse_null_characters() -> None:
    """No keyboard types U+0000 and PostgreSQL stores no text with it: refuse it once for every page."""
    values = [*request.args.listvalues(), *request.form.listvalues()]
    if any("\0" in text for text in (request.path, *chain.from_iterable(values))):
        abort(400)
