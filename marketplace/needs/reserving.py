"""Reserve and free what is asked, whoever comes at the same time; move a need when it is covered, delivered, confirmed.

Each line is taken by one conditional UPDATE, so that two donors can never hold the same part (C1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from marketplace.core.errors import Conflict, Invalid, NotFound
from marketplace.core.money import Money
from marketplace.core.workflow import NEED_MOVES, NeedState, next_state
from marketplace.db import db
from marketplace.needs.models import MONEY_UNIT, Need, NeedLine


def reserve_lines(need_id: int, quantities: Mapping[int, int], *, now: datetime) -> int:
    """Hold ``quantities`` (line id -> quantity in the line's unit) of a public need; returns their value in fen.

    A need whose lines are now all held becomes PLEDGED. Raises Conflict, naming what is still open, where another
    donor was first or the need is no longer open; Invalid for a quantity that is not above zero.
    """
    lines = _lines_of(need_id, quantities)
    for line_id in sorted(quantities):
        _take(lines[line_id], quantities[line_id])
    value = sum(lines[line_id].value_of(quantity) for line_id, quantity in quantities.items())
    # The need's row is locked from here on: of two donors who cover the last two lines, the second sees both.
    if not _add_value(need_id, value, state=NeedState.PUBLISHED):
        raise Conflict("This need can no longer be pledged to: it is covered, paused or closed.")
    if not has_open_line(need_id):
        _move(need_id, NeedState.PUBLISHED, "cover", pledged_at=now)
    db.session.expire_all()
    return value


def free_lines(need_id: int, quantities: Mapping[int, int], *, now: datetime) -> int:
    """Give back what a lapsed or cancelled pledge held; a covered need is open again. Returns the value in fen."""
    lines = _lines_of(need_id, quantities)
    for line_id in sorted(quantities):
        quantity = quantities[line_id]
        freed = _execute(
            sa.update(NeedLine)
            .where(NeedLine.id == line_id, NeedLine.pledged >= quantity)
            .values(pledged=NeedLine.pledged - quantity)
        )
        if not freed:
            raise Conflict("This is no longer possible: the record has moved on. Reload the page.")
    value = sum(lines[line_id].value_of(quantity) for line_id, quantity in quantities.items())
    _add_value(need_id, -value, state=None)
    state = db.session.scalar(sa.select(Need.state).where(Need.id == need_id))
    if state is NeedState.PLEDGED and any(quantities.values()):
        _move(need_id, NeedState.PLEDGED, "uncover", pledged_at=None)
    db.session.expire_all()
    return value


def mark_delivered(need_id: int, *, now: datetime) -> None:
    """Every line of a covered need has been handed over; Conflict from any other state."""
    _move(need_id, NeedState.PLEDGED, "deliver", delivered_at=now)
    db.session.expire_all()


def mark_confirmed(need_id: int, *, now: datetime) -> None:
    """The household and a second person have confirmed a delivered need; Conflict from any other state."""
    _move(need_id, NeedState.DELIVERED, "confirm", confirmed_at=now)
    db.session.expire_all()


def mark_closed(need_id: int, *, now: datetime) -> None:
    """The donors of a confirmed need have heard how it went; Conflict from any other state."""
    _move(need_id, NeedState.CONFIRMED, "close", closed_at=now)
    db.session.expire_all()


def has_open_line(need_id: int) -> bool:
    """True where something of the need is promised by nobody."""
    is_open = sa.exists().where(NeedLine.need_id == need_id, NeedLine.pledged < NeedLine.quantity)
    return bool(db.session.scalar(sa.select(is_open)))


@dataclass(frozen=True, slots=True)
class _Line:
    """What reserving must know of a line; nothing of it changes after the need was sent for review."""

    id: int
    name: str
    unit: str
    unit_price_fen: int

    def value_of(self, quantity: int) -> int:
        return self.unit_price_fen * quantity


def _lines_of(need_id: int, quantities: Mapping[int, int]) -> dict[int, _Line]:
    if not quantities or any(quantity <= 0 for quantity in quantities.values()):
        raise Invalid("Choose at least one item and how many of it.", field="quantities")
    rows = db.session.execute(
        sa.select(NeedLine.id, NeedLine.name, NeedLine.unit, NeedLine.unit_price_fen).where(
            NeedLine.need_id == need_id, NeedLine.id.in_(quantities)
        )
    )
    lines = {row.id: _Line(row.id, row.name, row.unit, row.unit_price_fen) for row in rows}
    if len(lines) != len(quantities):
        raise NotFound("There is nothing here that you may see.")
    return lines


def _take(line: _Line, quantity: int) -> None:
    taken = _execute(
        sa.update(NeedLine)
        .where(NeedLine.id == line.id, NeedLine.pledged + quantity <= NeedLine.quantity)
        .values(pledged=NeedLine.pledged + quantity)
    )
    if taken:
        return
    still_open = db.session.scalar(sa.select(NeedLine.quantity - NeedLine.pledged).where(NeedLine.id == line.id)) or 0
    if still_open == 0:
        raise Conflict("Somebody else has just pledged all of: %(name)s.", name=line.name)
    if line.unit == MONEY_UNIT:
        raise Conflict("Only %(yuan)s yuan are still open.", yuan=Money(still_open).short)
    raise Conflict(
        "Of %(name)s only %(open)s %(unit)s are still open.", name=line.name, open=still_open, unit=line.unit
    )


def _add_value(need_id: int, value: int, *, state: NeedState | None) -> bool:
    update = sa.update(Need).where(Need.id == need_id).values(pledged_fen=Need.pledged_fen + value)
    return bool(_execute(update if state is None else update.where(Need.state == state)))


def _move(need_id: int, state: NeedState, move: str, **stamps: datetime | None) -> None:
    values: dict[str, Any] = {"state": next_state(NEED_MOVES, state, move), **stamps}
    if not _execute(sa.update(Need).where(Need.id == need_id, Need.state == state).values(**values)):
        raise Conflict("This is no longer possible: the record has moved on. Reload the page.")


def _execute(statement: sa.Update) -> int:
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    return cast("sa.CursorResult[Any]", result).rowcount
