"""The same job done with well-known tools, to be measured beside the engine: chunked numpy, and text libraries."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from marketplace.matching.engine import features
from marketplace.matching.engine.candidates import LEVELS, Rules, donor_base
from marketplace.matching.engine.features import FEATURES, TEXT_SHIFT, Feature
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.pairs import eligible, pair_units
from marketplace.matching.engine.prepared import need_terms
from marketplace.matching.engine.problem import KINDS, Problem
from marketplace.matching.engine.top import NOBODY, Top

# Rows of needs per chunk: with 7,177 donors the float32 chunk and its scratch stay in the second-level cache.
CHUNK = 32
# Found pairs are merged into the donors' lists when there are this many per place of a list.
MERGE_AT = 2
FUZZ_ROWS = 1024
CLOSED_SCORE = -1.0

Array = NDArray[Any]


@dataclass(slots=True)
class _Room:
    """Scratch of one chunk, allocated once."""

    score: Array
    scratch: Array
    closed: Array


def numpy_top(problem: Problem, *, model: Model, rules: Rules, k: int) -> tuple[Top, Top]:
    """``top.best_pairs`` over every pair in numpy: float32 (exact: all scores are whole numbers below 2**24).

    What hangs on one side alone is summed once; a chunk is scored in place; argpartition takes each need's
    best, and pairs above a donor's worst are gathered and merged now and then. Equal scores at the end of a
    list stay in numpy's order.
    """
    steps = {feature: np.float32(step) for feature, step in zip(FEATURES, model.steps(), strict=True)}
    needs, donors = problem.needs, problem.donors
    order = np.lexsort((needs.category, needs.kind, needs.division))
    base = donor_base(donors, steps=model.steps()).astype(np.float32)
    const = need_terms(needs, steps=model.steps()).astype(np.float32)
    known = needs.log_amount > 0
    amount = needs.log_amount.astype(np.float32)
    typical, budget = donors.log_typical.astype(np.float32), donors.log_budget.astype(np.float32)
    words, asked = donors.vectors.astype(np.float32).T.copy(), needs.vectors.astype(np.float32)
    closed_by_kind = _closed(problem)
    areas = _AreaRows(problem, step=steps[Feature.AREA])
    shape = (CHUNK, len(donors))
    room = _Room(np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.bool_))
    by_need = Top(
        partners=np.full((len(needs), k), NOBODY, dtype=np.int32), units=np.zeros((len(needs), k), dtype=np.int16)
    )
    by_donor = _DonorLists(len(donors), k=k)
    reach = np.float32(features.AMOUNT_REACH)
    for first in range(0, len(order), CHUNK):
        rows = order[first : first + CHUNK]
        score, scratch, closed = room.score[: len(rows)], room.scratch[: len(rows)], room.closed[: len(rows)]
        np.take(base, needs.category[rows], axis=0, out=score, mode="clip")
        areas.rows_of(needs.division[rows], out=scratch)
        np.take(closed_by_kind, needs.kind[rows], axis=0, out=closed, mode="clip")
        if rules.must_fit_area:
            closed |= scratch == 0
        score += scratch
        np.subtract(typical, amount[rows, np.newaxis], out=scratch)
        np.abs(scratch, out=scratch)
        np.minimum(scratch, reach, out=scratch)
        np.subtract(reach, scratch, out=scratch)
        scratch *= np.where(known[rows], steps[Feature.AMOUNT], np.float32(0))[:, np.newaxis]
        score += scratch
        np.subtract(amount[rows, np.newaxis], budget, out=scratch)
        np.clip(scratch, np.float32(0), reach, out=scratch)
        np.subtract(reach, scratch, out=scratch)
        scratch *= np.where(known[rows], steps[Feature.BUDGET], np.float32(0))[:, np.newaxis]
        score += scratch
        if steps[Feature.TEXT]:
            np.matmul(asked[rows], words, out=scratch)
            scratch *= np.float32(2.0**-TEXT_SHIFT)
            np.floor(scratch, out=scratch)
            np.clip(scratch, np.float32(0), np.float32(features.TEXT_LENGTH), out=scratch)
            scratch *= steps[Feature.TEXT]
            score += scratch
        score += const[rows, np.newaxis]
        np.copyto(score, np.float32(CLOSED_SCORE), where=closed)
        _exclude(score, rows=rows, problem=problem)
        _best_of_rows(score, rows=rows, top=by_need, k=k)
        by_donor.add(score, rows=rows)
    return by_need, by_donor.top()


def numpy_one_need(problem: Problem, *, steps: Array, rules: Rules, need: int, k: int) -> Top:
    """The best donors of one need (1, k) by plain numpy over all donors."""
    everyone = np.arange(len(problem.donors))
    needs = np.full(len(everyone), need)
    units = pair_units(problem, needs=needs, donors=everyone, steps=steps)
    units[~eligible(problem, needs=needs, donors=everyone, rules=rules)] = int(CLOSED_SCORE)
    top = Top(partners=np.full((1, k), NOBODY, dtype=np.int32), units=np.zeros((1, k), dtype=np.int16))
    _best_of_rows(units[np.newaxis, :], rows=np.array([0]), top=top, k=k)
    return top


def fuzz_top(asks: list[str], *, offers: list[str], k: int) -> Top:
    """The most similar offers of each ask by RapidFuzz's ratio, on all cores, some rows at a time."""
    partners = np.full((len(asks), k), NOBODY, dtype=np.int32)
    units = np.zeros((len(asks), k), dtype=np.int16)
    take = min(k, len(offers))
    for first in range(0, len(asks), FUZZ_ROWS):
        part = asks[first : first + FUZZ_ROWS]
        scores = process.cdist(part, offers, scorer=fuzz.ratio, dtype=np.uint8, workers=-1)
        best = np.argpartition(scores, scores.shape[1] - take, axis=1)[:, -take:]
        found = np.take_along_axis(scores, best, axis=1)
        ordered = np.argsort(-found.astype(np.int32), axis=1, kind="stable")
        partners[first : first + len(part), :take] = np.take_along_axis(best, ordered, axis=1)
        units[first : first + len(part), :take] = np.take_along_axis(found, ordered, axis=1)
    return Top(partners=partners, units=units)


