"""Read proposals: those of one's areas, and one of them with its needs and parts."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from marketplace.allocations.models import Allocation, AllocationNeed, AllocationPart
from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.needs.models import Need, NeedLine


@dataclass(frozen=True, slots=True)
class NeedWithParts:
    """One need of a proposal with what each donor would give to it; ``lines`` by id."""

    asked: AllocationNeed
    parts: tuple[AllocationPart, ...]
    lines: dict[int, NeedLine]


def list_allocations(actor: Actor, *, most: int = 50) -> list[Allocation]:
    """The proposals for the actor's areas and whatever lies below, the newest first."""
    areas = actor.areas(Permission.MATCH_ALLOCATE)
    inside = [Allocation.division_code.startswith(area, autoescape=True) for area in areas]
    chosen = sa.select(Allocation).where(sa.or_(sa.false(), *inside))
    return list(db.session.scalars(chosen.order_by(Allocation.at.desc(), Allocation.id.desc()).limit(most)))


def get_allocation(code: str, *, actor: Actor) -> Allocation:
    """A proposal that the actor may see; NotFound for any other (Z2)."""
    found = db.session.scalar(sa.select(Allocation).where(Allocation.code == code))
    if found is None or not actor.can(Permission.MATCH_ALLOCATE, found.division_code):
        raise NotFound("There is nothing here that you may see.")
    return found


def needs_with_parts(allocation: Allocation, *, after: int = 0, most: int = 100) -> list[NeedWithParts]:
    """A page of the proposal: those who would get nothing first, then the longest waiting; ``after`` skips so many."""
    is_helped = sa.case((AllocationNeed.given > 0, 1), else_=0)
    chosen = (
        sa.select(AllocationNeed)
        .join(Need, Need.id == AllocationNeed.need_id)
        .where(AllocationNeed.allocation_id == allocation.id)
        .options(joinedload(AllocationNeed.need).selectinload(Need.lines))
        .order_by(is_helped, Need.published_at, AllocationNeed.id)
    )
    asked = list(db.session.scalars(chosen.offset(after).limit(most)))
    parts = (
        sa.select(AllocationPart)
        .where(
            AllocationPart.allocation_id == allocation.id, AllocationPart.need_id.in_([one.need_id for one in asked])
        )
        .options(joinedload(AllocationPart.donor), selectinload(AllocationPart.pledge))
        .order_by(AllocationPart.need_id, AllocationPart.value_fen.desc(), AllocationPart.id)
    )
    by_need: dict[int, list[AllocationPart]] = {}
    for part in db.session.scalars(parts):
        by_need.setdefault(part.need_id, []).append(part)
    return [
        NeedWithParts(one, tuple(by_need.get(one.need_id, ())), {line.id: line for line in one.need.lines})
        for one in asked
    ]


def count_undecided(allocation: Allocation) -> int:
    """Parts that nobody has offered yet."""
    chosen = sa.select(sa.func.count()).where(
        AllocationPart.allocation_id == allocation.id, AllocationPart.pledge_id.is_(None)
    )
    return db.session.scalar(chosen) or 0
