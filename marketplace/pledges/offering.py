"""Offers: what staff propose that a donor might give. An offer holds nothing: whoever pledges first, has it.

It is a pledge in state OFFERED whose lines stand with everything released. The donor accepts it, and only then are
its lines reserved, by the same conditional updates as any pledge; or declines it; or lets it lapse on its day.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.codes import Prefix, new_code
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.kinds import SupportKind
from marketplace.core.permissions import Permission
from marketplace.core.workflow import PLEDGE_MOVES, NeedState, PledgeState, next_state
from marketplace.db import db
from marketplace.db.once import insert_once
from marketplace.donors.models import Donor
from marketplace.needs import service as needs
from marketplace.needs.models import Need
from marketplace.pledges import policy
from marketplace.pledges.models import Pledge, PledgeLine, Way
from marketplace.pledges.queries import PLEDGE, find_pledge
from marketplace.pledges.service import PLEDGE_DAYS, book_promise, load_locked, record_act

OFFER_DAYS = 7
_WAYS = {SupportKind.MONEY: Way.CHARITY, SupportKind.GOODS: Way.SHIP}
_NOTHING_HERE = "There is nothing here that you may see."


def offer_need(
    need: Need, *, donor: Donor, quantities: Mapping[int, int], client_key: str, by: Actor, now: datetime
) -> Pledge:
    """Offer ``quantities`` (line id -> quantity) of a public need to a donor, for OFFER_DAYS; it holds nothing.

    The same ``client_key`` twice is one offer. Conflict where that much is no longer open, where the donor takes no
    offers now, or where the two are related (R-V8).
    """
    lines = {line.id: line for line in need.lines}
    if need.state is not NeedState.PUBLISHED or any(q > lines[i].open for i, q in quantities.items()):
        raise Conflict("This need can no longer be pledged to: it is covered, paused or closed.")
    if donor.preference.paused:
        raise Conflict("This donor takes no suggestions now.")
    _ensure_unrelated(donor.id, need)
    largest = max(quantities, key=lambda i: (lines[i].unit_price_fen * quantities[i], -i))
    values = {
        "code": new_code(Prefix.GIFT),
        "need_id": need.id,
        "donor_id": donor.id,
        "state": PledgeState.OFFERED,
        "kind": lines[largest].kind,
        "value_fen": sum(lines[i].unit_price_fen * quantity for i, quantity in quantities.items()),
        "way": _WAYS.get(lines[largest].kind, Way.DIRECT),
        "shows_name": donor.shows_name,
        "shows_amount": donor.shows_amount,
        "at_arms_length": True,
        "client_key": client_key,
        "created_at": now,
        "expires_at": now + timedelta(days=OFFER_DAYS),
    }
    is_new = insert_once(db.session, Pledge, key=["client_key"], values=values)
    pledge = db.session.scalars(sa.select(Pledge).where(Pledge.client_key == client_key)).one()
    if is_new:
        rows = [
            {"pledge_id": pledge.id, "line_id": line_id, "quantity": quantity, "released": quantity}
            for line_id, quantity in sorted(quantities.items())
        ]
        db.session.execute(sa.insert(PledgeLine), rows)
        audit.record(by, "pledge.offer", subject=PLEDGE, subject_id=pledge.id, at=now, division=need.division_code)
        db.session.flush()
    return pledge


def accept_offer(code: str, *, by: Actor, now: datetime) -> Pledge:
    """The donor's yes: the lines are reserved now, and the promise runs for PLEDGE_DAYS. Twice is once.

    Conflict where somebody else was first (C1), the offer ran out, or the two have become related (R-V8).
    """
    pledge = _own(code, by=by)
    if pledge.state is PledgeState.ACCEPTED:
        return pledge
    state = next_state(PLEDGE_MOVES, pledge.state, "accept")
    if pledge.expires_at <= now:
        raise Conflict("This offer has run out. You can still pledge to the need yourself if it is open.")
    need = pledge.need
    _ensure_unrelated(pledge.donor_id, need)
    wanted = {line.line_id: line.quantity for line in pledge.lines}
    pledge_id = pledge.id
    needs.reserve_lines(need.id, wanted, now=now)
    pledge = load_locked(pledge_id)
    for line in pledge.lines:
        line.released = 0
    pledge.state = state
    pledge.accepted_at = now
    pledge.expires_at = now + timedelta(days=PLEDGE_DAYS)
    db.session.flush()
    book_promise(pledge, by=by, now=now)
    record_act(pledge, "pledge.accept", by=by, now=now)
    return pledge


def decline_offer(code: str, *, by: Actor, now: datetime) -> Pledge:
    """The donor's no; it needs no reason and changes nothing else. Twice is once."""
    pledge = _own(code, by=by)
    if pledge.state is not PledgeState.DECLINED:
        pledge.state = next_state(PLEDGE_MOVES, pledge.state, "decline")
        pledge.ended_at = now
        record_act(pledge, "pledge.decline", by=by, now=now)
    return pledge


def take_back_offer(code: str, *, by: Actor, now: datetime) -> Pledge:
    """Staff take an offer back that the donor has not accepted; Conflict once it is a promise."""
    found = find_pledge(code)
    if found is None:
        raise NotFound(_NOTHING_HERE)
    ensure_can(by, Permission.MATCH_ALLOCATE, found.need.division_code)
    pledge = load_locked(found.id)
    if pledge.state is not PledgeState.OFFERED:
        raise Conflict("This is no longer possible: the record has moved on. Reload the page.")
    pledge.state = next_state(PLEDGE_MOVES, pledge.state, "cancel")
    pledge.ended_at = now
    record_act(pledge, "pledge.offer_taken_back", by=by, now=now)
    return pledge


def _own(code: str, *, by: Actor) -> Pledge:
    found = find_pledge(code)
    if found is None:
        raise NotFound(_NOTHING_HERE)
    policy.ensure_is_own(by, found)
    return load_locked(found.id)


def _ensure_unrelated(donor_id: int, need: Need) -> None:
    if not policy.is_at_arms_length(donor_id, need):
        raise Conflict("An offer never goes to somebody who is related to the household or works for its area.")