def sklearn_top(asks: list[str], *, offers: list[str], k: int) -> Top:
    """The most similar offers of each ask by TF-IDF cosine of bigrams, with scikit-learn where it is installed."""
    ask_rows, offer_rows = _tfidf(asks, offers=offers)
    partners = np.full((len(asks), k), NOBODY, dtype=np.int32)
    take = min(k, len(offers))
    for first in range(0, len(asks), FUZZ_ROWS):
        scores = -(ask_rows[first : first + FUZZ_ROWS] @ offer_rows.T).toarray()
        best = np.argpartition(scores, take - 1, axis=1)[:, :take]
        partners[first : first + len(scores), :take] = best
    return Top(partners=partners, units=np.zeros(partners.shape, dtype=np.int16))


def sparse_top(asks: list[str], *, offers: list[str], k: int) -> Any:
    """The same with sparse_dot_topn's own top-k product, two threads, where it is installed."""
    product = import_module("sparse_dot_topn").sp_matmul_topn
    ask_rows, offer_rows = _tfidf(asks, offers=offers)
    return product(ask_rows, offer_rows.T.tocsr(), top_n=k, sort=True, n_threads=2)


def _tfidf(asks: list[str], *, offers: list[str]) -> tuple[Any, Any]:
    words = import_module("sklearn.feature_extraction.text").TfidfVectorizer(
        analyzer="char", ngram_range=(2, 2), dtype=np.float32
    )
    words.fit([*asks, *offers])
    return words.transform(asks), words.transform(offers)


