"""Run the engine and keep what it suggests: in full, or only what one need or one donor touches."""

from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import SYSTEM
from marketplace.core.errors import NotFound
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.donors.models import Donor
from marketplace.matching.adopted import adopted_model
from marketplace.matching.engine.explain import Explanation, Phrase, explain, why_not
from marketplace.matching.models import Direction, MatchRun, Suggestion
from marketplace.matching.queries import find_last_run
from marketplace.matching.warm import Warm, build_warm, warm_for, with_changed_donor, with_changed_need
from marketplace.matching.writing import write_all, write_donor, write_need
from marketplace.needs.models import Need

_NOTHING_HERE = "There is nothing here that you may see."


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the engine says of one pair: its score in terms, or the rules that keep the two apart."""

    need_code: str
    donor_code: str
    explanation: Explanation
    hindrances: list[Phrase]


def run(*, now: datetime, seed: int = 0) -> MatchRun:
    """Rank all open needs and active donors both ways, and put the lists in the place of those before.

    Earlier runs stay on record: seed, day and model version say how to replay them.
    """
    started = perf_counter()
    record = MatchRun(
        at=now, day=china_day(now), seed=seed, model_version=adopted_model().version, needs=0, donors=0, milliseconds=0
    )
    db.session.add(record)
    db.session.flush()
    warm = build_warm(record, now=now)
    write_all(warm, run_id=record.id)
    record.needs, record.donors = len(warm.problem.needs), len(warm.problem.donors)
    record.milliseconds = round((perf_counter() - started) * 1000)
    audit.record(SYSTEM, "match.run", subject="match_run", subject_id=record.id, at=now, needs=record.needs)
    db.session.flush()
    return record


def warm_up(*, now: datetime, is_fresh: bool = False) -> None:
    """Read and compile before a write lock is taken; ``is_fresh`` reads all again, so that nothing is missed.

    Does nothing before the first full run.
    """
    last = find_last_run()
    if last is None:
        return
    warm = build_warm(last, now=now) if is_fresh else warm_for(last, now=now)
    if warm.problem.needs.codes:
        warm.ranker.need(warm.problem.needs.codes[0])


def rerank_need(need_id: int, *, now: datetime) -> None:
    """After a need was published, changed, covered or closed: its list, and those of the donors that it touches.

    Does nothing but a full run where there has been none yet.
    """
    last = find_last_run()
    if last is None:
        run(now=now)
        return
    code = db.session.scalar(sa.select(Need.code).where(Need.id == need_id))
    if code is None:
        raise NotFound(_NOTHING_HERE)
    touched = _donors_listing(need_id)
    warm = with_changed_need(warm_for(last, now=now), need_id, code=code, now=now)
    if code in warm.problem.needs.codes:
        touched |= {ranked.code for ranked in write_need(warm, code, run_id=last.id)}
    else:
        db.session.execute(sa.delete(Suggestion).where(Suggestion.need_id == need_id))
    for donor_code in sorted(touched & set(warm.donor_ids)):
        write_donor(warm, donor_code, run_id=last.id)


def rerank_donor(donor_id: int, *, now: datetime) -> None:
    """After a donor registered, changed its wishes or gave: its list, and those of the needs that it touches."""
    last = find_last_run()
    if last is None:
        run(now=now)
        return
    code = db.session.scalar(sa.select(Donor.code).where(Donor.id == donor_id))
    if code is None:
        raise NotFound(_NOTHING_HERE)
    touched = _needs_listing(donor_id)
    warm = with_changed_donor(warm_for(last, now=now), donor_id, code=code, now=now)
    touched |= {ranked.code for ranked in write_donor(warm, code, run_id=last.id)}
    for need_code in sorted(touched & set(warm.problem.needs.codes)):
        write_need(warm, need_code, run_id=last.id)


def judge(need_code: str, *, donor_code: str, now: datetime) -> Judgement:
    """Why a pair scores what it does, and what keeps it apart; NotFound where either is not in the market now."""
    warm = _warm_now(now)
    try:
        need, donor = warm.problem.need_index(need_code), warm.problem.donor_index(donor_code)
    except KeyError as error:
        raise NotFound("There is no open need or no donor with the code %(code)s.", code=str(error.args[0])) from error
    rules = warm.ranker.setting.policy.rules
    return Judgement(
        need_code=need_code,
        donor_code=donor_code,
        explanation=explain(warm.problem, model=warm.ranker.setting.prepared.model, need=need, donor=donor),
        hindrances=why_not(warm.problem, need=need, donor=donor, rules=rules),
    )


def _warm_now(now: datetime) -> Warm:
    last = find_last_run()
    if last is None:
        raise NotFound("Nothing has been ranked yet. Run: marketplace match run")
    return build_warm(last, now=now)


def _donors_listing(need_id: int) -> set[str]:
    """Codes of the donors whose list holds the need."""
    chosen = (
        sa.select(Donor.code)
        .join(Suggestion, Suggestion.donor_id == Donor.id)
        .where(Suggestion.direction == Direction.NEEDS_FOR_DONOR, Suggestion.need_id == need_id)
    )
    return set(db.session.scalars(chosen))


def _needs_listing(donor_id: int) -> set[str]:
    """Codes of the needs whose list holds the donor."""
    chosen = (
        sa.select(Need.code)
        .join(Suggestion, Suggestion.need_id == Need.id)
        .where(Suggestion.direction == Direction.DONORS_FOR_NEED, Suggestion.donor_id == donor_id)
    )
    return set(db.session.scalars(chosen))
