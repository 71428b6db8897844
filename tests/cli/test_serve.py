"""``marketplace serve`` starts the real server, refuses what would go wrong, and stops in good order."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from marketplace.cli import main
from marketplace.cli.serve import STOP_SECONDS
from marketplace.config import Settings
from marketplace.db.session import has_wal_reset_bug
from tests.server import LiveServer, await_answer, environment_of, released_together, running, stop
from tests.settings import make_settings

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture
def serve(app: Flask, settings: Settings) -> Iterator[Callable[..., LiveServer]]:
    """As elsewhere, but started by the command itself."""
    with ExitStack() as servers:
        yield lambda **changes: servers.enter_context(running(settings, is_command=True, **changes))


def run(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Exit status and everything that a command said."""
    result = CliRunner().invoke(main, arguments, env=environment_of(settings))
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def test_the_site_answers_and_stops_when_told(serve: Callable[..., LiveServer]) -> None:
    server = serve()
    visitor = server.visitor()
    assert visitor.get("/healthz").status == 200
    answers = released_together([lambda: visitor.get("/healthz").status] * 16)
    assert answers == [200] * 16
    # More than the server takes: read to its end, so that the sender reads the page and no cut line.
    too_large = visitor.post("/report", {"words": "1" * (13 * 1024 * 1024)})
    assert (too_large.status, "照片最大 10 MB" in too_large.text) == (413, True)
    assert stop(server.process) == 0
    assert "Traceback" not in server.log.read_text()


@SQLITE
def test_ctrl_c_stops_it(serve: Callable[..., LiveServer]) -> None:
    server = serve()
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(20) == 0
    assert "Traceback" not in server.log.read_text()


@POSTGRESQL
def test_a_worker_that_dies_is_replaced(serve: Callable[..., LiveServer]) -> None:
    """K1: the site goes on answering; told to stop, it does not wait for a worker that has only just begun."""
    server = serve(workers=2)
    first, second = server.workers()
    replace_worker(server, first)
    # The other may have begun only just now, and the new one listens a moment after it is there.
    await_answer(server)
    assert {server.visitor().get("/healthz").status for _ in range(20)} == {200}
    replace_worker(server, second)
    told = time.monotonic()
    assert stop(server.process) == 0
    assert time.monotonic() - told < STOP_SECONDS / 2
    assert "Killing" not in server.log.read_text()


def replace_worker(server: LiveServer, victim: int) -> None:
    """Kill one of two workers, and wait until another one is there in its place."""
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (victim in server.workers() or len(server.workers()) < 2):
        time.sleep(0.1)
    assert victim not in server.workers()
    assert len(server.workers()) == 2


@SQLITE
def test_it_refuses_without_secrets(settings: Settings) -> None:
    status, said = run_without("SECRET_KEY", settings)
    assert status == 2
    assert "MARKETPLACE_SECRET_KEY" in said


def run_without(name: str, settings: Settings) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["serve"], env={**environment_of(settings), f"MARKETPLACE_{name}": ""})
    return result.exit_code, result.output


def test_it_refuses_a_database_without_tables_and_says_what_to_run(tmp_path: Path) -> None:
    status, said = run(make_settings(tmp_path), "serve")
    assert status == 1
    assert "marketplace db upgrade" in said


@SQLITE
def test_it_refuses_several_processes_on_sqlite(settings: Settings) -> None:
    """K7"""
    status, said = run(settings, "serve", "--workers", "2")
    assert status == 1
    assert "SQLite" in said
    assert "--workers 1" in said


@POSTGRESQL
def test_it_refuses_several_processes_with_separate_limits(settings: Settings) -> None:
    status, said = run(settings, "serve", "--workers", "2")
    assert status == 1
    assert "MARKETPLACE_LIMITS_URL" in said


@pytest.mark.parametrize(
    ("version", "faulty"),
    [((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)],
)
def test_the_faulty_versions_of_sqlite_are_known(version: tuple[int, ...], faulty: bool) -> None:
    """K7"""
    assert has_wal_reset_bug(version) is faulty


@SQLITE
def test_it_names_a_port_that_is_taken(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, said = run(settings, "serve", "--port", str(port))
    assert status == 1
    assert str(port) in said
    assert "--port" in said


@SQLITE
def test_the_database_is_open_in_the_worker_only(serve: Callable[..., LiveServer], tmp_path: Path) -> None:
    """C5: no connection is made before the workers start, so none is shared between processes."""
    server = serve()
    server.visitor().get("/needs")
    (worker,) = server.workers()
    database = tmp_path / "jiedui.sqlite"
    assert database in open_files(worker)
    assert database not in open_files(server.process.pid)


def open_files(process: int) -> set[Path]:
    return {link.readlink() for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink()}