class _AreaRows:
    """The area term of every donor by division, worked out once for each division in turn."""

    def __init__(self, problem: Problem, *, step: np.float32) -> None:
        donors = problem.donors
        self._owner = np.repeat(np.arange(len(donors)), np.diff(donors.area_start))
        by_code = np.argsort(donors.area_codes, kind="stable")
        self._codes, self._owner = donors.area_codes[by_code], self._owner[by_code]
        self._step = step
        self._division = -1
        self._row = np.zeros(len(donors), dtype=np.float32)

    def rows_of(self, divisions: Array, *, out: Array) -> None:
        for at, division in enumerate(divisions.tolist()):
            if division != self._division:
                self._fill(division)
            out[at] = self._row

    def _fill(self, division: int) -> None:
        self._division = division
        self._row[:] = 0
        codes = dict.fromkeys(int(division - division % level) for level in LEVELS)
        for code in codes:
            level = int((code % LEVELS == 0).argmax())
            low, high = np.searchsorted(self._codes, [code, code + 1])
            self._row[self._owner[low:high]] = (1 + level) * self._step


class _DonorLists:
    """Each donor's best needs so far; pairs that beat a donor's worst wait until a merge pays."""

    def __init__(self, donors: int, *, k: int) -> None:
        self._k = k
        self._units = np.full((donors, k), CLOSED_SCORE, dtype=np.float32)
        self._needs = np.full((donors, k), NOBODY, dtype=np.int64)
        self._worst = np.full(donors, CLOSED_SCORE, dtype=np.float32)
        self._waiting: list[tuple[Array, Array, Array]] = []
        self._count = 0

    def add(self, score: Array, *, rows: Array) -> None:
        row, column = np.nonzero(score > self._worst)
        self._waiting.append((column, rows[row], score[row, column]))
        self._count += len(row)
        if self._count > MERGE_AT * self._units.size:
            self._merge()

    def top(self) -> Top:
        self._merge()
        is_held = self._needs != NOBODY
        return Top(partners=self._needs.astype(np.int32), units=np.where(is_held, self._units, 0).astype(np.int16))

    def _merge(self) -> None:
        places = np.repeat(np.arange(len(self._units)), self._k)
        donor = np.concatenate([places, *(part[0] for part in self._waiting)])
        need = np.concatenate([self._needs.ravel(), *(part[1] for part in self._waiting)])
        units = np.concatenate([self._units.ravel(), *(part[2] for part in self._waiting)])
        order = np.lexsort((-units, donor))
        starts = np.searchsorted(donor[order], np.arange(len(self._units)))
        chosen = order[starts[:, np.newaxis] + np.arange(self._k)]
        self._units, self._needs = units[chosen], need[chosen]
        self._worst = self._units[:, -1].copy()
        self._waiting, self._count = [], 0


def _best_of_rows(score: Array, *, rows: Array, top: Top, k: int) -> None:
    """Each row's k largest. The scores are negated: many equal ones make argpartition slow from the large end."""
    take = min(k, score.shape[1])
    np.negative(score, out=score)
    best = np.argpartition(score, take - 1, axis=1)[:, :take]
    np.negative(score, out=score)
    found = np.take_along_axis(score, best, axis=1)
    ordered = np.argsort(-found, axis=1, kind="stable")
    best, found = np.take_along_axis(best, ordered, axis=1), np.take_along_axis(found, ordered, axis=1)
    top.partners[rows, :take] = np.where(found < 0, NOBODY, best)
    top.units[rows, :take] = np.where(found < 0, 0, found)


def _closed(problem: Problem) -> Array:
    """(6, D) bool: the donors that a need of each kind cannot be shown to."""
    gives = problem.donors.kinds >> np.arange(len(KINDS))[:, np.newaxis] & 1 == 1
    closed: Array = ~(gives & problem.donors.is_open)
    return closed


def _exclude(score: Array, *, rows: Array, problem: Problem) -> None:
    low = np.searchsorted(problem.excluded, rows << 32)
    high = np.searchsorted(problem.excluded, (rows + 1) << 32)
    for at in np.flatnonzero(high > low):
        score[at, problem.excluded[low[at] : high[at]] & 0xFFFFFFFF] = CLOSED_SCORE
