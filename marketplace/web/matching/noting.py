"""Note what was shown and opened, after the answer has left: a page of suggestions never waits for it, or fails of it.

It is an observation and no record of business: a GET still changes nothing that anybody has, may or owes. The same
list shown again writes nothing, and a page that a browser only fetches in advance was not seen by anybody.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

import sqlalchemy as sa
import structlog
from flask import Flask, Response, after_this_request, current_app, request

from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import outcomes
from marketplace.matching.models import Direction

_NOTES = "marketplace.notes"
_OK = 200


def note_shown(direction: Direction, *, need_ids: Collection[int], donor_ids: Collection[int]) -> None:
    """The page that is being made shows these pairs."""
    if need_ids and donor_ids:
        _after(partial(outcomes.note_shown, direction, need_ids=list(need_ids), donor_ids=list(donor_ids)))


def note_opened(need_id: int, *, donor_id: int) -> None:
    """The page that is being made is a suggested need, opened by the donor whom it was suggested to."""
    _after(partial(outcomes.note_opened, need_id, donor_id=donor_id))


def _after(note: Callable[..., int]) -> None:
    if "prefetch" in request.headers.get("Sec-Purpose", "") or request.method != "GET":
        return
    app, now = current_app._get_current_object(), utc_now()  # type: ignore[attr-defined]

    @after_this_request
    def _add(response: Response) -> Response:
        if response.status_code == _OK:
            response.call_on_close(partial(_write, app, note, now))
        return response


def _write(app: Flask, note: Callable[..., int], now: datetime) -> None:
    with app.app_context():
        try:
            with transaction():
                note(now=now)
        except sa.exc.SQLAlchemyError as error:
            # An observation that cannot be kept is left out; the reader already has the page.
            structlog.get_logger(_NOTES).warning("not noted", kind=type(error).__name__)
