"""Read what happened to pledges: by pledge for rules, as a record for staff, as a list of work for the desk."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from marketplace.core.actor import Actor, ensure_can
from marketplace.core.errors import NotFound
from marketplace.core.kinds import DonorType, SupportKind
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.fulfilment.acts import CLOCKS, NEXT_ACT, Act, due_at
from marketplace.fulfilment.loading import NOTHING_HERE, canonical
from marketplace.fulfilment.models import (
    Confirmation,
    ConfirmerKind,
    Delivery,
    Feedback,
    GivenBack,
    Receipt,
    ReceiptLine,
    Use,
)
from marketplace.ledger.models import FEN, AccountRole, EntryKind, LedgerEntry
from marketplace.ledger.queries import balances_among
from marketplace.ledger.rules import Account, Totals
from marketplace.ledger.store import standing_of
from marketplace.media.models import Photo
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges.models import Pledge, PledgeLine

R = TypeVar("R", Receipt, Use, Delivery, Confirmation, Feedback)
Answers = Mapping[tuple[int, ConfirmerKind], Confirmation]


def received_by_line(pledge_id: int) -> dict[int, int]:
    """How much of each line has arrived, by line id, in the line's unit."""
    rows = db.session.execute(
        sa.select(ReceiptLine.line_id, sa.func.sum(ReceiptLine.quantity))
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .where(Receipt.pledge_id == pledge_id, _stands(Receipt.entry_id))
        .group_by(ReceiptLine.line_id)
    )
    return {line_id: int(quantity) for line_id, quantity in rows}


def disbursed_receipt_ids(pledge_id: int) -> set[int]:
    """The receipts whose money has been passed on, by the keys of entries that were not reversed."""
    keys = db.session.scalars(
        sa.select(LedgerEntry.client_key).where(
            LedgerEntry.subject_type == "pledge",
            LedgerEntry.subject_id == pledge_id,
            LedgerEntry.kind == EntryKind.DISBURSE,
            LedgerEntry.client_key.startswith("disburse:"),
            _stands(LedgerEntry.id),
        )
    )
    return {int(key.split(":")[1]) for key in keys}


def given_back_of(pledge_ids: Collection[int]) -> dict[int, list[GivenBack]]:
    """Pledge id -> what went back to its donor, oldest first; without what was reversed."""
    chosen = (
        sa.select(Receipt.pledge_id, GivenBack)
        .join(Receipt, Receipt.id == GivenBack.receipt_id)
        .where(Receipt.pledge_id.in_(pledge_ids), _stands(GivenBack.entry_id))
        .order_by(GivenBack.id)
    )
    found: dict[int, list[GivenBack]] = {}
    for pledge_id, row in db.session.execute(chosen):
        found.setdefault(pledge_id, []).append(row)
    return found


