"""The test client: signs in, sends CSRF tokens, fills in forms, and checks every page that it gets."""

import contextvars
import os
import time
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from marketplace.accounts.models import User
from marketplace.db import db
from tests import html

# Flask-WTF's own salt and session key: the client makes the token that a page would carry.
_CSRF_SALT = "wtf-csrf-token"
_CSRF_KEY = "csrf_token"


class Client(FlaskClient):
    """A browser without a screen; CSRF protection stays on."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send one request as if nothing had happened before in this thread, and check the page that comes back."""
        # The test's own reads must neither hold an old snapshot nor be shared with the request.
        db.session.rollback()
        db.session.expire_all()
        kwargs["buffered"] = True
        # In an empty context Flask makes a new application context, as a server does.
        response: TestResponse = contextvars.Context().run(super().open, *args, **kwargs)
        if response.mimetype == "text/html" and response.data and not 300 <= response.status_code < 400:
            found = html.faults(response.get_data(as_text=True))
            assert not found, f"{response.request.path} ({response.status_code}): {'; '.join(found)}"
        return response

    def post(self, *args: Any, data: Any = None, csrf: bool = True, **kwargs: Any) -> TestResponse:
        """A POST that carries the CSRF token, unless ``csrf`` is False."""
        if csrf and "json" not in kwargs:
            data = {_CSRF_KEY: self.csrf_token(), **(data or {})}
        return super().post(*args, data=data, **kwargs)

    def submit(self, url: str, *, form: int | str = 0, button: str = "", **fields: Any) -> TestResponse:
        """Open a page, fill in one of its POST forms (by number or by its action) and send it.

        Fields that are not named go as the page has them; None leaves a field out.
        """
        page = self.get(url)
        assert page.status_code == 200, f"GET {url} answered {page.status_code}"
        posts = [f for f in html.forms(page.get_data(as_text=True)) if f.method == "post"]
        chosen = [f for f in posts if f.action == form] if isinstance(form, str) else posts[form : form + 1]
        assert chosen, f"no such form on {url}: {form!r} of {[f.action for f in posts]}"
        values: dict[str, Any] = {**chosen[0].fields, **dict(b for b in chosen[0].buttons if b[0] and b[0] == button)}
        values.update(fields)
        values = {name: value for name, value in values.items() if value is not None}
        return super().post(chosen[0].action or url, data=values)

    def login(self, user: User) -> "Client":
        """Open a session for the user, as the login page would."""
        with self.session_transaction() as session:
            session.clear()
            now = int(time.time())
            session.update(_user_id=user.fs_uniquifier, _fresh=True, began=now, seen=now)
        return self

    def logout(self) -> "Client":
        """Forget everything."""
        with self.session_transaction() as session:
            session.clear()
        return self

    def csrf_token(self) -> str:
        """A token that fits this client's session."""
        with self.session_transaction() as session:
            raw = session.setdefault(_CSRF_KEY, os.urandom(20).hex())
        return str(URLSafeTimedSerializer(self.application.secret_key or "", salt=_CSRF_SALT).dumps(raw))
