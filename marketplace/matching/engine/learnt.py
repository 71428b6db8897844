"""The ranker ``jiedui`` for histories: one set of weights for both directions, learnt inside the training period.

How much is learnt goes by how many lists there are to learn from. Few: what experts expect of a pair holds whole, and
plain rankers' scores are not read. Many: all signals are read, each held by its own spread alone, and how far lists
are spread over the needs is the most that costs nothing to speak of in the latest window of training.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.fit import Prior, Query, fit_weights, variances
from marketplace.matching.engine.history import History
from marketplace.matching.engine.metrics import list_gains
from marketplace.matching.engine.past import Past, make_past
from marketplace.matching.engine.signals import SIGN_UNKNOWN, SIGNALS, Signal, donor_signals
from marketplace.matching.engine.spread import POOL, STRENGTH, pool_of, spread

# What experts expect before any history is read, and how firmly: the signals of a donor or a need alone are free
# to move, those of a pair are held, because a history of few donors says little about them.
CENTRE = {
    Signal.NEIGHBOURS: 0.5,
    Signal.SMALL_NEIGHBOURS: 0.25,
    Signal.SHARED_NEEDS: 0.25,
    Signal.TEXT: 0.5,
    Signal.CATEGORY: 0.5,
    Signal.KIND: 0.25,
    Signal.AREA: 0.5,
    Signal.BUDGET: 0.1,
    Signal.EXPOSURE: 1.0,
}
HELD, FREE, LOOSE = 0.1, 0.03, 0.003
LOOSELY_HELD = frozenset({Signal.NEW_RATE, Signal.RECENT_RATE, Signal.TOTAL, Signal.IS_NEW, Signal.WAITING})
PRIOR = Prior(
    centre=np.array([CENTRE.get(signal, 0.0) for signal in SIGNALS]),
    strength=np.array([LOOSE if signal in LOOSELY_HELD else HELD for signal in SIGNALS]),
    is_free=np.array([signal in SIGN_UNKNOWN for signal in SIGNALS]),
)
# Up to so many donors' lists what experts expect of a pair holds whole, and from so many needs' lists on little holds
# what stands for a donor or a need alone: between them lists weigh against expectations in proportion.
EXPERT_LISTS, SURE_LISTS = 100, 1_000
WINDOWS = 3
MOST_DONORS = 300
MOST_NEEDS = 600
MOST_OTHERS = 800
MOST_CELLS = 400_000
# Donors that one window teaches with, and those that are measured: more would not make the intervals much narrower.
MOST_TEACHING = 1_000
MOST_ASKED = 3_000
_LEAST_VARIANCE = 1e-6
LIST_LENGTH = 10
STRENGTHS = (STRENGTH, STRENGTH / 2, 0.0)

Array = NDArray[Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Who is asked in a window: donor rows, and for each the new candidates it gave to, as places among them."""

    donors: Array
    wanted: tuple[Array, ...]
    known: tuple[Array, ...]

    def sample(self, most: int, *, rng: np.random.Generator) -> "Asked":
        """At most so many donors, drawn by lot."""
        if len(self.donors) <= most:
            return self
        rows = np.sort(rng.choice(len(self.donors), most, replace=False))
        chosen = rows.tolist()
        return Asked(
            self.donors[rows], tuple(self.wanted[row] for row in chosen), tuple(self.known[row] for row in chosen)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Weights (22,) in the order of SIGNALS; ``wide``: all signals are read; ``strength``: how far lists are spread."""

    weights: Array
    wide: bool = False
    strength: float = STRENGTH

    def scores(self, past: Past, donor: int) -> Array:
        """Every candidate for one donor (candidates,)."""
        scores: Array = donor_signals(past, donor, wide=self.wide) @ self.weights
        return scores


def asked_in(past: Past, *, min_gifts: int) -> Asked:
    """Donors with ``min_gifts`` distinct needs before the window and a new pair with a candidate inside it."""
    history = past.history
    place = np.full(len(history.needs), -1)
    place[past.candidates] = np.arange(len(past.candidates))
    inside = (history.day >= past.start) & (history.day < past.end) & (place[history.need] >= 0)
    pairs = np.unique(history.donor[inside] * len(history.needs) + history.need[inside])
    donors, wanted, known = [], [], []
    for donor, needs in _by_donor(pairs, width=len(history.needs)):
        low, high = past.seen.start[donor], past.seen.start[donor + 1]
        if high - low < min_gifts:
            continue
        before = past.seen.columns[low:high]
        new = place[np.setdiff1d(needs, before)]
        if len(new):
            donors.append(donor)
            wanted.append(new)
            known.append(place[before][place[before] >= 0])
    return Asked(donors=np.array(donors, dtype=np.int64), wanted=tuple(wanted), known=tuple(known))


def training_windows(history: History, *, start: int, end: int) -> list[Past]:
    """Up to three windows that end where the test begins, latest first, each with as much history before it.

    They are as long as the test, rather fewer than shorter: what is recent is measured in windows.
    """
    if not len(history.day) or history.day[0] >= start:
        return []
    known = start - int(history.day[0])
    length = min(end - start, known // 2)
    if length < 1:
        return []
    return [
        make_past(history, start=start - turn * length, end=start - (turn - 1) * length)
        for turn in range(1, min(WINDOWS, known // length - 1) + 1)
    ]


def learn_ranker(windows: list[Past], *, min_gifts: int, seed: int, progress: Progress) -> Ranker:
    """The ranker; the expert's where the history holds nothing to learn from."""
    min_gifts, wide = gifts_to_learn_from(windows, min_gifts=min_gifts)
    by_donor: list[Query] = []
    by_need: list[Query] = []
    for number, past in enumerate(windows, start=1):
        progress(f"learning from window {number} of {len(windows)}")
        rng = np.random.default_rng([seed, number])
        donors, needs = window_queries(past, min_gifts=min_gifts, wide=wide, rng=rng)
        by_donor += donors
        by_need += needs
    queries = [*_balanced(by_donor), *_balanced(by_need)]
    prior = _prior(donors=len(by_donor), needs=len(by_need))
    if not (wide and queries):
        return Ranker(fit_weights(queries, prior=prior))
    learnt = Ranker(fit_weights(queries, prior=_freed(prior, queries)), wide=True)
    progress("choosing how far to spread")
    asked = asked_in(windows[0], min_gifts=min_gifts).sample(MOST_ASKED, rng=np.random.default_rng([seed, 1]))
    strength = harmless_strength(windows[0], asked, scores_of=lambda donor: learnt.scores(windows[0], donor), seed=seed)
    return replace(learnt, strength=strength)


def gifts_to_learn_from(windows: list[Past], *, min_gifts: int) -> tuple[int, bool]:
    """How many needs a donor must have given to before its lists teach, and whether there are many lists.

    ``min_gifts``, or its half, quarter and so on where only that leaves more lists than what experts expect is worth.
    """
    for turn in range(min_gifts.bit_length()):
        gifts = min_gifts >> turn
        if sum(min(len(asked_in(past, min_gifts=gifts).donors), MOST_DONORS) for past in windows) > EXPERT_LISTS:
            return gifts, True
    return min_gifts, False


def harmless_strength(past: Past, asked: Asked, *, scores_of: Callable[[int], Array], seed: int) -> float:
    """The furthest that lists are spread within one standard error of the best recall (Breiman et al. 1984)."""
    lots = np.random.default_rng([seed, 3]).permutation(len(past.candidates))
    size, wanted = min(POOL, len(lots)), np.array([len(one) for one in asked.wanted])
    pools = [
        pool_of(scores_of(donor), barred=known, lots=lots, size=size)
        for donor, known in zip(asked.donors.tolist(), asked.known, strict=True)
    ]
    partners, scores = (np.stack(part) for part in zip(*pools, strict=True))
    recalls = []
    for strength in STRENGTHS:
        lists = spread(partners, scores, strength=strength, length=LIST_LENGTH)
        hits = np.stack([np.isin(shown, new) for shown, new in zip(lists, asked.wanted, strict=True)])
        recalls.append(list_gains(hits, wanted=wanted)[0])
    best = max(recalls, key=lambda recall: float(recall.mean()))
    lost = [best - recall for recall in recalls]
    harmless = [one.mean() <= one.std() / np.sqrt(len(one)) for one in lost]
    return STRENGTHS[harmless.index(True)]


def _prior(*, donors: int, needs: int) -> Prior:
    """The experts' word, as firm as so many lists of donors and of needs leave it."""
    held = max(HELD * min(EXPERT_LISTS / max(donors, 1), 1.0), LOOSE)
    loose = min(LOOSE * max(SURE_LISTS / max(needs, 1), 1.0), HELD)
    return Prior(PRIOR.centre, np.where(PRIOR.strength < HELD, loose, held), PRIOR.is_free)


def _freed(prior: Prior, queries: list[Query]) -> Prior:
    """The same for many lists: held less, and by the spread of each signal, so that its unit does not matter."""
    held = np.where(PRIOR.strength < HELD, prior.strength, np.maximum(prior.strength * FREE / HELD, LOOSE))
    return Prior(prior.centre, held * np.maximum(variances(queries), _LEAST_VARIANCE), prior.is_free)


def window_queries(
    past: Past, *, min_gifts: int, wide: bool, rng: np.random.Generator
) -> tuple[list[Query], list[Query]]:
    """The window as donor queries (their new needs against a sample of the rest) and need queries (likewise)."""
    asked = asked_in(past, min_gifts=min_gifts).sample(MOST_TEACHING, rng=rng)
    if not len(asked.donors):
        return [], []
    every = np.arange(len(asked.donors))
    sampled = set(rng.choice(every, min(MOST_DONORS, len(every)), replace=False).tolist())
    most = int(np.clip(MOST_CELLS // len(every), 1, MOST_NEEDS))
    needs = np.unique(np.concatenate(asked.wanted))
    needs = np.sort(rng.choice(needs, min(most, len(needs)), replace=False))
    donors: list[Query] = []
    of_need = np.zeros((len(every), len(needs), len(SIGNALS)), dtype=np.float32)
    is_wanted, is_known = (np.zeros((len(every), len(needs)), dtype=bool) for _ in range(2))
    for row, donor in enumerate(asked.donors.tolist()):
        signals = donor_signals(past, donor, wide=wide)
        of_need[row] = signals[needs]
        is_wanted[row], is_known[row] = np.isin(needs, asked.wanted[row]), np.isin(needs, asked.known[row])
        if row in sampled:
            donors.append(_donor_query(signals, wanted=asked.wanted[row], known=asked.known[row], rng=rng))
    columns = zip(is_wanted.T, (~is_wanted & ~is_known).T, strict=True)
    return donors, [
        Query(chosen=of_need[wanted, place], others=of_need[others, place])
        for place, (wanted, others) in enumerate(columns)
    ]


def _donor_query(signals: Array, *, wanted: Array, known: Array, rng: np.random.Generator) -> Query:
    others = np.setdiff1d(np.arange(len(signals)), np.concatenate([wanted, known]), assume_unique=True)
    drawn = rng.choice(others, min(MOST_OTHERS, len(others)), replace=False)
    unseen = float(np.log(len(others) / len(drawn))) if len(drawn) else 0.0
    # A donor of many gifts counts more, up to a whole list, but not in proportion.
    weight = float(np.sqrt(min(len(wanted), LIST_LENGTH)))
    return Query(chosen=signals[wanted], others=signals[drawn], unseen=unseen, weight=weight)


def _balanced(queries: list[Query]) -> list[Query]:
    """The same with weights that sum to one, so that both directions count alike."""
    usable = [query for query in queries if len(query.chosen) and len(query.others)]
    total = sum(query.weight for query in usable)
    return [Query(query.chosen, query.others, query.unseen, query.weight / total) for query in usable]


def _by_donor(pairs: Array, *, width: int) -> list[tuple[int, Array]]:
    donors, needs = np.divmod(pairs, max(width, 1))
    found, starts = np.unique(donors, return_index=True)
    return list(zip(found.tolist(), np.split(needs, starts[1:]), strict=True)) if len(found) else []
