"""Column types: aware UTC time, encrypted text, keyed blind index, enums stored by their code."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import Dialect

_NONCE_BYTES = 12
INDEX_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """The two data keys, 32 bytes each: one encrypts, one makes blind indexes."""

    data: bytes
    index: bytes


class Keyring:
    """Holds the process's data keys between start-up and the columns that need them."""

    def __init__(self) -> None:
        self._keys: Keys | None = None

    def load(self, keys: Keys) -> None:
        """Set the keys; called once by create_app."""
        self._keys = keys
        self._cipher = AESGCM(keys.data)

    def encrypt(self, text: str) -> str:
        """AES-256-GCM with a random nonce, as URL-safe base64."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, stored: str) -> str:
        """Undo encrypt; cryptography's InvalidTag where the key is another or the text was changed."""
        raw = base64.urlsafe_b64decode(stored)
        return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None).decode()

    def blind(self, purpose: str, text: str) -> bytes:
        """Keyed HMAC-SHA-256 of a value, separate for each purpose: equal values meet, nothing else is told."""
        if self._keys is None:
            raise RuntimeError("data keys are not loaded")
        return hmac.digest(self._keys.index, f"{purpose}\0{text}".encode(), "sha256")


keyring = Keyring()


class EncryptedText(sa.types.TypeDecorator[str]):
    """Text that is ciphertext in the database file; cannot be searched (see BlindIndex)."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring.encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring.decrypt(value)


class BlindIndex(sa.types.TypeDecorator[bytes]):
    """32 bytes from Keyring.blind: finds duplicates of a value without telling it."""

    impl = sa.LargeBinary(INDEX_BYTES)
    cache_ok = True


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC in Python; a plain timestamp in SQLite, ``timestamptz`` in PostgreSQL."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


E = TypeVar("E", bound=StrEnum)


def enum_column(kind: type[E]) -> sa.Enum:
    """An enum stored by its code, checked by the database."""
    return sa.Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        name=kind.__name__.lower(),
        length=32,
        validate_strings=True,
    )
