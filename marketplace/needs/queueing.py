"""What waits for a reviewer: ordered by the day an answer is due, then by what stands out, then by urgency.

At the county what a township has approved once comes before all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.core.actor import Actor
from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import Urgency
from marketplace.core.permissions import Permission
from marketplace.core.workdays import Calendar
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.needs import policy
from marketplace.needs.desk import in_areas
from marketplace.needs.models import Need
from marketplace.relatives.queries import ties_of
from marketplace.workdays.queries import calendar_of

# Working days in which a need is answered, counted anew when it goes on to the county.
ANSWER_WITHIN = 3
_RANK = {Urgency.CRITICAL: 0, Urgency.URGENT: 1, Urgency.NORMAL: 2}


@dataclass(slots=True)
class Clocks:
    """Working days of many places, each read once."""

    calendars: dict[str, Calendar] = field(default_factory=dict)

    def due(self, since: datetime, division: str) -> date:
        """The last day of the term that began at this moment."""
        return self._of(division).after(china_day(since), ANSWER_WITHIN)

    def late_by(self, due: date, today: date, division: str) -> int:
        """Working days that have passed since the term ended; 0 while it runs."""
        return self._of(division).between(due, today)

    def _of(self, division: str) -> Calendar:
        township = at_level(division, Level.TOWNSHIP)
        if township not in self.calendars:
            self.calendars[township] = calendar_of(township)
        return self.calendars[township]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A need in the queue: until when it is to be answered, and by how many working days that is over."""

    need: Need
    due: date
    late: int


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for this reviewer, the first to decide first, and what of the area somebody else has to decide."""

    rows: list[Waiting]
    barred: int
    # Approved once in the area and waiting for the county, where that is somebody else.
    at_county: int

    @property
    def needs(self) -> list[Need]:
        """The needs in order."""
        return [row.need for row in self.rows]

    @property
    def second(self) -> int:
        """How many have been approved once and wait for this second approver."""
        return sum(row.need.first_reviewer_id is not None for row in self.rows)

    @property
    def overdue(self) -> int:
        """How many should have been answered before today."""
        return sum(row.late > 0 for row in self.rows)


def review_queue(*, actor: Actor, now: datetime) -> Queue:
    """Submitted needs of the reviewer's area that are his to decide, those for a second approver among them."""
    areas = actor.areas(Permission.NEED_REVIEW)
    if not areas:
        return Queue([], 0, 0)
    ties = ties_of(actor.user_id)
    waiting = _submitted(areas)
    barred = {need.id for need in waiting if policy.review_bar(actor, need, ties) is not None}
    elsewhere = {need.id for need in waiting if policy.turn_bar(actor, need) is not None} - barred
    clocks, today = Clocks(), china_day(now)
    rows = [_row(need, clocks=clocks, today=today) for need in waiting if need.id not in barred | elsewhere]
    return Queue(sorted(rows, key=_order), len(barred), len(elsewhere))


def answer_due(need: Need) -> date | None:
    """Until when a need that waits for review is to be answered; None for any other."""
    since = need.first_approved_at or need.submitted_at
    if need.state is not NeedState.SUBMITTED or since is None:
        return None
    return Clocks().due(since, need.division_code)


def after(queue: Queue, need_id: int) -> Need | None:
    """What comes next when this need is decided or passed over: the one below it, else the first of the others."""
    needs = queue.needs
    place = next((i for i, other in enumerate(needs) if other.id == need_id), -1)
    others = needs[place + 1 :] + needs[: max(place, 0)]
    return others[0] if others else None


def _submitted(areas: Sequence[str]) -> list[Need]:
    statement = (
        sa.select(Need)
        .where(Need.state == NeedState.SUBMITTED, in_areas(Need.division_code, areas))
        .options(selectinload(Need.lines))
        .order_by(Need.submitted_at, Need.id)
    )
    return list(db.session.scalars(statement))


def _row(need: Need, *, clocks: Clocks, today: date) -> Waiting:
    since = need.first_approved_at or need.submitted_at or need.created_at
    due = clocks.due(since, need.division_code)
    return Waiting(need, due, clocks.late_by(due, today, need.division_code))


def _order(row: Waiting) -> tuple[bool, date, int, int, datetime, int]:
    need, since = row.need, row.need.submitted_at or row.need.created_at
    return need.first_reviewer_id is None, row.due, -need.risk, _RANK[need.urgency], since, need.id
