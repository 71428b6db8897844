"""The desk's list of work: pledges of an area that wait for an act, the soonest due first."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from marketplace.core.actor import Actor
from marketplace.core.cursors import read_cursor, write_cursor
from marketplace.core.kinds import SupportKind
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db
from marketplace.fulfilment.acts import CLOCKS, NEXT_ACT, STATE_BEFORE, Act
from marketplace.fulfilment.models import Confirmation, ConfirmerKind, Receipt
from marketplace.fulfilment.queries import Answers, due_of, last_answers
from marketplace.ledger.models import LedgerBalance
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge
from marketplace.pledges.queries import PLEDGE

ROWS_A_PAGE = 30


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One pledge on the desk: what comes next, by when, and what stands in the way."""

    code: str
    need_code: str
    title: str
    division_code: str
    state: PledgeState
    kind: SupportKind
    value_fen: int
    due: datetime | None
    # Who has not answered yet, or said that nothing arrived.
    household_said: bool | None
    second_said: bool | None
    id: int


@dataclass(frozen=True, slots=True)
class WorkPage:
    """Pledges that wait for the same act, the soonest due first."""

    act: Act
    rows: tuple[WorkRow, ...]
    next_cursor: str


def list_work(
    actor: Actor, act: Act, *, cursor: str = "", only_denied: bool = False, size: int = ROWS_A_PAGE
) -> WorkPage:
    """The pledges of the actor's area that wait for ``act``; ``only_denied``: where somebody says nothing arrived."""
    started = getattr(Pledge, CLOCKS[act][0])
    chosen = (
        sa.select(Pledge, Need.code, Need.title, Need.division_code)
        .join(Need, Need.id == Pledge.need_id)
        .where(Pledge.state == STATE_BEFORE[act], _waits_in(actor))
        .order_by(started, Pledge.id)
        .limit(size + 1)
    )
    if only_denied:
        chosen = chosen.where(Pledge.id.in_(_denied_ids()))
    after = read_cursor(cursor)
    if after is not None:
        chosen = chosen.where(sa.tuple_(started, Pledge.id) > sa.tuple_(sa.literal(after[0], started.type), after[1]))
    found = db.session.execute(chosen).all()
    shown = found[:size]
    answers = last_answers([pledge.id for pledge, *_ in shown]) if act is Act.CONFIRM else {}
    rows = tuple(_work_row(pledge, code, title, division, answers) for pledge, code, title, division in shown)
    last = shown[-1][0] if len(found) > size else None
    return WorkPage(act, rows, write_cursor(getattr(last, CLOCKS[act][0]), last.id) if last else "")


def count_work(actor: Actor) -> dict[Act, int]:
    """How many pledges of the actor's area wait for each act."""
    rows = db.session.execute(
        sa.select(Pledge.state, sa.func.count())
        .join(Need, Need.id == Pledge.need_id)
        .where(Pledge.state.in_(NEXT_ACT), _waits_in(actor))
        .group_by(Pledge.state)
    )
    counts = {NEXT_ACT[state]: int(number) for state, number in rows}
    return {act: counts.get(act, 0) for act in Act}


def list_to_give_back(actor: Actor) -> list[Pledge]:
    """Gifts of withdrawn needs that lie in custody and that this person may give back, the oldest first."""
    lies = sa.exists().where(
        LedgerBalance.subject_type == PLEDGE,
        LedgerBalance.subject_id == Pledge.id,
        LedgerBalance.received > LedgerBalance.disbursed + LedgerBalance.returned,
    )
    by_another = sa.exists().where(Receipt.pledge_id == Pledge.id, Receipt.recorded_by.is_distinct_from(actor.user_id))
    is_over = sa.and_(Need.state == NeedState.WITHDRAWN, Pledge.state == PledgeState.RECEIVED)
    chosen = (
        sa.select(Pledge)
        .join(Need, Need.id == Pledge.need_id)
        .where(is_over, lies, by_another, _inside(actor, Permission.USE_RECORD))
        .options(joinedload(Pledge.need))
        .order_by(Pledge.received_at, Pledge.id)
    )
    return list(db.session.scalars(chosen))


def count_denied(actor: Actor) -> int:
    """How many delivered pledges of the area somebody says did not arrive."""
    chosen = (
        sa.select(sa.func.count())
        .select_from(Pledge)
        .join(Need, Need.id == Pledge.need_id)
        .where(Pledge.state == PledgeState.DELIVERED, Pledge.id.in_(_denied_ids()), _waits_in(actor))
    )
    return db.session.scalar(chosen) or 0


def _denied_ids() -> sa.Select[int]:
    """Pledges whose latest answer of some kind is "did not arrive"."""
    later = aliased(Confirmation)
    gave_way = sa.exists().where(
        later.pledge_id == Confirmation.pledge_id, later.kind == Confirmation.kind, later.id > Confirmation.id
    )
    return sa.select(Confirmation.pledge_id).where(Confirmation.arrived.is_(False), ~gave_way)


def _waits_in(actor: Actor) -> sa.ColumnElement[bool]:
    """Of the actor's area, and of a need that was not withdrawn: there nothing is handed over or asked for any more."""
    return sa.and_(_inside(actor, Permission.PLEDGE_READ), Need.state != NeedState.WITHDRAWN)


def _inside(actor: Actor, permission: Permission) -> sa.ColumnElement[bool]:
    areas = actor.areas(permission)
    return sa.or_(sa.false(), *(Need.division_code.startswith(area, autoescape=True) for area in areas))


def _work_row(pledge: Pledge, need_code: str, title: str, division: str, answers: Answers) -> WorkRow:
    household = answers.get((pledge.id, ConfirmerKind.HOUSEHOLD))
    second = answers.get((pledge.id, ConfirmerKind.SECOND))
    return WorkRow(
        code=pledge.code,
        need_code=need_code,
        title=title,
        division_code=division,
        state=pledge.state,
        kind=pledge.kind,
        value_fen=pledge.value_fen,
        due=due_of(pledge),
        household_said=household.arrived if household else None,
        second_said=second.arrived if second else None,
        id=pledge.id,
    )
