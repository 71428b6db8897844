"""Templates: none unused, no macro unused, nothing inline, nothing from other hosts."""

import ast
import gzip
import re
from functools import cache
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes as jinja

from tests.architecture.source import STATIC, TEMPLATES, modules, nodes, place, templates

_ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
# The name space of SVG is a name, not an address that anybody fetches.
_NAMES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
_ADDRESS = re.compile(r"""(?:https?:)?//[^\s"'<>)]+""")


@cache
def tree_of(path: Path) -> jinja.Template:
    return _ENVIRONMENT.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def strings_in_python() -> set[str]:
    """Every string in the package, whole."""
    return {
        node.value
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def referred_to(path: Path) -> set[str]:
    """Templates that a template extends, includes or imports."""
    kinds = (jinja.Extends, jinja.Include, jinja.Import, jinja.FromImport)
    return {
        node.template.value
        for kind in kinds
        for node in tree_of(path).find_all(kind)
        if isinstance(node.template, jinja.Const)
    }


def test_no_template_is_unused() -> None:
    used = strings_in_python().union(*(referred_to(path) for path in templates()))
    assert [name_of(path) for path in templates() if name_of(path) not in used] == []


def test_every_template_that_is_referred_to_exists() -> None:
    names = {name_of(path) for path in templates()}
    from_templates = {name for path in templates() for name in referred_to(path)}
    from_python = {text for text in strings_in_python() if re.fullmatch(r"[a-z_]+/[a-z_/]+\.html", text)}
    assert sorted((from_templates | from_python) - names) == []


def test_no_macro_is_unused() -> None:
    called = {name for path in templates() for name in _called(path)}
    from_python = strings_in_python()
    defined = [(path, macro.name) for path in templates() for macro in tree_of(path).find_all(jinja.Macro)]
    assert [f"{name_of(path)}: {name}" for path, name in defined if name not in called | from_python] == []


def test_no_macro_is_imported_for_nothing() -> None:
    idle = [
        f"{name_of(path)}: {alias}"
        for path in templates()
        for node in tree_of(path).find_all(jinja.FromImport)
        for alias in (name[1] if isinstance(name, tuple) else name for name in node.names)
        if alias not in _called(path)
    ]
    assert idle == []


@cache
def _called(path: Path) -> set[str]:
    """Names that a template calls, under the names that their own files gave them as well."""
    tree = tree_of(path)
    renamed = {
        name[1]: name[0] for node in tree.find_all(jinja.FromImport) for name in node.names if isinstance(name, tuple)
    }
    found = {node.name for node in tree.find_all(jinja.Name) if node.ctx == "load"}
    found |= {node.attr for node in tree.find_all(jinja.Getattr)}
    return found | {renamed[name] for name in found if name in renamed}


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_nothing_is_inline(path: Path) -> None:
    """The content security policy refuses inline style, script and handlers."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"""\sstyle\s*=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+\s*=\s*["']|javascript:""", text)
    assert found == []


def test_there_is_one_script_and_it_is_small() -> None:
    """UX goal 3: 25 KB compressed at most; pages work without it, so that only the frame names it."""
    scripts = sorted(STATIC.rglob("*.js"))
    assert [path.relative_to(STATIC).as_posix() for path in scripts] == ["js/posting.js"]
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) <= 25 * 1024
    assert [name_of(path) for path in templates() if "<script" in path.read_text(encoding="utf-8")] == [
        "layout/base.html"
    ]


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_nothing_is_marked_safe_without_being_escaped(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\|\s*safe\b|autoescape\s+false", text) == []


@pytest.mark.parametrize(
    "path",
    [*templates(), *sorted(p for p in STATIC.rglob("*") if p.suffix in (".css", ".js", ".svg", ".json", ".html"))],
    ids=place,
)
def test_nothing_comes_from_another_host(path: Path) -> None:
    """R-P14: no fonts, scripts, pictures or counters of others."""
    found = set(_ADDRESS.findall(re.sub(r"\{#.*?#\}|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)))
    assert found - _NAMES == set()
