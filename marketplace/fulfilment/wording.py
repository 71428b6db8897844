"""Words that staff and households write about a gift: one line, of bounded length, and nothing personal in public."""

import re
import unicodedata

import sqlalchemy as sa

from marketplace.core.errors import Invalid
from marketplace.db import db
from marketplace.households.models import Member
from marketplace.needs.models import Need

# Seven digits in a row, however they are spaced, are a phone, an ID or a card; amounts and counts are shorter.
_LONG_NUMBER = re.compile(r"\d(?:[\s\-]?\d){6}")


def clean_words(text: str, *, field: str, most: int, least: int = 1) -> str:
    """One line of text without control characters; Invalid at ``field`` where it is too short or too long."""
    plain = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())
    if len(plain) < least:
        raise Invalid("Please fill this in.", field=field)
    if len(plain) > most:
        raise Invalid("At most %(most)s characters, please.", field=field, most=most)
    return plain


def refuse_personal_data(text: str, *, need: Need, field: str) -> None:
    """Invalid where words that are to be public hold a long number or the name of one of the household (R-P1)."""
    folded = unicodedata.normalize("NFKC", text)
    if _LONG_NUMBER.search(folded):
        raise Invalid("Leave out phone, ID and card numbers: these words are to be public.", field=field)
    names = db.session.scalars(sa.select(Member.name).where(Member.household_id == need.household_id))
    if any(len(name) > 1 and name in folded for name in names):
        raise Invalid("Leave out the names of people: these words are to be public.", field=field)
