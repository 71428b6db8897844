"""Promises to needs: made once, never above what is open, run out on their day, cancelled before anything arrives."""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.codes import Choose, Prefix, new_code
from marketplace.core.errors import Conflict, Invalid, NotFound
from marketplace.core.kinds import SupportKind
from marketplace.core.money import LARGEST_FEN
from marketplace.core.workflow import PLEDGE_MOVES, PUBLIC_NEED_STATES, PledgeState, next_state
from marketplace.db import db
from marketplace.db.once import insert_once
from marketplace.donors import service as donors
from marketplace.donors.demands import refuse_demands
from marketplace.ledger import service as ledger
from marketplace.ledger.models import EntryKind
from marketplace.ledger.queries import balances_of, entries_of
from marketplace.ledger.rules import Quantity
from marketplace.needs import service as needs
from marketplace.needs.lint import Draft, personal_data
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges import policy
from marketplace.pledges.bulk import PledgeRow, insert_pledges
from marketplace.pledges.models import Pledge, PledgeLine, Way
from marketplace.pledges.policy import ensure_payable
from marketplace.pledges.queries import PLEDGE, due_ids, find_pledge, quantities_of, subject_of, with_all

__all__ = [
    "PLEDGE_DAYS",
    "PledgeRow",
    "book_promise",
    "cancel_pledge",
    "ensure_payable",
    "insert_pledges",
    "lapse_due",
    "lapse_pledge",
    "load_locked",
    "move_pledge",
    "pledge_need",
    "record_act",
    "release_unpaid",
    "set_visibility",
]

PLEDGE_DAYS = 7
LONGEST_INTENT = 200
_STAMPS = {"receive": "received_at", "deliver": "delivered_at", "confirm": "confirmed_at", "report": "reported_at"}
_ENDS_WHOLE = frozenset({PledgeState.OFFERED, PledgeState.ACCEPTED})
_NOTHING_HERE = "There is nothing here that you may see."


@dataclass(frozen=True, slots=True)
class _Promise:
    """What was asked for, worked out before anything is held."""

    need: Need
    donor_id: int
    quantities: Mapping[int, int]
    lines: Mapping[int, NeedLine]

    @property
    def value_fen(self) -> int:
        return sum(self.lines[i].unit_price_fen * quantity for i, quantity in self.quantities.items())

    @property
    def kind(self) -> SupportKind:
        return self.lines[max(self.quantities, key=self._worth)].kind

    def _worth(self, line_id: int) -> tuple[int, int]:
        return self.lines[line_id].unit_price_fen * self.quantities[line_id], -line_id


def pledge_need(
    need_code: str,
    *,
    quantities: Mapping[int, int],
    way: Way,
    intent: str,
    shows_name: bool,
    shows_amount: bool,
    client_key: str,
    by: Actor,
    now: datetime,
    choose: Choose = secrets.choice,
) -> Pledge:
    """Promise ``quantities`` (line id -> quantity, fen for money) of a public need; accepted at once, for PLEDGE_DAYS.

    The same ``client_key`` twice is one pledge (L9). Raises Conflict where somebody else was first (C1), Forbidden
    for whoever is no donor or is the household itself, Invalid for what cannot be promised.
    """
    promise = _work_out(need_code, quantities, by=by)
    intent = intent.strip()
    _check_intent(intent)
    values = {
        "code": new_code(Prefix.GIFT, choose),
        "need_id": promise.need.id,
        "donor_id": promise.donor_id,
        "state": PledgeState.ACCEPTED,
        "kind": promise.kind,
        "value_fen": promise.value_fen,
        "way": way,
        "intent": intent,
        "shows_name": shows_name,
        "shows_amount": shows_amount,
        "at_arms_length": policy.is_at_arms_length(promise.donor_id, promise.need),
        "client_key": client_key,
        "created_at": now,
        "accepted_at": now,
        "expires_at": now + timedelta(days=PLEDGE_DAYS),
    }
    is_new = insert_once(db.session, Pledge, key=["client_key"], values=values)
    pledge = db.session.scalars(sa.select(Pledge).where(Pledge.client_key == client_key).options(*with_all())).one()
    if not is_new:
        return _same(pledge, promise, way=way, intent=intent)
    return _hold(pledge, promise, by=by, now=now)


