"""One ranker kept warm per process, so that a single change is ranked in milliseconds.

Everything that all rows share is worked out with a full run and holds until the next one: the day, the text space
with its weights, and how similar donors spread their gifts. Between two runs only the changed rows are read; the
lists then equal those of a full run over the same rows with the same shared parts. Each change is written down
(``match_change``), so that every process follows what the others did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from marketplace.core.kinds import NeedCategory
from marketplace.db import db
from marketplace.matching.adopted import get_model
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.changes import change_donor, change_need, drop_need, filed
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.rank import Ranker, make_ranker
from marketplace.matching.loading import donor_rows, gift_mixes, need_rows
from marketplace.matching.models import MatchChange, MatchRun
from marketplace.needs.models import Need

# From this many donors on that changed since the others were filed, filing all again is quicker.
MOST_LOOSE = 64
LONGEST_WARM_S = 600
_PENDING = "warm_ranker"


@dataclass(frozen=True, slots=True)
class Warm:
    """A ranker with the ids behind its codes; ``seen`` is the last change that it holds."""

    place: str
    run_id: int
    seen: int
    born: float
    ranker: Ranker
    mixes: Mapping[NeedCategory, Mapping[NeedCategory, float]]
    need_ids: dict[str, int]
    donor_ids: dict[str, int]

    @property
    def is_old(self) -> bool:
        """True where everything is to be read again: a change that nobody wrote down is found then."""
        return monotonic() - self.born > LONGEST_WARM_S

    @property
    def problem(self) -> Problem:
        """What it ranks."""
        return self.ranker.setting.prepared.problem


class _Keeper:
    """Holds what was committed; what a transaction changed waits for its end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._warm: Warm | None = None

    def find(self, run: MatchRun) -> Warm | None:
        """The ranker of this run of this database, with what this session did to it."""
        with self._lock:
            warm = db.session.info.get(_PENDING) or self._warm
        return warm if warm is not None and (warm.place, warm.run_id) == (_place(), run.id) else None

    def keep(self, warm: Warm) -> Warm:
        """Put it in the place of the one before when the session commits."""
        db.session.info[_PENDING] = warm
        return warm

    def settle(self, warm: Warm) -> None:
        """Keep what a commit made true; of two the one that has seen more."""
        with self._lock:
            old = self._warm
            is_older = old is not None and (old.place, old.run_id) == (warm.place, warm.run_id) and old.seen > warm.seen
            self._warm = old if is_older else warm


_keeper = _Keeper()


@event.listens_for(Session, "after_commit")
def _settle(session: Session) -> None:
    if (warm := session.info.pop(_PENDING, None)) is not None:
        _keeper.settle(warm)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_PENDING, None)


def build_warm(run: MatchRun) -> Warm:
    """Read everything and prepare it for a run, as of the run's day; kept for the single changes that follow."""
    seen = last_change()
    mixes = gift_mixes()
    needs, donors = need_rows(day=run.day), donor_rows(day=run.day, mixes=mixes)
    problem = build_problem(needs.values(), donors=donors.values())
    warm = Warm(
        place=_place(),
        run_id=run.id,
        seen=seen,
        born=monotonic(),
        ranker=make_ranker(problem, day=run.day, seed=run.seed, model=get_model(run.model_version)),
        mixes=mixes,
        need_ids={row.code: need_id for need_id, row in needs.items()},
        donor_ids={row.code: donor_id for donor_id, row in donors.items()},
    )
    return _keeper.keep(warm)


def is_warm(run: MatchRun) -> bool:
    """True where a change of this run's lists needs no reading of everything."""
    return _keeper.find(run) is not None


def keep_read(warm: Warm) -> None:
    """Keep a ranker that was only read: no commit follows that would keep it."""
    db.session.info.pop(_PENDING, None)
    _keeper.settle(warm)


def warm_for(run: MatchRun) -> Warm:
    """The kept ranker of this run brought up to the last change of any process, or a new one."""
    warm = _keeper.find(run)
    if warm is None:
        return build_warm(run)
    later = db.session.execute(
        sa.select(MatchChange.id, MatchChange.need_id, MatchChange.donor_id)
        .where(MatchChange.id > warm.seen)
        .order_by(MatchChange.id)
    ).all()
    if not later:
        return warm
    for need_id in dict.fromkeys(row.need_id for row in later if row.need_id is not None):
        warm = _with_need(warm, need_id, run=run)
    for donor_id in dict.fromkeys(row.donor_id for row in later if row.donor_id is not None):
        warm = _with_donor(warm, donor_id, run=run)
    return _keeper.keep(replace(warm, seen=later[-1].id))


def _with_need(warm: Warm, need_id: int, *, run: MatchRun) -> Warm:
    """The ranker with one need as it stands now; without it where it is no longer open."""
    row = need_rows(day=run.day, need_id=need_id).get(need_id)
    if row is not None:
        ids = warm.need_ids if row.code in warm.need_ids else {**warm.need_ids, row.code: need_id}
        return replace(warm, ranker=change_need(warm.ranker, row), need_ids=ids)
    code = db.session.scalar(sa.select(Need.code).where(Need.id == need_id))
    if code is None or code not in warm.need_ids or not warm.problem.has_need(code):
        return warm
    return replace(warm, ranker=drop_need(warm.ranker, code))


def _with_donor(warm: Warm, donor_id: int, *, run: MatchRun) -> Warm:
    """The ranker with one donor as it stands now."""
    row = donor_rows(day=run.day, mixes=warm.mixes, donor_id=donor_id).get(donor_id)
    if row is None:
        return warm
    ids = warm.donor_ids if row.code in warm.donor_ids else {**warm.donor_ids, row.code: donor_id}
    ranker = change_donor(warm.ranker, row)
    if len(ranker.setting.prepared.loose) > MOST_LOOSE:
        ranker = filed(ranker)
    return replace(warm, ranker=ranker, donor_ids=ids)


def last_change() -> int:
    """The number of the latest change; 0 where there is none since the last run."""
    return db.session.scalar(sa.select(sa.func.max(MatchChange.id))) or 0


def _place() -> str:
    return str(db.engine.url)
