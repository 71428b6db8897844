"""Places in a long list, for addresses: the moment and the row after which the next page starts."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# 10 ** 17 microseconds lie in the year 5138: a longer number is nobody's bookmark.
_SHAPE = re.compile(r"([0-9]{1,17})-([0-9]{1,18})", re.ASCII)


def write_cursor(moment: datetime, row_id: int) -> str:
    """``1545040800000000-42``: microseconds and row, exact and without a character to escape."""
    return f"{(moment - _EPOCH) // _MICROSECOND}-{row_id}"


def read_cursor(text: str) -> tuple[datetime, int] | None:
    """What write_cursor wrote; None for anything else, so that a list starts at its beginning."""
    found = _SHAPE.fullmatch(text)
    return (_EPOCH + int(found[1]) * _MICROSECOND, int(found[2])) if found else None
