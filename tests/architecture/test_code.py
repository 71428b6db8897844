"""Promises of the code about itself: who commits, who reads the clock, where no float may be."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from marketplace.web.guard import access_of, check_every_view
from tests.architecture.source import MIGRATIONS, PACKAGE, ROOT, modules, nodes, place

# Whatever lives here is a way in: it may read the clock and pass it on.
SURFACES = {"web", "cli", "demo", "db", "app.py"}


def calls(path: Path, name: str) -> list[str]:
    """Where a module calls a function or a method of this name."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == name:
                found.append(place(path, node))
    return found


def part_of(path: Path) -> str:
    """The room of the house that a module stands in: "web", "needs", "app.py"."""
    return path.relative_to(PACKAGE).parts[0]


def test_only_db_commits() -> None:
    assert [c for path in modules() if part_of(path) != "db" for c in calls(path, "commit")] == []


def test_no_service_begins_a_transaction_of_its_own() -> None:
    inside = [path for path in modules() if part_of(path) not in SURFACES]
    assert [c for path in inside for c in calls(path, "transaction")] == []


def test_rules_and_services_never_ask_the_clock() -> None:
    inside = [path for path in modules() if part_of(path) not in SURFACES]
    assert [c for path in inside for name in ("utc_now", "utcnow", "today") for c in calls(path, name)] == []
    everywhere = [path for path in modules() if path != PACKAGE / "db" / "clock.py"]
    asked = [
        place(path, node)
        for path in everywhere
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "now" and getattr(node.value, "id", "") == "datetime"
    ]
    assert asked == []


def test_only_config_reads_the_environment() -> None:
    reading = [
        place(path, node)
        for path in modules()
        if path != PACKAGE / "config.py"
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "putenv")
    ]
    assert reading == []


@pytest.mark.parametrize("path", modules("core/money.py", "ledger", "pledges"), ids=place)
def test_money_is_never_a_float(path: Path) -> None:
    """L7: no float literal, no float(), no true division."""
    floats = [
        place(path, node)
        for node in nodes(path)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div))
    ]
    assert floats == []


def test_migrations_do_not_depend_on_todays_code() -> None:
    imports = {
        (path.name, name)
        for path in MIGRATIONS.glob("*.py")
        for node in nodes(path)
        for name in _imported(node)
        if name.split(".")[0] not in {"alembic", "sqlalchemy"}
    }
    assert imports == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def loaded_by(module: str) -> set[str]:
    """What a fresh Python has loaded after importing a module."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_application_knows_every_table_and_starts_without_the_engine() -> None:
    """A table whose module nobody imports would be missing from the first migration; numba would slow each start."""
    loaded = loaded_by("marketplace.app")
    tables = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PACKAGE.glob("*/models.py")}
    assert tables - loaded == set()
    assert {"numba", "llvmlite"} & loaded == set()


def test_the_list_of_commands_starts_without_the_application() -> None:
    assert {"marketplace.app", "marketplace.web", "granian", "numpy"} & loaded_by("marketplace.cli") == set()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_view_that_says_nothing_about_access_stops_the_start(app: Flask) -> None:
    """Z1"""
    check_every_view(app)
    assert [name for name, view in app.view_functions.items() if access_of(view) is None] == []
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(RuntimeError, match="forgotten"):
        check_every_view(app)


def test_suppressed_rules_carry_their_reason() -> None:
    """An ignored lint rule says why, on its line or in the sentence above it."""
    silent = []
    for path in modules():
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            found = re.search(r"# noqa: [A-Z0-9, ]+(.*)", line)
            # The models that app.py imports for their tables share the reason of the first one.
            explained = found is None or found[1].strip() or lines[number - 2].strip().startswith("#")
            if not explained and "F401" not in line:
                silent.append(f"{place(path)}:{number}")
    assert silent == []
