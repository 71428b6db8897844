"""Masks hide lengths as well as letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.masking import mask_account, mask_id_number, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张**"),
        ("张", "张**"),
        ("扎西次仁", "扎**"),
        ("欧阳修", "欧阳**"),
        ("买买提·艾力", "买**"),
        (" 张三 ", "张**"),
        ("", ""),
        ("བཀྲ་ཤིས", "བ**"),
    ],
)
def test_names_keep_their_first_character_and_two_stars(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_an_id_number_keeps_its_first_and_last_two_characters() -> None:
    assert mask_id_number("51333219800101001X") == "5***************1X"
    assert mask_id_number("12") == ""


def test_a_phone_keeps_three_and_four_digits() -> None:
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("1381234567") == ""


def test_an_account_keeps_four_digits() -> None:
    assert mask_account("6228480402564890018") == "**** 0018"
    assert mask_account("0018") == ""


@given(st.text(min_size=1, max_size=30))
def test_masks_never_tell_how_long_a_name_is(name: str) -> None:
    masked = mask_name(name)
    assert masked == "" or (masked.endswith("**") and len(masked) <= 4)
