"""Numbers beside the list: exact, and kept for a minute where there are many."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from marketplace.core.kinds import NeedCategory
from marketplace.needs.counting import Counts, count_needs
from marketplace.needs.facets import KEPT_FOR, Kept, read_facets
from marketplace.needs.filters import NeedFilters, Standing
from tests.factories import NOW, TREE, make_household, make_need


@pytest.fixture
def count(app: Flask) -> Callable[..., Counts]:
    """Counts what is open now and passes these filters."""

    def counted(**chosen: object) -> Counts:
        facets = read_facets(Standing.OPEN, now=NOW)
        filters = NeedFilters(**chosen)  # type: ignore[arg-type]
        return count_needs(facets, filters, None, open_in_all=len(facets), now=NOW)[1]

    return counted


@pytest.fixture
def found(app: Flask) -> Callable[..., int]:
    """How many open needs a store of readings knows of at a moment."""

    def known(kept: Kept, after: timedelta = timedelta(0)) -> int:
        return len(kept.facets(Standing.OPEN, now=NOW + after))

    return known


def _need(village: str = TREE.village, category: NeedCategory = NeedCategory.WRM) -> None:
    make_need(household=make_household(village), category=category)


def test_each_choice_leaves_its_own_kind_open(count: Callable[..., Counts]) -> None:
    for village, category in (
        (TREE.village, NeedCategory.WRM),
        (TREE.village, NeedCategory.EDU),
        (TREE.village_of_other_township, NeedCategory.EDU),
        (TREE.village_of_other_county, NeedCategory.EDU),
    ):
        _need(village, category)
    everything = count()
    assert (everything.open_in_all, everything.found) == (4, 4)
    assert everything.by_county == {TREE.county: 3, TREE.other_county: 1}
    assert everything.by_category == {NeedCategory.WRM: 1, NeedCategory.EDU: 3}
    here = count(area=TREE.county)
    assert here.found == 3
    assert here.by_category == {NeedCategory.WRM: 1, NeedCategory.EDU: 2}
    assert here.by_county == everything.by_county
    warm = count(categories=(NeedCategory.WRM,))
    assert warm.by_county == {TREE.county: 1}
    assert warm.by_category == everything.by_category
    assert count(area=TREE.village).found == 2


def test_nothing_is_counted_where_nothing_waits(count: Callable[..., Counts]) -> None:
    assert count() == Counts(0, 0, {}, {}, 0, 0)


def test_few_are_read_anew_each_time(found: Callable[..., int]) -> None:
    kept = Kept(many=2)
    _need()
    assert found(kept) == 1
    _need()
    assert found(kept) == 2


def test_many_are_kept_for_a_minute_and_not_longer(found: Callable[..., int]) -> None:
    kept = Kept(many=1)
    _need()
    assert found(kept) == 1
    _need()
    assert found(kept, KEPT_FOR - timedelta(seconds=1)) == 1
    assert found(kept, KEPT_FOR) == 2


def test_another_standing_is_another_reading(app: Flask) -> None:
    kept = Kept(many=1)
    _need()
    assert len(kept.facets(Standing.OPEN, now=NOW)) == 1
    assert len(kept.facets(Standing.DONE, now=NOW)) == 0


def test_a_clock_that_was_set_back_keeps_nothing(found: Callable[..., int]) -> None:
    kept = Kept(many=1)
    _need()
    found(kept)
    _need()
    assert found(kept, -timedelta(seconds=1)) == 2
