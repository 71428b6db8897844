"""Insert many rows in as few statements as the database allows."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from marketplace.db.session import Base

Rows = Sequence[Mapping[str, Any]]


def insert_many(session: Session, model: type[Base], rows: Rows) -> None:
    """Insert rows that all name the same columns; none is no work."""
    if rows:
        session.execute(_insert(model), rows)


def inserted_ids(session: Session, model: type[Base], rows: Rows) -> list[int]:
    """Insert rows that all name the same columns; their ids in the order of ``rows``."""
    if not rows:
        return []
    key = sa.inspect(model).primary_key[0]
    return list(session.scalars(_insert(model).returning(key, sort_by_parameter_order=True), rows))


def _insert(model: type[Base]) -> sa.Insert:
    # NULL is written out. Otherwise each run of rows that lack the same values becomes a statement of its own, and
    # their results are copied together again after every one of them.
    return sa.insert(model).execution_options(render_nulls=True)
