"""Arithmetic on 12-digit division codes: province 2, prefecture 2, county 2, township 3, village 3 digits."""

from enum import StrEnum

CODE_LENGTH = 12


class Level(StrEnum):
    """A level of the administrative tree (省、州、县、乡、村)."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


# How many leading digits are significant at each level.
DIGITS = {Level.PROVINCE: 2, Level.PREFECTURE: 4, Level.COUNTY: 6, Level.TOWNSHIP: 9, Level.VILLAGE: 12}


def is_code(text: str) -> bool:
    """Twelve ASCII digits that do not start with zero."""
    return len(text) == CODE_LENGTH and text.isascii() and text.isdigit() and text[0] != "0"


def level_of(code: str) -> Level:
    """The level that a code stands for: the shallowest one whose remaining digits are zero."""
    for level, digits in DIGITS.items():
        if not code[digits:].strip("0"):
            return level
    raise ValueError(f"not a division code: {code!r}")


def significant(code: str) -> str:
    """The code without the zeros that its level leaves open; a prefix of every code below it."""
    return code[: DIGITS[level_of(code)]]


def contains(area: str, code: str) -> bool:
    """True where ``code`` is ``area`` itself or lies below it."""
    return code.startswith(significant(area))


def at_level(code: str, level: Level) -> str:
    """The code's ancestor at ``level`` (itself where it is that level or above)."""
    return code[: DIGITS[level]].ljust(CODE_LENGTH, "0")


def ancestors(code: str) -> list[str]:
    """From the province down to the code itself."""
    own = level_of(code)
    levels = list(DIGITS)
    return [at_level(code, level) for level in levels[: levels.index(own) + 1]]
