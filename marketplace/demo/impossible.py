"""Numbers that look right and can belong to nobody: ID cards, phones, credit codes."""

from datetime import date

from marketplace.core.identity import credit_check_character, id_check_digit

# No county carries this code, so no authority can have issued the number; its form is right, so that forms take it.
ID_AREA = "513399"
# Numbers that start with 154 have not been given to any operator.
PHONE_BLOCK = "154"
_CREDIT_CHECKS = "0123456789ABCDEFGH"
# Phones of a block of ten million; each sort of person has its own range.
HOUSEHOLD_PHONES = 10_000_000
STAFF_PHONES = 20_000_000
DONOR_PHONES = 30_000_000
OFFICE_PHONE = 40_000_000


def id_number(born: date, *, serial: int, is_male: bool) -> str:
    """An 18-character ID number of a county that does not exist; unique for (born, serial, sex).

    ``serial`` counts people born on the same day, 0 to 499.
    """
    order = serial * 2 + (1 if is_male else 0)
    first17 = f"{ID_AREA}{born:%Y%m%d}{order:03d}"
    return first17 + id_check_digit(first17)


def phone(number: int) -> str:
    """An 11-digit number in the unused block; ``number`` is below 100,000,000."""
    return f"{PHONE_BLOCK}{number:08d}"


def credit_code(number: int) -> str:
    """An 18-character credit code with the impossible area and a wrong check character."""
    first17 = f"91{ID_AREA}{number:09d}"
    right = credit_check_character(first17)
    return first17 + next(c for c in _CREDIT_CHECKS if c != right)
