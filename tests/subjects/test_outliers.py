"""What is unusual about a household's need is marked for its reviewer: fraud rules 5 and 7."""

from datetime import timedelta

import pytest
from flask import Flask

from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs.caps import MOST_FEN
from marketplace.needs.marking import mark_need
from marketplace.needs.models import Need
from marketplace.needs.outliers import FEWEST
from tests.factories import NOW, TREE, Line, make_household, make_need

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DAY = timedelta(days=1)
OURS = {"helped_already", "far_amount", "near_limit"}


def marks(need: Need) -> dict[str, bool]:
    """The marks of these rules, and whether each flags."""
    with transaction() as session:
        found = mark_need(session.get_one(Need, need.id), now=NOW)
    return {mark.rule: mark.flags for mark in found if mark.rule in OURS}


@pytest.mark.parametrize(
    ("state", "days", "item", "found"),
    [
        (NeedState.CONFIRMED, 200, "棉被", {"helped_already": True}),
        (NeedState.DELIVERED, 364, "棉被", {"helped_already": True}),
        (NeedState.CONFIRMED, 366, "棉被", {}),
        (NeedState.CONFIRMED, 200, "毛毯", {}),
        (NeedState.EXPIRED, 200, "棉被", {}),
    ],
)
@ONLY_SQLITE
def test_a_household_that_was_given_the_same_within_a_year_is_decided_by_two(
    app: Flask, state: NeedState, days: int, item: str, found: dict[str, bool]
) -> None:
    """Fraud 5: beyond the 180 days of the lint."""
    household = make_household()
    make_need(state, household=household, lines=[Line(name=item)], delivered_at=NOW - days * DAY)
    need = make_need(NeedState.SUBMITTED, household=household, lines=[Line(name="棉被")])
    assert marks(need) == found
    db.session.rollback()
    assert db.session.get_one(Need, need.id, populate_existing=True).is_flagged or not found


def _usual(count: int, **fields: object) -> None:
    """Needs of 900 to 1,100 yuan in the township: the median 1,000, the deviation 50 yuan."""
    for number in range(count):
        price = 90_000 + 2_000 * (number % 11)
        make_need(lines=[Line(unit_price_fen=price, quantity=1)], published_at=NOW - 9 * DAY, **fields)  # type: ignore[arg-type]


def test_an_amount_far_above_the_townships_is_told(app: Flask) -> None:
    """Fraud 7: three median absolute deviations above the median of its category; it informs, a person decides."""
    _usual(11)
    for fen, found in ((119_000, {"far_amount": False}), (117_000, {}), (20_000, {})):
        need = make_need(NeedState.SUBMITTED, lines=[Line(unit_price_fen=fen, quantity=1)])
        assert marks(need) == found, fen


@ONLY_SQLITE
def test_few_amounts_and_those_of_other_townships_say_nothing(app: Flask) -> None:
    _usual(FEWEST - 1)
    for _ in range(11):
        make_need(household=make_household(TREE.village_of_other_township), lines=[Line(unit_price_fen=100_000)])
    assert marks(make_need(NeedState.SUBMITTED, lines=[Line(unit_price_fen=900_000, quantity=1)])) == {}


@pytest.mark.parametrize(("share", "found"), [(97, {}), (98, {"near_limit": False}), (100, {"near_limit": False})])
@ONLY_SQLITE
def test_just_below_the_limit_is_told(app: Flask, share: int, found: dict[str, bool]) -> None:
    """Fraud 7: within two percent below what asks for a written approval; above it the lint flags."""
    need = make_need(NeedState.SUBMITTED, lines=[Line(unit_price_fen=MOST_FEN * share // 100, quantity=1)])
    assert marks(need) == found
