"""Re-rank after a page changed a need or a donor; until the first full run there is nothing to change.

The changed one's own list is written with the page where the arrays are warm. Reading everything, and the lists of all
others that the change touches, are left to a thread that no page waits for.
"""

from threading import Lock, Thread
from time import sleep

import sqlalchemy as sa
import structlog
from flask import Flask, current_app

from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import service
from marketplace.matching.queries import find_last_run

# Changes that come within these seconds are settled together.
PAUSE_S = 1.0
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


def refresh_need(need_id: int) -> None:
    """Suggestions of a need that was published, paused, changed."""
    _refresh(need_id=need_id)


def refresh_donor(donor_id: int) -> None:
    """Suggestions of a donor who came, or whose wishes changed."""
    _refresh(donor_id=donor_id)


def refresh_pair(need_id: int, *, donor_id: int) -> None:
    """Suggestions of both after a pledge was made or taken back."""
    _refresh(need_id=need_id)
    _refresh(donor_id=donor_id)


def _refresh(*, need_id: int | None = None, donor_id: int | None = None) -> None:
    if find_last_run() is None:
        return
    now, is_ready = utc_now(), service.is_ready()
    with transaction():
        if not is_ready:
            service.note_change(need_id=need_id, donor_id=donor_id, now=now)
        elif need_id is not None:
            service.rerank_need(need_id, now=now)
        elif donor_id is not None:
            service.rerank_donor(donor_id, now=now)
    _settler.want(current_app._get_current_object())  # type: ignore[attr-defined]
