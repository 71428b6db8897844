"""Texts are found by what people type: two characters, traditional script, pinyin, a homophone, a synonym."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.text import LONGEST_TEXT, bigrams, index_tokens, normal_form, pinyin, query_tokens, words

STORY = "家里只有两床旧棉被，想要取暖炉一台，孩子上学要学费。"


def found(query: str, text: str = STORY) -> bool:
    tokens = set(index_tokens(text))
    groups = query_tokens(query)
    return bool(groups) and all(tokens & set(group) for group in groups)


@pytest.mark.parametrize(
    "query",
    [
        "棉被",
        "旧棉被",
        "被子",
        "铺盖",
        "學費",
        "取暖爐",
        "取暖炉",
        "mianbei",
        "MianBei",
        "ｍｉａｎｂｅｉ",
        "眠被",
        "棉被 学费",
        "炉子",
    ],
)
def test_a_need_is_found_by_what_people_type(query: str) -> None:
    assert found(query)


@pytest.mark.parametrize("query", ["轮椅", "牦牛", "被录取", "棉被 牦牛"])
def test_a_need_is_not_found_by_other_words(query: str) -> None:
    assert not found(query)


def test_one_shared_character_is_not_enough() -> None:
    assert not found("棉被", "孩子被录取了，缺学费。")


def test_the_normal_form_is_one_for_all_ways_of_writing() -> None:
    assert normal_form("  需要　輪椅，ＡＢＣ ") == normal_form("需要 轮椅,abc")
    assert normal_form("") == ""


def test_bigrams_do_not_cross_punctuation() -> None:
    assert bigrams("棉被，炉子") == ["棉被", "炉子"]
    assert bigrams("炉") == ["炉"]
    assert bigrams("abc") == []


def test_synonyms_become_their_first_form() -> None:
    assert words(normal_form("床褥")) == ["棉被"]


def test_pinyin_is_toneless_and_in_one_piece() -> None:
    assert pinyin("棉被") == "mianbei"


def test_tibetan_is_kept_as_it_is_written() -> None:
    assert found("ཉལ་ཆས", "ཉལ་ཆས་དགོས།")


@given(st.text(max_size=200))
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once


@given(st.text(max_size=120))
def test_no_text_makes_indexing_or_searching_fall_over(text: str) -> None:
    assert all(token == token.strip() and token for token in index_tokens(text))
    assert all(group for group in query_tokens(text))


def test_a_very_long_text_is_cut() -> None:
    assert len(normal_form("棉" * (LONGEST_TEXT + 5))) == LONGEST_TEXT
