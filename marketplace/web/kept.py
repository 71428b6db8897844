"""A form that met an ended session is kept: it travels in the page itself and is sent again by one tap.

Only forms that this site's own page sent are kept, so that no other site can put words into a reader's mouth.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, g, render_template, request
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, URLSafeSerializer

from marketplace.accounts.models import User

# A page that carries more than this twice would be refused by the limit on forms.
_LARGEST = 500_000
_TOKEN = "csrf_token"  # noqa: S105  (a field's name)
_NEVER_KEPT = frozenset({_TOKEN, "password", "current"})


@dataclass(frozen=True, slots=True)
class KeptForm:
    """What somebody had typed: where it goes, its fields in order, whether files went with it, whose it was."""

    action: str
    fields: tuple[tuple[str, str], ...]
    had_files: bool
    # The user's id, where it is known: nobody else is offered to send it.
    owner: int | None


def remember_owner(user: User | None) -> None:
    """Whose session has just ended; noted before it is cleared."""
    g.ended_owner = user.id if user else None


def keep_form() -> str:
    """The form of this request, sealed, to stand in a page; empty where there is nothing to keep.

    Passwords and files are never kept.
    """
    if request.method != "POST" or not _came_from_here():
        return ""
    fields = [(name, text) for name, text in request.form.items(multi=True) if name not in _NEVER_KEPT]
    if not fields or sum(len(name) + len(text) for name, text in fields) > _LARGEST:
        return ""
    had_files = any(file.filename for file in request.files.values())
    sealed = _seal().dumps([request.full_path.rstrip("?"), fields, had_files, g.get("ended_owner")])
    return str(sealed)


def read_kept(sealed: str | None) -> KeptForm | None:
    """What ``keep_form`` sealed; None for anything else."""
    try:
        action, fields, had_files, owner = _seal().loads(sealed or "")
    except BadSignature:
        return None
    return KeptForm(action, tuple((name, text) for name, text in fields), had_files, owner)


def send_again_page(kept: KeptForm) -> str:
    """The page that sends it by one tap, with a new form token."""
    return render_template("accounts/send_again.html", kept=kept, form=FlaskForm(formdata=None))


def _came_from_here() -> bool:
    origin = request.headers.get("Origin") or request.referrer or ""
    return urlsplit(origin).netloc == request.host


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="kept-form")
