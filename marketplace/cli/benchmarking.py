"""How long one change takes through the service: needs and donors of this instance, re-ranked one by one."""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from marketplace.core.errors import NotFound
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.donors.models import Donor
from marketplace.matching import service
from marketplace.matching.engine.benchmark import peak_mb
from marketplace.matching.queries import find_last_run, is_open
from marketplace.needs.models import Need

CHANGED = 20


def measure_service(*, rounds: int) -> list[dict[str, Any]]:
    """Rows of ``match benchmark``: one_need and one_donor, each change in a transaction of its own, commit included.

    What is re-ranked is as it was, so the lists stay the same. NotFound where nothing has been ranked yet.
    """
    last = find_last_run()
    if last is None:
        raise NotFound("Nothing has been ranked yet. Run: marketplace match run")
    sizes = {"needs": last.needs, "donors": last.donors}
    needs = db.session.scalars(sa.select(Need.id).where(is_open()).order_by(Need.id).limit(CHANGED)).all()
    donors = db.session.scalars(sa.select(Donor.id).order_by(Donor.id).limit(CHANGED)).all()
    service.warm_up()
    cases = {
        "one_need": [partial(service.rerank_need, need_id) for need_id in needs],
        "one_donor": [partial(service.rerank_donor, donor_id) for donor_id in donors],
    }
    return [
        {"method": "service", "case": case, **sizes, **_times(jobs, rounds=rounds)}
        for case, jobs in cases.items()
        if jobs
    ]


def _times(jobs: Sequence[Callable[..., None]], *, rounds: int) -> dict[str, float]:
    """Seconds of one change: the best and the median of all rounds; ``written_s`` is the best before the commit."""
    walls, written, cpus = [], [], []
    for job in [*jobs] * (rounds + 1):
        now = utc_now()
        wall, cpu = time.perf_counter(), time.process_time()
        with transaction():
            job(now=now)
            written.append(time.perf_counter() - wall)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    # The first round loads what the others find loaded.
    walls, written, cpus = (times[len(jobs) :] for times in (walls, written, cpus))
    return {
        "best_s": min(walls),
        "written_s": min(written),
        "median_s": statistics.median(walls),
        "cpu_s": min(cpus),
        "peak_mb": round(peak_mb(), 1),
    }
