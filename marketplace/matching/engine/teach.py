"""Learn the ranking weights from what came about, and say whether the result may take the place of the old ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.features import FEATURES, TOPS
from marketplace.matching.engine.fit import Prior, Query, fit_weights
from marketplace.matching.engine.metrics import bootstrap, list_gains
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.engine.pairs import area_levels, category_levels, pair_levels
from marketplace.matching.engine.problem import Problem

# Between an empty pair and a perfect one lie this many units of log-odds under the expert's weights.
FULL_ODDS = 8.0
# The expert's weights count as much as this many lists that were looked at.
EXPERT_LISTS = 50.0
OTHERS = 200
FEWEST_LISTS = 30
LARGEST_WEIGHT = 10.0
LIST_LENGTH = 10

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A market as it stood on one day, and the pairs that came about in the days after it.

    needs, donors: rows of the problem (n,); propensity: with what chance each pair had been shown (n,), 1 unknown.
    """

    problem: Problem
    needs: Array
    donors: Array
    propensity: Array


@dataclass(frozen=True, slots=True)
class Taught:
    """New weights, how they and the old ones did on the held-out block, and why they are refused (empty: adopted)."""

    weights: dict[str, float]
    metrics: dict[str, Any]
    refusal: str


def teach(blocks: Sequence[Block], *, incumbent: Model, seed: int, rules: Rules | None = None) -> Taught:
    """Learn on all blocks but the last, compare with the incumbent on the last.

    Adopted only where the mean NDCG@10 over the held-out lists (what was chosen among 200 others of the same list) is
    above the incumbent's; ``refusal`` is too_few, not_better or "".
    """
    rules = rules or Rules()
    queries = [block_queries(block, rules=rules, seed=seed + turn) for turn, block in enumerate(blocks)]
    train = [query for found in queries[:-1] for query in found]
    held = queries[-1] if queries else []
    weights = fit_weights(train, prior=_prior(len(train)))
    metrics: dict[str, Any] = {"train_lists": len(train), "held_lists": len(held)}
    found = {str(feature): float(weight) for feature, weight in zip(FEATURES, weights, strict=True)}
    if len(held) < FEWEST_LISTS or len(train) < FEWEST_LISTS or not weights.sum() > 0:
        return Taught(found, metrics, refusal="too_few")
    old = np.array([incumbent.weights[feature] for feature in FEATURES])
    new_gain, old_gain = (np.array([_gain(query, one) for query in held]) for one in (weights, old))
    for name, gains in (("ndcg_new", new_gain), ("ndcg_old", old_gain), ("ndcg_difference", new_gain - old_gain)):
        interval = bootstrap(gains, seed=seed)
        metrics[name], metrics[f"{name}_ci"] = interval.mean, [interval.low, interval.high]
    return Taught(found, metrics, refusal="" if metrics["ndcg_difference"] > 0 else "not_better")


def block_queries(block: Block, *, rules: Rules, seed: int) -> list[Query]:
    """Each donor's and each need's new pairs against a sample of the pairs that were allowed too.

    A list counts by the inverse of the propensity with which its pairs were shown, at most tenfold.
    """
    rng = np.random.default_rng(seed)
    problem = block.problem
    weights = np.minimum(1.0 / np.maximum(block.propensity, 1.0 / LARGEST_WEIGHT), LARGEST_WEIGHT)
    queries = []
    for own, other, count in (
        (block.donors, block.needs, len(problem.needs)),
        (block.needs, block.donors, len(problem.donors)),
    ):
        is_donor = own is block.donors
        for one in np.unique(own).tolist():
            mine = own == one
            drawn = np.setdiff1d(rng.permutation(count)[: 4 * OTHERS], other[mine])
            fixed = np.full(len(drawn), one)
            pair = {"needs": drawn, "donors": fixed} if is_donor else {"needs": fixed, "donors": drawn}
            may = allowed(problem, rules=rules, **pair)
            queries.append(
                Query(
                    chosen=_features(problem, needs=block.needs[mine], donors=block.donors[mine]),
                    others=_features(problem, **{name: rows[may][:OTHERS] for name, rows in pair.items()}),
                    weight=float(weights[mine].mean()),
                )
            )
    return [query for query in queries if len(query.others)]


def allowed(problem: Problem, *, needs: Array, donors: Array, rules: Rules) -> Array:
    """Which pairs (needs[i], donors[i]) no hard rule keeps apart (n,) bool: the rules of explain.why_not."""
    gives = problem.donors
    fits = gives.is_open[donors] & (gives.budget_fen[donors] != 0)
    fits &= (gives.kinds[donors] >> problem.needs.kind[needs] & 1).astype(bool)
    if rules.must_fit_area:
        fits &= area_levels(problem, needs=needs, donors=donors) > 0
    if rules.must_fit_category:
        fits &= category_levels(problem, needs=needs, donors=donors) > 0
    may: Array = fits & ~np.isin((needs.astype(np.int64) << 32) | donors, problem.excluded)
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
    expert = np.array([EXPERT.weights[feature] for feature in FEATURES])
    count = len(FEATURES)
    strength = np.full(count, EXPERT_LISTS / max(lists, 1) / count)
    return Prior(centre=FULL_ODDS * expert / expert.sum(), strength=strength, is_free=np.zeros(count, dtype=bool))


def _features(problem: Problem, *, needs: Array, donors: Array) -> Array:
    values: Array = pair_levels(problem, needs=needs, donors=donors).T / TOPS
    return values


def _gain(query: Query, weights: Array) -> float:
    """NDCG@10 of what was chosen among the others; a tie counts against it."""
    scores = np.concatenate([query.others @ weights, query.chosen @ weights])
    is_chosen = np.arange(len(scores)) >= len(query.others)
    hits = is_chosen[np.argsort(-scores, kind="stable")[:LIST_LENGTH]]
    return float(list_gains(hits[np.newaxis], wanted=np.array([len(query.chosen)]))[1][0])
