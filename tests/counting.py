"""Count the statements that a piece of work sends: a list must not ask once for each of its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from marketplace.db import db


@contextmanager
def count_queries() -> Iterator[list[str]]:
    """The statements sent meanwhile, without BEGIN and the like."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
