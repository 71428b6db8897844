"""Measure rankers on a history: learn from what came before a day, test on the new donor-need pairs after it.

Donors queried have ``min_gifts`` distinct needs before the split and a new pair in the test. Their candidates are the
needs that were open in the test window where that is known, else those given to before the split; a need's candidates
are the donors queried. Pairs seen before the split are left out of every list. Ours and the baselines see the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.core.errors import Invalid
from marketplace.matching.engine.baselines import Scorer, make_baselines
from marketplace.matching.engine.compare import OURS, Lists, compare
from marketplace.matching.engine.history import UNKNOWN, History
from marketplace.matching.engine.judged import Judged
from marketplace.matching.engine.learnt import (
    LIST_LENGTH,
    MOST_ASKED,
    Asked,
    Ranker,
    asked_in,
    learn_ranker,
    training_windows,
)
from marketplace.matching.engine.past import Past, make_past
from marketplace.matching.engine.signals import SIGNALS
from marketplace.matching.engine.spread import NOBODY, POOL, STRENGTH, pool_of, spread
from marketplace.matching.engine.success import judge_outcomes, judge_pairs

TO_NEED, TO_DONOR = "donor_to_need", "need_to_donor"
MOST_NEEDS = 3_000
MOST_CELLS = 4_000_000
STRENGTHS = (0.0, 0.25, STRENGTH, 1.0)

Array = NDArray[Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What one ranker says: each donor's best needs (Q, POOL) with scores, and its scores of the asked needs (Q, n)."""

    partners: Array
    scores: Array
    of_needs: Array


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What was found at one origin: its own lines of the document, and what pooling with others needs.

    ``lists``: by direction, then ranker; ``spreads``: ours to needs, by strength; empty where nobody could be asked.
    """

    about: dict[str, Any]
    lists: Mapping[str, Mapping[str, Lists]]
    spreads: Mapping[float, Lists]
    judged: Judged | None


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
    start, end = bounds_of(history, split=split, until=until)
    origin = find_origin(history, start=start, end=end, min_gifts=min_gifts, seed=seed, progress=progress)
    progress("drawing bootstrap intervals")
    return origin.about | figures([origin], seed=seed) | {"seconds": round(perf_counter() - started, 1)}


def bounds_of(history: History, *, split: date, until: date | None) -> tuple[int, int]:
    """The first day of the test and the first after it; Invalid where the history has no day before or within."""
    days = np.concatenate([history.day, history.published[history.published != UNKNOWN]])
    if not len(days):
        raise Invalid("Nothing here has a date: give gifts, or needs with published_at.")
    start = split.toordinal()
    end = until.toordinal() if until else max(int(days.max()), start) + 1
    if end <= start or not (days < start).any() or not ((days >= start) & (days < end)).any():
        raise Invalid(
            "There must be dates before --split %(split)s and from it to before %(until)s;"
            " this history runs from %(first)s to %(last)s.",
            split=split.isoformat(),
            until=date.fromordinal(end).isoformat(),
            first=date.fromordinal(int(days.min())).isoformat(),
            last=date.fromordinal(int(days.max())).isoformat(),
        )
    return start, end


def find_origin(
    history: History, *, start: int, end: int, min_gifts: int, seed: int, progress: Progress = lambda words: None
) -> Origin:
    """Learn from what came before ``start``, rank and give chances for [start, end)."""
    about = {
        "split": date.fromordinal(start).isoformat(),
        "until": date.fromordinal(end).isoformat(),
        "min_gifts": min_gifts,
        "seed": seed,
    }
    has_outcomes = bool((history.outcome != UNKNOWN).any())
    origin = Origin(about, {}, {}, None)
    if len(history.day):
        origin = _ranked(origin, history, start=start, end=end, pairs=not has_outcomes, progress=progress)
    if has_outcomes:
        progress("measuring the success model on the outcomes")
        origin = replace(origin, judged=judge_outcomes(history, start=start, end=end, seed=seed))
    return origin


def figures(origins: Sequence[Origin], *, seed: int) -> dict[str, Any]:
    """Rows, what spreading costs, and the success model, over the queries and cases of all the origins."""
    ranked = [origin for origin in origins if origin.lists]
    judged = [origin.judged for origin in origins if origin.judged is not None]
    document: dict[str, Any] = {"rows": [], "success": None}
    if ranked:
        tables = [
            compare([origin.lists[direction] for origin in ranked], direction=direction, seed=seed)
            for direction in (TO_NEED, TO_DONOR)
        ]
        document["rows"] = [row for pair in zip(*tables, strict=True) for row in pair]
        document["exposure"] = [
            {"strength": strength} | row
            for strength in STRENGTHS
            for row in compare([{OURS: origin.spreads[strength]} for origin in ranked], direction=TO_NEED, seed=seed)
        ]
    if judged:
        document["success"] = Judged.pooled(judged).measure(seed=seed)
    plain: dict[str, Any] = _plain(document)
    return plain


def _ranked(origin: Origin, history: History, *, start: int, end: int, pairs: bool, progress: Progress) -> Origin:
    min_gifts, seed = origin.about["min_gifts"], origin.about["seed"]
    past = make_past(history, start=start, end=end)
    asked = asked_in(past, min_gifts=min_gifts).sample(MOST_ASKED, rng=np.random.default_rng([seed, 1]))
    windows = training_windows(history, start=start, end=end)
    ranker = learn_ranker(windows, min_gifts=min_gifts, seed=seed, progress=progress)
    about = origin.about | {
        "candidates": len(past.candidates),
        "donors": len(asked.donors),
        "weights": dict(zip((str(signal) for signal in SIGNALS), ranker.weights.tolist(), strict=True)),
        "strength": ranker.strength,
    }
    lists, spreads, judged = {}, {}, None
    if len(asked.donors):
        needs = _needs_asked(asked, seed=seed)
        scored = _score(past, asked, needs=needs, ranker=ranker, seed=seed, progress=progress)
        spreads = {strength: _to_needs(past, asked, scored[OURS], strength=strength) for strength in STRENGTHS}
        lists = {
            TO_NEED: {
                name: _to_needs(past, asked, one, strength=ranker.strength if name == OURS else 0.0)
                for name, one in scored.items()
            },
            TO_DONOR: {name: _to_donors(past, asked, one, needs=needs, seed=seed) for name, one in scored.items()},
        }
    if pairs:
        progress("measuring the success model on new pairs")
        judged = judge_pairs(windows, past, asked, min_gifts=min_gifts, seed=seed)
    return Origin(about, lists, spreads, judged)


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


def _to_needs(past: Past, asked: Asked, scored: Scored, *, strength: float) -> Lists:
    shown = spread(scored.partners, scored.scores, strength=strength, length=LIST_LENGTH)
    hits = np.stack([np.isin(one, wanted) for one, wanted in zip(shown, asked.wanted, strict=True)])
    wanted = np.array([len(one) for one in asked.wanted])
    return Lists.of(shown, hits=hits, wanted=wanted, askers=asked.donors, candidates=len(past.candidates))


def _to_donors(past: Past, asked: Asked, scored: Scored, *, needs: Array, seed: int) -> Lists:
    is_wanted = np.stack([np.isin(needs, wanted) for wanted in asked.wanted])
    lots = np.random.default_rng([seed, 4]).permutation(len(asked.donors))
    order = lots[np.argsort(-scored.of_needs[lots], axis=0, kind="stable")[:LIST_LENGTH]]
    allowed = np.isfinite(np.take_along_axis(scored.of_needs, order, axis=0))
    shown = np.where(allowed, order, NOBODY).T
    hits = (np.take_along_axis(is_wanted, order, axis=0) & allowed).T
    wanted = is_wanted.sum(axis=0)
    return Lists.of(shown, hits=hits, wanted=wanted, askers=past.candidates[needs], candidates=len(asked.donors))


def _needs_asked(asked: Asked, *, seed: int) -> Array:
    """Candidates that somebody new gave to in the test, at most 3,000 by lot."""
    needs = np.unique(np.concatenate(asked.wanted))
    most = min(MOST_NEEDS, max(1, MOST_CELLS // len(asked.donors)), len(needs))
    return np.sort(np.random.default_rng([seed, 2]).choice(needs, most, replace=False))


def _plain(value: Any) -> Any:
    """The document without what JSON does not know: NaN is null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
