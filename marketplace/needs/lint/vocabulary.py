"""The lint's word lists, kept as data in ``needs/data/words.toml``, and a quick search for the words of one list."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, cached_property
from importlib.resources import files

from marketplace.core.text import pinyin

# What a word begins with: a character or a choice of some, after what may not stand before it.
_HEAD = re.compile(r"(?:\(\?<[!=][^)]*\))*(?:\[(?P<some>[^\]^-]+)\]|(?P<one>[^\\(\[.^$]))(?![?*]|\{0)")
_DIGITS = "0123456789"
_LATIN_RUN = re.compile(r"[a-z]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]{2,}")
_NO_HAN = re.compile(r"[^\u4e00-\u9fff]")
# A shorter sound means too many words; more characters beside a run of letters belong to no word.
_SHORTEST_SOUND = 5
_BESIDE = 3


class WordList:
    """Words, or small expressions, of which the first in a text is found; only those are tried that begin there."""

    def __init__(self, words: Iterable[str]) -> None:
        heads = defaultdict(list)
        for word in dict.fromkeys(words):
            head = _HEAD.match(word)
            if head is None:
                raise ValueError(f"a word of the lint must begin with a character or a choice of some: {word}")
            for character in (head["some"] or head["one"]).replace(r"\d", _DIGITS):
                heads[character].append(word)
        self._head = re.compile(f"[{re.escape(''.join(heads))}]")
        self._heads = heads
        self._compiled: dict[str, re.Pattern[str]] = {}

    @cached_property
    def _sounds(self) -> set[str]:
        return {sound for words in self._heads.values() for word in words if (sound := _sound(word))}

    def _beginning_with(self, character: str) -> re.Pattern[str]:
        """The words that begin so, compiled when the first text holds the character."""
        if character not in self._compiled:
            self._compiled[character] = re.compile("|".join(self._heads[character]))
        return self._compiled[character]

    def search(self, text: str) -> str | None:
        """The first word that stands in the text, as it stands there."""
        for head in self._head.finditer(text):
            if found := self._beginning_with(head.group()).match(text, head.start()):
                return found.group()
        return None

    def search_sound(self, text: str) -> str | None:
        """A word that is written in pinyin, whole or in part: ``bosideng``, ``刮刮le``."""
        for run in _LATIN_RUN.finditer(text):
            likely = [sound for sound in self._sounds if run.group() in sound]
            before = pinyin(_NO_HAN.split(text[max(0, run.start() - _BESIDE) : run.start()])[-1]) if likely else ""
            said = before + run.group() + (pinyin(text[run.end() : run.end() + _BESIDE]) if likely else "")
            # The letters belong to the word from the first to the last.
            whole = len(before) + len(run.group())
            if any(0 <= (place := said.find(sound)) <= len(before) and place + len(sound) >= whole for sound in likely):
                return run.group()
        return None


@cache
def word_list(name: str) -> WordList:
    """One list of the file, ready to be looked for."""
    return WordList(listed(name))


def listed(name: str) -> list[str]:
    """The words of all classes of one list of the file."""
    return [word for words in classes(name).values() for word in words.split()]


def classes(name: str) -> dict[str, str]:
    """One list of the file: by class, its words between blanks."""
    return _lists()[name]


def either(name: str, part: str) -> str:
    """The words of one class as an expression that meets any of them."""
    return "|".join(classes(name)[part].split())


@cache
def _lists() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("marketplace.needs").joinpath("data/words.toml").read_text(encoding="utf-8"))


def _sound(word: str) -> str | None:
    """The pinyin of a word that is no expression and long enough to be told by its sound."""
    sound = pinyin(word) if _HAN.fullmatch(word) else ""
    return sound if len(sound) >= _SHORTEST_SOUND else None
