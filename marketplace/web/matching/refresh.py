"""Re-rank after a page changed a need or a donor; until the first full run there is nothing to change."""

from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import service
from marketplace.matching.queries import find_last_run


def refresh_need(need_id: int) -> None:
    """Suggestions of a need that was published, paused, changed."""
    if find_last_run() is None:
        return
    now = utc_now()
    # Reading everything takes a second or two the first time: not while holding the write lock.
    service.warm_up(now=now)
    with transaction():
        service.rerank_need(need_id, now=now)


def refresh_donor(donor_id: int) -> None:
    """Suggestions of a donor whose wishes changed."""
    if find_last_run() is None:
        return
    now = utc_now()
    service.warm_up(now=now)
    with transaction():
        service.rerank_donor(donor_id, now=now)
