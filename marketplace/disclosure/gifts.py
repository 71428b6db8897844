"""The list of donations: filtered, paged by key, with totals that add up to what is shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.core.codes import Prefix, parse_code
from marketplace.core.cursors import read_cursor, write_cursor
from marketplace.core.divisions import Level, at_level, level_of, significant
from marketplace.core.kinds import Labelled, SupportKind
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.disclosure.period import Period
from marketplace.disclosure.public import PublicGift, amount_class, giver_of, items_of, promised_words
from marketplace.donors.models import Donor
from marketplace.fulfilment.models import Receipt, ReceiptLine
from marketplace.ledger.models import FEN, LedgerBalance, LedgerEntry
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges.models import Pledge, PledgeLine
from marketplace.pledges.queries import PLEDGE
from marketplace.regions.places import places

ROWS_A_PAGE = 50
_EXPORT_BATCH = 500
_LONGEST_SEARCH = 60
_MOST_PLACES = 30


class Standing(Labelled):
    """Which gifts are listed (状态)."""

    CURRENT = "current", "全部有效"
    ACCEPTED = "accepted", "已认领"
    RECEIVED = "received", "已到位"
    DELIVERED = "delivered", "已送达"
    CONFIRMED = "confirmed", "已确认"
    REPORTED = "reported", "已反馈"
    LATE = "late", "逾期未到位"
    ENDED = "ended", "失效或取消"


_CURRENT = (
    PledgeState.ACCEPTED,
    PledgeState.RECEIVED,
    PledgeState.DELIVERED,
    PledgeState.CONFIRMED,
    PledgeState.REPORTED,
)
_STATE_OF = {
    Standing.ACCEPTED: PledgeState.ACCEPTED,
    Standing.RECEIVED: PledgeState.RECEIVED,
    Standing.DELIVERED: PledgeState.DELIVERED,
    Standing.CONFIRMED: PledgeState.CONFIRMED,
    Standing.REPORTED: PledgeState.REPORTED,
}
_ENDED = (PledgeState.LAPSED, PledgeState.CANCELLED)


@dataclass(frozen=True, slots=True)
class GiftFilters:
    """Gifts promised in a period and place, in some state, that hold the words."""

    period: Period
    standing: Standing = Standing.CURRENT
    words: str = ""


@dataclass(frozen=True, slots=True)
class GiftTotals:
    """What the rows of a filter add up to. Hidden amounts are left out, so that none can be found by subtraction."""

    gifts: int
    hidden: int
    money_agreed_fen: int
    money_received_fen: int
    goods_agreed_fen: int
    goods_received_fen: int


@dataclass(frozen=True, slots=True)
class GiftPage:
    """One page of the list; ``next_cursor`` is empty on the last."""

    gifts: tuple[PublicGift, ...]
    next_cursor: str


def list_gifts(filters: GiftFilters, cursor: str = "", *, now: datetime, size: int = ROWS_A_PAGE) -> GiftPage:
    """The newest promises first, with a fixed number of queries; a malformed cursor begins at the start."""
    chosen = (
        sa.select(
            Pledge,
            Need.division_code,
            Donor.donor_type,
            Donor.name,
            Donor.credit_code,
        )
        .join(Need, Need.id == Pledge.need_id)
        .join(Donor, Donor.id == Pledge.donor_id)
        .where(*_conditions(filters, now=now))
        .order_by(Pledge.accepted_at.desc(), Pledge.id.desc())
        .limit(size + 1)
    )
    after = read_cursor(cursor)
    if after is not None:
        key = sa.tuple_(Pledge.accepted_at, Pledge.id)
        chosen = chosen.where(key < sa.tuple_(sa.literal(after[0], Pledge.accepted_at.type), after[1]))
    rows = db.session.execute(chosen).all()
    shown = rows[:size]
    gifts = _public(shown, now=now)
    last = shown[-1][0] if len(rows) > size else None
    more = write_cursor(last.accepted_at, last.id) if last is not None and last.accepted_at is not None else ""
    return GiftPage(gifts, more)


def all_gifts(filters: GiftFilters, *, now: datetime) -> Iterator[PublicGift]:
    """Every gift of the filter, page by page, for an export of exactly what the list shows (E2)."""
    cursor = ""
    while True:
        page = list_gifts(filters, cursor, now=now, size=_EXPORT_BATCH)
        yield from page.gifts
        cursor = page.next_cursor
        if not cursor:
            return


def totals_of_gifts(filters: GiftFilters, *, now: datetime) -> GiftTotals:
    """The totals row of a filter, in two queries."""
    chosen = _conditions(filters, now=now)
    is_money, is_shown = Pledge.kind == SupportKind.MONEY, Pledge.shows_amount.is_(True)
    held = _held_fen().subquery()
    arrived = _arrived_fen().subquery()

    def total(amount: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
        return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(is_shown, *conditions), sa.func.coalesce(amount, 0)))), 0)

    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((is_shown, 0), else_=1)), 0),
            total(held.c.fen, is_money),
            total(arrived.c.fen, is_money),
            total(held.c.fen, ~is_money),
            total(arrived.c.fen, ~is_money),
        )
        .select_from(Pledge)
        .join(Need, Need.id == Pledge.need_id)
        .join(Donor, Donor.id == Pledge.donor_id)
        .outerjoin(held, held.c.pledge_id == Pledge.id)
        .outerjoin(arrived, arrived.c.pledge_id == Pledge.id)
        .where(*chosen)
    ).one()
    return GiftTotals(*(int(number) for number in row))


def _held_fen(ids: Sequence[int] | None = None) -> sa.Select[Any]:
    """What each pledge promises less what lapsed: money from the ledger's totals, other help by reference price."""
    money = sa.select(
        LedgerBalance.subject_id.label("pledge_id"), (LedgerBalance.pledged - LedgerBalance.released).label("fen")
    ).where(LedgerBalance.subject_type == PLEDGE, LedgerBalance.unit == FEN)
    goods = (
        sa.select(
            PledgeLine.pledge_id,
            sa.func.sum((PledgeLine.quantity - PledgeLine.released) * NeedLine.unit_price_fen).label("fen"),
        )
        .join(NeedLine, NeedLine.id == PledgeLine.line_id)
        .where(NeedLine.unit != FEN)
        .group_by(PledgeLine.pledge_id)
    )
    if ids is not None:
        money = money.where(LedgerBalance.subject_id.in_(ids))
        goods = goods.where(PledgeLine.pledge_id.in_(ids))
    return _summed(money, goods)


