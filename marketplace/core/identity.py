"""Formats of people's and firms' numbers: ID card (GB 11643), disability card, credit code (GB 32100), phone."""

import re
import unicodedata
from datetime import date

from marketplace.core.errors import Invalid

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PHONE = re.compile(r"^1[3-9]\d{9}$", re.ASCII)
_ID_CARD = re.compile(r"\d{17}[\dX]\Z", re.ASCII)
_DISABILITY_TAIL = re.compile(r"[1-7][1-4](\d\d)?\Z", re.ASCII)
_CREDIT = re.compile(rf"^[{_CREDIT_ALPHABET}]{{18}}$")


def fold(text: str) -> str:
    """Full-width to half-width, no spaces or hyphens, upper case."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


def id_check_digit(first17: str) -> str:
    """Check character of an ID card's first 17 digits (GB 11643: weights, sum modulo 11)."""
    return _ID_CHECKS[sum(int(d) * w for d, w in zip(first17, _ID_WEIGHTS, strict=True)) % 11]


def id_number_fault(number: str) -> str | None:
    """What is wrong with an ID card (18) or disability card (20 or 22 digits) number; None if it is well formed."""
    if len(number) not in (18, 20, 22):
        return "An ID number has 18 digits, a disability card number 20 or 22."
    card, tail = number[:18], number[18:]
    if not _ID_CARD.match(card) or (tail and not _DISABILITY_TAIL.match(tail)):
        return "The ID number holds a character that does not belong there."
    if birth_date(card) is None:
        return "Digits 7 to 14 of the ID number are not a date."
    if id_check_digit(card[:17]) != card[17]:
        return "The last digit of the ID number does not fit the others: please check each digit."
    return None


def birth_date(number: str) -> date | None:
    """The date in digits 7 to 14 of an ID number, or None."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def is_male(number: str) -> bool:
    """Digit 17 of an ID number is odd for a man."""
    return int(number[16]) % 2 == 1


def parse_phone(text: str) -> str:
    """A mainland mobile number as 11 digits; raises Invalid."""
    number = fold(text).removeprefix("+86")
    if not _PHONE.match(number):
        raise Invalid("A mobile number has 11 digits and starts with 13 to 19.", field="phone")
    return number


def parse_credit_code(text: str) -> str:
    """A unified social credit code of 18 characters with its check character (GB 32100, modulo 31)."""
    code = fold(text)
    if not _CREDIT.match(code) or credit_check_character(code[:17]) != code[17]:
        raise Invalid("A credit code has 18 characters; please check each one.", field="credit_code")
    return code


def credit_check_character(first17: str) -> str:
    """Check character of a credit code's first 17 characters: weights 3**i mod 31."""
    total = sum(_CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(first17))
    return _CREDIT_ALPHABET[(31 - total % 31) % 31]
