"""Insert a row unless one with the same key is there: safe when the same request arrives many times at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from marketplace.db.session import Base


def insert_once(session: Session, model: type[Base], *, key: Sequence[str], values: Mapping[str, Any]) -> bool:
    """Insert ``values``; False where a row with the same ``key`` columns exists already.

    A row that another transaction is inserting at this moment is waited for, and found when that one commits.
    """
    table: Any = model.__table__
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    insert: Any = sqlite.insert if on_sqlite else postgresql.insert
    statement = insert(table).values(**values).on_conflict_do_nothing(index_elements=list(key))
    return session.execute(statement.returning(*table.primary_key.columns)).first() is not None