def _arrived_fen(ids: Sequence[int] | None = None) -> sa.Select[Any]:
    """What arrived of each pledge: money from the ledger's totals, other help by reference price."""
    money = sa.select(
        LedgerBalance.subject_id.label("pledge_id"), (LedgerBalance.received - LedgerBalance.returned).label("fen")
    ).where(LedgerBalance.subject_type == PLEDGE, LedgerBalance.unit == FEN)
    reversal = aliased(LedgerEntry)
    goods = (
        sa.select(Receipt.pledge_id, sa.func.sum(ReceiptLine.quantity * NeedLine.unit_price_fen).label("fen"))
        .join(ReceiptLine, ReceiptLine.receipt_id == Receipt.id)
        .join(NeedLine, NeedLine.id == ReceiptLine.line_id)
        .where(NeedLine.unit != FEN, ~sa.exists().where(reversal.reverses_id == Receipt.entry_id))
        .group_by(Receipt.pledge_id)
    )
    if ids is not None:
        money = money.where(LedgerBalance.subject_id.in_(ids))
        goods = goods.where(Receipt.pledge_id.in_(ids))
    return _summed(money, goods)


def _summed(money: sa.Select[int, int], goods: sa.Select[int, int]) -> sa.Select[Any]:
    both = sa.union_all(money, goods).subquery()
    return sa.select(both.c.pledge_id, sa.func.sum(both.c.fen).label("fen")).group_by(both.c.pledge_id)


