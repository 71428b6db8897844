"""Addresses of houses, so that two ways of writing one meet: ``三组12号`` and ``第3小组 十二号``.

The numbers are compared exactly, one by one; only the words between them by likeness: a likeness over the whole text
cannot tell a right house number from a wrong one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from marketplace.core.text import normal_form

# Words less alike than this are another place: in a short name one other character is another name.
_LIKE = 85
_VALUES = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    **{"〇": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100}
_NUMERAL = f"[{''.join(_VALUES)}{''.join(_TENS)}]+"
_UNIT = "(?:村民小组|小组|组|社|队|门牌|号|栋|幢|座|单元|室|楼|层|排|户|巷|弄|区|间)"
# A numeral counts where a unit follows or 第 stands before it: in a name such as 八一村 it does not.
_TOLD = re.compile(rf"第?({_NUMERAL})(?={_UNIT})|第({_NUMERAL})")
_SAME = (
    (re.compile("村民小组|小组|社|生产队|队"), "组"),
    (re.compile("幢|座"), "栋"),
    (re.compile("第|门牌|[^\\w#]|_"), ""),
)
_NUMBER = re.compile(r"\d+")
# What makes it one house and not a group of houses.
_HOUSE = re.compile(r"#(?:号|户|室|间)|#[^#]+#$|#[栋排巷][^#]{0,3}#")


@dataclass(frozen=True, slots=True)
class Address:
    """A house: its numbers in order, and the words around them with # for each number."""

    numbers: tuple[int, ...]
    words: str

    def is_like(self, other: "Address") -> bool:
        """True for the same numbers with words that are alike."""
        return self.numbers == other.numbers and fuzz.ratio(self.words, other.words) >= _LIKE


def read_address(text: str, *, within: Iterable[str] = ()) -> Address | None:
    """The house that a text names, without the names of the divisions it lies in; None for a group or a village alone.

    ``within`` are the names of those divisions, the largest first.
    """
    plain = normal_form(text).replace(" ", "")
    for name in within:
        plain = plain.removeprefix(normal_form(name).replace(" ", ""))
    told = _TOLD.sub(lambda found: str(_value(found[1] or found[2])), plain)
    numbers = tuple(int(number) for number in _NUMBER.findall(told))
    words = _NUMBER.sub("#", told)
    for pattern, same in _SAME:
        words = pattern.sub(same, words)
    return Address(numbers, words) if _HOUSE.search(words) else None


def _value(numeral: str) -> int:
    """``十二`` and ``一二`` are 12, ``一百零三`` is 103."""
    if not set(numeral) & set(_TENS):
        return int("".join(str(_VALUES[character]) for character in numeral))
    total, digit = 0, 0
    for character in numeral:
        if character in _TENS:
            total += (digit or 1) * _TENS[character]
            digit = 0
        else:
            digit = _VALUES[character]
    return total + digit
