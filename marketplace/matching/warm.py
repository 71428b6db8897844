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
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from marketplace.core.kinds import NeedCategory
from marketplace.db import db
from marketplace.matching.adopted import get_model
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.changes import change_donor, change_need, drop_need, filed
from marketplace.matching.engine.problem import DonorRow, NeedRow, Problem
from marketplace.matching.engine.rank import Ranker, make_ranker
from marketplace.matching.loading import donor_rows, gift_mixes, need_rows
from marketplace.matching.models import MatchChange, MatchRun

# From this many donors on that changed since the others were filed, filing all again is quicker.
MOST_LOOSE = 64
LONGEST_WARM_S = 600
_PENDING = "warm_ranker"


class Change(NamedTuple):
    """A change that was written down, of a need or of a donor."""

    id: int
    need_id: int | None
    donor_id: int | None


@dataclass(frozen=True, slots=True)
class Names:
    """The ids in the database behind the codes of one side, and the codes of the ids; who left keeps them."""

    ids: dict[str, int]
    codes: dict[int, str]

    @classmethod
    def of(cls, rows: Mapping[int, NeedRow] | Mapping[int, DonorRow]) -> "Names":
        codes = {owner: row.code for owner, row in rows.items()}
        return cls(ids={code: owner for owner, code in codes.items()}, codes=codes)

    def including(self, owner: int, *, code: str) -> "Names":
        if owner in self.codes:
            return self
        return Names(ids={**self.ids, code: owner}, codes={**self.codes, owner: code})


@dataclass(frozen=True, slots=True)
class Warm:
    """A ranker with the ids behind its codes; ``seen`` is the last change that it holds."""

    place: str
    run_id: int
    seen: int
    born: float
    ranker: Ranker
    mixes: Mapping[NeedCategory, Mapping[NeedCategory, float]]
    needs: Names
    donors: Names

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
        needs=Names.of(needs),
        donors=Names.of(donors),
    )
    return _keeper.keep(warm)


def is_warm(run: MatchRun) -> bool:
    """True where a change of this run's lists needs no reading of everything."""
    return _keeper.find(run) is not None


def keep_read(warm: Warm) -> None:
    """Keep a ranker that was only read: no commit follows that would keep it."""
    db.session.info.pop(_PENDING, None)
    _keeper.settle(warm)


def warm_for(run: MatchRun, *, noted: Change | None = None) -> Warm:
    """The kept ranker of this run brought up to the last change of any process, or a new one.

    ``noted``: what the caller has just written down; where it follows on the last change seen, nothing else is read.
    """
    warm = _keeper.find(run)
    if warm is None:
        return build_warm(run)
    later = [noted] if noted is not None and noted.id == warm.seen + 1 else _changes_after(warm.seen)
    if not later:
        return warm
    for need_id in dict.fromkeys(change.need_id for change in later if change.need_id is not None):
        warm = _with_need(warm, need_id, run=run)
    for donor_id in dict.fromkeys(change.donor_id for change in later if change.donor_id is not None):
        warm = _with_donor(warm, donor_id, run=run)
    return _keeper.keep(replace(warm, seen=later[-1].id))


def _changes_after(seen: int) -> list[Change]:
    columns = (MatchChange.id, MatchChange.need_id, MatchChange.donor_id)
    chosen = sa.select(*columns).where(MatchChange.id > seen).order_by(MatchChange.id)
    return [Change(*row) for row in db.session.execute(chosen)]


def _with_need(warm: Warm, need_id: int, *, run: MatchRun) -> Warm:
    """The ranker with one need as it stands now; without it where it is no longer open."""
    row = need_rows(day=run.day, need_id=need_id).get(need_id)
    if row is not None:
        named = warm.needs.including(need_id, code=row.code)
        return replace(warm, ranker=change_need(warm.ranker, row), needs=named)
    code = warm.needs.codes.get(need_id)
    if code is None or not warm.problem.has_need(code):
        return warm
    return replace(warm, ranker=drop_need(warm.ranker, code))


def _with_donor(warm: Warm, donor_id: int, *, run: MatchRun) -> Warm:
    """The ranker with one donor as it stands now."""
    row = donor_rows(day=run.day, mixes=warm.mixes, donor_id=donor_id).get(donor_id)
    if row is None:
        return warm
    ranker = change_donor(warm.ranker, row)
    if len(ranker.setting.prepared.loose) > MOST_LOOSE:
        ranker = filed(ranker)
    return replace(warm, ranker=ranker, donors=warm.donors.including(donor_id, code=row.code))


def last_change() -> int:
    """The number of the latest change; 0 where there is none since the last run."""
    return db.session.scalar(sa.select(sa.func.max(MatchChange.id))) or 0


def _place() -> str:
    return str(db.engine.url)
