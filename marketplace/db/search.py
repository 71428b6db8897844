"""Full-text search of needs on both databases: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

Both hold the same tokens (core.text.index_tokens), so both find the same needs.
"""

from collections.abc import Iterable, Sequence

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


def found_ids(session: Session, groups: Sequence[Sequence[str]]) -> sa.TextClause:
    """A select of the ``need_id`` whose tokens include at least one of every group."""
    if _is_sqlite(session):
        query = " AND ".join("(" + " OR ".join(f'"{t}"{_star(t, "*")}' for t in _clean(g)) + ")" for g in groups)
        sql = "SELECT rowid AS need_id FROM need_search WHERE need_search MATCH :query"
    else:
        query = " & ".join("(" + " | ".join(f"'{t}'{_star(t, ':*')}" for t in _clean(g)) + ")" for g in groups)
        sql = "SELECT need_id FROM need_search WHERE words @@ CAST(:query AS tsquery)"
    return sa.text(sql).bindparams(query=query)


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
