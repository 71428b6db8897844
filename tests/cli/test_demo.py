"""``marketplace demo``: built once, reused, rebuilt when half-built; what is not its own is left alone."""

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from marketplace.cli import main
from marketplace.core.permissions import Role
from marketplace.demo.build import Stage

SCALE = "0.005"


class Terminal:
    """Runs the command in one instance folder, without any other setting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def demo(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        env = {"MARKETPLACE_INSTANCE": str(self.folder), "LC_ALL": "C.UTF-8", **environment}
        result = CliRunner().invoke(main, ["demo", *arguments], env=env)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    def read(self, name: str) -> str:
        """A file of the folder."""
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY", "DATA_KEY", "INDEX_KEY", "DEMONSTRATION", "CLOCK_START"):
        monkeypatch.delenv(f"MARKETPLACE_{name}", raising=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A small demonstration, built by the command."""
    terminal = Terminal(tmp_path_factory.mktemp("demo"))
    status, _, err = terminal.demo("--no-serve", "--scale", SCALE)
    assert status == 0, err
    return terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An empty folder."""
    return Terminal(tmp_path / "instance")


def test_there_is_an_account_for_every_role(built: Terminal) -> None:
    accounts = json.loads(built.read("demo-accounts.json"))
    assert [account["role"] for account in accounts] == [role.value for role in Role]
    for account in accounts:
        assert set(account) == {"role", "phone", "password", "division"}


def test_the_settings_say_that_it_is_a_demonstration_and_hold_fresh_secrets(built: Terminal) -> None:
    settings = json.loads(built.read("settings.json"))
    assert settings["demonstration"] == "true"
    assert settings["clock_start"] == "2018-12-17T18:00:00+08:00"
    assert len({settings["secret_key"], settings["data_key"], settings["index_key"]}) == 3
    assert (built.folder / "settings.json").stat().st_mode & 0o077 == 0


def test_a_second_start_reuses_it_at_once(built: Terminal) -> None:
    before = (built.read("demo-accounts.json"), (built.folder / "jiedui.sqlite").stat().st_ino)
    status, out, err = built.demo("--no-serve", "--scale", SCALE)
    assert status == 0
    assert "/9" not in err
    assert "15400000001" in out
    assert (built.read("demo-accounts.json"), (built.folder / "jiedui.sqlite").stat().st_ino) == before


def test_another_scale_is_not_built_without_fresh(built: Terminal) -> None:
    status, _, err = built.demo("--no-serve", "--scale", "0.01")
    assert status == 0
    assert "--fresh" in err


def test_a_half_built_one_is_built_again(built: Terminal) -> None:
    state = json.loads(built.read("demo-state.json"))
    (built.folder / "demo-state.json").write_text(json.dumps({**state, "progress": "building"}), encoding="utf-8")
    status, _, err = built.demo("--no-serve", "--scale", SCALE)
    assert status == 0
    assert f"{len(Stage)}/{len(Stage)}" in err
    assert json.loads(built.read("demo-state.json"))["progress"] == "ready"


@pytest.mark.parametrize("fresh", [[], ["--fresh"]])
def test_a_site_that_is_no_demonstration_is_left_alone(terminal: Terminal, fresh: list[str]) -> None:
    terminal.folder.mkdir()
    (terminal.folder / "settings.json").write_text('{"secret_key": "of a real site"}', encoding="utf-8")
    (terminal.folder / "jiedui.sqlite").write_bytes(b"real rows")
    status, _, err = terminal.demo("--no-serve", *fresh)
    assert status == 1
    assert "not a demonstration" in err
    assert terminal.read("settings.json") == '{"secret_key": "of a real site"}'
    assert (terminal.folder / "jiedui.sqlite").read_bytes() == b"real rows"


def test_a_database_without_settings_is_left_alone(terminal: Terminal) -> None:
    terminal.folder.mkdir()
    (terminal.folder / "jiedui.sqlite").write_bytes(b"real rows")
    status, _, err = terminal.demo("--no-serve", "--fresh")
    assert status == 1
    assert "not made by this command" in err
    assert [path.name for path in terminal.folder.iterdir()] == ["jiedui.sqlite"]
    assert (terminal.folder / "jiedui.sqlite").read_bytes() == b"real rows"


def test_a_port_in_use_is_said_before_anything_is_built(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, _, err = terminal.demo("--port", str(taken.getsockname()[1]))
    assert status == 1
    assert "--port" in err
    assert not (terminal.folder / "jiedui.sqlite").exists()


@pytest.mark.parametrize("scale", ["0", "2", "-1", "nan", "much"])
def test_a_wrong_scale_is_refused_with_a_sentence(terminal: Terminal, scale: str) -> None:
    status, _, err = terminal.demo("--no-serve", f"--scale={scale}")
    assert status == 2
    assert "0.02" in err


def test_a_demonstration_that_is_switched_off_is_said(terminal: Terminal) -> None:
    status, _, err = terminal.demo("--no-serve", MARKETPLACE_DEMONSTRATION="no")
    assert status == 1
    assert "MARKETPLACE_DEMONSTRATION" in err
