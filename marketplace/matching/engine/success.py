"""The success model on a history: chances of new pairs, or of a need's outcome."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.chances import (
    Chances,
    fit_chances,
    recalibrated,
    shrunk_log_odds,
    shrunk_rate,
    to_chance,
    to_odds,
)
from marketplace.matching.engine.history import UNKNOWN, History
from marketplace.matching.engine.judged import Judged
from marketplace.matching.engine.learnt import Asked, asked_in
from marketplace.matching.engine.past import Past
from marketplace.matching.engine.signals import SIGNALS, donor_signals

OTHERS = 40
PAIR_RATE = 1.0 / (1 + OTHERS)
MOST_PAIRS = 3_000
MOST_DONORS = 300
FOLDS = 5
SIZES = 5
LATEST = 0.25
START_RATE = 0.5
LARGEST_WEIGHT = 10.0
# Larger needs succeed less often: half a log-odds for each standard deviation of the log of the amount.
EXPERT_SIZE = -0.5
_FURTHEST, _HALVINGS = 20.0, 50

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """n cases: features (n, F), what happened (n,) bool, case weights (n,)."""

    features: Array
    happened: Array
    weight: Array


def sample_pairs(past: Past, asked: Asked, *, rng: np.random.Generator) -> Cases:
    """New pairs of the window, each beside 40 sampled pairs of the same donor that did not come about."""
    donors = np.arange(len(asked.donors))
    if len(donors) > MOST_DONORS:
        donors = np.sort(rng.choice(donors, MOST_DONORS, replace=False))
    total = sum(len(asked.wanted[row]) for row in donors.tolist())
    rows, happened = [], []
    for row in donors.tolist():
        wanted = asked.wanted[row]
        if total > MOST_PAIRS:
            kept = max(1, len(wanted) * MOST_PAIRS // total)
            wanted = rng.choice(wanted, kept, replace=False)
        signals = donor_signals(past, int(asked.donors[row]))
        barred = np.concatenate([asked.wanted[row], asked.known[row]])
        others = np.setdiff1d(np.arange(len(signals)), barred, assume_unique=True)
        if not len(others):
            continue
        drawn = rng.choice(others, OTHERS * len(wanted))
        rows += [signals[wanted], signals[drawn]]
        happened += [np.ones(len(wanted), dtype=bool), np.zeros(len(drawn), dtype=bool)]
    if not rows:
        return Cases(np.zeros((0, len(SIGNALS))), np.zeros(0, dtype=bool), np.zeros(0))
    features, joined = np.concatenate(rows), np.concatenate(happened)
    # Counts grow with the years: a pair is judged against the typical pair of its own window.
    return Cases(features - features.mean(axis=0), joined, np.ones(len(joined)))


def learn_pairs(windows: list[Past], *, min_gifts: int, seed: int) -> Chances:
    """The chances of pairs: fitted on the earlier windows, recalibrated on the latest."""
    found = [
        sample_pairs(past, asked_in(past, min_gifts=min_gifts), rng=np.random.default_rng([seed, 7, number]))
        for number, past in enumerate(windows)
    ]
    found = [cases for cases in found if len(cases.happened)]
    earlier, latest = found[1:] or found, found[:1]
    nothing = np.zeros(len(SIGNALS))
    if not found:
        return fit_chances(
            np.zeros((0, len(SIGNALS))), happened=nothing, weight=nothing, expert=nothing, prior_rate=PAIR_RATE
        )
    model = fit_chances(
        np.concatenate([cases.features for cases in earlier]),
        happened=np.concatenate([cases.happened for cases in earlier]),
        weight=np.concatenate([cases.weight for cases in earlier]),
        expert=nothing,
        prior_rate=PAIR_RATE,
    )
    return recalibrated(model, latest[0].features, happened=latest[0].happened, weight=latest[0].weight)


def at_rate(chances: Array, *, rate: float) -> Array:
    """The chances (n,) moved by one step of log-odds so that they come to ``rate`` in the mean.

    For cases that were drawn so that the rate is known beforehand; what happened is not looked at.
    """
    odds, low, high = to_odds(chances), -_FURTHEST, _FURTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if to_chance(odds + middle).mean() < rate else (low, middle)
    return to_chance(odds + (low + high) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What was learnt of outcomes: the model, the rates of groups, and the rate of all."""

    model: Chances
    rates: "Rates"
    base: float

    def of(self, history: History, rows: Array) -> Array:
        """The chances of some needs (n,)."""
        return self.model.of(self.rates.features(history, rows)) if len(rows) else np.zeros(0)


