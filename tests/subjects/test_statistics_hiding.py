"""P2: no public table gives away how many there are where fewer than five households stand behind a figure."""

from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.workflow import NeedState
from marketplace.statistics.cohorts import Cohort
from marketplace.statistics.cube import Cube, cube_of, shown_rates
from marketplace.statistics.hiding import ANY, LEAST, Key, hidden_cells, hidden_of, lines_of, with_margins
from marketplace.statistics.queries import make_cohort
from marketplace.statistics.seen import seen_needs
from tests import factories as f
from tests.factories import NOW, TREE, Line, money_line

MONEY = (money_line(100_000),)


def margins(leaves: Mapping[Key, int]) -> dict[Key, int]:
    """The table with all its margins."""
    cells: dict[Key, int] = {}
    for key, number in leaves.items():
        for margin in with_margins(key):
            cells[margin] = cells.get(margin, 0) + number
    return cells


def worked_out(cells: Mapping[Key, int], hidden: frozenset[Key]) -> dict[Key, int]:
    """What a reader finds who knows all that is shown and subtracts along every line until nothing more comes of it."""
    known = {key: number for key, number in cells.items() if key not in hidden}
    found = True
    while found:
        found = False
        for total, parts in lines_of(cells):
            unknown = [key for key in (total, *parts) if key not in known]
            if len(unknown) == 1:
                (key,) = unknown
                rest = sum(known[part] for part in parts if part != key)
                known[key] = rest if key == total else known[total] - rest
                found = True
    return {key: number for key, number in known.items() if key in hidden}


@given(st.dictionaries(st.tuples(*(st.sampled_from("abcd") for _ in range(3))), st.integers(1, 14), max_size=24))
def test_nothing_hidden_can_be_found_by_subtraction_along_any_line(leaves: dict[Key, int]) -> None:
    """P2"""
    cells = margins(leaves)
    hidden = hidden_cells(cells)
    assert {key for key, number in cells.items() if 0 < number < LEAST} <= hidden
    assert worked_out(cells, hidden) == {}


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=4))
def test_who_knows_the_rule_and_the_total_cannot_name_a_hidden_number(numbers: list[int]) -> None:
    """P2: of all tables that would look the same, no small cell has the same number in every one."""
    table = {str(place): number for place, number in enumerate(numbers)}
    hidden = hidden_of(table)
    alike = list(tables_like(table, hidden))
    assert table in alike
    covered = any(number >= LEAST for key, number in table.items()) or 0 in numbers
    for key in hidden:
        if 0 < table[key] < LEAST and covered:
            assert len({other[key] for other in alike}) > 1


def tables_like(table: dict[str, int], hidden: frozenset[str]) -> Iterator[dict[str, int]]:
    """Every table with the same total, the same cells shown and the same cells hidden."""
    total = sum(table.values())
    unknown = sorted(hidden)
    for numbers in product(range(total + 1), repeat=len(unknown)):
        other = {**table, **dict(zip(unknown, numbers, strict=True))}
        if sum(other.values()) == total and hidden_of(other) == hidden:
            yield other


def test_a_table_without_small_cells_is_shown_whole() -> None:
    assert hidden_cells(margins({("a", "x"): 5, ("b", "x"): 9, ("b", "y"): 40})) == frozenset()


def cube_now() -> Cube:
    """All that is counted now."""
    return cube_of(seen_needs(Cohort(as_of=NOW, kind=None)))


@pytest.fixture
def needs(app: Flask) -> None:
    """Six needs of money in one county and two in another; seven of goods in the first, one of them for school."""
    there = [f.make_household(TREE.village_of_other_county) for _ in range(2)]
    for household in [None] * 6 + there:
        f.make_need(lines=MONEY, household=household)
    for category in [NeedCategory.WRM] * 6 + [NeedCategory.EDU]:
        f.make_need(lines=(Line(),), category=category)


def test_the_two_needs_of_a_county_are_hidden_and_so_is_what_would_give_them_away(needs: None) -> None:
    """P2"""
    cube = cube_now()
    money = SupportKind.MONEY.value
    county, other = TREE.county[:6], TREE.other_county[:6]
    whole = cube.rates(kind=money)
    assert whole is not None
    assert whole.published == 8
    assert cube.rates(county=other, kind=money) is None
    assert cube.rates(county=county, kind=money) is None
    assert cube.rates(category=NeedCategory.EDU.value) is None
    assert cube.whole("5133", kind=money).published == 8


def test_a_household_that_asks_five_times_is_still_one_household(app: Flask) -> None:
    """P2"""
    household = f.make_household()
    for _ in range(5):
        f.make_need(lines=MONEY, household=household)
    assert cube_now().rates() is None


def test_a_township_is_hidden_with_its_neighbour(app: Flask) -> None:
    """P2"""
    for village, number in ((TREE.village, 6), (TREE.village_of_other_township, 2)):
        for _ in range(number):
            f.make_need(lines=MONEY, household=f.make_household(village))
    for township in (TREE.township, TREE.other_township):
        assert shown_rates(seen_needs(make_cohort(TREE.county, as_of=NOW)), township[:9]) is None
    assert cube_now().rates(county=TREE.county[:6]) is not None


def test_margins_add_numerators_and_denominators(needs: None) -> None:
    cube = cube_now()
    every = cube.cells[ANY, ANY, ANY]
    assert every.published == 15
    assert (
        sum(cube.cells[ANY, ANY, kind.value].published for kind in SupportKind if (ANY, ANY, kind) in cube.cells) == 15
    )


def test_a_withdrawn_need_hides_nothing_and_stands_beside(app: Flask) -> None:
    for _ in range(5):
        f.make_need(lines=MONEY)
    f.make_need(NeedState.WITHDRAWN, lines=MONEY, published_at=f.days_ago(25))
    found = cube_now().rates()
    assert found is not None
    assert (found.published, found.withdrawn) == (5, 1)
