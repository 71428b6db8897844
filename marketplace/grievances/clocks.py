"""The clock of an answer: five working days (R-D14)."""

from datetime import date, timedelta

ANSWER_WITHIN = 5
_SATURDAY = 5


def answer_due(received: date, *, days: int = ANSWER_WITHIN) -> date:
    """The last day for the answer: so many days from Monday to Friday after the day of receipt."""
    day = received
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day
