"""The forms of a text that patterns look at: disguises undone, digits as digits."""

import re
import unicodedata
from functools import lru_cache

from marketplace.core.text import normal_form

_CHINESE_DIGITS = {
    **{c: str(i) for i, c in enumerate("零一二三四五六七八九")},
    **{c: str(i) for i, c in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    **{"幺": "1", "两": "2", "洞": "0", "拐": "7"},
}
# What people put between digits; a comma or an enumeration of amounts is kept apart by the patterns' exact lengths.
_GAP = r"[\s.\-·•—–_*/|~+(),、局转]{0,3}"
# Letters that stand in for digits inside a number.
_LOOKALIKES = {"o": "0", "l": "1"}
# A number of seven digits or more, in whatever writing: shorter runs are quantities, ages and dates.
_DIGIT = rf"[\d{''.join(_CHINESE_DIGITS)}]"
_RUN = re.compile(rf"{_DIGIT}(?:{_GAP}[\d{''.join((*_CHINESE_DIGITS, *_LOOKALIKES))}]){{6,}}")
_SENTENCE = re.compile(r"[。;!?\n]")
# Format characters, enclosing marks (keycaps) and variation selectors hide digits from a pattern.
_HIDDEN = {"Cf", "Me", "Mn"}


@lru_cache(maxsize=512)
def plain(text: str) -> str:
    """Half-width, lower case, simplified; characters that hide others from a pattern are dropped."""
    # Twice: a keycap's mark keeps the normal form from seeing the digit under it.
    bare = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in _HIDDEN)
    return "".join(c for c in normal_form(bare) if unicodedata.category(c) not in _HIDDEN)


@lru_cache(maxsize=512)
def closed(text: str) -> str:
    """As ``plain``, with nothing but letters, digits and Chinese characters: gaps inside a word are closed."""
    return "".join(c for c in plain(text) if c.isalnum())


@lru_cache(maxsize=512)
def with_digits(text: str) -> str:
    """As ``plain``, with every long number in one piece of ASCII digits, whatever it was written in."""
    return _RUN.sub(lambda run: _digits(run.group()), plain(text))


def numbers_told(text: str, *, after: re.Pattern[str]) -> list[str]:
    """The digits of each sentence in which ``after`` is found, in one piece: a number that is told bit by bit."""
    told = (part for part in _SENTENCE.split(plain(text)) if after.search(part))
    return ["".join(_digits(c) for c in re.findall(_DIGIT, part)) for part in told]


def number_of(text: str) -> int:
    """``12``, ``八`` or ``十六`` as a number."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    first = int(_CHINESE_DIGITS.get(tens, "1" if ten else "0"))
    return (first * 10 if ten else first) + int(_CHINESE_DIGITS.get(ones, "0"))


def _digits(run: str) -> str:
    return "".join(_digit(c) for c in run if c.isalnum())


def _digit(c: str) -> str:
    return _CHINESE_DIGITS.get(c) or _LOOKALIKES.get(c) or (str(unicodedata.decimal(c)) if c.isdigit() else "")
