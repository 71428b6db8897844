"""A synthetic year of a prefecture: donors who only browse, donors with ranked lists, and with proposals on top.

Nothing here was observed: the figures compare three ways of working under one and the same made-up behaviour, and say
nothing about any real place. The behaviour: needs appear evenly over the year; each donor comes by in a week with the
chance VISITS; it looks down a list of ten and pledges to the need at place i, whose score is s in [0, 1], with the
chance TAKES * s * FADES**i, at most one a visit; it gives what is open, what it usually gives, or what is left of its
budget, whichever is least; it keeps its word with a chance between KEEPS and 1 that grows with its record, else the
part is open again a week later. Browsing shows the newest needs that its kinds and areas allow; ranking shows the
engine's list with its floor; with proposals, every four weeks an allocation is offered, and each part is accepted with
the chance ACCEPTS * s. A need without an amount is met by one yes. All three see the same needs, donors and lots.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine import features
from marketplace.matching.engine.allocate import Asks, Fairness, allocate
from marketplace.matching.engine.metrics import gini
from marketplace.matching.engine.pairs import pair_units
from marketplace.matching.engine.prepared import needs_of
from marketplace.matching.engine.problem import Problem
from marketplace.matching.engine.rank import Ranker, Ranking, make_ranker
from marketplace.matching.engine.synthetic import (
    COUNTIES_PER_PREFECTURE,
    NEEDS_PER_VILLAGE,
    TOWNSHIPS_PER_COUNTY,
    VILLAGES_PER_TOWNSHIP,
    synthetic_problem,
)
from marketplace.matching.engine.top import NOBODY

WEEKS = 52
DAYS = 7
PLACES = 10
WAYS = ("browse", "ranked", "allocated")
VISITS, TAKES, FADES, KEEPS, ACCEPTS = 0.25, 0.9, 0.85, 0.7, 0.6
EVERY = 4
SUPPLY = 0.6
LEAST_FEN = 5_000
COUNTY = 10**6
# Villages of a prefecture: the needs of the year are spread over all its counties.
PREFECTURE = VILLAGES_PER_TOWNSHIP * TOWNSHIPS_PER_COUNTY * COUNTIES_PER_PREFECTURE
HALF = 0.5

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a way of working came to, for all needs or those of one county; shares in [0, 1].

    success: wholly covered by kept promises / published. zero_help: got nothing / published. gini: inequality of the
    covered part. median_wait_days: until wholly covered, needs still open counted as censored (Kaplan-Meier); None
    where fewer than half are ever covered.
    """

    way: str
    area: str
    needs: int
    success: float
    zero_help: float
    gini: float
    median_wait_days: float | None


@dataclass(slots=True, eq=False)
class _Year:
    """One run: what is open of each need, what is left of each purse, when each need was covered (-1 = not)."""

    problem: Problem
    born: Array
    asked: Array
    rest: Array
    purse: Array
    covered: Array
    rng: np.random.Generator
    lapsing: list[tuple[int, int, int]] = field(default_factory=list)

    def give(self, need: int, donor: int, *, units: int, week: int) -> None:
        """A promise; it lapses a week later where the donor does not keep it."""
        amount = min(units, int(self.rest[need]))
        if self.problem.needs.amount_fen[need] > 0:
            amount = min(amount, int(self.purse[donor]))
            self.purse[donor] -= max(amount, 0)
        if amount <= 0:
            return
        self.rest[need] -= amount
        keeps = KEEPS + (1 - KEEPS) * float(self.problem.donors.success[donor]) / features.PERCENT
        if self.rng.random() > keeps:
            self.lapsing.append((need, donor, amount))
        if self.rest[need] == 0:
            self.covered[need] = week

    def release(self) -> None:
        """What was promised last week and did not come is open again."""
        for need, donor, amount in self.lapsing:
            self.rest[need] += amount
            self.covered[need] = -1
            if self.problem.needs.amount_fen[need] > 0:
                self.purse[donor] += amount
        self.lapsing.clear()