def measure_outcomes(history: History, *, start: int, end: int, seed: int) -> dict[str, Any]:
    """Judged.measure() of the needs published in [start, end), learnt on those before."""
    return judge_outcomes(history, start=start, end=end, seed=seed).measure(seed=seed)


def judge_outcomes(history: History, *, start: int, end: int, seed: int) -> Judged:
    """Learn from the needs published before ``start``, give those published in [start, end) their chances."""
    known = (history.outcome != UNKNOWN) & (history.published != UNKNOWN)
    test = np.flatnonzero(known & (history.published >= start) & (history.published < end))
    learnt = learn_outcomes(history, start=start, seed=seed)
    return Judged(learnt.of(history, test), history.outcome[test] == 1, np.full(len(test), learnt.base))


def judge_pairs(windows: list[Past], past: Past, asked: Asked, *, min_gifts: int, seed: int) -> Judged:
    """Learn from the windows, give new pairs of ``past`` and sampled others their chances."""
    model = learn_pairs(windows, min_gifts=min_gifts, seed=seed)
    cases = sample_pairs(past, asked, rng=np.random.default_rng([seed, 5]))
    chances = at_rate(model.of(cases.features), rate=PAIR_RATE) if len(cases.happened) else np.zeros(0)
    return Judged(chances, cases.happened, np.full(len(chances), PAIR_RATE))


def learn_outcomes(history: History, *, start: int, seed: int) -> Outcomes:
    """Rates of groups, then what they weigh, learnt on all needs; the quarter known last shows what has drifted.

    Known last, not published last: of late needs only those are known that ended soon, and these ended well.
    """
    rows, weight = resolved(history, start=start)
    known = np.where(history.closed[rows] != UNKNOWN, history.closed[rows], history.published[rows])
    order = np.argsort(known, kind="stable")
    rows, weight = rows[order], weight[order]
    happened = history.outcome[rows] == 1
    bounds = _size_bounds(history, rows)
    rates = _rates(history, rows=rows, weight=weight, bounds=bounds)
    features = _out_of_fold(history, rows=rows, weight=weight, bounds=bounds, seed=seed)
    # A group's shrunk log-odds is worth its face value; the prior says so in standard deviations.
    expert = features.std(axis=0) if len(features) else np.zeros(features.shape[1])
    expert[-1] = EXPERT_SIZE if len(features) and expert[-1] > 0 else 0.0
    model = fit_chances(features, happened=happened, weight=weight, expert=expert, prior_rate=START_RATE)
    late = slice(round(len(rows) * (1 - LATEST)), None)
    return Outcomes(
        # Of what became known in a span of time nothing is missing: these weigh alike.
        model=recalibrated(model, features[late], happened=happened[late], weight=np.ones(len(features[late]))),
        rates=rates,
        base=float(shrunk_rate(happened, weight=weight, prior=START_RATE)),
    )


def resolved(history: History, *, start: int) -> tuple[Array, Array]:
    """Rows of needs whose outcome is known before ``start``, and their weights.

    A need that is still open then is censored: those like it that closed in time stand for it, by the inverse of the
    chance of having been followed for that long (Kaplan-Meier of the censoring; Robins and Finkelstein 2000).
    """
    begun = (history.published != UNKNOWN) & (history.published < start)
    closes = history.closed != UNKNOWN
    done = begun & (history.outcome != UNKNOWN) & (~closes | (history.closed < start))
    rows = np.flatnonzero(done)
    followed = np.flatnonzero(begun & (closes | (history.outcome == UNKNOWN)))
    if not closes.any() or not len(followed):
        return rows, np.ones(len(rows))
    ends = np.where(closes[followed], history.closed[followed], start)
    lasted = np.minimum(ends, start) - history.published[followed]
    times, free = _still_followed(np.maximum(lasted, 0), is_censored=ends >= start)
    length = np.where(closes[rows], history.closed[rows] - history.published[rows], 0)
    before = np.searchsorted(times, np.maximum(length, 0), side="left") - 1
    followed_for = np.where(before >= 0, free[np.maximum(before, 0)], 1.0)
    return rows, np.minimum(1.0 / np.maximum(followed_for, 1.0 / LARGEST_WEIGHT), LARGEST_WEIGHT)


