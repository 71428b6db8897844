"""Ranked lists in both directions: by score, with a floor for the worst off, exploration, and neutral lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine import top
from marketplace.matching.engine.lists import (
    Lists,
    Policy,
    Setting,
    Source,
    explore_donors,
    explore_needs,
    make_neutral,
    raise_floor,
    ranked,
)
from marketplace.matching.engine.model import EXPERT, POINTS, Model
from marketplace.matching.engine.prepared import among, prepare
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.top import NOBODY, Top

Array = NDArray[Any]
Whole = TypeVar("Whole", int, Array)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One place of a list. ``partner`` is a row of the problem; ``points`` the score out of 100."""

    position: int
    partner: int
    code: str
    units: int
    points: int
    source: Source
    propensity: float


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """A full run: each need's donors and each donor's needs, with what is needed to replay it."""

    problem: Problem
    model: Model
    policy: Policy
    k: int
    seed: int
    day: date
    donors_of_need: Lists
    needs_of_donor: Lists

    def for_need(self, code: str) -> list[Suggestion]:
        """The donors suggested for a need, best first; KeyError where the need is not open."""
        row = self.problem.need_index(code)
        return _suggestions(self.donors_of_need, row, codes=self.problem.donors.codes, model=self.model)

    def for_donor(self, code: str) -> list[Suggestion]:
        """The needs suggested to a donor, in the order shown; KeyError where there is no such donor."""
        row = self.problem.donor_index(code)
        return _suggestions(self.needs_of_donor, row, codes=self.problem.needs.codes, model=self.model)


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """A problem kept warm for one model, policy, seed and day; single lists equal those of the full run."""

    setting: Setting

    def need(self, code: str) -> list[Suggestion]:
        """Re-rank the donors of one need; KeyError where the need is not open."""
        problem = self.setting.prepared.problem
        row = problem.need_index(code)
        lists = ranked(top.best_donors(self.setting.prepared, need=row, k=self.setting.k + 1))
        explore_donors(self.setting, lists, rows=np.array([row]))
        return _suggestions(lists, 0, codes=problem.donors.codes, model=self.setting.prepared.model)

    def donor(self, code: str) -> list[Suggestion]:
        """Re-rank the needs of one donor; KeyError where there is no such donor."""
        problem = self.setting.prepared.problem
        row = problem.donor_index(code)
        lists = ranked(top.best_needs(self.setting.prepared, donor=row, k=self.setting.k + 1))
        worst = top.best_needs(self.setting.prepared, donor=row, k=self.setting.k, among=self.setting.worst_off)
        self._finish_needs(lists, worst=worst, rows=np.array([row]))
        return _suggestions(lists, 0, codes=problem.needs.codes, model=self.setting.prepared.model)

    def run(self) -> Ranking:
        """Rank everything, both directions."""
        prepared = self.setting.prepared
        by_need, by_donor = top.best_pairs(prepared, k=self.setting.k + 1)
        _, worst = top.best_pairs(among(prepared, rows=self.setting.worst_off), k=self.setting.k)
        donors_of_need, needs_of_donor = ranked(by_need), ranked(by_donor)
        explore_donors(self.setting, donors_of_need, rows=np.arange(len(prepared.problem.needs)))
        self._finish_needs(needs_of_donor, worst=worst, rows=np.arange(len(prepared.problem.donors)))
        return Ranking(
            problem=prepared.problem,
            model=prepared.model,
            policy=self.setting.policy,
            k=self.setting.k,
            seed=self.setting.seed,
            day=self.setting.day,
            donors_of_need=donors_of_need,
            needs_of_donor=needs_of_donor,
        )

    def _finish_needs(self, lists: Lists, *, worst: Top, rows: Array) -> None:
        raise_floor(self.setting, lists, worst=worst)
        explore_needs(self.setting, lists, rows=rows)
        make_neutral(self.setting, lists, rows=rows)


def make_ranker(
    problem: Problem,
    *,
    day: date,
    model: Model = EXPERT,
    policy: Policy | None = None,
    k: int = 10,
    seed: int = 0,
) -> Ranker:
    """Prepare a problem; ``changes`` goes on from one ranker to the next without preparing all of it again."""
    policy = policy or Policy()
    prepared = prepare(problem, model=model, rules=policy.rules)
    return Ranker(Setting(prepared=prepared, policy=policy, k=k, seed=seed, day=day))


def rank(
    problem: Problem,
    *,
    day: date,
    model: Model = EXPERT,
    policy: Policy | None = None,
    k: int = 10,
    seed: int = 0,
) -> Ranking:
    """Rank both directions in full; the same problem, model, policy, seed and day give the same lists."""
    return make_ranker(problem, day=day, model=model, policy=policy, k=k, seed=seed).run()


def points_of(units: Whole, *, full: int) -> Whole:
    """A score, or an array of scores, in whole points out of 100."""
    return (2 * POINTS * units + full) // (2 * full)


def _suggestions(lists: Lists, row: int, *, codes: Sequence[str], model: Model) -> list[Suggestion]:
    full = model.full_units()
    places = zip(
        lists.partners[row].tolist(),
        lists.units[row].tolist(),
        lists.sources[row].tolist(),
        lists.propensity[row].tolist(),
        strict=True,
    )
    return [
        Suggestion(
            position=position,
            partner=partner,
            code=codes[partner],
            units=units,
            points=points_of(units, full=full),
            source=Source(source),
            propensity=propensity,
        )
        for position, (partner, units, source, propensity) in enumerate(places, start=1)
        if partner != NOBODY
    ]
