"""Keep a proposal, turn what people accept of it into offers to donors, or discard it; nothing happens by itself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.allocations.models import Allocation, AllocationNeed, AllocationPart, AllocationState
from marketplace.allocations.planning import Plan, plan_allocation
from marketplace.allocations.queries import get_allocation
from marketplace.audit import service as audit
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.codes import Prefix, new_code
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.db.many import insert_many
from marketplace.pledges.offering import offer_need

__all__ = ["Offered", "accept_parts", "discard_allocation", "keep_plan", "plan_allocation"]

_SUBJECT = "allocation"


@dataclass(frozen=True, slots=True)
class Offered:
    """How many offers were made, and how many parts could no longer be offered as things stand now."""

    made: int
    passed: int


def keep_plan(plan: Plan, *, by: Actor, now: datetime) -> Allocation:
    """Store a proposal for people to decide on; it promises nothing to anybody."""
    ensure_can(by, Permission.MATCH_ALLOCATE, plan.area)
    allocation = Allocation(
        code=new_code(Prefix.ALLOCATION),
        division_code=plan.area,
        state=AllocationState.OPEN,
        at=now,
        maker_id=by.user_id,
        model_version=plan.model_version,
        figures=plan.figures,
    )
    db.session.add(allocation)
    db.session.flush()
    key = {"allocation_id": allocation.id}
    needs = [
        {**key, "need_id": n.need_id, "is_places": n.is_places, "asked": n.asked, "given": n.given, "why": n.why}
        for n in plan.needs
    ]
    parts = [
        {
            **key,
            "need_id": p.need_id,
            "donor_id": p.donor_id,
            "quantities": [list(pair) for pair in p.quantities],
            "value_fen": p.value_fen,
            "score": p.score,
            "terms": p.terms,
        }
        for p in plan.parts
    ]
    for model, rows in ((AllocationNeed, needs), (AllocationPart, parts)):
        insert_many(db.session, model, rows)
    _record(allocation, "allocation.propose", by=by, now=now, parts=len(parts))
    db.session.flush()
    return allocation


def accept_parts(code: str, chosen: Collection[int] | None, *, by: Actor, now: datetime) -> Offered:
    """Offer the chosen parts (ids) to their donors, or all that are undecided (None).

    Each part stands as the market is now: where the need was covered, the donor paused, or the two became related
    meanwhile, it is passed over and stays undecided. Invalid where nothing is chosen.
    """
    allocation = _open(code, by=by)
    undecided = [part for part in allocation.parts if part.pledge_id is None]
    wanted = undecided if chosen is None else [part for part in undecided if part.id in set(chosen)]
    if not wanted:
        raise Invalid("Tick at least one row.")
    made = 0
    for part in wanted:
        try:
            pledge = offer_need(
                part.need,
                donor=part.donor,
                quantities=dict(part.quantities),
                client_key=f"allocation:{allocation.code}:{part.id}",
                by=by,
                now=now,
            )
        except Conflict:
            continue
        part.pledge_id = pledge.id
        made += 1
    if made == len(undecided):
        allocation.state, allocation.ended_at = AllocationState.OFFERED, now
    _record(allocation, "allocation.accept", by=by, now=now, offers=made)
    db.session.flush()
    return Offered(made=made, passed=len(wanted) - made)


def discard_allocation(code: str, *, by: Actor, now: datetime) -> Allocation:
    """Put a proposal aside; offers that were made from it stand until they are taken back one by one."""
    allocation = _open(code, by=by)
    allocation.state, allocation.ended_at = AllocationState.DISCARDED, now
    _record(allocation, "allocation.discard", by=by, now=now)
    db.session.flush()
    return allocation


def _open(code: str, *, by: Actor) -> Allocation:
    """An undecided proposal of the actor's area, locked until the surface commits."""
    found = get_allocation(code, actor=by)
    ensure_can(by, Permission.MATCH_ALLOCATE, found.division_code)
    locked = sa.select(Allocation).where(Allocation.id == found.id).with_for_update()
    allocation = db.session.scalars(locked.execution_options(populate_existing=True)).one()
    if allocation.state is not AllocationState.OPEN:
        raise Conflict("This proposal has been decided already.")
    return allocation


def _record(allocation: Allocation, action: str, *, by: Actor, now: datetime, **detail: int) -> None:
    audit.record(
        by,
        action,
        subject=_SUBJECT,
        subject_id=allocation.id,
        at=now,
        division=allocation.division_code,
        **detail,
    )
