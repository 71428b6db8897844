"""Run the engine and keep what it suggests: in full, or only what one need or one donor touches."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from time import perf_counter
from typing import cast

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import SYSTEM
from marketplace.core.collector import uncollected
from marketplace.core.errors import NotFound
from marketplace.db import UtcDateTime, db
from marketplace.db.clock import china_day
from marketplace.donors.models import Donor
from marketplace.matching.adopted import adopted_model
from marketplace.matching.engine import replay as replay_of
from marketplace.matching.engine.explain import Explanation, Phrase, explain, why_not
from marketplace.matching.engine.rank import Ranking
from marketplace.matching.engine.whynot import Standing, standing
from marketplace.matching.models import MatchChange, MatchRun, MatchSnapshot, Suggestion
from marketplace.matching.queries import find_last_run
from marketplace.matching.warm import Change, Warm, build_warm, is_warm, keep_read, last_change, warm_for
from marketplace.matching.writing import (
    Differences,
    find_differences,
    write_all,
    write_differences,
    write_donor,
    write_need,
)
from marketplace.needs.models import Need

# Runs of which all that was ranked is kept: a month of nights.
SNAPSHOTS_KEPT = 30
_CHANGES = cast("sa.Table", sa.inspect(MatchChange).local_table)
# The row locked: those who write lists take turns (SQLite lets one write anyway).
_LOCKED_RUN = sa.select(MatchRun).order_by(MatchRun.id.desc()).limit(1).with_for_update()
_NOTHING_HERE = "There is nothing here that you may see."


@dataclass(frozen=True, slots=True)
class Settling:
    """Lists that differ from what is stored, as of a run and of the last change seen."""

    run_id: int
    seen: int
    differences: Differences


@dataclass(frozen=True, slots=True)
class Replay:
    """A run worked out again: the digest that was stored, and that of the lists now."""

    run_id: int
    stored: str
    digest: str
    ranking: Ranking

    @property
    def is_same(self) -> bool:
        """True where every list is the same, bit for bit."""
        return self.stored == self.digest


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the engine says of one pair: its score in terms, or the rules that keep the two apart."""

    need_code: str
    donor_code: str
    explanation: Explanation
    hindrances: list[Phrase]
    standing: Standing | None


def run(*, now: datetime, seed: int = 0) -> MatchRun:
    """Rank all open needs and active donors both ways, and put the lists in the place of those before.

    Earlier runs stay on record; ``replay`` works the last of them out again from what they ranked.
    """
    started = perf_counter()
    record = MatchRun(
        at=now, day=china_day(now), seed=seed, model_version=adopted_model().version, needs=0, donors=0, milliseconds=0
    )
    db.session.add(record)
    db.session.flush()
    with uncollected():
        warm = build_warm(record)
        ranking = warm.ranker.run()
        write_all(warm, ranking, run_id=record.id)
    _keep_snapshot(record, warm, ranking)
    db.session.execute(sa.delete(MatchChange).where(MatchChange.id <= warm.seen))
    record.needs, record.donors = len(warm.problem.needs), len(warm.problem.donors)
    record.milliseconds = round((perf_counter() - started) * 1000)
    audit.record(SYSTEM, "match.run", subject="match_run", subject_id=record.id, at=now, needs=record.needs)
    db.session.flush()
    return record


def _keep_snapshot(record: MatchRun, warm: Warm, ranking: Ranking) -> None:
    """Store what was ranked; of runs before the last SNAPSHOTS_KEPT only the digest stays."""
    snapshot = MatchSnapshot(run_id=record.id, digest=replay_of.digest_of(ranking), content=replay_of.pack(warm.ranker))
    db.session.add(snapshot)
    latest = sa.select(MatchRun.id).order_by(MatchRun.id.desc()).limit(SNAPSHOTS_KEPT)
    db.session.execute(
        sa.update(MatchSnapshot)
        .where(MatchSnapshot.run_id.not_in(latest), MatchSnapshot.content.is_not(None))
        .values(content=None)
    )


def replay(run_id: int) -> Replay:
    """Work a stored run out again, bit for bit; NotFound where it was not stored, or is no longer whole."""
    found = db.session.get(MatchSnapshot, run_id)
    if found is None and db.session.get(MatchRun, run_id) is not None:
        raise NotFound("Run %(run)d kept nothing that it could be worked out from again.", run=run_id)
    if found is None:
        raise NotFound("There is no stored run %(run)d.", run=run_id)
    if found.content is None:
        raise NotFound("Of run %(run)d only the digest is kept: it is too old to be replayed.", run=run_id)
    ranking = replay_of.unpack(found.content).run()
    return Replay(run_id=run_id, stored=found.digest, digest=replay_of.digest_of(ranking), ranking=ranking)


