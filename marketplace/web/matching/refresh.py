"""Re-rank after a page changed a need or a donor; until the first full run there is nothing to change.

What changed is read off the audit trail: every act is written down there, so no page can forget to say so. The changed
one's own list is written with the page where the arrays are warm. Reading everything, and the lists of all others that
the change touches, are left to a thread that no page waits for.
"""

from collections.abc import Collection
from http import HTTPStatus
from threading import Lock, Thread
from time import sleep
from typing import Any

import sqlalchemy as sa
import structlog
from flask import Flask, Response, current_app, g, has_request_context

from marketplace.audit.models import AuditEntry
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import service
from marketplace.matching.queries import find_last_run, touched_by

# Changes that come within these seconds are settled together.
PAUSE_S = 1.0
# An act on more than so many leaves all lists to the thread.
MOST_AT_ONCE = 10
# Acts that change nothing which is ranked.
UNTOUCHED = frozenset({"pledge.offer", "pledge.visibility", "donor.visibility", "personal.reveal", "need.slip"})
_log = structlog.get_logger("marketplace.matching")


class _Settler:
    """At most one thread per process that brings all lists up to the last change."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: Thread | None = None
        self._is_wanted = False

    def want(self, app: Flask) -> None:
        """Settle soon; a thread that runs already goes round once more."""
        with self._lock:
            self._is_wanted = True
            if self._thread is None:
                self._thread = Thread(target=self._work, args=(app,), name="settle-suggestions", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until nothing is left to settle."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _is_wanted_again(self) -> bool:
        with self._lock:
            wanted, self._is_wanted = self._is_wanted, False
            if not wanted:
                self._thread = None
            return wanted

    def _work(self, app: Flask) -> None:
        while self._is_wanted_again():
            try:
                with app.app_context():
                    is_settled = settle_once()
            except sa.exc.SQLAlchemyError as error:
                # The changes stay written down: the next one, or the night's run, takes them up.
                _log.warning("not settled", kind=type(error).__name__)
                is_settled = True
            if not is_settled:
                with self._lock:
                    self._is_wanted = True
            sleep(PAUSE_S)


_settler = _Settler()


def wait_until_settled() -> None:
    """Wait for the lists of all others; a server that stops may leave them to the night's run."""
    _settler.wait()


def settle_once() -> bool:
    """Bring every list up to the last change; False where another change came meanwhile."""
    plan = service.plan_settling()
    if plan is None:
        return True
    with transaction():
        return service.settle(plan)


@sa.event.listens_for(AuditEntry, "after_insert")
def _note(_mapper: Any, _connection: Any, entry: AuditEntry) -> None:
    """Keep in mind, for the end of this request, what was acted on."""
    if has_request_context() and entry.action not in UNTOUCHED and entry.subject_id is not None:
        g.setdefault("acted_on", set()).add((entry.subject_type, entry.subject_id))


def refresh_after(response: Response) -> Response:
    """Before a page answers: the lists of what its act changed."""
    acted_on: set[tuple[str, int]] = g.pop("acted_on", set())
    if acted_on and response.status_code < HTTPStatus.BAD_REQUEST and find_last_run() is not None:
        try:
            _refresh(acted_on)
        except sa.exc.SQLAlchemyError as error:
            # What was done is done: the night's run takes it up.
            _log.warning("not refreshed", kind=type(error).__name__)
    return response


def _refresh(acted_on: Collection[tuple[str, int]]) -> None:
    touched = touched_by(acted_on)
    if not touched.needs and not touched.donors:
        return
    now = utc_now()
    is_at_once = service.is_ready() and len(touched.needs) + len(touched.donors) <= MOST_AT_ONCE
    with transaction():
        for need_id in touched.needs:
            if is_at_once:
                service.rerank_need(need_id, now=now)
            else:
                service.note_change(need_id=need_id, now=now)
        for donor_id in touched.donors:
            if is_at_once:
                service.rerank_donor(donor_id, now=now)
            else:
                service.note_change(donor_id=donor_id, now=now)
    _settler.want(current_app._get_current_object())  # type: ignore[attr-defined]