def _still_followed(lasted: Array, *, is_censored: Array) -> tuple[Array, Array]:
    """Kaplan-Meier: days, and the chance of not having been censored by then."""
    times, where = np.unique(lasted, return_inverse=True)
    ends = np.bincount(where, is_censored, minlength=len(times))
    at_risk = len(lasted) - np.concatenate([[0], np.cumsum(np.bincount(where, minlength=len(times)))[:-1]])
    return times, np.cumprod(1.0 - ends / at_risk)


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Shrunk log-odds by group and by word, learnt from some needs, and the bounds of the bands of size."""

    groups: tuple[Array, ...]
    words: Array
    bounds: Array

    def features(self, history: History, rows: Array) -> Array:
        """(n, F): one column a group, the words' mean, the log of the amount."""
        columns = [rates[codes[rows]] for rates, codes in zip(self.groups, _grouped(history, self.bounds), strict=True)]
        said = history.words.take(rows)
        mean = said.dot(self.words) / np.maximum(said.sizes(), 1)
        asked = np.log1p(history.asked[rows])
        usual = np.nanmean(np.log1p(history.asked)) if not np.isnan(history.asked).all() else 0.0
        return np.column_stack([*columns, mean, np.where(np.isnan(asked), usual, asked)])


def _out_of_fold(history: History, *, rows: Array, weight: Array, bounds: Array, seed: int) -> Array:
    """The features of the needs that the rates are learnt from, each by the rates of others: none votes for itself."""
    fold = np.random.default_rng([seed, 11]).integers(0, FOLDS, len(rows))
    features = _rates(history, rows=rows, weight=weight, bounds=bounds).features(history, rows)
    for turn in range(FOLDS):
        held = fold == turn
        if held.any() and not held.all():
            others = _rates(history, rows=rows[~held], weight=weight[~held], bounds=bounds)
            features[held] = others.features(history, rows[held])
    return features


def _rates(history: History, *, rows: Array, weight: Array, bounds: Array) -> Rates:
    happened = history.outcome[rows] == 1
    base = float(shrunk_rate(happened, weight=weight, prior=START_RATE))
    said = history.words.take(rows)
    owner = said.rows()
    words = shrunk_log_odds(
        said.columns, happened=happened[owner], weight=weight[owner], width=history.words.width, base=base
    )
    groups = []
    for codes in _grouped(history, bounds):
        width = int(codes.max(initial=0)) + 1
        rate = shrunk_log_odds(codes[rows] + 1, happened=happened, weight=weight, width=width + 1, base=base)
        # The last place answers code -1, unknown. Where all are of one group, it tells nothing.
        tells = len(np.unique(codes[rows])) > 1
        groups.append(np.append(rate[1:], rate[0]) * tells)
    return Rates(groups=tuple(groups), words=words, bounds=bounds)


def _size_bounds(history: History, rows: Array) -> Array:
    """The amounts between the five bands of size, as many needs in each."""
    known = history.asked[rows][~np.isnan(history.asked[rows])]
    bounds: Array = np.quantile(known, np.arange(1, SIZES) / SIZES) if len(known) else np.zeros(0)
    return bounds


def _grouped(history: History, bounds: Array) -> tuple[Array, ...]:
    """Category, kind, areas by level, band of size, and category with band: much for one is little for another."""
    size = np.where(np.isnan(history.asked), UNKNOWN, np.searchsorted(bounds, history.asked))
    both = (history.category != UNKNOWN) & (size != UNKNOWN)
    sized = np.where(both, history.category * SIZES + size, UNKNOWN)
    return (history.category, history.kind, *history.areas, size, sized)
