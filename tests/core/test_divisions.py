"""Arithmetic on 12-digit division codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.divisions import Level, ancestors, at_level, contains, is_code, level_of, significant

VILLAGE = "513332101201"
CODES = st.from_regex(r"[1-9][0-9]{11}", fullmatch=True)


@pytest.mark.parametrize(
    ("code", "level", "prefix"),
    [
        ("510000000000", Level.PROVINCE, "51"),
        ("513300000000", Level.PREFECTURE, "5133"),
        ("513332000000", Level.COUNTY, "513332"),
        ("513332101000", Level.TOWNSHIP, "513332101"),
        (VILLAGE, Level.VILLAGE, VILLAGE),
    ],
)
def test_the_zeros_at_the_end_say_the_level(code: str, level: Level, prefix: str) -> None:
    assert level_of(code) is level
    assert significant(code) == prefix


def test_ancestors_lead_from_the_province_down() -> None:
    assert ancestors(VILLAGE) == ["510000000000", "513300000000", "513332000000", "513332101000", VILLAGE]


@given(CODES)
def test_a_code_lies_in_each_of_its_ancestors_and_in_itself(code: str) -> None:
    assert all(contains(area, code) for area in ancestors(code))
    assert ancestors(code)[-1] == code


@given(CODES, CODES)
def test_containing_goes_one_way_only(a: str, b: str) -> None:
    if contains(a, b) and contains(b, a):
        assert significant(a) == significant(b)


@given(CODES)
def test_the_ancestor_at_a_level_is_never_deeper(code: str) -> None:
    for level in Level:
        above = at_level(code, level)
        assert is_code(above)
        assert list(Level).index(level_of(above)) <= list(Level).index(level)


@pytest.mark.parametrize(
    "text", ["", "51333210120", "5133321012011", "０１３３３２１０１２０１", "013332101201", "51333210120x"]
)
def test_other_texts_are_no_codes(text: str) -> None:
    assert not is_code(text)


def test_a_neighbour_with_the_same_first_digits_is_not_inside() -> None:
    assert not contains("513332101000", "513332102201")
    assert not contains(VILLAGE, "513332101202")
    assert not contains(VILLAGE, "513332101000")
