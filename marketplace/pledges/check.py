"""Check pledges against needs and against the book, on live rows."""

from collections.abc import Mapping

import sqlalchemy as sa

from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.ledger.check import Invariant
from marketplace.ledger.models import LedgerBalance
from marketplace.ledger.rules import Totals
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges.models import Pledge, PledgeLine
from marketplace.pledges.queries import PLEDGE

# Nothing is promised before a pledge is accepted.
_NOT_BOOKED = frozenset({PledgeState.OFFERED, PledgeState.DECLINED})
_ENDED = frozenset({PledgeState.LAPSED, PledgeState.CANCELLED, PledgeState.DECLINED})
_ARRIVED = frozenset({PledgeState.RECEIVED, PledgeState.DELIVERED, PledgeState.CONFIRMED, PledgeState.REPORTED})
_NOTHING = Totals()


def check_pledges() -> list[Invariant]:
    """L3: parts add up to the whole, on both sides; each money event of a pledge stands in the book."""
    return [_lines_add_up(), _needs_add_up(), *_books_agree()]


def _lines_add_up() -> Invariant:
    invariant = Invariant("L3", "What pledges hold of a line is what the line counts as pledged, and within it.")
    held = sa.func.coalesce(sa.func.sum(PledgeLine.quantity - PledgeLine.released), 0)
    chosen = (
        sa.select(NeedLine.id, NeedLine.quantity, NeedLine.pledged, held)
        .outerjoin(PledgeLine, PledgeLine.line_id == NeedLine.id)
        .group_by(NeedLine.id, NeedLine.quantity, NeedLine.pledged)
    )
    for line_id, quantity, pledged, total in db.session.execute(chosen):
        is_right = int(total) == pledged <= quantity
        invariant.look(is_right=is_right, fault=f"need line {line_id}: {total} held, {pledged} of {quantity} counted")
    return invariant


def _needs_add_up() -> Invariant:
    invariant = Invariant("L3", "A need's pledged value is the value of its lines' pledged parts.")
    value = sa.func.coalesce(sa.func.sum(NeedLine.pledged * NeedLine.unit_price_fen), 0)
    chosen = sa.select(Need.code, Need.pledged_fen, value).outerjoin(NeedLine).group_by(Need.code, Need.pledged_fen)
    for code, stored, counted in db.session.execute(chosen):
        invariant.look(is_right=stored == int(counted), fault=f"{code}: stored {stored} fen, counted {counted} fen")
    return invariant


def _books_agree() -> list[Invariant]:
    promised = Invariant("L3", "Each pledge stands in the book with what it promised and what was released of it.")
    moved = Invariant("L10", "A pledge that ended owes and holds nothing; one that arrived has received something.")
    booked, lines = _booked(), _promised()
    chosen = sa.select(Pledge.id, Pledge.code, Pledge.state, Pledge.accepted_at)
    for key, code, state, accepted_at in db.session.execute(chosen):
        totals = booked.pop(key, {})
        # An offer that lapsed or was taken back has never been promised either.
        was_promised = state not in _NOT_BOOKED and not (state in _ENDED and accepted_at is None)
        want = lines.get(key, {}) if was_promised else {}
        have = {unit: (t.pledged, t.released) for unit, t in totals.items()}
        promised.look(is_right=have == want, fault=f"{code}: promised {want}, booked {have}")
        moved.look(is_right=_state_fits(state, totals), fault=f"{code}: {state}, but {totals}")
    for key in booked:
        promised.look(is_right=False, fault=f"the book knows pledge {key}, which does not exist")
    return [promised, moved]


def _state_fits(state: PledgeState, totals: Mapping[str, Totals]) -> bool:
    received = sum(t.received for t in totals.values())
    if state in _ENDED:
        return received == 0 and all(t.owed == 0 for t in totals.values())
    return (received > 0) == (state in _ARRIVED)


def _booked() -> dict[int, dict[str, Totals]]:
    B = LedgerBalance
    amounts = (B.pledged, B.released, B.received, B.disbursed, B.used, B.returned)
    chosen = sa.select(B.subject_id, B.unit, *amounts).where(B.subject_type == PLEDGE)
    found: dict[int, dict[str, Totals]] = {}
    for key, unit, *values in db.session.execute(chosen):
        # A promise that was reversed leaves zeros behind.
        if Totals(*values) != _NOTHING:
            found.setdefault(key, {})[unit] = Totals(*values)
    return found


def _promised() -> dict[int, dict[str, tuple[int, int]]]:
    chosen = sa.select(PledgeLine.pledge_id, NeedLine.unit, PledgeLine.quantity, PledgeLine.released).join(NeedLine)
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for key, unit, quantity, released in db.session.execute(chosen):
        by_unit = found.setdefault(key, {})
        before = by_unit.get(unit, (0, 0))
        by_unit[unit] = (before[0] + quantity, before[1] + released)
    return found
