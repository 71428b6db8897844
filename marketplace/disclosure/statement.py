"""The money flow statement: opening + received - used - returned = closing, from the ledger, two ways.

The movements are added up by kind of entry; the closing balance once more from the accounts that hold money. The two
can only differ where the book is damaged, and then the page says so.
"""

from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.disclosure.period import Period
from marketplace.ledger.models import FEN, AccountRole, EntryKind, LedgerAccount, LedgerEntry, LedgerLine
from marketplace.ledger.rules import TOTAL_OF, Totals
from marketplace.needs.models import Need
from marketplace.pairings.models import Agreement
from marketplace.pairings.queries import AGREEMENT
from marketplace.pledges.models import Pledge
from marketplace.pledges.queries import PLEDGE


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the statement, in fen."""

    before: Totals
    during: Totals
    # What the accounts of custodians and payees hold at the end.
    held: int

    def __add__(self, other: "Column") -> "Column":
        return Column(self.before + other.before, self.during + other.during, self.held + other.held)

    @property
    def agreed(self) -> int:
        """Promised in the period, less what lapsed or was cancelled in it."""
        return self.during.pledged - self.during.released

    @property
    def opening(self) -> int:
        """What had arrived and was neither used nor given back when the period began."""
        return self.before.left

    @property
    def closing(self) -> int:
        """What the movements leave."""
        return self.opening + self.during.left

    @property
    def gap(self) -> int:
        """0 where the movements and the accounts agree."""
        return self.held - self.closing


@dataclass(frozen=True, slots=True)
class Statement:
    """Gifts to needs, the channels' money, and their sum."""

    gifts: Column
    channels: Column

    @property
    def whole(self) -> Column:
        """Both together."""
        return self.gifts + self.channels

    @property
    def foots(self) -> bool:
        """True where every column foots to the fen."""
        return not self.gifts.gap and not self.channels.gap


@dataclass(frozen=True, slots=True)
class Reports:
    """Gifts delivered by then, and those of them whose donor has not been told."""

    delivered: int
    untold: int


def statement_of(period: Period) -> Statement:
    """The statement of a period, in two queries."""
    before, during = _movements(period)
    held = _held(period)
    gifts, channels = (
        Column(before.get(kind, Totals()), during.get(kind, Totals()), held.get(kind, 0))
        for kind in (PLEDGE, AGREEMENT)
    )
    return Statement(gifts, channels)


def reports_of(period: Period) -> Reports:
    """Of the gifts delivered up to the period's end, how many donors still wait for their report."""
    told = sa.and_(Pledge.reported_at.is_not(None), Pledge.reported_at <= period.until)
    row = db.session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((told, 0), else_=1)), 0))
        .select_from(Pledge)
        .join(Need, Need.id == Pledge.need_id)
        .where(
            Pledge.delivered_at <= period.until,
            Pledge.state.not_in((PledgeState.CANCELLED, PledgeState.LAPSED)),
            Need.division_code.startswith(period.prefix, autoescape=True),
        )
    ).one()
    return Reports(*(int(number) for number in row))


def _movements(period: Period) -> tuple[dict[str, Totals], dict[str, Totals]]:
    original = aliased(LedgerEntry)
    kind = sa.func.coalesce(original.kind, LedgerEntry.kind)
    # A reversal counts against the kind that it reverses.
    signed = sa.case((LedgerEntry.kind == EntryKind.REVERSE, -LedgerLine.amount), else_=LedgerLine.amount)
    kinds = {name: kind_ for kind_, name in TOTAL_OF.items()}
    sums = [sa.func.sum(sa.case((kind == kinds[f.name].value, signed), else_=0)) for f in fields(Totals)]
    part = sa.case((LedgerEntry.at < period.since, 0), else_=1)
    rows = db.session.execute(
        sa.select(LedgerEntry.subject_type, part, *sums)
        .select_from(LedgerLine)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(original, original.id == LedgerEntry.reverses_id)
        .where(*_in_period(period))
        .group_by(LedgerEntry.subject_type, part)
    )
    found: tuple[dict[str, Totals], dict[str, Totals]] = ({}, {})
    for subject, position, *amounts in rows:
        found[position][subject] = Totals(*(int(amount or 0) for amount in amounts))
    return found


def _held(period: Period) -> dict[str, int]:
    source, target = aliased(LedgerAccount), aliased(LedgerAccount)
    holders = (AccountRole.CUSTODY, AccountRole.HANDED)
    moved = sa.case((target.role.in_(holders), LedgerLine.amount), else_=0) - sa.case(
        (source.role.in_(holders), LedgerLine.amount), else_=0
    )
    rows = db.session.execute(
        sa.select(LedgerEntry.subject_type, sa.func.sum(moved))
        .select_from(LedgerLine)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .join(source, source.id == LedgerLine.from_account_id)
        .join(target, target.id == LedgerLine.to_account_id)
        .where(*_in_period(period))
        .group_by(LedgerEntry.subject_type)
    )
    return {subject: int(amount or 0) for subject, amount in rows}


def _in_period(period: Period) -> list[sa.ColumnElement[bool]]:
    conditions: list[Any] = [LedgerLine.unit == FEN, LedgerEntry.at <= period.until]
    if period.prefix:
        inside = Need.division_code.startswith(period.prefix, autoescape=True)
        gifts = sa.select(Pledge.id).join(Need, Need.id == Pledge.need_id).where(inside)
        projects = sa.select(Agreement.id).where(Agreement.division_code.startswith(period.prefix, autoescape=True))
        conditions.append(
            sa.or_(
                sa.and_(LedgerEntry.subject_type == PLEDGE, LedgerEntry.subject_id.in_(gifts)),
                sa.and_(LedgerEntry.subject_type == AGREEMENT, LedgerEntry.subject_id.in_(projects)),
            )
        )
    return conditions
