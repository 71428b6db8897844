"""Needs that read like this one (相近需求): their reasons compared as texts, never the names in them (fraud rule 6).

Compared are the needs of the last 180 days: the household's own wherever they were posted, others' in the county.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from rapidfuzz import fuzz, process

from marketplace.core.divisions import CODE_LENGTH, Level, at_level, significant
from marketplace.core.text import normal_form
from marketplace.db import db
from marketplace.needs.caps import NEVER_ASKED
from marketplace.needs.lint.repeats import LIKE_ENOUGH
from marketplace.needs.models import Need

COMPARED_WITHIN = timedelta(days=180)
# Enough for a county of half a year; the latest come first.
_MOST_COMPARED = 1_000
# Texts that are 80 % alike differ in fewer than one character of five: some piece of four stands in both.
_PIECE = 4
_MOST_PIECES = 24


@dataclass(frozen=True, slots=True)
class Similar:
    """Another need of the county or the household, and how like its reason is, in percent."""

    need: Need
    percent: int
    is_same_household: bool


def similar_needs(need: Need, *, now: datetime, most: int = 5) -> list[Similar]:
    """The needs whose reasons read like this one's, the likest first."""
    rows = stories_to_compare(need, now=now)
    texts = [normal_form(row.story) for row in rows]
    found = process.extract(
        normal_form(need.story), texts, scorer=fuzz.ratio, processor=None, score_cutoff=LIKE_ENOUGH, limit=most
    )
    ids = [rows[place].id for _, _, place in found]
    needs = {other.id: other for other in db.session.scalars(sa.select(Need).where(Need.id.in_(ids)))}
    return [
        Similar(
            needs[rows[place].id],
            round(score),
            need.household_id is not None and rows[place].household_id == need.household_id,
        )
        for _, score, place in found
    ]


def stories_to_compare(need: Need, *, now: datetime) -> list[sa.Row[tuple[int, str, str, int | None]]]:
    """Id, code, story and household of the needs whose stories may be like this one's, the latest first.

    The database leaves out of the county's needs those that share no piece of the story; the rest is compared here.
    """
    county = significant(at_level(need.division_code, Level.COUNTY))
    near = sa.and_(
        Need.division_code.between(county.ljust(CODE_LENGTH, "0"), county.ljust(CODE_LENGTH, "9")),
        sa.or_(sa.false(), *(Need.story.contains(piece, autoescape=True) for piece in _pieces(need.story))),
    )
    own = Need.household_id == need.household_id if need.household_id is not None else sa.false()
    chosen = [
        sa.select(Need.id)
        .where(where, Need.id != need.id, Need.state.not_in(NEVER_ASKED), Need.submitted_at > now - COMPARED_WITHIN)
        .order_by(Need.submitted_at.desc())
        .limit(_MOST_COMPARED)
        .subquery()
        for where in (own, near)
    ]
    # Each by its own index: an OR of the two would read every need there is.
    ids = sa.union(*(sa.select(each.c.id) for each in chosen))
    columns = sa.select(Need.id, Need.code, Need.story, Need.household_id)
    return list(db.session.execute(columns.where(Need.id.in_(ids)).order_by(Need.submitted_at.desc())))


def _pieces(story: str) -> list[str]:
    """Pieces of four characters side by side; of a long story as many as are worth asking for, spread over it."""
    runs = ["".join(story[at : at + _PIECE]) for at in range(0, len(story) - _PIECE + 1, _PIECE)]
    step = max(1, len(runs) // _MOST_PIECES)
    return list(dict.fromkeys(runs[::step][:_MOST_PIECES]))