def simulate(*, needs: int = 1_500, donors: int = 350, seed: int = 0) -> dict[str, Any]:
    """The three ways over one made-up year; the same sizes and seed give the same figures.

    ValueError for sizes below 1.
    """
    if min(needs, donors) < 1:
        raise ValueError("a year needs at least one need and one donor")
    stride = max(1, PREFECTURE * NEEDS_PER_VILLAGE // max(needs, NEEDS_PER_VILLAGE))
    problem = synthetic_problem(needs, donors=donors, seed=seed, stride=stride).problem
    born = np.random.default_rng(seed + 1).integers(0, WEEKS, needs)
    rows = [row for way in WAYS for row in _results(way, _run(way, problem, born=born, seed=seed))]
    return {
        "synthetic": True,
        "needs": needs,
        "donors": donors,
        "seed": seed,
        "weeks": WEEKS,
        "behaviour": {"visits": VISITS, "takes": TAKES, "fades": FADES, "keeps": KEEPS, "accepts": ACCEPTS},
        "supply": SUPPLY,
        "rows": [asdict(row) for row in rows],
    }


def _run(way: str, problem: Problem, *, born: Array, seed: int) -> _Year:
    amounts = problem.needs.amount_fen
    asked = np.where(amounts > 0, amounts, 1)
    stated = np.where(problem.donors.budget_fen >= 0, problem.donors.budget_fen, problem.donors.typical_fen)
    purse = np.where(problem.donors.is_open, np.maximum(stated, 0), 0)
    scale = SUPPLY * float(amounts.sum()) / max(int(purse.sum()), 1)
    year = _Year(
        problem=problem,
        born=born,
        asked=asked,
        rest=asked.copy(),
        purse=(purse * scale).astype(np.int64),
        covered=np.full(len(born), -1),
        rng=np.random.default_rng(seed + 2),
    )
    for week in range(WEEKS):
        year.release()
        _week(way, year, week=week, seed=seed)
    year.release()
    return year


def _week(way: str, year: _Year, *, week: int, seed: int) -> None:
    # The lots of a week are the same in every way of working.
    lots = np.random.default_rng((seed, week))
    comes = lots.random(len(year.purse)) < VISITS
    takes = lots.random((len(year.purse), PLACES))
    open_rows = np.flatnonzero((year.born <= week) & (year.rest > 0))
    if not len(open_rows):
        return
    ranker = _ranker(year, open_rows, week=week)
    if way == "allocated" and week % EVERY == EVERY - 1:
        _offer(year, ranker, open_rows, week=week, lots=lots)
    ranking = None if way == "browse" else ranker.run()
    for donor in np.flatnonzero(comes & year.problem.donors.is_open).tolist():
        places = _newest(ranker, donor) if ranking is None else _listed(ranking, donor)
        shown = list(zip(open_rows[places].tolist(), _scores(ranker, places, donor=donor), strict=True))
        _look(year, donor, shown, takes=takes[donor], week=week)


def _ranker(year: _Year, rows: Array, *, week: int) -> Ranker:
    """The engine over what is open this week, as long as it has waited."""
    needs = year.problem.needs
    waiting = ((week - year.born[rows]) * DAYS).astype(np.int32)
    columns = {name: getattr(needs, name)[rows] for name in needs.__slots__ if name != "codes"}
    columns |= {"waiting_days": waiting, "waiting": features.waiting_levels(waiting).astype(np.uint8)}
    open_needs = replace(needs, codes=tuple(needs.codes[row] for row in rows.tolist()), **columns)
    place = np.full(len(needs), -1)
    place[rows] = np.arange(len(rows))
    old = year.problem.excluded
    kept = place[old >> 32] >= 0
    excluded = np.sort(place[old[kept] >> 32] << 32 | old[kept] & 0xFFFFFFFF)
    problem = replace(year.problem, needs=open_needs, excluded=excluded)
    return make_ranker(problem, day=date(2000, 1, 3) + timedelta(weeks=week), k=PLACES)


def _newest(ranker: Ranker, donor: int) -> Array:
    """The newest that the donor's kinds and areas allow, as rows of the ranker's problem."""
    prepared = ranker.setting.prepared
    found = needs_of(prepared, donor=donor)
    newest: Array = found[np.argsort(prepared.problem.needs.waiting_days[found], kind="stable")][:PLACES]
    return newest


def _listed(ranking: Ranking, donor: int) -> Array:
    """The engine's own list for the donor, as rows of the ranker's problem."""
    partners = ranking.needs_of_donor.partners[donor]
    listed: Array = partners[partners != NOBODY].astype(np.int64)
    return listed


def _scores(ranker: Ranker, places: Array, *, donor: int) -> list[float]:
    """Scores in [0, 1] of one donor with the needs at ``places`` of the ranker's problem."""
    prepared = ranker.setting.prepared
    units = pair_units(prepared.problem, needs=places, donors=np.full(len(places), donor), steps=prepared.steps)
    scores: list[float] = (units / prepared.model.full_units()).tolist()
    return scores


def _look(year: _Year, donor: int, shown: list[tuple[int, float]], *, takes: Array, week: int) -> None:
    """Down the list; the first that the donor takes is promised, up to what it usually gives."""
    usual = int(year.problem.donors.typical_fen[donor])
    for place, (need, score) in enumerate(shown):
        if takes[place] < TAKES * score * FADES**place:
            year.give(need, donor, units=usual if usual > 0 else int(year.rest[need]), week=week)
            return


def _offer(year: _Year, ranker: Ranker, rows: Array, *, week: int, lots: np.random.Generator) -> None:
    """An allocation over what is open: each part is accepted by lot."""
    has_amount = year.problem.needs.amount_fen[rows] > 0
    asks = Asks(
        open=np.where(has_amount, year.rest[rows], 0),
        step=np.ones(len(rows), dtype=np.int64),
        purse=year.purse.copy(),
    )
    found = allocate(ranker.setting.prepared.problem, asks=asks, fairness=Fairness(least=LEAST_FEN))
    given = np.flatnonzero(found.units)
    answers = lots.random(len(given))
    scores = found.pairs.scores[given] / ranker.setting.prepared.model.full_units()
    for at, (part, score) in enumerate(zip(given.tolist(), scores.tolist(), strict=True)):
        if answers[at] < ACCEPTS * score:
            need, donor = int(rows[found.pairs.needs[part]]), int(found.pairs.donors[part])
            year.give(need, donor, units=int(found.units[part]), week=week)


def _results(way: str, year: _Year) -> list[Result]:
    """The whole first, then each county."""
    county = year.problem.needs.division // COUNTY
    everywhere = np.ones(len(county), dtype=np.bool_)
    areas = [("all", everywhere), *((f"{code:06d}000000", county == code) for code in np.unique(county).tolist())]
    return [_result(way, area, year, rows=np.flatnonzero(inside)) for area, inside in areas]


def _result(way: str, area: str, year: _Year, *, rows: Array) -> Result:
    got = 1 - year.rest[rows] / year.asked[rows]
    covered = year.covered[rows] >= 0
    end = np.where(covered, year.covered[rows], WEEKS)
    return Result(
        way=way,
        area=area,
        needs=len(rows),
        success=float(covered.mean()),
        zero_help=float((got == 0).mean()),
        gini=gini(got),
        median_wait_days=median_wait((end - year.born[rows]) * DAYS, covered),
    )


def median_wait(days: Array, covered: Array) -> float | None:
    """Kaplan and Meier's median of waiting: days (N,), covered (N,) bool, the others are censored at their days."""
    alive = 1.0
    for day in np.unique(days[covered]).tolist():
        at_risk = int((days >= day).sum())
        alive *= 1 - int((covered & (days == day)).sum()) / at_risk
        if alive <= HALF:
            return float(day)
    return None


def describe(report: dict[str, Any]) -> str:
    """The report as a table for people, labelled as synthetic."""
    lines = [
        "SYNTHETIC: a made-up year under a made-up behaviour; it describes no real place.",
        f"{report['needs']} needs, {report['donors']} donors, budgets {report['supply']:.0%} of what is asked, "
        f"seed {report['seed']}; behaviour {report['behaviour']}",
        f"{'way':<12}{'area':<14}{'needs':>7}{'success':>9}{'zero help':>11}{'gini':>7}{'median wait':>13}",
    ]
    for row in report["rows"]:
        wait = "-" if row["median_wait_days"] is None else f"{row['median_wait_days']:.0f} days"
        lines.append(
            f"{row['way']:<12}{row['area']:<14}{row['needs']:>7}{row['success']:>9.3f}"
            f"{row['zero_help']:>11.3f}{row['gini']:>7.3f}{wait:>13}"
        )
    return "\n".join(lines)
