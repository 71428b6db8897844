"""Read cases of suspected fraud: one complaint's, an area's, and what a donor was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from marketplace.core.actor import Actor
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.grievances import policy
from marketplace.grievances.fraud_models import FraudCase, FraudTold
from marketplace.grievances.models import Grievance
from marketplace.grievances.queries import readable
from marketplace.needs.models import Need
from marketplace.notices.models import Notice, NoticeEntry
from marketplace.pledges.models import Pledge


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in the county's list: what, where, which needs, and whether the police knows."""

    case: FraudCase
    needs: list[Need]

    @property
    def reported_on(self) -> date | None:
        """The day of the report to the police, or None."""
        return self.case.report.reported_on if self.case.report is not None else None

    def days_unreported(self, today: date) -> int:
        """Days since it was recorded, for a case that is not reported yet."""
        return (today - china_day(self.case.opened_at)).days


def find_case(grievance: Grievance) -> FraudCase | None:
    """The case of a complaint with what was noted about the police, or None."""
    chosen = sa.select(FraudCase).where(FraudCase.grievance_id == grievance.id)
    return db.session.scalar(chosen.options(selectinload(FraudCase.police_notes)))


def list_cases(actor: Actor) -> list[CaseRow]:
    """The cases that this handler may read: those not reported to the police first, then the latest."""
    chosen = (
        sa.select(FraudCase)
        .join(Grievance, Grievance.id == FraudCase.grievance_id)
        .where(readable(actor))
        .options(*_with_needs(), selectinload(FraudCase.police_notes))
        .order_by(FraudCase.opened_at.desc(), FraudCase.id.desc())
    )
    rows = [CaseRow(case, withdrawn_by(case)) for case in db.session.scalars(chosen)]
    return sorted(rows, key=lambda row: row.reported_on is not None)


def _with_needs() -> list[ORMOption]:
    """Loads what a case touches, with a fixed number of queries."""
    about = joinedload(FraudCase.grievance)
    return [
        about.joinedload(Grievance.need),
        about.joinedload(Grievance.pledge).joinedload(Pledge.need),
        about.joinedload(Grievance.entry).joinedload(NoticeEntry.need),
        about.joinedload(Grievance.notice).selectinload(Notice.entries).joinedload(NoticeEntry.need),
    ]


def withdrawn_by(case: FraudCase) -> list[Need]:
    """The needs that the case took off."""
    return [need for need in policy.needs_of(case.grievance) if need.state is NeedState.WITHDRAWN]


def count_told(case: FraudCase) -> int:
    """How many pledges' donors were told."""
    return db.session.scalar(sa.select(sa.func.count()).where(FraudTold.case_id == case.id)) or 0


def told_about(pledge_ids: Sequence[int]) -> dict[int, datetime]:
    """Pledge id -> when its donor was told that the need was withdrawn."""
    chosen = sa.select(FraudTold.pledge_id, sa.func.min(FraudTold.told_at)).where(FraudTold.pledge_id.in_(pledge_ids))
    return dict(db.session.execute(chosen.group_by(FraudTold.pledge_id)).all())
