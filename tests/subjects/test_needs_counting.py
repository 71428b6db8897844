"""Counts beside the list: exact, and kept for a minute where there are many."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from marketplace.core.kinds import NeedCategory
from marketplace.core.workflow import NeedState
from marketplace.needs.counting import KEPT_FOR, Cells, Kept, by_category, by_county, count_cells
from marketplace.needs.models import Need
from tests.factories import NOW, TREE, make_household, make_need

OPEN = (Need.state == NeedState.PUBLISHED,)


@pytest.fixture
def count(app: Flask) -> Callable[[], Cells]:
    """Counts what is open now."""
    return lambda: count_cells(OPEN, now=NOW)


def _need(village: str = TREE.village, category: NeedCategory = NeedCategory.WRM) -> None:
    make_need(household=make_household(village), category=category)


def test_needs_are_counted_by_county_and_category_at_once(count: Callable[[], Cells]) -> None:
    for village, category in (
        (TREE.village, NeedCategory.WRM),
        (TREE.village, NeedCategory.EDU),
        (TREE.village_of_other_township, NeedCategory.EDU),
        (TREE.village_of_other_county, NeedCategory.EDU),
    ):
        _need(village, category)
    cells = count()
    assert cells.found == 4
    assert by_county(cells.cells) == {TREE.county: 3, TREE.other_county: 1}
    assert by_category(cells.cells) == {NeedCategory.WRM: 1, NeedCategory.EDU: 3}
    assert by_category(cells.chosen(TREE.county)) == {NeedCategory.WRM: 1, NeedCategory.EDU: 2}
    assert by_county(cells.chosen(None, [NeedCategory.WRM])) == {TREE.county: 1}
    assert sum(cell.found for cell in cells.chosen(TREE.village)) == 2


def test_few_are_counted_anew_each_time(count: Callable[[], Cells]) -> None:
    kept = Kept(many=2)
    _need()
    assert kept.cells("open", count, now=NOW).found == 1
    _need()
    assert kept.cells("open", count, now=NOW).found == 2


def test_many_are_kept_for_a_minute_and_not_longer(count: Callable[[], Cells]) -> None:
    kept = Kept(many=1)
    _need()
    assert kept.cells("open", count, now=NOW).found == 1
    _need()
    assert kept.cells("open", count, now=NOW + KEPT_FOR - timedelta(seconds=1)).found == 1
    assert kept.cells("another", count, now=NOW).found == 2
    later = count_cells(OPEN, now=NOW + KEPT_FOR)
    assert kept.cells("open", lambda: later, now=NOW + KEPT_FOR).found == 2


def test_a_clock_that_was_set_back_keeps_nothing(count: Callable[[], Cells]) -> None:
    kept = Kept(many=1)
    _need()
    kept.cells("open", count, now=NOW)
    _need()
    assert kept.cells("open", count, now=NOW - timedelta(seconds=1)).found == 2
