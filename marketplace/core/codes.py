"""Short public codes such as XQ-7K3Q-92: random, unambiguous, with a check digit; never a row number."""

import re
import secrets
import unicodedata
from collections.abc import Callable
from enum import StrEnum

# No 0 O, 1 I L, and no vowels that could spell a word.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
_DIGITS = "0123456789"
# Picks one character; a seeded one makes the same codes again.
Choose = Callable[[str], str]
_SHAPE = re.compile(rf"^([A-Z]{{2}})-?([{ALPHABET}]{{6}})-?(\d\d)$")


class Prefix(StrEnum):
    """The first two letters of a code say what it names."""

    HOUSEHOLD = "HB"
    NEED = "XQ"
    GIFT = "JZ"
    DONOR = "AX"
    AGREEMENT = "XY"
    NOTICE = "GS"
    ALLOCATION = "FP"


def _check(body: str) -> str:
    """Two digits, modulo 97, over the body: a mistyped or swapped character is noticed."""
    value = 0
    for character in body:
        value = (value * 29 + ALPHABET.index(character) + 1) % 97
    return f"{value:02d}"


def new_code(prefix: Prefix, choose: Choose = secrets.choice) -> str:
    """A fresh code, ``XQ-7K3QBD-92``: 28**6 = 481 million bodies; uniqueness is the database's to refuse."""
    body = "".join(choose(ALPHABET) for _ in range(6))
    return f"{prefix}-{body}-{_check(body)}"


def new_slip_code(choose: Choose = secrets.choice) -> str:
    """The secret on a household's paper slip, ``K7QP-3XWD``: 28**8 bodies."""
    body = "".join(choose(ALPHABET) for _ in range(8))
    return f"{body[:4]}-{body[4:]}"


def parse_code(text: str) -> tuple[Prefix, str] | None:
    """The prefix and canonical form of a code as people type it; None where it cannot be one."""
    folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper().replace("—", "-")
    found = _SHAPE.match(folded)
    if found is None or found[1] not in set(Prefix) or _check(found[2]) != found[3]:
        return None
    return Prefix(found[1]), f"{found[1]}-{found[2]}-{found[3]}"
