"""Passwords: what is acceptable, and how they are stored (Argon2id)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from marketplace.core.errors import Invalid

SHORTEST, LONGEST = 12, 128
_ROWS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
# A repeated piece of up to so many characters counts as one piece.
_LONGEST_PIECE = 4

_hasher = PasswordHasher()


@cache
def _nobodys() -> str:
    """What is checked where there is no password to check, so that both answers take the same time."""
    return _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """An Argon2id hash in PHC form."""
    return _hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """True where the password is the one that was stored; as slow for nobody as for somebody."""
    nobodys = _nobodys()
    try:
        return _hasher.verify(stored or nobodys, password[: LONGEST + 1]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def ensure_acceptable(password: str, *, phone: str) -> None:
    """Raise Invalid for a password that is too short, too long, or guessed at once (A2)."""
    if len(password) < SHORTEST:
        raise Invalid(
            "A password has at least %(least)s characters. A sentence does well.", field="password", least=SHORTEST
        )
    if len(password) > LONGEST:
        raise Invalid("A password has at most %(most)s characters.", field="password", most=LONGEST)
    if phone and phone in password:
        raise Invalid("The password must not contain the phone number.", field="password")
    if _is_trivial(password.lower()):
        raise Invalid("This password repeats itself or runs along the keyboard. Choose another.", field="password")


def _is_trivial(password: str) -> bool:
    pieces = (password[:size] for size in range(1, _LONGEST_PIECE + 1))
    repeats = any((piece * len(password))[: len(password)] == password for piece in pieces)
    return repeats or any(password in row or password in row[::-1] for row in _ROWS)