def _check_intent(intent: str) -> None:
    """The words stand on a public page as they are: short, and without a way to reach a person."""
    if len(intent) > LONGEST_INTENT:
        raise Invalid("Write at most 200 characters.", field="intent")
    refuse_demands(intent, field="intent")
    found = next(personal_data(Draft(lines=(), story=intent)), None)
    if found is not None:
        raise Invalid(found.message, field="intent")


def _work_out(need_code: str, quantities: Mapping[int, int], *, by: Actor) -> _Promise:
    is_public = sa.and_(Need.state.in_(PUBLIC_NEED_STATES), Need.hidden_at.is_(None))
    need = db.session.scalar(sa.select(Need).where(Need.code == need_code, is_public))
    if need is None:
        raise NotFound(_NOTHING_HERE)
    donor_id = policy.ensure_can_pledge(by, need)
    wanted = {line_id: quantity for line_id, quantity in quantities.items() if quantity != 0}
    if not wanted or any(type(q) is not int or not 0 < q <= LARGEST_FEN for q in wanted.values()):
        raise Invalid("Choose at least one item and how many of it.", field="quantities")
    lines = {line.id: line for line in need.lines}
    if not set(wanted) <= set(lines):
        raise NotFound(_NOTHING_HERE)
    return _Promise(need, donor_id, wanted, lines)


def _same(pledge: Pledge, promise: _Promise, *, way: Way, intent: str) -> Pledge:
    said = (promise.need.id, promise.donor_id, dict(promise.quantities), way, intent)
    kept = (pledge.need_id, pledge.donor_id, {line.line_id: line.quantity for line in pledge.lines})
    if said != (*kept, pledge.way, pledge.intent):
        raise Conflict("This form was already used for something else. Reload the page and try again.")
    return pledge


def _hold(pledge: Pledge, promise: _Promise, *, by: Actor, now: datetime) -> Pledge:
    """Reserve the lines, book the promise, lower the stated budget."""
    pledge_id, division = pledge.id, promise.need.division_code
    needs.reserve_lines(promise.need.id, promise.quantities, now=now)
    rows = [
        {"pledge_id": pledge_id, "line_id": line_id, "quantity": quantity}
        for line_id, quantity in sorted(promise.quantities.items())
    ]
    db.session.execute(sa.insert(PledgeLine), rows)
    pledge = book_promise(load_locked(pledge_id), by=by, now=now)
    audit.record(by, "pledge.make", subject=PLEDGE, subject_id=pledge_id, at=now, division=division)
    db.session.flush()
    return pledge


def book_promise(pledge: Pledge, *, by: Actor, now: datetime) -> Pledge:
    """Write what a pledge holds into the book, and lower the donor's stated budget by it."""
    ledger.record_pledge(
        subject_of(pledge), quantities_of(pledge.lines), client_key=f"pledge:{pledge.code}", by=by, at=now
    )
    pledge.from_budget_fen = donors.take_from_budget(pledge.donor_id, pledge.value_fen)
    return pledge


def cancel_pledge(code: str, *, by: Actor, now: datetime) -> Pledge:
    """The donor takes a promise back before anything has arrived; its lines are open to others at once."""
    found = find_pledge(code)
    if found is None:
        raise NotFound(_NOTHING_HERE)
    policy.ensure_is_own(by, found)
    pledge = load_locked(found.id)
    pledge.state = next_state(PLEDGE_MOVES, pledge.state, "cancel")
    pledge.ended_at = now
    release_unpaid(pledge, key=f"cancel:{pledge.code}", by=by, now=now)
    record_act(pledge, "pledge.cancel", by=by, now=now)
    return pledge


def lapse_due(now: datetime) -> int:
    """lapse_pledge for all that are due; how many were touched. A second run on the same day touches none."""
    return sum(lapse_pledge(pledge_id, now=now) for pledge_id in due_ids(now))


def lapse_pledge(pledge_id: int, *, now: datetime) -> bool:
    """End what has not arrived by its day: the whole pledge, or the unpaid rest where a part arrived (L10)."""
    pledge = load_locked(pledge_id)
    is_whole = pledge.state in _ENDS_WHOLE
    if pledge.expires_at > now:
        return False
    if is_whole:
        pledge.state = next_state(PLEDGE_MOVES, pledge.state, "lapse")
        pledge.ended_at = now
    freed = release_unpaid(pledge, key=f"lapse:{pledge.code}", by=SYSTEM, now=now)
    if is_whole or freed:
        record_act(pledge, "pledge.lapse", by=SYSTEM, now=now)
    return is_whole or bool(freed)


