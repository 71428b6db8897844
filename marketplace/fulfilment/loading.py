"""Hold the pledge that an act is about, so that two workers follow one another (C3)."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.codes import parse_code
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.ledger.rules import Quantity
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges.models import Pledge

NOTHING_HERE = "There is nothing here that you may see."


@dataclass(frozen=True, slots=True)
class Held:
    """A pledge under its row lock, with the need and the need's lines by id."""

    pledge: Pledge
    need: Need
    lines: dict[int, NeedLine]

    def amounts(self, quantities: Mapping[int, int]) -> list[Quantity]:
        """Quantities by line id as the book counts them."""
        return [
            Quantity(quantities[line_id], self.lines[line_id].unit, self.lines[line_id].name)
            for line_id in sorted(quantities)
        ]


def hold_pledge(code: str, *, permission: Permission, by: Actor) -> Held:
    """The pledge with this code for an actor who may do this there; NotFound outside the actor's area (Z2)."""
    held = hold_one(Pledge.code == canonical(code))
    if held is None:
        raise NotFound(NOTHING_HERE)
    ensure_can(by, permission, held.need.division_code)
    return held


def ensure_goes_on(need: Need) -> None:
    """Conflict while a need is paused, and once it is taken off: nothing is passed on or handed over then."""
    if need.state is NeedState.SUSPENDED:
        raise Conflict("This need is paused while something is looked into: nothing is handed over till then.")
    if need.state is NeedState.WITHDRAWN:
        raise Conflict(
            "This need was withdrawn: nothing is handed over any more; what has arrived goes back to the donor."
        )


def canonical(code: str) -> str:
    """A code as it is stored, however it was typed; NotFound for text that is no code at all."""
    parsed = parse_code(code)
    if parsed is None:
        raise NotFound(NOTHING_HERE)
    return parsed[1]


def hold_one(condition: sa.ColumnElement[bool]) -> Held | None:
    """The pledge that meets the condition, locked and read again."""
    chosen = sa.select(Pledge).where(condition).with_for_update().execution_options(populate_existing=True)
    pledge = db.session.scalar(chosen)
    if pledge is None:
        return None
    need = db.session.get_one(Need, pledge.need_id)
    return Held(pledge, need, {line.id: line for line in need.lines})
