"""Engine set-up for both databases, the declarative base, and the one place that commits."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import Engine, MetaData, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from marketplace.core.errors import DomainError

# Names for every constraint, so that a migration can drop one on SQLite too.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 20_000
# SQLite of these versions can lose the write-ahead log of two or more writing processes.
_WAL_BUG_SINCE, _WAL_BUG_FIXED = (3, 7, 0), (3, 51, 3)


class Base(DeclarativeBase):
    """All tables of the marketplace."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(require_default_engine=True)


def engine_options(url: str) -> dict[str, Any]:
    """Options for create_engine; SQLite hands BEGIN to us, PostgreSQL keeps its connections alive."""
    if url.startswith("sqlite"):
        return {"url": url, "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000}}
    return {"url": url, "pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}


def prepare(engine: Engine) -> None:
    """WAL, foreign keys, no mmap; every SQLite transaction of a write begins IMMEDIATE."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # The driver must not begin by itself: its deferred transactions let two writers over-pledge.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            # Without it REPLACE deletes rows of the book past the trigger that refuses it.
            "recursive_triggers = ON",
            "mmap_size = 0",
            "cache_size = -32768",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """True for a SQLite that is safe with one writing process only (K7)."""
    return _WAL_BUG_SINCE <= version < _WAL_BUG_FIXED


def refresh_statistics(session: Session) -> None:
    """Tell SQLite's planner how many rows there are, from samples; PostgreSQL sees to it by itself."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA analysis_limit = 1000"))
        session.execute(text("ANALYZE"))


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work of a surface: the write lock at its start, all of it or nothing at its end.

    Reads before it belong to an older snapshot and are dropped, so that rules see the latest rows.
    """
    session = db.session
    session.rollback()
    connection = session.connection(execution_options={"writes": True})
    try:
        yield session
        session.commit()
    except DomainError:
        session.rollback()
        raise
    except BaseException:
        # A half-read result would keep its old snapshot on the pooled connection: close that first.
        if not connection.closed:
            connection.invalidate()
        session.rollback()
        raise