def _conditions(filters: GiftFilters, *, now: datetime) -> list[sa.ColumnElement[bool]]:
    period = filters.period
    found = [
        Pledge.accepted_at >= period.since,
        Pledge.accepted_at <= period.until,
        Need.division_code.startswith(period.prefix, autoescape=True),
        *_of_standing(filters.standing, now=now),
    ]
    words = " ".join(filters.words.split())[:_LONGEST_SEARCH]
    return [*found, _holds(words)] if words else found


def _of_standing(standing: Standing, *, now: datetime) -> list[sa.ColumnElement[bool]]:
    if standing is Standing.CURRENT:
        return [Pledge.state.in_(_CURRENT)]
    if standing is Standing.ENDED:
        return [Pledge.state.in_(_ENDED)]
    if standing is Standing.LATE:
        return [Pledge.state == PledgeState.ACCEPTED, Pledge.expires_at <= now]
    return [Pledge.state == _STATE_OF[standing]]


def _holds(words: str) -> sa.ColumnElement[bool]:
    """The gift's or need's code; else an item, a place no finer than a township, or a donor who is named."""
    code = parse_code(words)
    if code is not None:
        return Pledge.code == code[1] if code[0] is Prefix.GIFT else Need.code == code[1]
    item = sa.exists().where(
        PledgeLine.pledge_id == Pledge.id,
        NeedLine.id == PledgeLine.line_id,
        NeedLine.name.contains(words, autoescape=True),
    )
    named = sa.and_(Pledge.shows_name.is_(True), Donor.name.contains(words, autoescape=True))
    inside = [Need.division_code.startswith(prefix, autoescape=True) for prefix in _places_called(words)]
    return sa.or_(item, named, *inside)


def _places_called(words: str) -> list[str]:
    """Significant prefixes of counties and townships whose name holds one of the words."""
    parts = [part for part in words.split() if len(part) > 1]
    found = (
        significant(code)
        for code, name in places().names.items()
        if level_of(code) in (Level.COUNTY, Level.TOWNSHIP) and any(part in name for part in parts)
    )
    return sorted(found, key=len)[:_MOST_PLACES]


def _public(rows: Sequence[Any], *, now: datetime) -> tuple[PublicGift, ...]:
    ids = [pledge.id for pledge, *_ in rows]
    lines = _lines(ids)
    held, arrived = _amounts(_held_fen(ids)), _amounts(_arrived_fen(ids))
    return tuple(
        PublicGift(
            code=pledge.code,
            promised_on=china_day(pledge.accepted_at),
            giver=giver_of(donor_type, name, credit_code, shows_name=pledge.shows_name),
            items=items_of(lines.get(pledge.id, []), shows_amount=pledge.shows_amount),
            kind=pledge.kind,
            township=at_level(division, Level.TOWNSHIP),
            state=pledge.state,
            is_late=pledge.state is PledgeState.ACCEPTED and pledge.expires_at <= now,
            agreed_fen=held.get(pledge.id, 0) if pledge.shows_amount else None,
            received_fen=arrived.get(pledge.id, 0) if pledge.shows_amount else None,
            amount_class="" if pledge.shows_amount else amount_class(pledge.value_fen),
            received_class="" if pledge.shows_amount else _class_of(arrived.get(pledge.id, 0)),
        )
        for pledge, division, donor_type, name, credit_code in rows
    )


def _class_of(arrived: int) -> str:
    """That nothing has arrived yet is no secret."""
    return amount_class(arrived) if arrived else "0.00"


def _amounts(query: sa.Select[Any]) -> dict[int, int]:
    return {pledge_id: int(fen or 0) for pledge_id, fen in db.session.execute(query)}


def _lines(ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    rows = db.session.execute(
        sa.select(PledgeLine, NeedLine)
        .join(NeedLine, NeedLine.id == PledgeLine.line_id)
        .where(PledgeLine.pledge_id.in_(ids))
        .order_by(PledgeLine.pledge_id, NeedLine.position)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for promised, asked in rows:
        found.setdefault(promised.pledge_id, []).append((asked.name, promised_words(promised, asked)))
    return found