def release_unpaid(pledge: Pledge, *, key: str, by: Actor, now: datetime) -> dict[int, int]:
    """Free what has not arrived: the need's lines, the promise in the ledger, the donor's budget; by line id."""
    freed = _unpaid(pledge)
    if not freed:
        return freed
    lines = [line for line in pledge.lines if line.line_id in freed]
    booked = [Quantity(freed[line.line_id], line.need_line.unit, line.need_line.name) for line in lines]
    subject, pledge_id = subject_of(pledge), pledge.id
    for line in lines:
        line.released += freed[line.line_id]
    db.session.flush()
    value = needs.free_lines(pledge.need_id, freed, now=now)
    if balances_of(PLEDGE, pledge_id):
        ledger.record_release(subject, booked, client_key=key, by=by, at=now)
    given_back = min(pledge.from_budget_fen, value)
    donors.give_back_budget(pledge.donor_id, given_back)
    pledge.from_budget_fen -= given_back
    return freed


def _unpaid(pledge: Pledge) -> dict[int, int]:
    """Line id -> quantity that has not arrived."""
    arrived = _arrived(pledge.id)
    rest = {}
    for line in pledge.lines:
        rest[line.line_id] = line.held - _use_up(arrived, (line.need_line.unit, line.need_line.name), line.held)
    # What arrived under no item's name fills the lines of its unit from the first on.
    for line in pledge.lines:
        for place in [place for place in arrived if place[0] == line.need_line.unit]:
            rest[line.line_id] -= _use_up(arrived, place, rest[line.line_id])
    return {line_id: quantity for line_id, quantity in rest.items() if quantity}


def _use_up(arrived: Counter[tuple[str, str]], place: tuple[str, str], most: int) -> int:
    used = min(arrived[place], most)
    arrived[place] -= used
    return used


def _arrived(pledge_id: int) -> Counter[tuple[str, str]]:
    """(unit, item) -> quantity that arrived and was not reversed, as the ledger says."""
    entries = entries_of(PLEDGE, pledge_id)
    undone = {entry.reverses_id for entry in entries}
    arrived: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.kind is EntryKind.RECEIVE and entry.id not in undone:
            for line in entry.lines:
                arrived[(line.unit, line.memo)] += line.amount
    return arrived


def move_pledge(pledge_id: int, move: str, *, now: datetime) -> Pledge:
    """Receive, deliver, confirm or report; a further part may arrive while the pledge is received.

    The pledge's row is locked until the surface commits. Conflict where the table has no such move or the promise
    has run out before it arrives.
    """
    pledge = load_locked(pledge_id)
    if move == "receive":
        ensure_payable(pledge, now=now)
        if pledge.state is PledgeState.RECEIVED:
            return pledge
    pledge.state = next_state(PLEDGE_MOVES, pledge.state, move)
    setattr(pledge, _STAMPS[move], now)
    db.session.flush()
    return pledge


def set_visibility(code: str, *, shows_name: bool, shows_amount: bool, by: Actor, now: datetime) -> Pledge:
    """The donor's choice whether name and amount are public, each by itself, at any time (R-P2)."""
    pledge = find_pledge(code)
    if pledge is None:
        raise NotFound(_NOTHING_HERE)
    policy.ensure_is_own(by, pledge)
    pledge.shows_name, pledge.shows_amount = shows_name, shows_amount
    record_act(pledge, "pledge.visibility", by=by, now=now)
    return pledge


def load_locked(pledge_id: int) -> Pledge:
    """The pledge as it is now, locked against other writers."""
    db.session.flush()
    locked = sa.select(Pledge.id).where(Pledge.id == pledge_id).with_for_update()
    if db.session.scalar(locked) is None:
        raise NotFound(_NOTHING_HERE)
    chosen = sa.select(Pledge).where(Pledge.id == pledge_id).options(*with_all())
    return db.session.scalars(chosen.execution_options(populate_existing=True)).one()


def record_act(pledge: Pledge, action: str, *, by: Actor, now: datetime) -> None:
    """One row of the trail about a pledge."""
    audit.record(by, action, subject=PLEDGE, subject_id=pledge.id, at=now, division=pledge.need.division_code)
