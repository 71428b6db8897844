"""Every English sentence of the interface has its Chinese, and no Chinese is half-done."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from marketplace.paths import TRANSLATIONS
from tests.architecture.source import PACKAGE, modules, nodes, place, templates

CATALOGUES = sorted((TRANSLATIONS / "zh_Hans_CN" / "LC_MESSAGES").glob("*.po"))
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "say": None,
    "ngettext": (1, 2),
    "Invalid": None,
    "NotFound": None,
    "Forbidden": None,
    "Conflict": None,
    "DomainError": None,
}
# What only programmers and operators read: raised at start or by a wrong call, never shown on a page.
_NOT_FOR_READERS = {
    "SettingsError",
    "RuntimeError",
    "ValueError",
    "TypeError",
    "AssertionError",
    "Refused",
    "Misconfigured",
    "Lazy",
    "option",
    "argument",
}
_SENTENCE = re.compile(r"[A-Z][^\n]* [^\n]*[.?!:]")
_PLACE = re.compile(r"%\((\w+)\)[sd]")


@cache
def catalogue(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale="zh_Hans_CN")


def translated() -> dict[str, list[tuple[Path, Message]]]:
    found: dict[str, list[tuple[Path, Message]]] = defaultdict(list)
    for path in CATALOGUES:
        for message in catalogue(path):
            if message.id:
                found[message.id if isinstance(message.id, str) else message.id[0]].append((path, message))
    return dict(found)


def extracted() -> Iterator[tuple[str, str]]:
    """Where it stands and what it says, for every message that the code or a template marks."""
    options = {"silent": "false", "extensions": "jinja2.ext.do", "trimmed": "true"}
    for path in templates():
        yield from _messages(path, "jinja2.ext:babel_extract", options)
    for path in speaking():
        yield from _messages(path, "python", {})


def speaking() -> list[Path]:
    """Modules whose words reach a reader; the engine's own are for those who read the engine."""
    return [path for path in modules() if not path.is_relative_to(PACKAGE / "matching" / "engine")]


def _messages(path: Path, method: str, options: dict[str, str]) -> Iterator[tuple[str, str]]:
    for line, message, _comments, _context in extract_from_file(method, path, keywords=KEYWORDS, options=options):
        text = message if isinstance(message, str) else message[0]
        if text:
            yield f"{place(path)}:{line}", text


def sentences() -> Iterator[tuple[str, str]]:
    """Sentences in constants and tables, which reach the reader by a name."""
    for path in speaking():
        if path.relative_to(PACKAGE).parts[0] in ("demo", "config.py"):
            continue
        skipped = {id(inner) for node in nodes(path) if _is_for_others(node) for inner in ast.walk(node)}
        for node in nodes(path):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in skipped and _SENTENCE.fullmatch(node.value):
                yield place(path, node), node.value


def _is_for_others(node: ast.AST) -> bool:
    """Docstrings, f-strings and what only programmers and operators read."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, (ast.JoinedStr, ast.Assert)):
        return True
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return called in _NOT_FOR_READERS
    return False


def test_every_message_is_translated() -> None:
    known = translated()
    assert sorted({f"{where}: {text!r}" for where, text in extracted() if text not in known}) == []


def test_every_sentence_in_a_table_is_translated() -> None:
    known = translated()
    assert sorted({f"{where}: {text!r}" for where, text in sentences() if text not in known}) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_no_translation_is_missing_doubtful_or_broken(path: Path) -> None:
    faults = []
    for message in catalogue(path):
        if not message.id:
            continue
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        if message.fuzzy:
            faults.append(f"fuzzy: {ids[0]}")
        if not texts or not all(texts):
            faults.append(f"empty: {ids[0]}")
        places = set(_PLACE.findall(" ".join(ids)))
        if any(set(_PLACE.findall(text)) - places for text in texts):
            faults.append(f"a place that the message does not have: {ids[0]}")
        if not places and any("%(" in text for text in texts):
            faults.append(f"a broken place: {ids[0]}")
    assert faults == []
    assert not catalogue(path).obsolete, "obsolete entries"


def test_one_message_has_one_translation() -> None:
    """All catalogues are merged, so two that differ would hide one another."""
    meanings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for text, found in translated().items():
        for path, message in found:
            meanings[(text, message.context or "")].add(f"{message.string} ({path.name})")
    differing = {
        text: sorted(said)
        for (text, _), said in meanings.items()
        if len({each.rpartition(" (")[0] for each in said}) > 1
    }
    assert differing == {}


def test_chinese_speaks_chinese() -> None:
    """A translation holds at least one Chinese character, or is a sign, a number or a name that stays."""
    plain = {
        text: _PLACE.sub("", str(message.string))
        for text, found in translated().items()
        for _, message in found
        if not re.search(r"[\u4e00-\u9fff]", str(message.string))
    }
    assert {text: words for text, words in plain.items() if re.search(r"[a-z]{4}", words)} == {}
