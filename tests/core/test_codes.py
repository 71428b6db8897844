"""Public codes are random, unambiguous, and notice a slip of the pen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.codes import ALPHABET, Prefix, new_code, new_slip_code, parse_code

BODIES = st.text(alphabet=ALPHABET, min_size=6, max_size=6)


def code_of(body: str, prefix: Prefix = Prefix.NEED) -> str:
    letters = iter(body)
    return new_code(prefix, choose=lambda _: next(letters))


@given(BODIES, st.sampled_from(Prefix))
def test_a_code_is_read_back(body: str, prefix: Prefix) -> None:
    code = code_of(body, prefix)
    assert len(code) == 12
    assert parse_code(code) == (prefix, code)


@given(BODIES)
def test_codes_are_read_as_people_type_them(body: str) -> None:
    code = code_of(body)
    for typed in (code.lower(), code.replace("-", ""), f" {code} ", code.replace("-", " - "), _full_width(code)):
        assert parse_code(typed) == (Prefix.NEED, code)


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


@given(BODIES, st.integers(0, 5), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(body: str, position: int, letter: str) -> None:
    code = code_of(body)
    wrong = code[: 3 + position] + letter + code[4 + position :]
    assert parse_code(wrong) is None or wrong == code


@given(BODIES, st.integers(0, 4))
def test_two_swapped_neighbours_are_noticed(body: str, position: int) -> None:
    swapped = body[:position] + body[position + 1] + body[position] + body[position + 2 :]
    code = code_of(body)
    wrong = f"{code[:3]}{swapped}{code[9:]}"
    assert parse_code(wrong) is None or swapped == body


@pytest.mark.parametrize("text", ["", "XQ", "ZZ-234567-00", "XQ-23456O-00", "XQ-234567-", "1", "XQ-234567-0a", "'; --"])
def test_other_texts_are_no_codes(text: str) -> None:
    assert parse_code(text) is None


def test_a_slip_code_can_be_read_aloud() -> None:
    for _ in range(200):
        slip = new_slip_code()
        assert len(slip) == 9
        assert slip[4] == "-"
        assert set(slip) <= set(ALPHABET) | {"-"}
    assert not set("01OILAEU") & set(ALPHABET)
