"""Why a pair scored what it did, in words with numbers that add up to the score; and why a pair is never shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.core.kinds import SupportKind
from marketplace.matching.engine import features
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.features import FEATURES, TOPS, Feature
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.pairs import area_levels, category_levels, pair_levels
from marketplace.matching.engine.problem import KINDS, Problem
from marketplace.matching.engine.rank import points_of

FEN = 100
PERCENT = 100
KEPT_PHRASES = 4_096
AREA_WORDS = (
    "Gives nationwide",
    "Same province",
    "Same prefecture",
    "Same county",
    "Same township",
    "Same village",
)
KIND_WORDS = {
    SupportKind.MONEY: "Gives money",
    SupportKind.GOODS: "Gives goods",
    SupportKind.SERVICE: "Gives services",
    SupportKind.JOB: "Offers jobs",
    SupportKind.TRAINING: "Offers training",
    SupportKind.PURCHASE: "Buys products",
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A message id for the catalogue and the values of its places: ``gettext(message) % params``."""

    message: str
    params: dict[str, str | int] = field(default_factory=dict)


class Reason(NamedTuple):
    """One term of the score: its phrase, its whole points, its exact units, and the feature's value in [0, 1]."""

    feature: Feature
    phrase: Phrase
    points: int
    units: int
    value: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score and all its terms, the largest first: units and points both add up exactly. ``fact``: the kind.

    ``levels`` (13): of each feature, in the order of FEATURES.
    """

    points: int
    units: int
    version: str
    fact: Phrase
    reasons: tuple[Reason, ...]
    levels: tuple[int, ...]


def explain(problem: Problem, *, model: Model, need: int, donor: int) -> Explanation:
    """The terms of one pair, by rows of the problem; terms of zero units are left out.

    Points are units scaled to 100 and rounded by largest remainder, so that they add up to the total's.
    """
    return next(explain_pairs(problem, model=model, needs=np.array([need]), donors=np.array([donor])))


def explain_pairs(
    problem: Problem, *, model: Model, needs: NDArray[Any], donors: NDArray[Any]
) -> Iterator[Explanation]:
    """explain() of each pair (needs[i], donors[i]), with the features of all worked out at once."""
    levels = pair_levels(problem, needs=needs, donors=donors)
    units = model.steps()[:, np.newaxis] * levels
    totals = units.sum(axis=0)
    points = points_of(totals, full=model.full_units())
    told = _facts(problem, needs=needs, donors=donors, levels=levels)
    facts = [list(zip(*(column.tolist() for column in told[feature]), strict=True)) for feature in FEATURES]
    pairs = zip(
        problem.needs.kind[needs].tolist(),
        totals.tolist(),
        points.tolist(),
        levels.T.tolist(),
        units.T.tolist(),
        split_points(units, totals=points).T.tolist(),
        np.argsort(-units, axis=0, kind="stable").T.tolist(),
        np.count_nonzero(units > 0, axis=0).tolist(),
        strict=True,
    )
    for row, (kind, total, whole, level, unit, share, order, count) in enumerate(pairs):
        yield Explanation(
            points=whole,
            units=total,
            version=model.version,
            fact=_KIND_PHRASES[kind],
            reasons=tuple(
                Reason(FEATURES[at], _WORDS[at](*facts[at][row]), share[at], unit[at], level[at] / _TOPS[at])
                for at in order[:count]
            ),
            levels=tuple(level),
        )


def _facts(
    problem: Problem, *, needs: NDArray[Any], donors: NDArray[Any], levels: NDArray[Any]
) -> dict[Feature, tuple[NDArray[Any], ...]]:
    """What the words of each feature are made of, a row for each pair: its level where nothing else is named."""
    asks, gives = problem.needs, problem.donors
    open_fen, budget = asks.amount_fen[needs], gives.budget_fen[donors]
    return {feature: (levels[at],) for at, feature in enumerate(FEATURES)} | {
        Feature.AMOUNT: (gives.typical_fen[donors], open_fen),
        Feature.BUDGET: (budget, open_fen),
        Feature.SUCCESS: (gives.successes[donors], gives.outcomes[donors]),
        Feature.CAPACITY: (budget,),
        Feature.RECENCY: (gives.last_active_days[donors],),
        Feature.WAITING: (asks.waiting_days[needs],),
    }


def why_not(problem: Problem, *, need: int, donor: int, rules: Rules | None = None) -> list[Phrase]:
    """Every hard rule that keeps the pair apart; empty where the pair may be shown."""
    rules = rules or Rules()
    donors = problem.donors
    rows = {"needs": np.array([need]), "donors": np.array([donor])}
    found: list[Phrase] = []
    if donors.budget_fen[donor] == 0:
        found.append(Phrase("The donor has no budget left."))
    elif not donors.is_open[donor]:
        found.append(Phrase("The donor is not taking requests now."))
    if not donors.kinds[donor] >> problem.needs.kind[need] & 1:
        found.append(Phrase("The donor does not give this kind of help."))
    if rules.must_fit_area and not area_levels(problem, **rows)[0]:
        found.append(Phrase("The donor does not give in this area."))
    if rules.must_fit_category and not category_levels(problem, **rows)[0]:
        found.append(Phrase("The donor does not give to this category."))
    if problem.is_excluded(np.array([need]), donors=np.array([donor])).any():
        found.append(Phrase("The two are related parties, who are never matched."))
    return found


def split_points(units: NDArray[Any], *, totals: NDArray[Any]) -> NDArray[Any]:
    """Whole points (F, n) in the proportion of the units (F, n), adding up to ``totals`` (n,).

    By largest remainder, of equal ones the earlier first; nothing where there are no units.
    """
    whole = np.maximum(units.sum(axis=0), 1)
    shares, left = np.divmod(totals * units, whole)
    order = np.argsort(-left, axis=0, kind="stable")
    turn = np.argsort(order, axis=0)
    more: NDArray[Any] = shares + (turn < (totals - shares.sum(axis=0)) * (units.sum(axis=0) > 0))
    return more


def yuan(fen: int) -> str:
    """Fen as yuan for a sentence: whole yuan without decimals."""
    return f"{fen // FEN:,}" if fen % FEN == 0 else f"{fen // FEN:,}.{fen % FEN:02d}"


def _category(level: int) -> Phrase:
    return Phrase("Wants to help with this category" if level == features.CATEGORY_NAMED else "Open to every category")


def _area(level: int) -> Phrase:
    return Phrase(AREA_WORDS[level - 1])


def _amount(typical: int, open_fen: int) -> Phrase:
    return Phrase(
        "Usually gives about %(typical)s yuan, %(open)s yuan are open",
        {"typical": yuan(typical), "open": yuan(open_fen)},
    )


def _budget(budget: int, open_fen: int) -> Phrase:
    share = PERCENT * budget // open_fen
    if share >= PERCENT:
        return Phrase("The budget covers the whole amount")
    return Phrase("The budget covers %(percent)s%% of the amount", {"percent": share})


def _text(level: int) -> Phrase:
    return Phrase("The words are %(percent)s%% alike", {"percent": PERCENT * level // features.TEXT_LENGTH})


def _neighbours(level: int) -> Phrase:
    return Phrase("%(percent)s%% of similar donors' gifts went to this category", {"percent": level})


def _success(kept: int, outcomes: int) -> Phrase:
    if not outcomes:
        return Phrase("No promises to judge by yet")
    return Phrase("Kept %(kept)s of %(all)s promises", {"kept": kept, "all": outcomes})


def _capacity(budget: int) -> Phrase:
    return Phrase("%(budget)s yuan of budget left", {"budget": yuan(budget)})


def _recency(days: int) -> Phrase:
    return Phrase("Active %(days)s days ago", {"days": days}) if days else Phrase("Active today")


def _urgency(level: int) -> Phrase:
    return Phrase("Urgent" if level == 1 else "Critical")


def _vulnerability(level: int) -> Phrase:
    return Phrase("Household in hardship, degree %(degree)s of 100", {"degree": level})


def _waiting(days: int) -> Phrase:
    return Phrase("Waiting %(days)s days", {"days": days})


def _never_helped(level: int) -> Phrase:
    return Phrase("Never helped before")


_WORDS_OF: dict[Feature, Callable[..., Phrase]] = {
    Feature.CATEGORY: _category,
    Feature.AREA: _area,
    Feature.AMOUNT: _amount,
    Feature.BUDGET: _budget,
    Feature.TEXT: _text,
    Feature.NEIGHBOURS: _neighbours,
    Feature.SUCCESS: _success,
    Feature.CAPACITY: _capacity,
    Feature.RECENCY: _recency,
    Feature.URGENCY: _urgency,
    Feature.VULNERABILITY: _vulnerability,
    Feature.WAITING: _waiting,
    Feature.NEVER_HELPED: _never_helped,
}
# In the order of FEATURES. The same words come again and again: a phrase is made once.
_WORDS = tuple(lru_cache(maxsize=KEPT_PHRASES)(_WORDS_OF[feature]) for feature in FEATURES)
_TOPS = TOPS.tolist()
_KIND_PHRASES = tuple(Phrase(KIND_WORDS[kind]) for kind in KINDS)
