"""What every template knows: the site's settings, who reads, the time, and where static files lie."""

from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, request, url_for
from flask_login import current_user

from marketplace.config import Settings
from marketplace.core.actor import Actor
from marketplace.db.clock import utc_now
from marketplace.paths import STATIC
from marketplace.web.display import chosen_display
from marketplace.web.forms import control, described_by, sentences
from marketplace.web.guard import current_actor
from marketplace.web.nav import tabs_for
from marketplace.web.qr import qr_code

_VERSION_LENGTH = 12


def setup_site(app: Flask, settings: Settings) -> None:
    """Give templates their common values."""
    app.jinja_env.globals.update(
        asset=asset,
        control=control,
        described_by=described_by,
        display_url=display_url,
        qr=qr_code,
        sentences=sentences,
        site=settings,
    )

    @app.context_processor
    def _common() -> dict[str, Any]:
        actor = current_actor()
        return {
            "actor": actor,
            "can": actor.has,
            "me": _name_of_reader(actor),
            "now": utc_now(),
            "tabs": lambda: tabs_for(actor),
            "view": chosen_display(),
        }


@cache
def static_version(filename: str) -> str:
    """The first digits of a static file's SHA-256: a changed file has a new address."""
    return sha256((STATIC / filename).read_bytes()).hexdigest()[:_VERSION_LENGTH]


def asset(filename: str) -> str:
    """The address of a static file, with the version that lets browsers keep it for a year."""
    return _address(request.script_root, filename)


@cache
def _address(root: str, filename: str) -> str:
    """Worked out once: a list names its signs a hundred times."""
    return url_for("static", filename=filename, v=static_version(filename))


def display_url(**chosen: str) -> str:
    """The page of type size and language with a choice made, which leads back to the page that is open."""
    return f"/display?{urlencode({**chosen, 'next': own_path()})}"


def own_path() -> str:
    """Path and query of the page that is open, where it can be opened again; else the home page."""
    if request.method != "GET" or request.path == "/display":
        return "/"
    return request.full_path.rstrip("?")


def forget_reader() -> None:
    """Treat the reader as unknown: a page about a failure must not need the database."""
    g.actor = Actor(user_id=None)


def _name_of_reader(actor: Actor) -> str:
    return "" if actor.user_id is None else str(current_user.name)
