"""Models and migrations agree, migrations go both ways, and what may only be added cannot be changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from marketplace.app import alembic, create_app
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import SYSTEM
from marketplace.db import Base, db, transaction
from marketplace.ledger.models import AccountRole, EntryKind, LedgerAccount, LedgerBalance, LedgerEntry, LedgerLine
from marketplace.paths import MIGRATIONS
from tests.factories import NOW, make_user
from tests.postgres import Server
from tests.settings import make_settings

APPEND_ONLY = ("ledger_account", "ledger_entry", "ledger_line", "audit_entry")
NEVER_DELETED = (*APPEND_ONLY, "ledger_balance")
# Made by hand for each database, not from a model.
BY_HAND = ("need_search", "alembic_version")


def test_models_and_migrations_agree(app: Flask) -> None:
    assert alembic.compare_metadata() == []


def test_a_migrated_database_is_the_one_that_the_models_describe(app: Flask, second_url: str) -> None:
    """Alembic does not compare CHECK constraints; this does, with columns, keys and indexes."""
    engine = sa.create_engine(second_url)
    try:
        Base.metadata.create_all(engine)
        assert described(db.engine) == described(engine)
    finally:
        engine.dispose()


@pytest.fixture
def second_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another database of the same kind, empty."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'second.sqlite'}"
        return
    server: Server = request.getfixturevalue("postgres")
    server.create("second")
    yield server.url("second")
    server.drop("second")


def described(engine: sa.Engine) -> dict[str, dict[str, set[str]]]:
    """Everything about each table that the models state."""
    inspector = sa.inspect(engine)
    names = [n for n in inspector.get_table_names() if not n.startswith(BY_HAND)]
    return {name: _table(inspector, name) for name in names}


def _table(inspector: sa.Inspector, name: str) -> dict[str, set[str]]:
    keys = inspector.get_foreign_keys(name)
    return {
        "columns": {f"{c['name']} {c['type']} {c['nullable']}" for c in inspector.get_columns(name)},
        "primary": set(inspector.get_pk_constraint(name)["constrained_columns"]),
        "foreign": {f"{k['constrained_columns']} {k['referred_table']} {k['options']}" for k in keys},
        "unique": {str(sorted(u["column_names"])) for u in inspector.get_unique_constraints(name)},
        "checks": {f"{c['name']} {' '.join(c['sqltext'].split())}" for c in inspector.get_check_constraints(name)},
        "indexes": {f"{i['name']} {i['column_names']} {i['unique']}" for i in inspector.get_indexes(name)},
    }


def test_migrations_go_up_down_and_up_again(second_url: str, tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path, second_url))
    with app.app_context():
        engine = db.engine
        alembic.upgrade()
        first = _everything(engine)
        alembic.downgrade("base")
        assert [n for n in _everything(engine) if not n.startswith("alembic")] == []
        alembic.upgrade()
        assert _everything(engine) == first
    engine.dispose()


def _everything(engine: sa.Engine) -> list[str]:
    """Names of all tables, indexes, triggers and functions."""
    if engine.dialect.name == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    else:
        sql = """
            SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'
            UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
            WHERE nspname = 'public' ORDER BY 1
        """
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(sql)))


def test_sizes_leave_the_items_names_and_come_back(app: Flask) -> None:
    """0023: an item that a county added with its size in brackets; only what has a figure is called published."""
    items = (("rug", "毛毯（大，加厚）", "published"), ("piglet", "猪仔", "published"), ("lamp", "灯", "县供销社"))
    alembic.downgrade("0022")
    with db.engine.begin() as connection:
        for code, name, basis in items:
            connection.execute(
                sa.text(
                    "INSERT INTO catalogue_item (code, name, kind, category, unit, low_fen, typical_fen, high_fen,"
                    " most, is_winter, basis) VALUES (:code, :name, 'goods', 'DLY', '件', 1, 2, 3, 1, false, :basis)"
                ),
                {"code": code, "name": name, "basis": basis},
            )
    alembic.upgrade()
    read = sa.text("SELECT name, variant, basis FROM catalogue_item ORDER BY id")
    with db.engine.connect() as connection:
        rug, piglet, lamp = connection.execute(read).all()
    assert tuple(rug) == ("毛毯", "大，加厚", "estimate")
    assert (piglet.variant, "2000元" in piglet.basis, tuple(lamp)) == ("", True, ("灯", "", "县供销社"))
    alembic.downgrade("0022")
    with db.engine.connect() as connection:
        assert connection.execute(read).all()[0][:2] == ("毛毯（大，加厚）", "")


def test_migrations_are_one_numbered_line() -> None:
    scripts = list(ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)]).walk_revisions())
    numbers = [script.revision for script in reversed(scripts)]
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]
    assert [Path(script.path).stem for script in reversed(scripts)] == numbers
    assert all((script.doc or "").endswith(".") for script in scripts), "a migration without its sentence"


@pytest.fixture
def book(app: Flask) -> None:
    """One row at least in each table that may only be added to."""
    user = make_user()
    with transaction() as session:
        accounts = [LedgerAccount(role=role, holder="x") for role in (AccountRole.DONOR, AccountRole.PROMISE)]
        session.add_all(accounts)
        session.flush()
        entry = LedgerEntry(
            kind=EntryKind.PLEDGE,
            at=NOW,
            subject_type="pledge",
            subject_id=1,
            earmark="need:XQ",
            client_key="k",
            request_sha256=b"\0" * 32,
            actor_id=user.id,
        )
        session.add(entry)
        session.flush()
        session.add(
            LedgerLine(entry_id=entry.id, from_account_id=accounts[0].id, to_account_id=accounts[1].id, amount=100)
        )
        session.add(LedgerBalance(subject_type="pledge", subject_id=1, pledged=100))
        session.add(AuditEntry(at=NOW, user_id=SYSTEM.user_id, action="x", subject_type="x", detail={}))


def columns(table: str) -> list[str]:
    return [column.name for column in Base.metadata.tables[table].columns]


def refused(statement: str) -> bool:
    """True where the database itself says no, and nothing has changed."""
    before = _rows()
    said = ""
    try:
        with transaction() as session:
            session.execute(sa.text(statement))
    except sa.exc.DBAPIError as error:
        said = str(error.orig)
    return "only ever added" in said and _rows() == before


def _rows() -> list[tuple[Any, ...]]:
    db.session.rollback()
    tables = (db.session.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1")) for table in NEVER_DELETED)
    return [tuple(row) for rows in tables for row in rows]


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_column_of_a_row_can_be_changed(app: Flask, table: str) -> None:
    """L5: every column of every append-only table."""
    assert [c for c in columns(table) if not refused(f"UPDATE {table} SET {c} = {c}")] == []


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("table", NEVER_DELETED)
def test_no_row_can_be_deleted(app: Flask, table: str) -> None:
    """L5"""
    assert refused(f"DELETE FROM {table}")


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", NEVER_DELETED)
def test_no_table_can_be_emptied(app: Flask, table: str) -> None:
    """L5"""
    assert refused(f"TRUNCATE {table} CASCADE")


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_can_be_replaced(app: Flask, table: str) -> None:
    """L5: REPLACE deletes without saying so."""
    names = ", ".join(columns(table))
    assert refused(f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}")


@pytest.mark.usefixtures("book")
def test_no_row_can_be_changed_by_an_upsert(app: Flask) -> None:
    """L5"""
    assert refused(
        "INSERT INTO ledger_account (id, role, holder, unit) SELECT id, role, holder, unit FROM ledger_account "
        "WHERE true ON CONFLICT (id) DO UPDATE SET holder = 'thief'"
    )


def test_every_table_of_the_book_is_guarded() -> None:
    """A new table of the ledger or the audit trail cannot be forgotten."""
    book_tables = {name for name in Base.metadata.tables if name.startswith(("ledger_", "audit_"))}
    assert book_tables == set(NEVER_DELETED)
