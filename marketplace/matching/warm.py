"""One ranker kept warm per process, so that a single change is ranked in milliseconds.

What other processes change reaches it when it is a few minutes old, or with the next run.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.matching.adopted import get_model
from marketplace.matching.engine.build import build_problem, with_donor, with_need, without_need
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.rank import Ranker, make_ranker
from marketplace.matching.loading import donor_rows, need_rows
from marketplace.matching.models import MatchRun

LONGEST_WARM = timedelta(minutes=10)
_OLDEST_CLOCK_JUMP = timedelta(0)


@dataclass(frozen=True, slots=True)
class Warm:
    """A ranker with the ids behind its codes."""

    place: str
    run_id: int
    built_at: datetime
    ranker: Ranker
    need_ids: dict[str, int]
    donor_ids: dict[str, int]

    @property
    def problem(self) -> Problem:
        """What it ranks."""
        return self.ranker.setting.prepared.problem


class _Keeper:
    def __init__(self) -> None:
        self._lock = Lock()
        self._warm: Warm | None = None

    def find(self, run: MatchRun, *, now: datetime) -> Warm | None:
        """The kept ranker where it belongs to this run of this database and is young enough."""
        with self._lock:
            warm = self._warm
        if warm is None or warm.place != _place() or warm.run_id != run.id:
            return None
        return warm if _OLDEST_CLOCK_JUMP <= now - warm.built_at < LONGEST_WARM else None

    def keep(self, warm: Warm) -> Warm:
        """Put it in the place of the one before."""
        with self._lock:
            self._warm = warm
        return warm


_keeper = _Keeper()


def build_warm(run: MatchRun, *, now: datetime) -> Warm:
    """Read everything and prepare it for a run; kept for the single changes that follow."""
    needs, donors = need_rows(now=now), donor_rows(now=now)
    problem = build_problem(needs.values(), donors=donors.values())
    warm = Warm(
        place=_place(),
        run_id=run.id,
        built_at=now,
        ranker=make_ranker(problem, day=china_day(now), seed=run.seed, model=get_model(run.model_version)),
        need_ids={row.code: need_id for need_id, row in needs.items()},
        donor_ids={row.code: donor_id for donor_id, row in donors.items()},
    )
    return _keeper.keep(warm)


def warm_for(run: MatchRun, *, now: datetime) -> Warm:
    """The kept ranker of this run, or a new one."""
    return _keeper.find(run, now=now) or build_warm(run, now=now)


def with_changed_need(warm: Warm, need_id: int, *, code: str, now: datetime) -> Warm:
    """The ranker with one need as it stands now; without it where it is no longer open."""
    row = need_rows(now=now, need_id=need_id).get(need_id)
    if row is not None:
        problem = with_need(warm.problem, row=row)
        return _changed(warm, problem, need_ids={**warm.need_ids, code: need_id})
    if code not in warm.problem.needs.codes:
        return warm
    return _changed(warm, without_need(warm.problem, code=code))


def with_changed_donor(warm: Warm, donor_id: int, *, code: str, now: datetime) -> Warm:
    """The ranker with one donor as it stands now."""
    row = donor_rows(now=now, donor_id=donor_id)[donor_id]
    return _changed(warm, with_donor(warm.problem, row=row), donor_ids={**warm.donor_ids, code: donor_id})


def _changed(
    warm: Warm, problem: Problem, *, need_ids: dict[str, int] | None = None, donor_ids: dict[str, int] | None = None
) -> Warm:
    setting = warm.ranker.setting
    ranker = make_ranker(problem, day=setting.day, seed=setting.seed, model=setting.prepared.model, warm=warm.ranker)
    return _keeper.keep(
        replace(warm, ranker=ranker, need_ids=need_ids or warm.need_ids, donor_ids=donor_ids or warm.donor_ids)
    )


def _place() -> str:
    return str(db.engine.url)
