"""One unit of work: the write lock at its start, all of it or nothing at its end."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.audit.models import AuditEntry
from marketplace.db import db, transaction
from tests.factories import NOW, count_rows

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def entry(action: str = "x") -> AuditEntry:
    return AuditEntry(at=NOW, action=action, subject_type="x", detail={})


def in_other_thread(app: Flask, act: Callable[[], object]) -> list[object]:
    """Run something as another request would, and give back what it returned."""
    answers: list[object] = []

    def run() -> None:
        with app.app_context():
            answers.append(act())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    return answers


def test_all_of_it_is_kept(app: Flask) -> None:
    with transaction() as session:
        session.add_all([entry(), entry()])
    assert count_rows(AuditEntry) == 2


def test_nothing_of_it_is_kept_after_an_error(app: Flask) -> None:
    def fail_half_way() -> None:
        with transaction() as session:
            session.add(entry())
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert count_rows(AuditEntry) == 0


def test_nobody_sees_half_of_it(app: Flask) -> None:
    with transaction() as session:
        session.add(entry())
        session.flush()
        assert in_other_thread(app, lambda: count_rows(AuditEntry)) == [0]
    assert in_other_thread(app, lambda: count_rows(AuditEntry)) == [1]


def test_reads_inside_see_what_others_wrote_since_the_page_was_read(app: Flask) -> None:
    assert count_rows(AuditEntry) == 0
    db.session.scalars(sa.select(AuditEntry)).all()

    def other() -> None:
        with transaction() as session:
            session.add(entry())

    in_other_thread(app, other)
    with transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 1


@SQLITE
def test_the_write_lock_is_taken_at_the_start(app: Flask) -> None:
    """C1: BEGIN IMMEDIATE before the first read, so that two writers can never both have read the old state."""

    def try_to_write() -> str:
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            try:
                connection.exec_driver_sql("DELETE FROM need")
            except sa.exc.OperationalError as error:
                return str(error.orig)
        return "written"

    with transaction():
        assert in_other_thread(app, try_to_write) == ["database is locked"]
    assert in_other_thread(app, try_to_write) == ["written"]


@SQLITE
def test_reading_goes_on_while_somebody_writes(app: Flask) -> None:
    with transaction() as session:
        session.add(entry())
        session.flush()
        assert in_other_thread(app, lambda: count_rows(AuditEntry)) == [0]


@SQLITE
def test_every_statement_begins_as_it_should(app: Flask) -> None:
    said: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda c, cur, statement, *rest: said.append(statement))
    db.session.rollback()
    db.session.scalars(sa.select(AuditEntry)).all()
    with transaction() as session:
        session.add(entry())
    assert [s for s in said if s.startswith("BEGIN")] == ["BEGIN", "BEGIN IMMEDIATE"]


@SQLITE
def test_pragmas_are_those_that_were_promised_on_every_connection(app: Flask) -> None:
    """K2: WAL with FULL, foreign keys, a patient writer, no memory map."""
    connections = [db.engine.connect() for _ in range(4)]
    try:
        for connection in connections:
            read = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "mmap_size")
            }
            assert read["busy_timeout"] >= 5000
            assert read | {"busy_timeout": 0} == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 0,
                "mmap_size": 0,
            }
    finally:
        for connection in connections:
            connection.close()


def test_foreign_keys_hold(app: Flask) -> None:
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(
            sa.text(
                "INSERT INTO division (code, name, level, parent_code) VALUES ('513332101201', 'x', 'village', :p)"
            ),
            {"p": "513332101000"},
        )


def test_writers_released_together_lose_nothing(app: Flask) -> None:
    """C1: eight writers, each reading a number and writing it back plus one, twenty times."""
    barrier = threading.Barrier(8)
    with transaction() as session:
        session.execute(sa.text("CREATE TABLE tally (id INTEGER PRIMARY KEY, value INTEGER)"))
        session.execute(sa.text("INSERT INTO tally VALUES (1, 0)"))
    lock = " FOR UPDATE" if db.engine.dialect.name == "postgresql" else ""

    def add(_writer: int) -> None:
        with app.app_context():
            barrier.wait(30)
            for _ in range(20):
                with transaction() as session:
                    value = session.execute(sa.text(f"SELECT value FROM tally{lock}")).scalar_one()
                    session.execute(sa.text("UPDATE tally SET value = :v"), {"v": value + 1})

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(add, range(8)))
    db.session.rollback()
    assert db.session.execute(sa.text("SELECT value FROM tally")).scalar_one() == 160
