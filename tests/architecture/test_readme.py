"""README says what is so: its map of folders, its settings, its commands."""

import dataclasses
import re
import subprocess

from marketplace.cli import COMMANDS
from marketplace.config import Settings
from tests.architecture.source import PACKAGE, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Made by tools, never committed.
_MADE = {"__pycache__", "instance", "screenshots", "dist", "build"}


def mapped() -> dict[str, set[str]]:
    """The folders of README's map: those at the top, and those below the package."""
    block = next(b for b in re.findall(r"```\n(.*?)```", README, flags=re.S) if "marketplace/\n" in b)
    top = set(re.findall(r"^([a-z_]+)/", block, flags=re.M))
    inside = set(re.findall(r"^  ([a-z_]+)/", block, flags=re.M))
    tests = re.search(r"^tests/\s+(.*(?:\n {10,}.*)*)", block, flags=re.M)
    return {"": top, "marketplace": inside, "tests": set(re.findall(r"([a-z_]+)/", tests[1] if tests else ""))}


def folders(*below: str) -> set[str]:
    """Folders that exist and belong to the project."""
    place = ROOT.joinpath(*below)
    return {p.name for p in place.iterdir() if p.is_dir() and p.name not in _MADE and not p.name.startswith(".")}


def test_the_map_lists_exactly_the_folders_that_exist() -> None:
    assert mapped()[""] == folders()
    assert mapped()["marketplace"] == folders("marketplace")
    assert mapped()["tests"] == folders("tests")


def test_the_top_of_the_house_holds_nothing_else() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return
    files = {path for path in done.stdout.splitlines() if "/" not in path}
    assert files <= {
        ".gitignore",
        "LICENSE",
        "Makefile",
        "README.md",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements.txt",
    }


def test_every_setting_is_explained() -> None:
    missing = [f.name for f in dataclasses.fields(Settings) if f"`{f.name}`" not in README]
    assert missing == []
    read = set(re.findall(r'read\("([A-Z_]+)"', (PACKAGE / "config.py").read_text(encoding="utf-8"))) | {"INSTANCE"}
    assert [name for name in sorted(read) if f"`MARKETPLACE_{name}`" not in README] == []


def test_no_setting_is_explained_that_does_not_exist() -> None:
    config = (PACKAGE / "config.py").read_text(encoding="utf-8")
    named = set(re.findall(r"MARKETPLACE_([A-Z_]+)", README))
    assert [name for name in sorted(named) if f'"{name}"' not in config and f"MARKETPLACE_{name}" not in config] == []


def test_every_command_is_listed() -> None:
    assert [name for name in COMMANDS if f"| `{name}" not in README] == []


def test_the_two_commands_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.M):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target


def test_every_picture_exists() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures, "README shows no picture"
    assert [path for path in pictures if not (ROOT / path).is_file()] == []
