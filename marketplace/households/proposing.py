"""Change a household's status: proposed with the village's appraisal, in effect only after its notice."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import IO

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.kinds import ExitAttribute, MonitoredAs, StatusMove
from marketplace.core.workflow import HOUSEHOLD_MOVES, HouseholdStatus, next_state
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.households import policy
from marketplace.households.models import Household, ProposalState, StatusChange, StatusProposal
from marketplace.households.queries import get_household
from marketplace.media.service import store_photo

# The register's own column follows the status where the two say the same thing.
_EXIT_ATTRIBUTES = {
    HouseholdStatus.EXITED: ExitAttribute.EXITED,
    HouseholdStatus.REENTERED: ExitAttribute.RETURNED,
}
_LONGEST_REASON = 160


@dataclass(frozen=True, slots=True)
class Appraisal:
    """How the villagers' meeting voted (民主评议): the day, who came, and every vote."""

    on: date
    present: int
    votes_for: int
    votes_against: int
    abstained: int


def open_moves(household: Household) -> list[StatusMove]:
    """The changes that may be proposed from where the household stands."""
    if household.entry_pending:
        return [StatusMove.ENTER, StatusMove.MONITOR]
    return [move for move in StatusMove if move is not StatusMove.ENTER and (household.status, move) in HOUSEHOLD_MOVES]


def propose_change(
    code: str,
    *,
    move: StatusMove,
    monitored_as: MonitoredAs | None = None,
    reason: str,
    appraisal: Appraisal,
    minutes: IO[bytes],
    by: Actor,
    now: datetime,
) -> StatusProposal:
    """Propose a change of status with the appraisal and a photo of its minutes; nothing changes yet.

    Raises Invalid at the field that is wrong, Conflict where another change of this household is pending.
    """
    household = get_household(code, actor=by)
    policy.ensure_can_propose(by, household)
    _check_move(household, move, monitored_as)
    _check_appraisal(appraisal, today=china_day(now))
    why = " ".join(reason.split())
    if not why or len(why) > _LONGEST_REASON:
        raise Invalid("Say in at most 160 characters why the status changes.", field="reason")
    if find_pending(household.id) is not None:
        raise Conflict("A change of this household is pending already: it has to be decided first.")
    photo = store_photo(minutes, division=household.division_code, caption="", by=by, now=now)
    proposal = StatusProposal(
        household_id=household.id,
        move=move,
        status_after=next_state(HOUSEHOLD_MOVES, household.status, move),
        monitored_as=monitored_as,
        reason=why,
        appraised_on=appraisal.on,
        present=appraisal.present,
        votes_for=appraisal.votes_for,
        votes_against=appraisal.votes_against,
        abstained=appraisal.abstained,
        minutes_id=photo.id,
        proposed_by=by.user_id,
        proposed_at=now,
        state=ProposalState.PENDING,
    )
    db.session.add(proposal)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise Conflict("A change of this household is pending already: it has to be decided first.") from error
    _record(by, "propose", proposal, household, now=now)
    return proposal


def apply_proposal(proposal: StatusProposal, *, by: Actor, now: datetime) -> bool:
    """Let a pending change take effect today; False, and dropped, where the status has moved on meanwhile.

    Whoever calls has seen that its notice is over and that nothing holds it.
    """
    household = proposal.household
    if proposal.state is not ProposalState.PENDING:
        return False
    if (household.status, proposal.move) not in HOUSEHOLD_MOVES:
        drop_proposal(proposal, reason="The status has changed otherwise meanwhile.", by=by, now=now)
        return False
    household.status = next_state(HOUSEHOLD_MOVES, household.status, proposal.move)
    household.exit_attribute = _EXIT_ATTRIBUTES.get(household.status, household.exit_attribute)
    household.entry_pending = False
    household.updated_at = now
    db.session.add(
        StatusChange(
            household_id=household.id,
            status=household.status,
            effective_on=china_day(now),
            reason=f"{proposal.monitored_as.label}：{proposal.reason}" if proposal.monitored_as else proposal.reason,
            recorded_at=now,
            recorded_by=proposal.proposed_by,
        )
    )
    proposal.state, proposal.decided_at = ProposalState.APPLIED, now
    db.session.flush()
    _record(by, "apply", proposal, household, now=now)
    return True


def drop_proposal(proposal: StatusProposal, *, reason: str, by: Actor, now: datetime) -> None:
    """Let a pending change never take effect; Conflict where it is decided."""
    if proposal.state is not ProposalState.PENDING:
        raise Conflict("This change is decided already.")
    proposal.state, proposal.decided_at = ProposalState.DROPPED, now
    proposal.dropped_because = reason.strip()[:200]
    db.session.flush()
    _record(by, "drop", proposal, proposal.household, now=now)


def find_pending(household_id: int) -> StatusProposal | None:
    """The change of a household that waits to take effect, or None."""
    return db.session.scalar(
        sa.select(StatusProposal).where(
            StatusProposal.household_id == household_id, StatusProposal.state == ProposalState.PENDING
        )
    )


def list_proposals(household: Household) -> list[StatusProposal]:
    """Every change ever proposed of a household, the latest first."""
    chosen = sa.select(StatusProposal).where(StatusProposal.household_id == household.id)
    return list(db.session.scalars(chosen.order_by(StatusProposal.id.desc())))


def _check_move(household: Household, move: StatusMove, monitored_as: MonitoredAs | None) -> None:
    if move not in open_moves(household):
        raise Invalid(
            "From “%(status)s” a household cannot take this step.", field="move", status=household.status.label
        )
    if (move is StatusMove.MONITOR) != (monitored_as is not None):
        raise Invalid("Choose one of the three kinds for monitoring, and none otherwise.", field="monitored_as")
    was_poor = household.status is HouseholdStatus.EXITED
    if monitored_as is MonitoredAs.UNSTABLE and not was_poor:
        raise Invalid("Only a household that has left poverty can be unstable in it.", field="monitored_as")
    if monitored_as is MonitoredAs.EDGE and was_poor:
        raise Invalid("A household at the edge has never been poor; this one was.", field="monitored_as")


def _check_appraisal(appraisal: Appraisal, *, today: date) -> None:
    if appraisal.on > today:
        raise Invalid("The meeting lies in the future: propose the change after it.", field="appraised_on")
    votes = (appraisal.votes_for, appraisal.votes_against, appraisal.abstained)
    if min(votes) < 0 or sum(votes) != appraisal.present:
        raise Invalid("For, against and abstained have to add up to those present.", field="present")
    if appraisal.votes_for * 2 <= appraisal.present:
        raise Invalid("More than half of those present have to be for it.", field="votes_for")


def _record(by: Actor, act: str, proposal: StatusProposal, household: Household, *, now: datetime) -> None:
    audit.record(
        by,
        f"status.{act}",
        subject="household",
        subject_id=household.id,
        at=now,
        division=household.division_code,
        move=proposal.move.value,
        proposal=proposal.id,
    )
