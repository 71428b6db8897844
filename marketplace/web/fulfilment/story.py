"""What happened to a pledge, in sentences for staff of its area."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.core.kinds import SupportKind
from marketplace.core.money import Money
from marketplace.fulfilment.models import Confirmation, ConfirmerKind, Receipt
from marketplace.fulfilment.queries import Case
from marketplace.web.filters import term
from marketplace.web.fulfilment.forms import brought
from marketplace.web.i18n import say as _


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the time line."""

    icon: str
    title: str
    at: datetime | None
    text: str
    done: bool = True


def events_of(case: Case) -> list[Event]:
    """Everything that happened, in order."""
    found = [Event("full", _("Promised"), case.pledge.accepted_at, _promise(case))]
    found += [Event("full", _("Arrived"), receipt.at, _receipt(receipt, case)) for receipt in case.receipts]
    found += [
        Event(
            "full",
            _("Used"),
            use.at,
            _(
                "%(place)s: %(things)s, %(amount)s yuan, voucher %(number)s.",
                place=use.payee,
                things=use.what,
                amount=Money(use.amount_fen).yuan,
                number=use.voucher_no,
            ),
        )
        for use in case.uses
    ]
    receipts = {receipt.id: receipt for receipt in case.receipts}
    found += [
        Event(
            "cross",
            _("Given back"),
            row.at,
            _(
                "%(things)s back to the donor: %(reason)s. Paper %(number)s.",
                things=brought(receipts[row.receipt_id], case),
                reason=row.reason.rstrip("。."),
                number=row.voucher_no,
            ),
        )
        for row in case.given_back
    ]
    if case.delivery is not None:
        text = _("Witness: %(witness)s.", witness=term(case.delivery.witness))
        found.append(Event("box", _("Delivered"), case.delivery.at, f"{text} {case.delivery.note}".strip()))
    found += [_answer(answer) for answer in case.answers]
    if case.feedback is not None:
        found.append(Event("full", _("The donor is told"), case.feedback.at, case.feedback.words))
    if case.pledge.ended_at is not None:
        found.append(Event("cross", _("Ended without arriving"), case.pledge.ended_at, ""))
    return sorted(found, key=lambda event: (event.at is None, event.at))


def _promise(case: Case) -> str:
    return _("The donor wrote: “%(words)s”", words=case.pledge.intent) if case.pledge.intent else ""


def _receipt(receipt: Receipt, case: Case) -> str:
    paper = _(", receipt %(number)s", number=receipt.voucher_no) if receipt.voucher_no else ""
    yuan = Money(receipt.value_fen).yuan
    is_money = case.pledge.kind is SupportKind.MONEY
    amount = _("%(amount)s yuan", amount=yuan) if is_money else _("things worth %(amount)s yuan", amount=yuan)
    return _("%(place)s received %(amount)s%(paper)s.", place=receipt.custodian, amount=amount, paper=paper)


def _answer(answer: Confirmation) -> Event:
    who = _("The household") if answer.kind is ConfirmerKind.HOUSEHOLD else _("The second person")
    said = _("%(who)s: it arrived", who=who) if answer.arrived else _("%(who)s: it did not arrive", who=who)
    text = _(". ").join(part for part in (term(answer.how), answer.note) if part)
    return Event("seal" if answer.arrived else "late", said, answer.at, text)
