"""Measure rankers on a history: learn from what came before a day, test on the new donor-need pairs after it.

Donors queried have ``min_gifts`` distinct needs before the split and a new pair in the test. Their candidates are the
needs that were open in the test window where that is known, else those given to before the split; a need's candidates
are the donors queried. Pairs seen before the split are left out of every list. Ours and the baselines see the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.core.errors import Invalid
from marketplace.matching.engine.baselines import Scorer, make_baselines
from marketplace.matching.engine.history import UNKNOWN, History
from marketplace.matching.engine.learnt import (
    LIST_LENGTH,
    MOST_ASKED,
    Asked,
    Ranker,
    asked_in,
    learn_ranker,
    training_windows,
)
from marketplace.matching.engine.metrics import bootstrap, gini, list_gains
from marketplace.matching.engine.past import Past, make_past
from marketplace.matching.engine.signals import SIGNALS
from marketplace.matching.engine.spread import NOBODY, POOL, STRENGTH, pool_of, spread
from marketplace.matching.engine.success import PAIR_RATE, at_rate, learn_pairs, measure, measure_outcomes, sample_pairs

OURS = "jiedui"
TO_NEED, TO_DONOR = "donor_to_need", "need_to_donor"
MOST_NEEDS = 3_000
MOST_CELLS = 4_000_000
STRENGTHS = (0.0, 0.25, STRENGTH, 1.0)
RESAMPLES = 500

Array = NDArray[Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What one ranker says: each donor's best needs (Q, POOL) with scores, and its scores of the asked needs (Q, n)."""

    partners: Array
    scores: Array
    of_needs: Array


def run(
    history: History,
    *,
    split: date,
    until: date | None = None,
    min_gifts: int = 10,
    seed: int = 0,
    progress: Progress = lambda words: None,
) -> dict[str, Any]:
    """The whole comparison as one document; ``until`` is the first day no longer tested (default: the end).

    Invalid where nothing lies before the split or after it. The same history and seed give the same figures.
    """
    started = perf_counter()
    start, end = split.toordinal(), _end(history, split=split, until=until)
    document: dict[str, Any] = {
        "split": split.isoformat(),
        "until": date.fromordinal(end).isoformat(),
        "min_gifts": min_gifts,
        "seed": seed,
        "rows": [],
        "success": None,
    }
    has_outcomes = bool((history.outcome != UNKNOWN).any())
    if len(history.day):
        document |= _rankings(
            history, start=start, end=end, min_gifts=min_gifts, seed=seed, progress=progress, pairs=not has_outcomes
        )
    if has_outcomes:
        progress("measuring the success model on the outcomes")
        document["success"] = measure_outcomes(history, start=start, end=end, seed=seed)
    plain: dict[str, Any] = _plain(document | {"seconds": round(perf_counter() - started, 1)})
    return plain


def _rankings(
    history: History, *, start: int, end: int, min_gifts: int, seed: int, progress: Progress, pairs: bool
) -> dict[str, Any]:
    past = make_past(history, start=start, end=end)
    asked = asked_in(past, min_gifts=min_gifts).sample(MOST_ASKED, rng=np.random.default_rng([seed, 1]))
    document: dict[str, Any] = {"candidates": len(past.candidates), "donors": len(asked.donors)}
    windows = training_windows(history, start=start, end=end)
    ranker = learn_ranker(windows, min_gifts=min_gifts, seed=seed, progress=progress)
    document["weights"] = dict(zip((str(signal) for signal in SIGNALS), ranker.weights.tolist(), strict=True))
    document["strength"] = ranker.strength
    if len(asked.donors):
        needs = _needs_asked(asked, seed=seed)
        scored = _score(past, asked, needs=needs, ranker=ranker, seed=seed, progress=progress)
        progress("drawing bootstrap intervals")
        document["rows"] = [
            row
            for name, one in scored.items()
            for row in (
                _to_needs(past, asked, one, ranker=name, strength=ranker.strength if name == OURS else 0.0, seed=seed),
                _to_donors(asked, one, ranker=name, needs=needs, seed=seed),
            )
        ]
        document["exposure"] = [
            {"strength": strength} | _to_needs(past, asked, scored[OURS], ranker=OURS, strength=strength, seed=seed)
            for strength in STRENGTHS
        ]
    if pairs:
        progress("measuring the success model on new pairs")
        model = learn_pairs(windows, min_gifts=min_gifts, seed=seed)
        cases = sample_pairs(past, asked, rng=np.random.default_rng([seed, 5]))
        chances = at_rate(model.of(cases.features), rate=PAIR_RATE) if len(cases.happened) else np.zeros(0)
        document["success"] = measure(chances, happened=cases.happened, base=PAIR_RATE, seed=seed)
    return document


