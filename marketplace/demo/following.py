"""What became of the demonstration's suggestions and gifts: lists shown and opened, answers months later, kept days."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from marketplace.core.kinds import NeedCategory
from marketplace.db import db
from marketplace.db.clock import CHINA
from marketplace.demo.booking import Deed
from marketplace.demo.facts import AS_OF
from marketplace.demo.staff import Staff
from marketplace.fulfilment.follow_up import CHECKS, FollowUpRow, insert_follow_ups
from marketplace.fulfilment.models import ConfirmerKind, ConfirmHow
from marketplace.matching import outcomes
from marketplace.matching.engine.model import EXPERT
from marketplace.matching.models import Direction, MatchRun, Outcome, Slot
from marketplace.matching.outcomes import OutcomeRow
from marketplace.statistics.keeping import keep_day

# Seven in ten gifts go to a need that was suggested; a list shows at most this many.
_SUGGESTED_SHARE = 0.7
_LIST = 10
# How likely a donor is to open what stands at a place of the list, and how many households answer a question.
_OPENED = (0.42, 0.3, 0.22, 0.17, 0.13, 0.1, 0.08, 0.07, 0.06, 0.05)
_ANSWERED = {30: 0.8, 90: 0.7, 365: 0.6}
_DAILY = frozenset({NeedCategory.DLY, NeedCategory.WRM})


@dataclass(frozen=True, slots=True)
class Follower:
    """Writes what followed from gifts."""

    rng: Random

    def write_suggestions(self, deeds: Sequence[Deed]) -> int:
        """A run for each month, the lists that donors were shown before they gave, and what came of all gifts."""
        runs = self._runs()
        rows = list(self._rows(deeds, runs))
        outcomes.insert_outcomes(rows)
        return len(rows) + outcomes.collect(now=AS_OF)

    def write_answers(self, deeds: Sequence[Deed], *, staff: Staff) -> int:
        """The answers that came 30 and 90 days after deliveries, to the household's slip or to the supervisor."""
        rows = list(self._answers(deeds, staff))
        insert_follow_ups(rows)
        return len(rows)

    def _runs(self) -> list[MatchRun]:
        months = [datetime(2018, month, 1, 2, 0, tzinfo=CHINA) for month in range(1, 13)]
        made = [
            MatchRun(at=m, day=m.date(), seed=n, model_version=EXPERT.version, needs=0, donors=0, milliseconds=0)
            for n, m in enumerate(months)
        ]
        db.session.add_all(made)
        db.session.flush()
        return made

    def _rows(self, deeds: Sequence[Deed], runs: Sequence[MatchRun]) -> Iterator[OutcomeRow]:
        """For each gift that was suggested the list in which it stood, filled with needs that were open then."""
        taken: set[tuple[int, int, int]] = set()
        published = sorted((d.need.published_at, d.need.id) for d in deeds if d.need.published_at)
        moments = [at for at, _ in published]
        for deed in deeds:
            if self.rng.random() > _SUGGESTED_SHARE:
                continue
            made = deed.at("accepted")
            run = [r for r in runs if r.at <= made][-1]
            place = 1 + min(int(self.rng.expovariate(0.45)), _LIST - 1)
            span = slice(bisect_right(moments, made - timedelta(days=120)), bisect_left(moments, made))
            open_then = [need_id for _, need_id in published[span]]
            others = self.rng.sample(open_then, k=min(_LIST, len(open_then)))
            shown = [need_id for need_id in others if need_id != deed.need.id][: _LIST - 1]
            shown.insert(min(place - 1, len(shown)), deed.need.id)
            seen = made - timedelta(minutes=self.rng.randrange(3, 40))
            for rank, need_id in enumerate(shown, start=1):
                if (run.id, need_id, deed.gift.giver.id) in taken:
                    continue
                taken.add((run.id, need_id, deed.gift.giver.id))
                is_his = need_id == deed.need.id
                yield _row(Outcome.SHOWN, need_id, deed, run, rank, seen)
                if is_his or self.rng.random() < _OPENED[rank - 1] / 2:
                    yield _row(Outcome.OPENED, need_id, deed, run, rank, seen + timedelta(minutes=1))

    def _answers(self, deeds: Sequence[Deed], staff: Staff) -> Iterator[FollowUpRow]:
        asked = {deed.need.id: deed for deed in deeds if deed.need.confirmed_at and deed.need.delivered_at}
        for deed in asked.values():
            delivered, category = deed.need.delivered_at, deed.ask.text.category
            assert delivered is not None  # chosen by it
            for days in CHECKS:
                at = delivered + timedelta(days=days, hours=self.rng.randrange(1, 150))
                if at > AS_OF or self.rng.random() > _ANSWERED[days]:
                    continue
                by_household = deed.ask.household is not None and self.rng.random() < 0.55
                # What is eaten or burnt is used up; a roof and a school year last.
                lasts = 0.97 - (0.006 if category in _DAILY else 0.0008) * days
                yield FollowUpRow(
                    need_id=deed.need.id,
                    days=days,
                    kind=ConfirmerKind.HOUSEHOLD if by_household else ConfirmerKind.SECOND,
                    how=ConfirmHow.SLIP if by_household else ConfirmHow.VISIT,
                    still_useful=self.rng.random() < lasts,
                    still_needed=self.rng.random() < (0.35 if category in _DAILY else 0.18),
                    at=at if by_household else min(at + timedelta(days=7), AS_OF),
                    user_id=None if by_household else staff.supervisor(deed.ask.village),
                )


def keep_month_ends() -> int:
    """The figures of the last days of months, as the nights after them would have kept them."""
    firsts = [date(2018, month, 1) for month in range(2, 13)]
    days = [first - timedelta(days=1) for first in firsts] + [AS_OF.date() - timedelta(days=1)]
    return sum(keep_day(day, now=_night_after(day)) for day in days)


def _night_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 2, 0, tzinfo=CHINA) + timedelta(days=1)


def _row(kind: Outcome, need_id: int, deed: Deed, run: MatchRun, rank: int, at: datetime) -> OutcomeRow:
    slot = Slot.FAIRNESS if rank in (5, 9) else Slot.SCORE
    return OutcomeRow(
        kind=kind,
        need_id=need_id,
        donor_id=deed.gift.giver.id,
        run_id=run.id,
        model_version=run.model_version,
        direction=Direction.NEEDS_FOR_DONOR,
        rank=rank,
        slot=slot,
        propensity=1.0,
        at=at,
    )
