"""Full-text search of needs on both databases: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

Both hold the same tokens (core.text.index_tokens), so both find the same needs.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.orm import Session


def index_need(session: Session, need_id: int, tokens: Iterable[str]) -> None:
    """Make a need findable by these tokens; replaces what it was findable by."""
    remove_need(session, need_id)
    parameters = {"need_id": need_id, "words": " ".join(tokens)}
    session.execute(sa.text(_insert(session)), parameters)


def remove_need(session: Session, need_id: int) -> None:
    """Make a need unfindable."""
    sqlite, postgresql = "DELETE FROM need_search WHERE rowid = :id", "DELETE FROM need_search WHERE need_id = :id"
    session.execute(sa.text(sqlite if _is_sqlite(session) else postgresql), {"id": need_id})


def index_many(session: Session, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """index_need for needs that are not in the index yet, in one statement."""
    if rows:
        parameters = [{"need_id": need_id, "words": " ".join(tokens)} for need_id, tokens in rows]
        session.execute(sa.text(_insert(session)), parameters)


def found_ids(session: Session, groups: Sequence[Sequence[str]]) -> npt.NDArray[np.int64]:
    """Ids of the needs whose tokens include at least one of every group, in no order.

    They come as one text: a common word is in ten thousand needs, and as many rows would take several times as long.
    """
    if _is_sqlite(session):
        query = " AND ".join("(" + " OR ".join(f'"{t}"{_star(t, "*")}' for t in _clean(g)) + ")" for g in groups)
        sql = "SELECT group_concat(rowid) FROM need_search WHERE need_search MATCH :query"
    else:
        query = " & ".join("(" + " | ".join(f"'{t}'{_star(t, ':*')}" for t in _clean(g)) + ")" for g in groups)
        sql = "SELECT string_agg(CAST(need_id AS text), ',') FROM need_search WHERE words @@ CAST(:query AS tsquery)"
    found = session.scalar(sa.text(sql), {"query": query})
    return np.fromstring(found, dtype=np.int64, sep=",") if found else np.empty(0, dtype=np.int64)


def _clean(tokens: Sequence[str]) -> list[str]:
    # Tokens hold letters and digits only; anything else would be query syntax.
    return ["".join(c for c in token if c.isalnum() or "\u0f00" <= c <= "\u0fff") for token in tokens]


def _star(token: str, mark: str) -> str:
    """One character alone stands for every pair that begins with it."""
    return mark if len(token) == 1 and not token.isascii() else ""


def _insert(session: Session) -> str:
    if _is_sqlite(session):
        return "INSERT INTO need_search (rowid, words) VALUES (:need_id, :words)"
    return "INSERT INTO need_search (need_id, words) VALUES (:need_id, array_to_tsvector(string_to_array(:words, ' ')))"


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
