"""Cohorts of needs and how far each need had come on a day, reconstructed from moments that are never changed.

A need is first published on a day, by area, kind and category. On an earlier day it had come as far as the pledges
that were accepted, delivered and confirmed by then and had not lapsed by then: so an old figure can be had again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from marketplace.core.kinds import Labelled, NeedCategory, SupportKind
from marketplace.core.workflow import NeedState
from marketplace.ledger.models import EntryKind, LedgerEntry
from marketplace.needs.models import Decision, Need, NeedLine, NeedReview
from marketplace.pledges.models import Pledge, PledgeLine
from marketplace.pledges.queries import PLEDGE


class Step(Labelled):
    """How far a need has come; each step is a part of the one before it."""

    PUBLISHED = "published", "发布"
    PLEDGED = "pledged", "对接"
    DELIVERED = "delivered", "送达"
    CONFIRMED = "confirmed", "两人确认"
    ARMS_LENGTH = "arms_length", "其中无利害关系"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Needs first published from ``since`` up to ``as_of``, seen as they stood at ``as_of``.

    ``area`` is a significant prefix of a division code ("" is everywhere); None leaves kind or category open.
    """

    as_of: datetime
    area: str = ""
    kind: SupportKind | None = SupportKind.MONEY
    category: NeedCategory | None = None
    since: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Which needs belong to it, those included that were withdrawn since."""
        found = [Need.published_at <= self.as_of, Need.division_code.startswith(self.area, autoescape=True)]
        if self.since is not None:
            found.append(Need.published_at >= self.since)
        if self.kind is not None:
            found.append(Need.kind == self.kind)
        if self.category is not None:
            found.append(Need.category == self.category)
        return found


def progress(cohort: Cohort) -> sa.Subquery:
    """One row for each need of the cohort: code, places, moments, and each step as 0 or 1.

    ``matched_at`` is when the last line was covered; ``ended_at`` when the need was withdrawn or ran out unmatched;
    ``is_withdrawn`` marks those that left before any pledge and do not count; ``is_suspended`` those that are held back
    and still count as waiting; ``whose`` is the household, or the need itself where it is a village's own.
    """
    lines = _lines(cohort)
    covered = (
        sa.select(
            lines.c.need_id,
            sa.func.min(lines.c.pledged).label(Step.PLEDGED.value),
            sa.func.min(lines.c.delivered).label(Step.DELIVERED.value),
            sa.func.min(lines.c.confirmed).label(Step.CONFIRMED.value),
            sa.func.min(lines.c.arms_length).label(Step.ARMS_LENGTH.value),
            sa.func.max(lines.c.last_accepted_at).label("last_accepted_at"),
        )
        .group_by(lines.c.need_id)
        .subquery("covered")
    )
    is_pledged = covered.c.pledged == 1
    has_ended = sa.and_(
        Need.state.in_((NeedState.WITHDRAWN, NeedState.EXPIRED)), Need.closed_at <= cohort.as_of, ~is_pledged
    )
    ever_pledged = sa.exists().where(Pledge.need_id == Need.id, Pledge.accepted_at <= Need.closed_at)
    is_withdrawn = sa.and_(Need.state == NeedState.WITHDRAWN, Need.closed_at <= cohort.as_of, ~ever_pledged)
    return (
        sa.select(
            Need.id,
            Need.code,
            Need.division_code,
            Need.category,
            Need.kind,
            Need.published_at,
            sa.func.coalesce(Need.household_id, -Need.id).label("whose"),
            sa.literal(1).label(Step.PUBLISHED.value),
            *(covered.c[step.value] for step in list(Step)[1:]),
            sa.case((is_pledged, covered.c.last_accepted_at)).label("matched_at"),
            sa.case((has_ended, Need.closed_at)).label("ended_at"),
            sa.case((is_withdrawn, 1), else_=0).label("is_withdrawn"),
            sa.case((sa.and_(_is_held_back(cohort.as_of), ~is_pledged, ~has_ended), 1), else_=0).label("is_suspended"),
        )
        .join(covered, covered.c.need_id == Need.id)
        .where(*cohort.conditions())
        .subquery("progress")
    )


def _is_held_back(as_of: datetime) -> sa.ColumnElement[bool]:
    """Suspended on that day: by the last decision up to it, or by its state where no decision was written down."""
    later = sa.orm.aliased(NeedReview)
    resumed = sa.exists().where(
        later.need_id == Need.id, later.decision == Decision.RESUME, later.at <= as_of, later.id > NeedReview.id
    )
    of_need = sa.and_(NeedReview.need_id == Need.id, NeedReview.decision == Decision.SUSPEND)
    held = sa.exists().where(of_need, NeedReview.at <= as_of, ~resumed)
    return sa.or_(held, sa.and_(Need.state == NeedState.SUSPENDED, ~sa.exists().where(of_need)))


def _lines(cohort: Cohort) -> sa.Subquery:
    """One row for each line: is the whole of it pledged, delivered, confirmed, confirmed at arm's length."""
    as_of = cohort.as_of
    releases = (
        sa.select(LedgerEntry.subject_id)
        .where(
            LedgerEntry.subject_type == PLEDGE,
            LedgerEntry.kind == EntryKind.RELEASE,
            LedgerEntry.at <= as_of,
        )
        .distinct()
        .subquery("releases")
    )
    # What lapsed or was cancelled after that day was still promised on it.
    was_released = sa.or_(Pledge.ended_at <= as_of, releases.c.subject_id.is_not(None))
    held = PledgeLine.quantity - sa.case((was_released, PledgeLine.released), else_=0)

    def whole(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        amount = sa.func.sum(sa.case((sa.and_(*conditions), held), else_=0)) if conditions else sa.func.sum(held)
        return sa.case((amount >= NeedLine.quantity, 1), else_=0)

    is_confirmed = Pledge.confirmed_at <= as_of
    promised = sa.and_(PledgeLine.pledge_id == Pledge.id, Pledge.accepted_at <= as_of)
    asked = sa.join(Need, NeedLine, NeedLine.need_id == Need.id)
    given: Any = sa.join(PledgeLine, Pledge, promised).outerjoin(releases, releases.c.subject_id == Pledge.id)
    return (
        sa.select(
            NeedLine.need_id,
            whole().label("pledged"),
            whole(Pledge.delivered_at <= as_of).label("delivered"),
            whole(is_confirmed).label("confirmed"),
            whole(is_confirmed, Pledge.at_arms_length.is_(True)).label("arms_length"),
            sa.func.max(sa.case((held > 0, Pledge.accepted_at))).label("last_accepted_at"),
        )
        .select_from(asked.outerjoin(given, PledgeLine.line_id == NeedLine.id))
        .where(*cohort.conditions())
        .group_by(NeedLine.id, NeedLine.need_id, NeedLine.quantity)
        .subquery("line_progress")
    )
