"""The real server for tests, in processes of its own, and visitors who call it over HTTP."""

import base64
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from marketplace.cli import main
from marketplace.config import Settings
from tests.client import Client

START_SECONDS = 60
STOP_SECONDS = 20
ANSWER_SECONDS = 60
T = TypeVar("T")


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables with which another process reads these settings."""
    values = {
        "INSTANCE": str(settings.instance),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "DATA_KEY": base64.urlsafe_b64encode(settings.keys.data).decode(),
        "INDEX_KEY": base64.urlsafe_b64encode(settings.keys.index).decode(),
        "LIMITS_URL": settings.limits_url,
        "DEMONSTRATION": str(settings.demonstration).lower(),
        "CLOCK_START": settings.clock_start.isoformat() if settings.clock_start else "",
        "SECURE_COOKIES": str(settings.secure_cookies).lower(),
        "TRUSTED_PROXIES": str(settings.trusted_proxies),
        "HOTLINE": settings.hotline,
        "HOME_DIVISION": settings.home_division,
        "PUBLISHER": settings.publisher,
    }
    return {f"MARKETPLACE_{name}": value for name, value in values.items()}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Visitor:
    """Somebody with a session, calling the server; safe to use from many threads at once."""

    port: int
    cookie: str = ""
    csrf_token: str = ""

    def get(self, path: str) -> Answer:
        """One GET on a connection of its own."""
        return self._call("GET", path, None)

    def post(self, path: str, fields: Mapping[str, object] | Sequence[tuple[str, object]] = ()) -> Answer:
        """One POST of a form, with the CSRF token."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        return self._call("POST", path, urlencode([("csrf_token", self.csrf_token), *pairs]).encode())

    def _call(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class LiveServer:
    """A running ``marketplace serve``."""

    port: int
    process: "subprocess.Popen[bytes] | Forked"
    log: Path

    @property
    def url(self) -> str:
        """The address for a browser."""
        return f"http://127.0.0.1:{self.port}"

    def visitor(self, client: Client | None = None) -> Visitor:
        """A visitor with the session of a test client (see Client.login), or with none."""
        if client is None:
            return Visitor(self.port)
        token = client.csrf_token()
        name = client.application.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie is not None
        return Visitor(self.port, f"{name}={cookie.value}", token)

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children]


class Forked:
    """A command of the marketplace in a process forked from one that has imported everything, used like a Popen.

    It begins as the command itself does once Python has read the program, which takes longer than most tests.
    """

    def __init__(self, arguments: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self._process = _FORKS.Process(target=_run_command, args=(list(arguments), dict(environment), log))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """The exit status; subprocess.TimeoutExpired where it still runs after so many seconds."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("marketplace", timeout)
        return self._process.exitcode

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.server", "marketplace.cli.serve"])


def _run_command(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    # The server forks its workers; here it would start each anew.
    multiprocessing.set_start_method("fork", force=True)
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    with log.open("wb") as out:
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(out.fileno(), sys.stderr.fileno())
    main(arguments)


@contextmanager
def running(settings: Settings, *, workers: int = 1, is_command: bool = False) -> Iterator[LiveServer]:
    """Start the server on a free port with a migrated database, and stop it as an operator would.

    ``is_command``: by its own command in a new Python.
    """
    port = free_port()
    arguments = ["serve", f"--port={port}", f"--workers={workers}", *(["--separate-limits"] if workers > 1 else [])]
    environment = {**plain_environment(), **environment_of(settings)}
    log = settings.instance / f"server-{port}.log"
    process: subprocess.Popen[bytes] | Forked
    if is_command:
        command = [sys.executable, "-m", "marketplace", *arguments]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
    else:
        process = Forked(arguments, environment=environment, log=log)
    server = LiveServer(port, process, log)
    try:
        await_answer(server)
        yield server
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes] | Forked) -> int:
    """SIGTERM, and SIGKILL for the whole group where that does not help; the exit status."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait(STOP_SECONDS)


def released_together(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Run every act in a thread of its own, all let go at the same moment; their answers in order."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        barrier.wait(START_SECONDS)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plain_environment() -> dict[str, str]:
    """The environment without this machine's own settings of the marketplace."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARKETPLACE_")}
    return {**kept, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


def await_answer(server: LiveServer) -> None:
    """Wait until the server answers; an error with its log where it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            if server.visitor().get("/healthz").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the server did not answer:\n{server.log.read_text(errors='replace')[-4000:]}")