def _score(
    past: Past, asked: Asked, *, needs: Array, ranker: Ranker, seed: int, progress: Progress
) -> dict[str, Scored]:
    """Every ranker's scores, donor by donor, so that memory grows with the lists and not with all pairs."""
    progress("fitting the baselines")
    scorers: dict[str, Scorer] = dict(make_baselines(past, seed=seed))
    scorers[OURS] = lambda donor: ranker.scores(past, donor)
    pool, count = min(POOL, len(past.candidates)), len(asked.donors)
    scored = {
        name: Scored(
            np.full((count, pool), NOBODY, dtype=np.int64),
            np.full((count, pool), -np.inf),
            np.zeros((count, len(needs)), dtype=np.float64),
        )
        for name in scorers
    }
    lots = np.random.default_rng([seed, 3]).permutation(len(past.candidates))
    for row, donor in enumerate(asked.donors.tolist()):
        if row % max(1, count // 10) == 0:
            progress(f"ranking for donor {row + 1} of {count}")
        for name, scorer in scorers.items():
            _keep(scored[name], row, scorer(donor), known=asked.known[row], needs=needs, lots=lots)
    return scored


def _keep(into: Scored, row: int, scores: Array, *, known: Array, needs: Array, lots: Array) -> None:
    into.of_needs[row] = np.where(np.isin(needs, known), -np.inf, scores[needs])
    into.partners[row], into.scores[row] = pool_of(scores, barred=known, lots=lots, size=into.partners.shape[1])


def _to_needs(past: Past, asked: Asked, scored: Scored, *, ranker: str, strength: float, seed: int) -> dict[str, Any]:
    lists = spread(scored.partners, scored.scores, strength=strength, length=LIST_LENGTH)
    hits = np.stack([np.isin(shown, wanted) for shown, wanted in zip(lists, asked.wanted, strict=True)])
    wanted = np.array([len(one) for one in asked.wanted])
    return _row(ranker, TO_NEED, lists, hits=hits, wanted=wanted, candidates=len(past.candidates), seed=seed)


def _to_donors(asked: Asked, scored: Scored, *, ranker: str, needs: Array, seed: int) -> dict[str, Any]:
    is_wanted = np.stack([np.isin(needs, wanted) for wanted in asked.wanted])
    lots = np.random.default_rng([seed, 4]).permutation(len(asked.donors))
    order = lots[np.argsort(-scored.of_needs[lots], axis=0, kind="stable")[:LIST_LENGTH]]
    allowed = np.isfinite(np.take_along_axis(scored.of_needs, order, axis=0))
    lists = np.where(allowed, order, NOBODY).T
    hits = (np.take_along_axis(is_wanted, order, axis=0) & allowed).T
    return _row(
        ranker, TO_DONOR, lists, hits=hits, wanted=is_wanted.sum(axis=0), candidates=len(asked.donors), seed=seed
    )


def _row(
    ranker: str, direction: str, lists: Array, *, hits: Array, wanted: Array, candidates: int, seed: int
) -> dict[str, Any]:
    """One line of the comparison, every figure with its bootstrap 95 % interval over the queries."""
    recall, ndcg = list_gains(hits, wanted=wanted)
    rows = np.arange(len(lists))
    measures: Mapping[str, tuple[Array, Callable[[Array], float]]] = {
        "recall_at_10": (recall, lambda sample: float(sample.mean())),
        "ndcg_at_10": (ndcg, lambda sample: float(sample.mean())),
        "share_shown": (rows, lambda at: float((_exposure(lists[at.astype(np.int64)], candidates) > 0).mean())),
        "gini": (rows, lambda at: gini(_exposure(lists[at.astype(np.int64)], candidates))),
    }
    document: dict[str, Any] = {"ranker": ranker, "direction": direction, "queries": len(lists)}
    for name, (values, statistic) in measures.items():
        drawn = RESAMPLES if values is not rows else RESAMPLES // 5
        found = bootstrap(values, seed=seed, statistic=statistic, resamples=drawn)
        document[name], document[_INTERVALS.get(name, f"{name}_ci")] = found.mean, [found.low, found.high]
    return document


_INTERVALS = {"recall_at_10": "recall_ci", "ndcg_at_10": "ndcg_ci"}


def _exposure(lists: Array, candidates: int) -> Array:
    return np.bincount(lists[lists != NOBODY], minlength=candidates)


def _needs_asked(asked: Asked, *, seed: int) -> Array:
    """Candidates that somebody new gave to in the test, at most 3,000 by lot."""
    needs = np.unique(np.concatenate(asked.wanted))
    most = min(MOST_NEEDS, max(1, MOST_CELLS // len(asked.donors)), len(needs))
    return np.sort(np.random.default_rng([seed, 2]).choice(needs, most, replace=False))


def _end(history: History, *, split: date, until: date | None) -> int:
    days = np.concatenate([history.day, history.published[history.published != UNKNOWN]])
    if not len(days):
        raise Invalid("Nothing here has a date: give gifts, or needs with published_at.")
    start = split.toordinal()
    end = until.toordinal() if until else int(days.max()) + 1
    if end <= start or not (days < start).any() or not ((days >= start) & (days < end)).any():
        raise Invalid(
            "There must be dates before --split and from it to --until; this history runs from %(first)s to %(last)s.",
            first=date.fromordinal(int(days.min())).isoformat(),
            last=date.fromordinal(int(days.max())).isoformat(),
        )
    return end


def _plain(value: Any) -> Any:
    """The document without what JSON does not know: NaN is null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
