"""Formats of people's and firms' numbers."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Invalid
from marketplace.core.identity import (
    birth_date,
    credit_check_character,
    fold,
    id_check_digit,
    id_number_fault,
    is_male,
    parse_credit_code,
    parse_phone,
)

# The example of the standard itself, GB 11643.
STANDARD = "11010519491231002X"


def test_check_character_is_that_of_the_standards_example() -> None:
    assert id_check_digit("11010519491231002") == "X"
    assert id_number_fault(STANDARD) is None
    assert birth_date(STANDARD) == date(1949, 12, 31)
    assert not is_male(STANDARD)
    assert is_male("440524188001010014")


@pytest.mark.parametrize("tail", ["11", "74", "1101", "7499"])
def test_a_disability_card_is_the_id_with_kind_and_grade(tail: str) -> None:
    assert id_number_fault(STANDARD + tail) is None


@pytest.mark.parametrize("tail", ["01", "81", "15", "1", "111", "11AB"])
def test_other_tails_are_refused(tail: str) -> None:
    assert id_number_fault(STANDARD + tail) is not None


@pytest.mark.parametrize(
    "number",
    [
        "110105194912310021",
        "11010519491231002x",
        "110105491231002",
        "110105194913310020",
        "110105194902300025",
        "11010519491231002",
        "A10105194912310020",
        "１１０１０５１９４９１２３１００２Ｘ",
        "",
        "X" * 18,
        "1101051949123100٢X",
    ],
)
def test_a_wrong_number_is_named_as_wrong(number: str) -> None:
    assert id_number_fault(number) is not None


@given(st.integers(0, 16), st.integers(0, 9))
def test_every_single_wrong_digit_is_noticed(position: int, digit: int) -> None:
    if STANDARD[position] == str(digit):
        return
    wrong = STANDARD[:position] + str(digit) + STANDARD[position + 1 :]
    assert id_number_fault(wrong) is not None


def test_fold_makes_full_width_numbers_plain() -> None:
    assert fold(" １３８-0013 8000 ") == "13800138000"
    assert fold("11010519491231002x") == STANDARD


@pytest.mark.parametrize("typed", ["13800138000", "138 0013 8000", "１３８００１３８０００", "+86 138-0013-8000"])
def test_phones_are_read_as_people_write_them(typed: str) -> None:
    assert parse_phone(typed) == "13800138000"


@pytest.mark.parametrize(
    "typed", ["", "12800138000", "1380013800", "138001380000", "0836-2822222", "1380013800a", "1380013800٠", "138\n"]
)
def test_other_phones_are_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_phone(typed)
    assert refused.value.field == "phone"


def test_a_credit_code_needs_its_check_character() -> None:
    body = "91350100M000100Y4"
    code = body + credit_check_character(body)
    assert code == "91350100M000100Y43"
    assert parse_credit_code(code.lower()) == code
    for wrong in (body + "4", code[:-1], code + "3", "I" + code[1:], ""):
        with pytest.raises(Invalid):
            parse_credit_code(wrong)


@given(st.text(max_size=24))
def test_no_text_makes_the_checks_fall_over(text: str) -> None:
    id_number_fault(text)
    for parse in (parse_phone, parse_credit_code):
        with suppress(Invalid):
            parse(text)
