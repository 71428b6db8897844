"""Money is an integer number of fen, and parts always add up."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Invalid
from marketplace.core.money import LARGEST_FEN, Money, parse_money, percent

FEN = st.integers(min_value=-LARGEST_FEN, max_value=LARGEST_FEN)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=40).filter(any)


@given(fen=FEN, weights=WEIGHTS)
def test_parts_of_a_split_sum_to_the_whole(fen: int, weights: list[int]) -> None:
    parts = Money(fen).split(weights)
    assert sum(part.fen for part in parts) == fen
    assert len(parts) == len(weights)


@given(fen=st.integers(min_value=0, max_value=LARGEST_FEN), weights=WEIGHTS)
def test_each_part_is_within_one_fen_of_its_share(fen: int, weights: list[int]) -> None:
    for part, weight in zip(Money(fen).split(weights), weights, strict=True):
        assert abs(part.fen * sum(weights) - fen * weight) < sum(weights)
        assert part.fen == 0 or weight > 0


def test_the_first_parts_take_the_fen_that_flooring_left_over() -> None:
    assert Money(100).split([1, 1, 1]) == [Money(34), Money(33), Money(33)]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_split_needs_weights_with_a_positive_sum(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100).split(weights)


@pytest.mark.parametrize("wrong", [1.0, True, "1", None])
def test_money_takes_nothing_but_an_integer(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("1480", 148_000),
        ("1480.5", 148_050),
        ("1,480.50", 148_050),
        ("1,480,000", 148_000_000),
        ("0.01", 1),
        ("０.０１", 1),
        ("１４８０", 148_000),
        ("１，４８０．５０", 148_050),
        ("１４８０元", 148_000),
        (" 1480 ", 148_000),
        ("¥1480", 148_000),
        ("￥1480", 148_000),
        ("1480 元", 148_000),
        ("1480块", 148_000),
        ("0.35万", 350_000),
        ("2万元", 2_000_000),
        ("100000000000", LARGEST_FEN),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, fen: int) -> None:
    """L7: full-width digits are the same amount."""
    assert parse_money(typed) == Money(fen)


@pytest.mark.parametrize(
    "typed",
    [
        "NaN",
        "nan",
        "inf",
        "-inf",
        "1e309",
        "1e3",
        "1E3",
        "-1",
        "−1",
        "+1",
        "0",
        "0.00",
        "0.001",
        "1.001",
        str(2**63),
        str(2**63 - 1),
        "100000000000.01",
        "9" * 400,
        "",
        " ",
        ".",
        "1.",
        ".5",
        "1,48",
        "14,80",
        "1.4.8",
        "0x10",
        "1_000",
        "一千",
        "元",
        "1480元万",
        "1480美元",
        "$1480",
        "1480;DROP TABLE",
        "1\u0660",
        "Ⅳ",
        "½",
    ],
)
def test_anything_else_is_refused_with_a_sentence(typed: str) -> None:
    """L7: NaN, 1e309, -1, 0, 0.001, 2^63 never become an amount."""
    with pytest.raises(Invalid) as refused:
        parse_money(typed)
    assert str(refused.value).endswith(".")


@given(st.text(max_size=30))
def test_no_text_makes_the_parser_fall_over(typed: str) -> None:
    with suppress(Invalid):
        assert 0 < parse_money(typed).fen <= LARGEST_FEN


@given(st.integers(min_value=1, max_value=LARGEST_FEN))
def test_what_is_shown_can_be_typed_again(fen: int) -> None:
    assert parse_money(Money(fen).yuan) == Money(fen)
    assert parse_money(Money(fen).short) == Money(fen)


@pytest.mark.parametrize(
    ("fen", "yuan", "short", "wan"),
    [
        (148_000, "1,480.00", "1,480", "0.148"),
        (148_050, "1,480.50", "1,480.50", "0.148"),
        (147_898_074_000, "1,478,980,740.00", "1,478,980,740", "147,898.074"),
        (0, "0.00", "0", "0.000"),
        (-1, "−0.01", "−0.01", "0.000"),
        (-148_000, "−1,480.00", "−1,480", "−0.148"),
        (499, "4.99", "4.99", "0.000"),
        (500, "5.00", "5", "0.001"),
    ],
)
def test_amounts_are_written_in_yuan_and_in_ten_thousands(fen: int, yuan: str, short: str, wan: str) -> None:
    assert (Money(fen).yuan, Money(fen).short, Money(fen).wan) == (yuan, short, wan)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (241, 313, "77.0"),
        (0, 10, "0.0"),
        (10, 10, "100.0"),
        (1, 3, "33.3"),
        (2, 3, "66.7"),
        (1, 2000, "0.1"),
        (1, 0, "–"),
    ],
)
def test_percentages_have_one_decimal(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


@given(FEN, FEN)
def test_sums_and_differences_are_exact(a: int, b: int) -> None:
    assert Money(a) + Money(b) - Money(b) == Money(a)
    assert bool(Money(a)) is (a != 0)
    assert (Money(a) < Money(b)) is (a < b)
