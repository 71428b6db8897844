"""Needs that read like this one (相近需求): their reasons compared as texts, never the names in them (fraud rule 6)."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from rapidfuzz import fuzz, process

from marketplace.core.divisions import Level, at_level
from marketplace.core.text import normal_form
from marketplace.db import db
from marketplace.needs.caps import NEVER_ASKED
from marketplace.needs.checking import SAME_ITEM_WITHIN
from marketplace.needs.lint.repeats import LIKE_ENOUGH
from marketplace.needs.listing import area_condition
from marketplace.needs.models import Need

_MOST_COMPARED = 400


@dataclass(frozen=True, slots=True)
class Similar:
    """Another need of the township, and how like its reason is, in percent."""

    need: Need
    percent: int
    is_same_household: bool


def similar_needs(need: Need, *, now: datetime, most: int = 5) -> list[Similar]:
    """The needs of the township's last 180 days whose reasons read like this one's, the likest first."""
    others = list(
        db.session.scalars(
            sa.select(Need)
            .where(
                area_condition(at_level(need.division_code, Level.TOWNSHIP)),
                Need.id != need.id,
                Need.state.not_in(NEVER_ASKED),
                Need.submitted_at > now - SAME_ITEM_WITHIN,
            )
            .order_by(Need.submitted_at.desc())
            .limit(_MOST_COMPARED)
        )
    )
    texts = [normal_form(other.story) for other in others]
    found = process.extract(
        normal_form(need.story), texts, scorer=fuzz.ratio, processor=None, score_cutoff=LIKE_ENOUGH, limit=most
    )
    return [
        Similar(
            others[place],
            round(score),
            need.household_id is not None and others[place].household_id == need.household_id,
        )
        for _, score, place in found
    ]
