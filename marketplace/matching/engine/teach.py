"""Learn the ranking weights from what came about, and say whether the result may take the place of the old ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.features import FEATURES, TOPS, Feature
from marketplace.matching.engine.fit import Prior, Query, fit_weights
from marketplace.matching.engine.metrics import bootstrap
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.engine.pairs import area_levels, category_levels, pair_levels
from marketplace.matching.engine.problem import Problem

# Between an empty pair and a perfect one lie this many units of log-odds under the expert's weights.
FULL_ODDS = 8.0
# The expert's weights count as much as this many lists that were looked at.
EXPERT_LISTS = 50.0
OTHERS = 200
# Lists that each way is learnt from in a block, by lot where there are more.
MOST_LISTS = 2_000
# There must be as much to learn from, and to be measured on, as this many lists with a whole success each.
FEWEST_LISTS = 20
LARGEST_WEIGHT = 10.0
# What a donor wishes, and whom help is for.
VALUES = frozenset(
    {
        Feature.CATEGORY,
        Feature.AREA,
        Feature.URGENCY,
        Feature.VULNERABILITY,
        Feature.WAITING,
        Feature.NEVER_HELPED,
    }
)
LIST_LENGTH = 10

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A market as it stood on one day, and the pairs that came about in the days after it.

    needs, donors: rows of the problem (n,); propensity: with what chance each pair had been shown (n,), 1 unknown;
    worth: what came of it, 0 nothing to 1 help that is of use (n,), as worth.py says.
    """

    problem: Problem
    needs: Array
    donors: Array
    propensity: Array
    worth: Array


@dataclass(frozen=True, slots=True)
class Taught:
    """New weights, how they and the old ones did on the held-out block, and why they are refused (empty: adopted)."""

    weights: dict[str, float]
    metrics: dict[str, Any]
    refusal: str


def teach(blocks: Sequence[Block], *, incumbent: Model, seed: int, rules: Rules | None = None) -> Taught:
    """Learn on all blocks but the last, compare with the incumbent on the last.

    Adopted only where the mean NDCG@10 over the held-out lists (what was chosen, each gaining what came of it, among
    200 others of the same list) is above the incumbent's by more than chance, its interval above zero; ``refusal`` is
    too_few, not_better or "".
    """
    rules = rules or Rules()
    queries = [block_queries(block, rules=rules, seed=seed + turn) for turn, block in enumerate(blocks)]
    train = [query for found in queries[:-1] for query in found]
    held = queries[-1] if queries else []
    weights = with_values_kept(fit_weights(train, prior=_prior(len(train))))
    metrics: dict[str, Any] = {"train_lists": len(train), "held_lists": len(held)}
    found = {str(feature): float(weight) for feature, weight in zip(FEATURES, weights, strict=True)}
    if min(_evidence(held), _evidence(train)) < FEWEST_LISTS or not weights.sum() > 0:
        return Taught(found, metrics, refusal="too_few")
    old = np.array([incumbent.weights[feature] for feature in FEATURES])
    new_gain, old_gain = (np.array([_gain(query, one) for query in held]) for one in (weights, old))
    for name, gains in (("ndcg_new", new_gain), ("ndcg_old", old_gain), ("ndcg_difference", new_gain - old_gain)):
        interval = bootstrap(gains, seed=seed)
        metrics[name], metrics[f"{name}_ci"] = interval.mean, [interval.low, interval.high]
    return Taught(found, metrics, refusal="" if metrics["ndcg_difference_ci"][0] > 0 else "not_better")


def with_values_kept(weights: Array) -> Array:
    """The weights (F,) with those of VALUES raised to at least half the share that experts give them.

    What donors did says what they find easy to give to; whom help is for, and what a donor wished, is not learnt away.
    """
    expert = _expert()
    least = np.where([feature in VALUES for feature in FEATURES], expert / expert.sum() / 2, 0.0)
    kept, raised = weights, np.zeros(len(weights), dtype=np.bool_)
    for _ in VALUES:
        total = weights[~raised].sum() / (1.0 - least[raised].sum())
        kept = np.where(raised, least * total, weights)
        raised |= kept < least * total
    return kept


def block_queries(block: Block, *, rules: Rules, seed: int) -> list[Query]:
    """Each donor's and each need's new pairs against a sample of the pairs that were allowed too.

    A pair counts what came of it by the inverse of the propensity with which it was shown, at most tenfold; what
    nothing came of (a pledge that lapsed, help of no use) stands among the others.
    """
    rng = np.random.default_rng(seed)
    by_donor = [_query(block, donor=one, rules=rules, rng=rng) for one in _drawn(block.donors, rng=rng)]
    by_need = [_query(block, need=one, rules=rules, rng=rng) for one in _drawn(block.needs, rng=rng)]
    return [query for query in by_donor + by_need if len(query.chosen) and len(query.others)]


