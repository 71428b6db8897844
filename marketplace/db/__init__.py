"""The database: engine, sessions, column types and search; the only place that commits."""

from marketplace.db.session import Base, db, refresh_statistics, transaction
from marketplace.db.types import BlindIndex, EncryptedText, UtcDateTime, enum_column

__all__ = [
    "Base",
    "BlindIndex",
    "EncryptedText",
    "UtcDateTime",
    "db",
    "enum_column",
    "refresh_statistics",
    "transaction",
]
