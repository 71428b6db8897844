"""Why a pair scored what it did, in words with numbers that add up to the score; and why a pair is never shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Reason:
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
    full = model.full_units()
    columns = zip(needs.tolist(), donors.tolist(), levels.T.tolist(), units.T.tolist(), strict=True)
    for need, donor, pair, terms in columns:
        total = sum(terms)
        points = points_of(total, full=full)
        yield Explanation(
            points=points,
            units=total,
            version=model.version,
            fact=Phrase(KIND_WORDS[KINDS[int(problem.needs.kind[need])]]),
            reasons=_reasons(problem, (need, donor), levels=pair, units=terms, points=points),
            levels=tuple(pair),
        )


def _reasons(
    problem: Problem, pair: tuple[int, int], *, levels: list[int], units: list[int], points: int
) -> tuple[Reason, ...]:
    shares = split_points(units, total=points)
    reasons = [
        Reason(
            feature=feature,
            phrase=_WORDS[feature](problem, *pair, levels[index]),
            points=shares[index],
            units=units[index],
            value=levels[index] / int(TOPS[index]),
        )
        for index, feature in enumerate(FEATURES)
        if units[index] > 0
    ]
    return tuple(sorted(reasons, key=lambda reason: -reason.units))


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


def split_points(units: list[int], *, total: int) -> list[int]:
    """Whole points in the proportion of the units that add up to ``total`` (largest remainder, earlier first)."""
    whole = sum(units)
    if whole == 0:
        return [0] * len(units)
    shares = [total * term // whole for term in units]
    by_remainder = sorted(range(len(units)), key=lambda index: (-(total * units[index] % whole), index))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def yuan(fen: int) -> str:
    """Fen as yuan for a sentence: whole yuan without decimals."""
    return f"{fen // FEN:,}" if fen % FEN == 0 else f"{fen // FEN:,}.{fen % FEN:02d}"


def _category(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("Wants to help with this category" if level == features.CATEGORY_NAMED else "Open to every category")


def _area(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase(AREA_WORDS[level - 1])


def _amount(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    typical = yuan(int(problem.donors.typical_fen[donor]))
    return Phrase(
        "Usually gives about %(typical)s yuan, %(open)s yuan are open",
        {"typical": typical, "open": yuan(int(problem.needs.amount_fen[need]))},
    )


def _budget(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    share = PERCENT * int(problem.donors.budget_fen[donor]) // int(problem.needs.amount_fen[need])
    if share >= PERCENT:
        return Phrase("The budget covers the whole amount")
    return Phrase("The budget covers %(percent)s%% of the amount", {"percent": share})


def _text(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("The words are %(percent)s%% alike", {"percent": PERCENT * level // features.TEXT_LENGTH})


def _neighbours(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("%(percent)s%% of similar donors' gifts went to this category", {"percent": level})


def _success(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    outcomes = int(problem.donors.outcomes[donor])
    if not outcomes:
        return Phrase("No promises to judge by yet")
    kept = int(problem.donors.successes[donor])
    return Phrase("Kept %(kept)s of %(all)s promises", {"kept": kept, "all": outcomes})


def _capacity(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("%(budget)s yuan of budget left", {"budget": yuan(int(problem.donors.budget_fen[donor]))})


def _recency(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    days = int(problem.donors.last_active_days[donor])
    return Phrase("Active %(days)s days ago", {"days": days}) if days else Phrase("Active today")


def _urgency(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("Urgent" if level == 1 else "Critical")


def _vulnerability(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("Household in hardship, degree %(degree)s of 100", {"degree": level})


def _waiting(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("Waiting %(days)s days", {"days": int(problem.needs.waiting_days[need])})


def _never_helped(problem: Problem, need: int, donor: int, level: int) -> Phrase:
    return Phrase("Never helped before")


_WORDS: dict[Feature, Callable[[Problem, int, int, int], Phrase]] = {
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
