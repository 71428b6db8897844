"""Error pages: every refusal in the reader's language, with a way back."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from marketplace.core.errors import DomainError
from marketplace.db import db
from marketplace.web.i18n import sentence_of
from marketplace.web.kept import keep_form, read_kept, send_again_page
from marketplace.web.site import forget_reader


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What a status says: a title, and what to do."""

    title: str
    text: str


PAGES = {
    400: ErrorPage(
        _l("This could not be accepted"),
        _l("Go back, reload the page and send it again. If you typed much, copy it first."),
    ),
    403: ErrorPage(
        _l("You may not do this"),
        _l("Your role does not allow this. Ask your county administrator if it should."),
    ),
    404: ErrorPage(
        _l("There is nothing here"),
        _l("The address may be mistyped, or what stood here is no longer public."),
    ),
    405: ErrorPage(
        _l("This address does not work that way"),
        _l("Go back to the page that you came from and use its button."),
    ),
    409: ErrorPage(
        _l("Somebody was faster"),
        _l("The record has changed since you opened it. Reload the page and look again."),
    ),
    413: ErrorPage(
        _l("This is too large"),
        _l("A photo may have at most 10 MB, a form at most 2 MB. Choose a smaller one and send it again."),
    ),
    422: ErrorPage(
        _l("This cannot be done so"),
        _l("Go back, change what the sentence names, and send it again."),
    ),
    429: ErrorPage(
        _l("Too many tries"),
        _l("Please wait 15 minutes and try again. Nothing is lost."),
    ),
    500: ErrorPage(
        _l("Something went wrong on our side"),
        _l("It has been noted. Nothing was half-done. Please try again in a few minutes."),
    ),
    503: ErrorPage(
        _l("The site is being worked on"),
        _l("Please try again in a few minutes."),
    ),
}
# A telephone's film of a minute or so; whoever sends more is cut off.
_PIECE = 64 * 1024
_MOST_THROWN_AWAY = 128 * 1024 * 1024
_TOO_OLD = _l("This page was open for too long, or the form did not come from here. Reload it and send it again.")


def setup_errors(app: Flask) -> None:
    """One page for each refusal; what no rule foresaw is logged and answered as 500."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(CSRFError, _foreign_form)
    app.register_error_handler(HTTPException, _failed)


def _refused(error: DomainError) -> ResponseReturnValue:
    return _page(error.status, sentence_of(error))


def _foreign_form(_error: CSRFError) -> ResponseReturnValue:
    kept = read_kept(keep_form())
    if kept:
        return send_again_page(kept), HTTPStatus.BAD_REQUEST
    return _page(HTTPStatus.BAD_REQUEST, str(_TOO_OLD))


def _failed(error: HTTPException) -> ResponseReturnValue:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A result that nobody read to its end would hold its old snapshot in the pool: that connection goes.
        db.session.invalidate()
        forget_reader()
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        _read_what_comes()
    body, code = _page(status)
    headers = [(name, value) for name, value in error.get_headers() if name in ("Allow", "Retry-After")]
    return body, code, headers


def _read_what_comes() -> None:
    """Throw the rest of the upload away: a browser that is still sending when the line is cut never shows our page."""
    rest = request.input_stream
    for _ in range(_MOST_THROWN_AWAY // _PIECE):
        if not rest.read(_PIECE):
            return


def _page(status: int, sentence: str = "") -> tuple[str, int]:
    known = PAGES.get(status) or PAGES[400 if status < HTTPStatus.INTERNAL_SERVER_ERROR else 500]
    page = render_template("errors/page.html", page=known, sentence=sentence or str(known.text), back=_way_back())
    return page, status


def _way_back() -> str:
    """The page that the reader came from, where that is one of ours; else the home page."""
    origin = urlsplit(request.referrer or "")
    if origin.netloc != request.host or origin.path == request.path:
        return "/"
    return origin.path + (f"?{origin.query}" if origin.query else "")
