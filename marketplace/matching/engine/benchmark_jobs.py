"""What one round of each case of the benchmark does, engine and peers: from the arrays to the lists."""

from datetime import date
from typing import Any

from marketplace.matching.engine import peers, top
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.features import Feature
from marketplace.matching.engine.lists import Policy
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.engine.prepared import Prepared, prepare
from marketplace.matching.engine.rank import Ranking, rank
from marketplace.matching.engine.synthetic import Synthetic
from marketplace.matching.engine.top import Top

PLACES = 10
ONE_NEEDS = 500
DAY = date(2026, 1, 1)
ANYONE = Rules(must_fit_area=False)
HARD = Rules(must_fit_category=True)
WITHOUT_TEXT = Model(version="expert-1-without-text", weights={**EXPERT.weights, Feature.TEXT: 0})
TEXT_ALONE = Model(version="text-alone", weights={Feature.TEXT: 1})


def engine_all_pairs(synthetic: Synthetic) -> tuple[Top, Top]:
    """Every pair, every feature but text."""
    prepared = prepare(synthetic.problem, model=WITHOUT_TEXT, rules=ANYONE)
    return top.best_pairs(prepared, k=PLACES)


def numpy_all_pairs(synthetic: Synthetic) -> tuple[Top, Top]:
    """The same in chunked numpy."""
    return peers.numpy_top(synthetic.problem, model=WITHOUT_TEXT, rules=ANYONE, k=PLACES)


def engine_with_text(synthetic: Synthetic) -> tuple[Top, Top]:
    """Every pair, every feature."""
    prepared = prepare(synthetic.problem, model=EXPERT, rules=ANYONE)
    return top.best_pairs(prepared, k=PLACES)


def numpy_with_text(synthetic: Synthetic) -> tuple[Top, Top]:
    """The same in chunked numpy."""
    return peers.numpy_top(synthetic.problem, model=EXPERT, rules=ANYONE, k=PLACES)


def engine_blocked(synthetic: Synthetic) -> tuple[Top, Top]:
    """Only pairs that the area and the kind allow, every feature, as the product runs."""
    return top.best_pairs(prepare(synthetic.problem, model=EXPERT), k=PLACES)


def engine_full_lists(synthetic: Synthetic) -> Ranking:
    """The same as lists are shown: with the floor for the worst off, exploration by lot, and neutral lists."""
    return rank(synthetic.problem, day=DAY)


def engine_text_only(synthetic: Synthetic) -> Top:
    """Every pair by its text vectors alone."""
    prepared = prepare(synthetic.problem, model=TEXT_ALONE, rules=ANYONE)
    return top.best_pairs(prepared, k=PLACES)[0]


class OneNeeds:
    """One need after another against donors kept filed, as after a change of each."""

    def __init__(self) -> None:
        self._prepared: Prepared | None = None

    def __call__(self, synthetic: Synthetic) -> None:
        if self._prepared is None or self._prepared.problem is not synthetic.problem:
            self._prepared = prepare(synthetic.problem, model=EXPERT)
        for need in range(min(ONE_NEEDS, len(synthetic.problem.needs))):
            top.best_donors(self._prepared, need=need, k=PLACES)


def numpy_one_need(synthetic: Synthetic) -> Top:
    """The first need by plain numpy over all donors."""
    return peers.numpy_one_need(synthetic.problem, steps=EXPERT.steps(), rules=Rules(), need=0, k=PLACES)


def rapidfuzz_text_only(synthetic: Synthetic) -> Top:
    """Every pair of texts by RapidFuzz's ratio, on all cores."""
    asks, offers = synthetic.need_texts(), synthetic.donor_texts()
    return peers.fuzz_top(asks, offers=offers, k=PLACES)


def sklearn_text_only(synthetic: Synthetic) -> Top:
    """Every pair of texts by scikit-learn's TF-IDF of bigrams."""
    return peers.sklearn_top(synthetic.need_texts(), offers=synthetic.donor_texts(), k=PLACES)


def sparse_text_only(synthetic: Synthetic) -> Any:
    """Every pair of texts by sparse_dot_topn over TF-IDF of bigrams, two threads."""
    return peers.sparse_top(synthetic.need_texts(), offers=synthetic.donor_texts(), k=PLACES)


def engine_hard(synthetic: Synthetic) -> tuple[Top, Top]:
    """Only pairs that area, kind and category allow, every feature but text."""
    return top.best_pairs(prepare(synthetic.problem, model=WITHOUT_TEXT, rules=HARD), k=PLACES)


def engine_hard_with_text(synthetic: Synthetic) -> tuple[Top, Top]:
    """The same with every feature."""
    return top.best_pairs(prepare(synthetic.problem, model=EXPERT, rules=HARD), k=PLACES)


def engine_hard_full_lists(synthetic: Synthetic) -> Ranking:
    """The same as lists are shown: with the floor for the worst off, exploration by lot, and neutral lists."""
    return rank(synthetic.problem, day=DAY, policy=Policy(rules=HARD))