def _drawn(own: Array, *, rng: np.random.Generator) -> list[int]:
    every = np.unique(own)
    chosen = every if len(every) <= MOST_LISTS else np.sort(rng.choice(every, MOST_LISTS, replace=False))
    drawn: list[int] = chosen.tolist()
    return drawn


def _query(
    block: Block, *, rules: Rules, rng: np.random.Generator, donor: int | None = None, need: int | None = None
) -> Query:
    """The list of one donor, or of one need."""
    problem = block.problem
    mine = block.needs == need if donor is None else block.donors == donor
    known, count = (block.donors, len(problem.donors)) if donor is None else (block.needs, len(problem.needs))
    drawn = np.setdiff1d(rng.permutation(count)[: 4 * OTHERS], known[mine])
    fixed = np.full(len(drawn), need if donor is None else donor)
    needs, donors = (fixed, drawn) if donor is None else (drawn, fixed)
    may = allowed(problem, needs=needs, donors=donors, rules=rules)
    was_shown = 1.0 / np.clip(block.propensity[mine], 1.0 / LARGEST_WEIGHT, 1.0)
    worth = block.worth[mine]
    features = _features(problem, needs=block.needs[mine], donors=block.donors[mine])
    others = _features(problem, needs=needs[may][:OTHERS], donors=donors[may][:OTHERS])
    counts = (worth * was_shown)[worth > 0]
    return Query(
        chosen=features[worth > 0],
        others=np.concatenate([others, features[worth <= 0]]),
        weight=float(counts.mean()) if len(counts) else 0.0,
        worth=counts,
    )


def _evidence(queries: Sequence[Query]) -> float:
    """How much these lists say: each at most one, and less where all that happened in it may yet come to nothing."""
    return sum(min(float(np.sum(query.worth)), 1.0) for query in queries if query.worth is not None)


def allowed(problem: Problem, *, needs: Array, donors: Array, rules: Rules) -> Array:
    """Which pairs (needs[i], donors[i]) no hard rule keeps apart (n,) bool: the rules of explain.why_not."""
    gives = problem.donors
    fits = gives.is_open[donors] & (gives.budget_fen[donors] != 0)
    fits &= (gives.kinds[donors] >> problem.needs.kind[needs] & 1).astype(bool)
    if rules.must_fit_area:
        fits &= area_levels(problem, needs=needs, donors=donors) > 0
    if rules.must_fit_category:
        fits &= category_levels(problem, needs=needs, donors=donors) > 0
    may: Array = fits & ~problem.is_excluded(needs, donors=donors)
    return may


def card(version: str, *, facts: Mapping[str, Any], weights: Mapping[str, float], metrics: Mapping[str, Any]) -> str:
    """The model card: what it is, what it saw, what it weighs, how it did; source: Mitchell et al. 2019."""
    total = sum(weights.values()) or 1.0
    lines = [f"Model {version}", *(f"  {name}: {value}" for name, value in facts.items())]
    lines.append("Weights, of 100 (none below zero: more of a good thing is never worse)")
    ranked = sorted(weights.items(), key=lambda pair: -pair[1])
    lines += [f"  {100 * weight / total:5.1f}  {name}" for name, weight in ranked]
    lines.append("Measured on what was held out")
    return "\n".join([*lines, *(f"  {name}: {_told(value)}" for name, value in metrics.items())])


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"[{value[0]:.4f}, {value[1]:.4f}]" if isinstance(value, list) else str(value)


def _prior(lists: int) -> Prior:
    expert = _expert()
    count = len(FEATURES)
    strength = np.full(count, EXPERT_LISTS / max(lists, 1) / count)
    return Prior(centre=FULL_ODDS * expert / expert.sum(), strength=strength, is_free=np.zeros(count, dtype=bool))


def _expert() -> Array:
    return np.array([EXPERT.weights[feature] for feature in FEATURES])


def _features(problem: Problem, *, needs: Array, donors: Array) -> Array:
    values: Array = pair_levels(problem, needs=needs, donors=donors).T / TOPS
    return values


def _gain(query: Query, weights: Array) -> float:
    """NDCG@10 of what was chosen among the others, each gaining what it counts; a tie counts against it.

    Source: Järvelin and Kekäläinen 2002, with graded gains.
    """
    scores = np.concatenate([query.others @ weights, query.chosen @ weights])
    gains = np.concatenate([np.zeros(len(query.others)), query.shares()])
    discounts = 1.0 / np.log2(np.arange(2, LIST_LENGTH + 2))
    reached, best = gains[np.argsort(-scores, kind="stable")[:LIST_LENGTH]], -np.sort(-gains)[:LIST_LENGTH]
    return float(reached @ discounts[: len(reached)] / (best @ discounts[: len(best)]))