def last_answers(pledge_ids: Collection[int]) -> Answers:
    """The latest answer of each kind for each pledge; an earlier "did not arrive" gives way to a later answer."""
    rows = db.session.scalars(
        sa.select(Confirmation).where(Confirmation.pledge_id.in_(pledge_ids)).order_by(Confirmation.at, Confirmation.id)
    )
    return {(answer.pledge_id, answer.kind): answer for answer in rows}


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One line of a pledge: promised (less what lapsed) and arrived, in its unit."""

    line_id: int
    name: str
    kind: SupportKind
    unit: str
    unit_price_fen: int
    held: int
    received: int

    @property
    def open(self) -> int:
        """What is still to come."""
        return max(0, self.held - self.received)

    @property
    def is_money(self) -> bool:
        """True for a line that is counted in fen."""
        return self.unit == FEN


@dataclass(frozen=True, slots=True)
class Case:
    """A pledge with all that happened to it, for staff of its area."""

    pledge: Pledge
    need: Need
    donor_code: str
    donor_type: DonorType
    lines: tuple[CaseLine, ...]
    money: Totals
    receipts: tuple[Receipt, ...]
    # Receipts whose money lies in custody, and payees with money that is passed on and not used (fen).
    undisbursed: tuple[Receipt, ...]
    payees: tuple[tuple[str, int], ...]
    uses: tuple[Use, ...]
    # Of a withdrawn need: receipts that lie in custody, and what of them went back to the donor.
    to_give_back: tuple[Receipt, ...]
    given_back: tuple[GivenBack, ...]
    photos: Mapping[int, Photo]
    delivery: Delivery | None
    answers: tuple[Confirmation, ...]
    feedback: Feedback | None

    @property
    def act(self) -> Act | None:
        """What comes next; None once the donor has been told, or where the pledge ended."""
        return NEXT_ACT.get(self.pledge.state)

    @property
    def due(self) -> datetime | None:
        """When the next act is due; of a withdrawn need nothing is."""
        return due_of(self.pledge) if self.need.state is not NeedState.WITHDRAWN else None

    @property
    def is_complete(self) -> bool:
        """True once everything promised has arrived."""
        return all(line.open == 0 for line in self.lines)

    def last_answer(self, kind: ConfirmerKind) -> Confirmation | None:
        """The answer of this kind that counts."""
        return next((answer for answer in reversed(self.answers) if answer.kind is kind), None)


def due_of(pledge: Pledge) -> datetime | None:
    """When the next act on a pledge is due, or None where nothing comes next."""
    act = NEXT_ACT.get(pledge.state)
    started = getattr(pledge, CLOCKS[act][0]) if act is not None else None
    return due_at(act, started) if act is not None and started is not None else None


def get_case(code: str, *, actor: Actor) -> Case:
    """One pledge for staff who read pledges in its area; NotFound for everybody else (Z2)."""
    row = db.session.execute(
        sa.select(Pledge, Need, Donor.code, Donor.donor_type)
        .join(Need, Need.id == Pledge.need_id)
        .join(Donor, Donor.id == Pledge.donor_id)
        .where(Pledge.code == canonical(code))
    ).one_or_none()
    if row is None:
        raise NotFound(NOTHING_HERE)
    pledge, need, donor_code, donor_type = row
    ensure_can(actor, Permission.PLEDGE_READ, need.division_code)
    receipts = _rows(Receipt, pledge.id)
    uses, delivery, given_back = (
        _rows(Use, pledge.id),
        _rows(Delivery, pledge.id),
        given_back_of([pledge.id]).get(pledge.id, []),
    )
    held = standing_of("pledge", pledge.id).held
    done = disbursed_receipt_ids(pledge.id)
    return Case(
        pledge=pledge,
        need=need,
        donor_code=donor_code,
        donor_type=donor_type,
        lines=_case_lines(pledge),
        money=balances_among("pledge", [pledge.id]).get(pledge.id, {}).get(FEN, Totals()),
        receipts=tuple(receipts),
        undisbursed=tuple(
            receipt
            for receipt in receipts
            if receipt.id not in done and _in_custody(held, receipt.custodian) >= receipt.value_fen > 0
        ),
        payees=tuple(
            (account.holder, amount)
            for (account, unit), amount in sorted(held.items())
            if account.role is AccountRole.HANDED and unit == FEN and amount > 0
        ),
        uses=tuple(uses),
        to_give_back=_to_give_back(pledge, need, receipts, gone=done | {row.receipt_id for row in given_back}),
        given_back=tuple(given_back),
        photos=_photos(
            [
                *(d.photo_id for d in delivery),
                *(u.photo_id for u in uses if u.photo_id),
                *(g.photo_id for g in given_back if g.photo_id),
            ]
        ),
        delivery=delivery[0] if delivery else None,
        answers=tuple(_rows(Confirmation, pledge.id)),
        feedback=next(iter(_rows(Feedback, pledge.id)), None),
    )


@dataclass(frozen=True, slots=True)
class OwnDelivery:
    """What was delivered to a household and waits for its answer."""

    need_code: str
    title: str
    delivered_at: datetime | None


def awaits_household(need_id: int) -> bool:
    """True where something of this need was delivered that its household has not confirmed."""
    waiting = sa.exists().where(Pledge.need_id == need_id, *_unconfirmed())
    return bool(db.session.scalar(sa.select(waiting)))


def _unconfirmed() -> tuple[sa.ColumnElement[bool], ...]:
    confirmed = sa.exists().where(
        Confirmation.pledge_id == Pledge.id,
        Confirmation.kind == ConfirmerKind.HOUSEHOLD,
        Confirmation.arrived.is_(True),
    )
    return Pledge.state == PledgeState.DELIVERED, ~confirmed


def list_own_deliveries(household_id: int) -> list[OwnDelivery]:
    """The household's needs with a delivery that it has not confirmed."""
    rows = db.session.execute(
        sa.select(Need.code, Need.title, sa.func.max(Pledge.delivered_at, type_=Pledge.delivered_at.type))
        .join(Pledge, Pledge.need_id == Need.id)
        .where(Need.household_id == household_id, *_unconfirmed())
        .group_by(Need.id, Need.code, Need.title)
        .order_by(Need.id)
    )
    return [OwnDelivery(*row) for row in rows]


def _to_give_back(pledge: Pledge, need: Need, receipts: Sequence[Receipt], *, gone: set[int]) -> tuple[Receipt, ...]:
    if need.state is not NeedState.WITHDRAWN or pledge.state is not PledgeState.RECEIVED:
        return ()
    stand = set(
        db.session.scalars(sa.select(Receipt.id).where(Receipt.pledge_id == pledge.id, _stands(Receipt.entry_id)))
    )
    return tuple(receipt for receipt in receipts if receipt.id in stand - gone)


def _case_lines(pledge: Pledge) -> tuple[CaseLine, ...]:
    received = received_by_line(pledge.id)
    rows = db.session.execute(
        sa.select(NeedLine, PledgeLine.quantity - PledgeLine.released)
        .join(PledgeLine, PledgeLine.line_id == NeedLine.id)
        .where(PledgeLine.pledge_id == pledge.id)
        .order_by(NeedLine.position)
    )
    return tuple(
        CaseLine(
            line_id=line.id,
            name=line.name,
            kind=line.kind,
            unit=line.unit,
            unit_price_fen=line.unit_price_fen,
            held=held,
            received=received.get(line.id, 0),
        )
        for line, held in rows
    )


def _in_custody(held: Mapping[tuple[Account, str], int], custodian: str) -> int:
    return sum(
        amount
        for (account, unit), amount in held.items()
        if account.role is AccountRole.CUSTODY and account.holder == custodian and unit == FEN
    )


def _stands(
    entry_id: sa.orm.InstrumentedAttribute[int] | sa.orm.InstrumentedAttribute[int | None],
) -> sa.ColumnElement[bool]:
    """True for entries that no reversal has undone."""
    reversal = aliased(LedgerEntry)
    return ~sa.exists().where(reversal.reverses_id == entry_id)


def _photos(ids: Sequence[int]) -> dict[int, Photo]:
    if not ids:
        return {}
    return {photo.id: photo for photo in db.session.scalars(sa.select(Photo).where(Photo.id.in_(ids)))}


def _rows(model: type[R], pledge_id: int) -> list[R]:
    chosen = sa.select(model).where(model.pledge_id == pledge_id).order_by(model.at, model.id)
    return list(db.session.scalars(chosen))
