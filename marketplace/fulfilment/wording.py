"""Words that staff and households write about a gift: one line, of bounded length, and nothing personal in public."""

import unicodedata

import sqlalchemy as sa

from marketplace.core.errors import Invalid
from marketplace.db import db
from marketplace.households.models import Member
from marketplace.needs import lint
from marketplace.needs.models import Need
from marketplace.regions.models import Division
from marketplace.regions.places import short_name

_RULES = (lint.personal_data, lint.names, lint.minors, lint.illness)


def clean_words(text: str, *, field: str, most: int, least: int = 1) -> str:
    """One line of text without control characters; Invalid at ``field`` where it is too short or too long."""
    plain = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())
    if not plain and least:
        raise Invalid("Please fill this in.", field=field)
    if len(plain) < least:
        raise Invalid("At least %(least)s characters, please.", field=field, least=least)
    if len(plain) > most:
        raise Invalid("At most %(most)s characters, please.", field=field, most=most)
    return plain


def clean_public_words(text: str, *, need: Need, field: str, most: int, least: int = 1) -> str:
    """clean_words for what the public reads."""
    plain = clean_words(text, field=field, most=most, least=least)
    refuse_personal_data(plain, need=need, field=field)
    return plain


def refuse_personal_data(text: str, *, need: Need, field: str) -> None:
    """Invalid where public words hold a number, a name, a place or an age that leads to a person (R-P1, P3)."""
    draft = lint.Draft(lines=(), story=text, names=_names(need), village=_village(need))
    for finding in (found for rule in _RULES for found in rule(draft)):
        if finding.severity is lint.Severity.REFUSE:
            raise Invalid(finding.message, field=field, **finding.params)


def _names(need: Need) -> tuple[str, ...]:
    return tuple(db.session.scalars(sa.select(Member.name).where(Member.household_id == need.household_id)))


def _village(need: Need) -> str:
    division = db.session.get(Division, need.division_code)
    return short_name(division.name) if division is not None and need.household_id is not None else ""
