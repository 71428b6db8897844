"""One gift from promise to confirmation: every figure from its ledger entries, nothing that leads to a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from marketplace.core.divisions import Level, at_level
from marketplace.core.errors import NotFound
from marketplace.core.kinds import SupportKind
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.disclosure.events import Event, events_of, reversed_ids
from marketplace.disclosure.public import PublicGiver, amount_class, giver_of, items_of, promised_words
from marketplace.donors.models import Donor
from marketplace.fulfilment.models import (
    Feedback,
    Use,
)
from marketplace.ledger.models import FEN, AccountRole, EntryKind, LedgerAccount, LedgerEntry
from marketplace.ledger.queries import entries_of
from marketplace.ledger.rules import TOTAL_OF, Totals
from marketplace.needs.models import Need, NeedLine
from marketplace.needs.queries import is_public
from marketplace.pledges.models import Pledge, PledgeLine, Way
from marketplace.pledges.queries import PLEDGE

_PUBLIC_STATES = tuple(state for state in PledgeState if state not in (PledgeState.OFFERED, PledgeState.DECLINED))
# What stands behind these roles is nobody's name: a donor's and a pledge's account are told by their role alone.
_NAMED_ROLES = frozenset({AccountRole.CUSTODY, AccountRole.HANDED, AccountRole.SPENT})


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the quantity of one unit went; amounts are None where the donor hides them."""

    unit: str
    totals: Totals
    steps: tuple["FlowStep", ...]

    @property
    def is_money(self) -> bool:
        """True for fen."""
        return self.unit == FEN


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One kind of movement: its amount, its share of the promise in percent, and the last day of it."""

    kind: EntryKind
    amount: int
    percent: int
    on: date | None
    # A hand-over is told by its month: a day tells the neighbours whose visit it was.
    by_month: bool


@dataclass(frozen=True, slots=True)
class BookRow:
    """One line of one ledger entry."""

    number: int
    kind: EntryKind
    on: date
    by_month: bool
    source_role: AccountRole
    source: str
    target_role: AccountRole
    target: str
    amount: int
    unit: str
    memo: str
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class PublicGiftPage:
    """One gift as anybody may see it."""

    code: str
    need_code: str
    state: PledgeState
    is_late: bool
    giver: PublicGiver
    kind: SupportKind
    way: Way
    county: str
    township: str
    items: str
    shows_amount: bool
    agreed_fen: int
    amount_class: str
    flows: tuple[Flow, ...]
    events: tuple[Event, ...]
    book: tuple[BookRow, ...]
    intent: str
    used_for: tuple[str, ...]
    words: str

    @property
    def is_money(self) -> bool:
        """True where the gift is counted in fen."""
        return self.kind is SupportKind.MONEY

    @property
    def is_given_back(self) -> bool:
        """True where it arrived and went back to the donor, and nothing of it is left."""
        return any(flow.totals.returned for flow in self.flows) and not any(flow.totals.left for flow in self.flows)


def get_gift(code: str, *, now: datetime) -> PublicGiftPage:
    """The page of one gift; NotFound for what is no accepted pledge."""
    row = db.session.execute(
        sa.select(Pledge, Need, Donor.donor_type, Donor.name, Donor.credit_code)
        .join(Need, Need.id == Pledge.need_id)
        .join(Donor, Donor.id == Pledge.donor_id)
        .where(Pledge.code == code, Pledge.state.in_(_PUBLIC_STATES), Pledge.accepted_at.is_not(None))
    ).one_or_none()
    if row is None:
        raise NotFound("There is no gift with this code.")
    pledge, need, donor_type, name, credit_code = row
    entries = entries_of(PLEDGE, pledge.id)
    lines = _lines(pledge.id)
    uses = list(db.session.scalars(sa.select(Use).where(Use.pledge_id == pledge.id).order_by(Use.at, Use.id)))
    feedback = db.session.scalar(sa.select(Feedback).where(Feedback.pledge_id == pledge.id))
    return PublicGiftPage(
        code=pledge.code,
        need_code=need.code if is_public(need) else "",
        state=pledge.state,
        is_late=pledge.state is PledgeState.ACCEPTED and pledge.expires_at <= now,
        giver=giver_of(donor_type, name, credit_code, shows_name=pledge.shows_name),
        kind=pledge.kind,
        way=pledge.way,
        county=at_level(need.division_code, Level.COUNTY),
        township=at_level(need.division_code, Level.TOWNSHIP),
        items=items_of(lines, shows_amount=pledge.shows_amount),
        shows_amount=pledge.shows_amount,
        agreed_fen=pledge.value_fen,
        amount_class="" if pledge.shows_amount else amount_class(pledge.value_fen),
        flows=tuple(_flows(entries)),
        events=tuple(events_of(pledge, entries, uses, feedback)),
        book=tuple(_book(entries, hidden="" if is_public(need) else need.code)),
        intent=pledge.intent,
        used_for=tuple(dict.fromkeys(use.what for use in uses)),
        words=feedback.words if feedback is not None and feedback.may_publish and need.hidden_at is None else "",
    )


def _lines(pledge_id: int) -> list[tuple[str, str]]:
    rows = db.session.execute(
        sa.select(PledgeLine, NeedLine)
        .join(NeedLine, NeedLine.id == PledgeLine.line_id)
        .where(PledgeLine.pledge_id == pledge_id)
        .order_by(NeedLine.position)
    )
    return [(asked.name, promised_words(promised, asked)) for promised, asked in rows]


def _flows(entries: Sequence[LedgerEntry]) -> list[Flow]:
    """Totals by unit over the entries that stand, with the day of the last movement of each kind."""
    gone = reversed_ids(entries)
    standing = [e for e in entries if e.id not in gone and e.kind is not EntryKind.REVERSE]
    units = list(dict.fromkeys(line.unit for entry in entries for line in entry.lines))
    return [_flow(unit, standing) for unit in units]


def _flow(unit: str, standing: Sequence[LedgerEntry]) -> Flow:
    amounts: dict[EntryKind, int] = {}
    last: dict[EntryKind, date] = {}
    for entry in standing:
        amount = sum(line.amount for line in entry.lines if line.unit == unit)
        if amount:
            amounts[entry.kind] = amounts.get(entry.kind, 0) + amount
            last[entry.kind] = china_day(entry.at)
    totals = Totals(**{TOTAL_OF[kind]: amount for kind, amount in amounts.items()})
    always = (EntryKind.PLEDGE, EntryKind.RECEIVE, EntryKind.DISBURSE, *((EntryKind.USE,) if unit == FEN else ()))
    shown = [kind for kind in EntryKind if kind in always or kind in amounts]
    steps = tuple(
        FlowStep(
            kind=kind,
            amount=amounts.get(kind, 0),
            percent=100 * amounts.get(kind, 0) // max(1, totals.pledged),
            on=last.get(kind),
            by_month=_is_visit(kind, unit),
        )
        for kind in shown
    )
    return Flow(unit, totals, steps)


def _is_visit(kind: EntryKind, unit: str) -> bool:
    """Goods leave custody on the day of the visit to the household."""
    return kind is EntryKind.DISBURSE and unit != FEN


def _book(entries: Sequence[LedgerEntry], *, hidden: str) -> list[BookRow]:
    """Every line of every entry; things go to the need by its code, which stays out where it is ``hidden``."""
    gone = reversed_ids(entries)
    return [
        BookRow(
            number=entry.id,
            kind=entry.kind,
            on=china_day(entry.at),
            by_month=_is_visit(entry.kind, line.unit),
            source_role=line.source.role,
            source=_holder(line.source, hidden=hidden),
            target_role=line.target.role,
            target=_holder(line.target, hidden=hidden),
            amount=line.amount,
            unit=line.unit,
            memo=line.memo,
            is_reversed=entry.id in gone,
        )
        for entry in entries
        for line in entry.lines
    ]


def _holder(account: LedgerAccount, *, hidden: str) -> str:
    return account.holder if account.role in _NAMED_ROLES and account.holder != hidden else ""
