"""How the review works, in numbers: second looks and what came of them; for the county and, in sum, for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from marketplace.db import db
from marketplace.needs.desk import in_areas
from marketplace.needs.models import Decision, Need, NeedReview
from marketplace.needs.review_models import Recheck


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """Counts of decisions: each rate is shown with its fraction."""

    approved: int
    returned: int
    rejected: int
    # Needs that two people had to approve.
    first_approved: int
    # Approvals drawn for a second look, those looked at, and those in which the second look did not agree.
    drawn: int
    looked_at: int
    disagreed: int


def review_figures(areas: Sequence[str]) -> ReviewFigures:
    """Of these areas (significant prefixes; an empty one is everywhere), since the beginning."""
    decided = (
        sa.select(
            _count(_is(Decision.APPROVE), ~NeedReview.is_first),
            _count(_is(Decision.RETURN)),
            _count(_is(Decision.REJECT)),
            _count(_is(Decision.APPROVE), NeedReview.is_first.is_(True)),
        )
        .join(Need, Need.id == NeedReview.need_id)
        .where(in_areas(Need.division_code, areas))
    )
    drawn = sa.select(sa.func.count(), _count(Recheck.done_at.is_not(None)), _count(Recheck.agrees.is_(False))).where(
        in_areas(Recheck.division_code, areas)
    )
    return ReviewFigures(*db.session.execute(decided).one(), *db.session.execute(drawn).one())


def _is(decision: Decision) -> sa.ColumnElement[bool]:
    return NeedReview.decision == decision


def _count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0)), 0)
