"""Is the site fit to serve: database, migrations, and the linked SQLite."""

import sqlite3
from functools import cache
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from marketplace.db import db
from marketplace.db.session import has_wal_reset_bug
from marketplace.paths import MIGRATIONS


def health() -> dict[str, Any]:
    """``ok`` is true where the database answers and has every migration."""
    stored = _stored_revision()
    migrated = stored == _newest_revision()
    report: dict[str, Any] = {"ok": migrated, "database": stored is not None, "migrated": migrated}
    if db.engine.dialect.name == "sqlite":
        report |= {"sqlite_version": sqlite3.sqlite_version, "sqlite_wal_reset_bug": has_wal_reset_bug()}
    return report


def _stored_revision() -> str | None:
    try:
        with db.engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return ""
            return connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""
    except SQLAlchemyError:
        return None


@cache
def _newest_revision() -> str | None:
    return ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)]).get_current_head()
