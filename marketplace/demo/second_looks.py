"""The review of the demonstration: how long each look took, what was drawn, paused, and waits for the county."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa

from marketplace.core.actor import Actor, Grant
from marketplace.core.divisions import Level, at_level
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.demo.facts import AS_OF
from marketplace.demo.places import Places
from marketplace.demo.staff import Staff
from marketplace.households.models import Household
from marketplace.needs.marking import mark_need
from marketplace.needs.models import Decision, Need, NeedReview, ReturnReason
from marketplace.needs.rechecking import DRAWN_BELOW, DRAWS
from marketplace.needs.review_bulk import LookRow, insert_first_approval, insert_pause, insert_recheck, note_look
from marketplace.needs.review_models import PauseCause
from marketplace.relatives.models import Kinship
from marketplace.relatives.service import Named, declare

# A second look is made within so many days; what was drawn later still waits.
_LOOK_DAYS = 2.5
_HOUR = timedelta(hours=1)
_WAITING_FOR_LOOK = 3
# At most so many flagged needs wait for the county, and at least so many for the township.
_WAITING_FOR_COUNTY, _LEFT_TO_TOWNSHIP = 3, 2
_NOTES = ("村里说明的数量和户里人口对不上，请核实。", "同意书日期晚于发布日期，请补。")


@dataclass(slots=True)
class Looker:
    """Draws what a county would have seen, in the order of the reviews."""

    staff: Staff
    places: Places
    rng: Random
    now: datetime

    def write(self) -> None:
        """Marks, draws, second looks and pauses of all needs."""
        for need in self._needs(NeedState.SUBMITTED):
            mark_need(need, now=self.now)
        disputed = self._pause(self._needs(NeedState.SUSPENDED))
        self._draw(disputed)
        self._approve_first()

    def _needs(self, state: NeedState) -> Sequence[Need]:
        return db.session.scalars(sa.select(Need).where(Need.state == state).order_by(Need.id)).all()

    def _pause(self, suspended: Sequence[Need]) -> dict[int, datetime]:
        """Every paused need has its cause; every third was disputed by the county: need id -> when."""
        disputed = {}
        for number, need in enumerate(suspended):
            published = need.published_at or need.created_at
            at = published + (self.now - published) * self.rng.uniform(0.3, 0.9)
            cause = (PauseCause.RECHECK, PauseCause.COMPLAINT, PauseCause.CHECK)[number % 3]
            if cause is PauseCause.RECHECK:
                at = min(published + timedelta(days=_LOOK_DAYS), self.now)
                disputed[need.id] = at
            by = self.staff.county_admin(need.division_code)
            insert_pause(need, cause=cause, note=self.rng.choice(_NOTES), by=by, at=at)
        return disputed

    def _draw(self, disputed: dict[int, datetime]) -> None:
        """A draw for each approval; the last ones of the accounts' county still wait for their second look."""
        rows = db.session.execute(
            sa.select(NeedReview, Need).join(Need, Need.id == NeedReview.need_id).order_by(NeedReview.id)
        ).all()
        waiting = self._waiting([(review, need) for review, need in rows if review.decision is Decision.APPROVE])
        for review, need in rows:
            if review.decision is Decision.SUSPEND:
                continue
            is_approval = review.decision is Decision.APPROVE
            waits = review.id in waiting
            draw = self.rng.randrange(DRAWS) if is_approval else None
            if is_approval and (need.id in disputed or waits):
                draw = self.rng.randrange(DRAWN_BELOW)
            note_look(review, seconds=self.rng.randrange(35, 420), draw=draw)
            if draw is not None and draw < DRAWN_BELOW:
                insert_recheck(need, review, None if waits else self._look(need, review, disputed))

    def _waiting(self, approvals: Sequence[tuple[NeedReview, Need]]) -> set[int]:
        """The last approvals of the accounts' county whose needs are still open: their second look is still to come."""
        county = at_level(self.places.stage, Level.COUNTY)
        near = [
            (review.at, review.id)
            for review, need in approvals
            if need.state is NeedState.PUBLISHED and at_level(need.division_code, Level.COUNTY) == county
        ]
        return {review_id for _, review_id in sorted(near, reverse=True)[:_WAITING_FOR_LOOK]}

    def _look(self, need: Need, review: NeedReview, disputed: dict[int, datetime]) -> LookRow | None:
        by = self.staff.county_admin(need.division_code)
        if need.id in disputed:
            return LookRow(by, disputed[need.id], ReturnReason.QUANTITY_UNCLEAR, _NOTES[0])
        at = review.at + timedelta(days=self.rng.uniform(0.2, _LOOK_DAYS))
        return LookRow(by, at) if at <= self.now else None

    def _approve_first(self) -> None:
        """A few needs of the accounts' county wait for its administrator: their clerks have declared the households."""
        county = at_level(self.places.stage, Level.COUNTY)
        waiting = [
            need
            for need in self._needs(NeedState.SUBMITTED)
            if at_level(need.division_code, Level.COUNTY) == county
            and need.household_id is not None
            and need.submitted_at is not None
            and need.submitted_at + _HOUR < self.now
        ]
        elsewhere = [need for need in waiting if need.division_code != self.places.stage]
        here = [need for need in waiting if need.division_code == self.places.stage]
        for need in [*elsewhere, *here[_LEFT_TO_TOWNSHIP:]][:_WAITING_FOR_COUNTY]:
            self._declare(need)
            mark_need(need, now=self.now)
            submitted = need.submitted_at or need.created_at
            insert_first_approval(
                need,
                by=self.staff.reviewer(need.division_code),
                at=submitted + (self.now - submitted) * self.rng.uniform(0.2, 0.8),
                documents=("consent", "home_visit", "price"),
                seconds=self.rng.randrange(60, 300),
            )

    def _declare(self, need: Need) -> None:
        clerk = self.staff.clerk(need.division_code)
        code = db.session.scalars(sa.select(Household.code).where(Household.id == need.household_id)).one()
        actor = Actor(user_id=clerk, grants=(Grant(Role.VILLAGE_CLERK, need.division_code),))
        at = (need.submitted_at or need.created_at) - _HOUR
        declare(Named(household_code=code), kinship=Kinship.OTHER_KIN, by=actor, now=min(at, AS_OF))
