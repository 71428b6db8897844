"""The project's own source, read as text and as trees."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "marketplace"
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
MIGRATIONS = ROOT / "migrations"


def modules(*below: str) -> list[Path]:
    """Python files of the package, or of some of its folders and files, in order."""
    places = [PACKAGE / name for name in below] or [PACKAGE]
    return sorted(path for place in places for path in ([place] if place.is_file() else place.rglob("*.py")))


def templates() -> list[Path]:
    """Every template."""
    return sorted(TEMPLATES.rglob("*.html"))


@cache
def tree_of(path: Path) -> ast.Module:
    """A module as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Every node of a module."""
    yield from ast.walk(tree_of(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Where something stands, as one reads it in a message."""
    line = f":{node.lineno}" if node is not None and hasattr(node, "lineno") else ""
    return f"{path.relative_to(ROOT)}{line}"
