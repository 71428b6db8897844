"""Reasons add up to the score, say the feature's own number, and exist in Chinese; why-not names every rule."""

import re
from pathlib import Path

import numpy as np
import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.matching.engine import explain as explain_module
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.explain import explain, split_points, why_not, yuan
from marketplace.matching.engine.model import EXPERT
from marketplace.matching.engine.pairs import pair_units
from tests.subjects.matching_rows import make_donor, make_need, random_rows

CATALOGUE = Path(explain_module.__file__).parents[2] / "translations/zh_Hans_CN/LC_MESSAGES/matching.po"


def test_reasons_add_up_to_the_score_for_every_pair() -> None:
    needs, donors = random_rows(17, needs=25, donors=25)
    problem = build_problem(needs, donors=donors)
    for need in range(25):
        for donor in range(25):
            told = explain(problem, model=EXPERT, need=need, donor=donor)
            units = pair_units(problem, needs=np.array([need]), donors=np.array([donor]), steps=EXPERT.steps())[0]
            assert sum(reason.units for reason in told.reasons) == told.units == units
            assert sum(reason.points for reason in told.reasons) == told.points
            assert [reason.phrase.message % reason.phrase.params for reason in told.reasons]


def test_reasons_carry_their_numbers() -> None:
    need = make_need(waiting_days=61, never_helped=True, kind=SupportKind.GOODS, open_fen=100_000)
    donor = make_donor(areas=["513301000000"], kinds=[SupportKind.GOODS], budget_fen=50_000, successes=3, outcomes=4)
    told = explain(build_problem([need], donors=[donor]), model=EXPERT, need=0, donor=0)
    said = [reason.phrase.message % reason.phrase.params for reason in told.reasons]
    assert told.fact.message == "Gives goods"
    assert {"Same county", "Waiting 61 days", "Never helped before", "Kept 3 of 4 promises"} <= set(said)
    assert "The budget covers 50% of the amount" in said


def test_a_perfect_pair_scores_a_hundred_points() -> None:
    need = make_need(urgency=2, vulnerability=1.0, waiting_days=365, never_helped=True, open_fen=10**10)
    donor = make_donor(
        categories=[NeedCategory.EDU],
        areas=[need.division],
        budget_fen=10**10,
        typical_fen=10**10,
        successes=10**6,
        outcomes=10**6,
        last_active_days=0,
        neighbours={NeedCategory.EDU: 1.0},
    )
    other = make_need("n2", text="村里需要太阳能路灯")
    told = explain(build_problem([need, other], donors=[donor]), model=EXPERT, need=0, donor=0)
    assert told.points == 100
    assert len(told.reasons) == 13


@given(units=st.lists(st.integers(0, 4000), min_size=1, max_size=13), share=st.floats(0, 1))
def test_points_are_split_without_loss(units: list[int], share: float) -> None:
    total = round(100 * share) if sum(units) else 0
    # Two pairs at once: the same again, and one without any units.
    both = np.array([units, [0] * len(units)]).T
    shares, nothing = split_points(both, totals=np.array([total, 0])).T.tolist()
    assert nothing == [0] * len(units)
    assert sum(shares) == total
    assert all(abs(part - total * term / max(sum(units), 1)) < 1 for part, term in zip(shares, units, strict=True))


@pytest.mark.parametrize(
    ("need", "donor", "sentence"),
    [
        ({}, {"budget_fen": 0}, "The donor has no budget left."),
        ({}, {"is_open": False}, "The donor is not taking requests now."),
        ({"kind": SupportKind.JOB}, {}, "The donor does not give this kind of help."),
        ({}, {"areas": ["513302000000"]}, "The donor does not give in this area."),
        ({"parties": ("h:1",)}, {"excluded": ["h:1"]}, "The two are related parties, who are never matched."),
    ],
)
def test_an_excluded_pair_says_why(need: dict, donor: dict, sentence: str) -> None:
    problem = build_problem([make_need(**need)], donors=[make_donor(**donor)])
    assert [phrase.message for phrase in why_not(problem, need=0, donor=0)] == [sentence]


def test_a_hard_category_says_why_and_a_fitting_pair_says_nothing() -> None:
    problem = build_problem([make_need()], donors=[make_donor(categories=[NeedCategory.LAW])])
    assert why_not(problem, need=0, donor=0) == []
    told = why_not(problem, need=0, donor=0, rules=Rules(must_fit_category=True))
    assert [phrase.message for phrase in told] == ["The donor does not give to this category."]


def test_every_sentence_has_its_chinese_with_the_same_places() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    source = Path(explain_module.__file__).read_text(encoding="utf-8")
    messages = [message for message in catalogue if message.id and f'"{message.id}"' in source]
    assert len(messages) == 35
    assert all(message.string and not message.fuzzy for message in messages)
    places = re.compile(r"%\(\w+\)s|%%")
    for message in messages:
        assert sorted(places.findall(message.string)) == sorted(places.findall(message.id))
    assert not [error for message in messages for error in message.check(catalogue)]


@pytest.mark.parametrize(("fen", "words"), [(1, "0.01"), (100, "1"), (123_456_789, "1,234,567.89")])
def test_fen_are_said_in_yuan(fen: int, words: str) -> None:
    assert yuan(fen) == words
