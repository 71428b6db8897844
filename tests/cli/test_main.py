"""The command line as a whole: every command loads, explains itself, and answers a mistake in a sentence."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from marketplace.cli import COMMANDS
from marketplace.config import Settings
from tests.cli.running import run
from tests.settings import make_settings

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def every_command() -> Iterator[tuple[str, ...]]:
    """The names of every command and group below ``marketplace``."""
    for name, lazy in COMMANDS.items():
        yield from _below((name,), lazy.load())


def _below(names: tuple[str, ...], command: click.Command) -> Iterator[tuple[str, ...]]:
    yield names
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _below((*names, name), inner)


def command_at(names: tuple[str, ...]) -> click.Command:
    command = COMMANDS[names[0]].load()
    for name in names[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


@pytest.fixture(scope="module")
def unused(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an instance that nobody has made."""
    return make_settings(tmp_path_factory.mktemp("unused") / "instance")


def test_every_command_of_the_list_loads_under_its_name() -> None:
    assert [name for name, lazy in COMMANDS.items() if lazy.load().name != name] == []


def test_every_command_explains_itself_and_each_option(unused: Settings) -> None:
    for names in every_command():
        said = run(unused, *names, "--help")
        assert said.status == 0, names
        assert "Usage:" in said.out
        command = command_at(names)
        assert (command.help or "").strip().endswith("."), names
        silent = [p.name for p in command.params if isinstance(p, click.Option) and not (p.help or p.name == "port")]
        assert silent == [], names


def test_the_list_shows_every_command(unused: Settings) -> None:
    said = run(unused, "--help")
    assert said.status == 0
    for name, lazy in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(lazy.summary[:30])}", said.out, flags=re.M)


def test_an_unknown_command_is_named(unused: Settings) -> None:
    said = run(unused, "fly")
    assert said.status == 2
    assert "fly" in said.err


def test_a_missing_secret_is_one_sentence_on_stderr(unused: Settings) -> None:
    said = run(unused, "db", "upgrade", MARKETPLACE_DATA_KEY="")
    assert said.status == 2
    assert said.out == ""
    assert said.err.startswith("Error: MARKETPLACE_DATA_KEY is missing")


@pytest.mark.parametrize("url", ["foo", "mysql://localhost/x", "sqlite:////no/such/folder/x.sqlite"])
def test_a_database_that_cannot_be_is_one_sentence(unused: Settings, url: str) -> None:
    said = run(unused, "db", "upgrade", MARKETPLACE_DATABASE_URL=url)
    assert said.status in (1, 2)
    assert said.err.startswith("Error: ")
    assert len(said.err.splitlines()) == 1


def test_a_database_that_does_not_answer_is_one_sentence(unused: Settings) -> None:
    said = run(unused, "db", "check", MARKETPLACE_DATABASE_URL="postgresql+psycopg://x@127.0.0.1:1/x")
    assert said.status == 1
    assert "does not answer" in said.err


@SQLITE
def test_a_refused_act_is_said_in_the_language_of_the_terminal(settings: Settings) -> None:
    arguments = ["user", "add", "--phone", "138", "--name", "x", "--role", "auditor", "--division", "513300000000"]
    assert run(settings, *arguments).err == "Error: A mobile number has 11 digits and starts with 13 to 19.\n"
    chinese = run(settings, *arguments, LC_ALL="zh_CN.UTF-8")
    assert chinese.status == 1
    assert re.search(r"手机号.*11", chinese.err)


def test_nothing_is_written_before_the_settings_are_right(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "instance")
    run(settings, "db", "upgrade", MARKETPLACE_SECRET_KEY="short")
    assert not (tmp_path / "instance").exists()
