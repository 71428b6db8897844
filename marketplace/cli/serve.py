"""``marketplace serve``: the site on granian, one process on SQLite, several on PostgreSQL."""

import gc
import os
import signal
import socket
import sqlite3
from functools import partial

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from marketplace.app import create_app
from marketplace.cli.context import Refused, say, with_app
from marketplace.config import Settings
from marketplace.db.session import has_wal_reset_bug

DEFAULT_PORT = 8000
THREADS = 8
STOP_SECONDS = 10


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; more than one needs PostgreSQL and a shared MARKETPLACE_LIMITS_URL.",
)
@click.option(
    "--separate-limits", is_flag=True, help="Let each worker count rate limits for itself, so they are looser."
)
def serve(host: str, port: int, workers: int, separate_limits: bool) -> None:
    """Serve the site until Ctrl-C or SIGTERM; requests that have begun are finished."""
    settings = Settings.from_env()
    with with_app(settings=settings):
        ensure_may_share(settings, workers=workers, separate_limits=separate_limits)
        ensure_free(host, port=port)
        click.echo(say("Serving on %(address)s. Stop with Ctrl-C.", address=address_of(host, port=port)))
    run_server(settings, host=host, port=port, workers=workers)


def run_server(settings: Settings, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT, workers: int = 1) -> None:
    """Run the server in this process until it is told to stop; the caller has checked database and port.

    The application is made in each worker, so no database connection is ever shared between processes.
    """
    # What is loaded stays: the collector passes over it, and the workers share its memory.
    gc.freeze()
    # Until it has loaded the site, a forked worker would hear SIGTERM with its parent's ears and live on until killed.
    os.register_at_fork(after_in_child=partial(signal.signal, signal.SIGTERM, signal.SIG_DFL))
    server = Granian(
        "marketplace",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.serve(target_loader=partial(_load, settings), wrap_loader=False)


def _load(settings: Settings) -> Flask:
    # Ctrl-C reaches every process of the terminal; a worker told twice to stop hangs, so it hears its parent alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    return create_app(settings)


def ensure_may_share(settings: Settings, *, workers: int, separate_limits: bool = False) -> None:
    """Refuse several processes on SQLite, or several that each count rate limits for themselves."""
    if workers == 1:
        return
    if settings.database_url.startswith("sqlite"):
        reason = say(
            "SQLite takes one writing process: use --workers 1, or set MARKETPLACE_DATABASE_URL to PostgreSQL."
        )
        if has_wal_reset_bug():
            version = sqlite3.sqlite_version
            reason += " " + say("SQLite %(version)s can even lose data with two of them.", version=version)
        raise Refused(click.style(reason, fg="red", bold=True))
    if settings.limits_url.startswith("memory") and not separate_limits:
        raise Refused(
            say("Several workers need one store of limits: set MARKETPLACE_LIMITS_URL, e.g. redis://localhost.")
        )


def ensure_free(host: str, *, port: int) -> None:
    """Refuse a port that somebody else listens on, or an address that is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(
                say(
                    "Cannot listen on %(address)s: %(reason)s. Choose another port with --port.",
                    address=address_of(host, port=port),
                    reason=error.strerror or str(error),
                )
            ) from error


def address_of(host: str, *, port: int) -> str:
    """What to type into a browser."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