def warm_up(*, is_fresh: bool = False) -> None:
    """Read and compile before a write lock is taken; ``is_fresh`` reads all again, so that nothing is missed.

    Does nothing before the first full run.
    """
    last = find_last_run()
    if last is None:
        return
    warm = build_warm(last) if is_fresh else warm_for(last)
    keep_read(warm)
    if warm.problem.needs.codes:
        warm.ranker.need(warm.problem.needs.codes[0])


def is_ready() -> bool:
    """True where a single change is ranked in milliseconds; else ``warm_up`` reads everything first."""
    last = find_last_run()
    return last is not None and is_warm(last)


def note_change(*, need_id: int | None = None, donor_id: int | None = None, now: datetime) -> None:
    """Write down that a need or a donor changed: the next ranking of any process takes it up.

    Who writes one down waits for those before: a reader that saw a number has seen all that are smaller.
    """
    _locked_run()
    _note(Need if donor_id is None else Donor, need_id if donor_id is None else donor_id, now=now)


def _note(side: type[Need] | type[Donor], owner: int | None, *, now: datetime) -> Change:
    """Write down that one of this side changed; NotFound where there is no such one."""
    db.session.flush()
    noted = db.session.scalar(_noting(side), {"owner": owner, "now": now})
    if noted is None:
        raise NotFound(_NOTHING_HERE)
    return Change(noted, owner, None) if side is Need else Change(noted, None, owner)


@cache
def _noting(side: type[Need] | type[Donor]) -> sa.Insert:
    own = sa.select(side.id, sa.bindparam("now", type_=UtcDateTime)).where(side.id == sa.bindparam("owner"))
    column = "need_id" if side is Need else "donor_id"
    return sa.insert(_CHANGES).from_select([column, "at"], own).returning(_CHANGES.c.id)


def rerank_need(need_id: int, *, now: datetime) -> None:
    """After a need was published, changed, covered or closed: its own list at once; ``settle`` does the others'.

    Does nothing but a full run where there has been none yet.
    """
    last = _locked_run()
    if last is None:
        run(now=now)
        return
    warm = warm_for(last, noted=_note(Need, need_id, now=now))
    code = warm.needs.codes.get(need_id)
    if code is not None and warm.problem.has_need(code):
        write_need(warm, code, run_id=last.id)
    else:
        db.session.execute(sa.delete(Suggestion).where(Suggestion.need_id == need_id))


def rerank_donor(donor_id: int, *, now: datetime) -> None:
    """After a donor registered, changed its wishes or gave: its own list at once; ``settle`` does the others'."""
    last = _locked_run()
    if last is None:
        run(now=now)
        return
    warm = warm_for(last, noted=_note(Donor, donor_id, now=now))
    code = warm.donors.codes.get(donor_id)
    if code is not None:
        write_donor(warm, code, run_id=last.id)


def plan_settling() -> Settling | None:
    """What the changes since the last run did to all lists, worked out without any lock; None before the first run."""
    last = find_last_run()
    if last is None:
        return None
    warm = warm_for(last)
    if warm.is_old:
        warm = build_warm(last)
    keep_read(warm)
    with uncollected():
        differences = find_differences(warm, warm.ranker.run(), run_id=last.id)
    return Settling(run_id=last.id, seen=warm.seen, differences=differences)


def settle(plan: Settling) -> bool:
    """Write the lists that a plan found to differ; False where something changed since: then plan again."""
    last = _locked_run()
    if last is None or last.id != plan.run_id or last_change() > plan.seen:
        return False
    write_differences(plan.differences)
    return True


def _locked_run() -> MatchRun | None:
    """The last full run, locked."""
    return db.session.scalar(_LOCKED_RUN)


def judge(need_code: str, *, donor_code: str) -> Judgement:
    """Why a pair scores what it does, and what keeps it apart; NotFound where either is not in the market now."""
    warm = _warm_now()
    try:
        need, donor = warm.problem.need_index(need_code), warm.problem.donor_index(donor_code)
    except KeyError as error:
        raise NotFound("There is no open need or no donor with the code %(code)s.", code=str(error.args[0])) from error
    setting = warm.ranker.setting
    rules = setting.policy.rules
    return Judgement(
        need_code=need_code,
        donor_code=donor_code,
        explanation=explain(warm.problem, model=setting.prepared.model, need=need, donor=donor),
        hindrances=why_not(warm.problem, need=need, donor=donor, rules=rules),
        standing=standing(setting.prepared, need=need, donor=donor, k=setting.k),
    )


def _warm_now() -> Warm:
    last = find_last_run()
    if last is None:
        raise NotFound("Nothing has been ranked yet. Run: marketplace match run")
    warm = warm_for(last)
    keep_read(warm)
    return warm
