"""A gift's stations in sentences for the public."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.core.money import Money
from marketplace.db.clock import CHINA
from marketplace.disclosure.queries import Event, EventKind, PublicGiftPage
from marketplace.fulfilment.models import ConfirmHow
from marketplace.pledges.models import Way
from marketplace.web.filters import term
from marketplace.web.i18n import say as _

_SIGNS = {
    EventKind.DELIVERED: "box",
    EventKind.HOUSEHOLD: "seal",
    EventKind.SECOND: "seal",
    EventKind.ENDED: "cross",
    EventKind.GIVEN_BACK: "cross",
}


@dataclass(frozen=True, slots=True)
class Station:
    """One entry of the time line; ``when`` is a day with its minute, or a month alone."""

    icon: str
    title: str
    when: str
    text: str
    done: bool
    # A photo's token, and what the link to it says.
    photo: str = ""
    photo_word: str = ""


def stations_of(gift: PublicGiftPage) -> list[Station]:
    """The time line of a gift."""
    return [_station(event, gift) for event in gift.events]


def _station(event: Event, gift: PublicGiftPage) -> Station:
    denied = event.is_done and not event.arrived
    icon = "late" if denied else _SIGNS.get(event.kind, "full")
    return Station(
        icon=icon if event.is_done else "wait",
        title=_title(event),
        when=_when(event.at, by_month=event.by_month) if event.at else "",
        text=_text(event, gift) if event.is_done else "",
        done=event.is_done,
        photo=event.photo,
        photo_word=_("See the voucher") if event.kind is EventKind.USED else _("See the photo (no faces)"),
    )


def _when(moment: datetime, *, by_month: bool) -> str:
    local = moment.astimezone(CHINA)
    return f"{local:%Y-%m}" if by_month else f"{local:%Y-%m-%d %H:%M}"


def _title(event: Event) -> str:
    titles = {
        EventKind.PROMISED: _("Promised"),
        EventKind.RECEIVED: _("Arrived"),
        EventKind.DISBURSED: _("Passed on"),
        EventKind.USED: _("Used"),
        EventKind.DELIVERED: _("Delivered"),
        EventKind.HOUSEHOLD: _("The household confirms"),
        EventKind.SECOND: _("A second person confirms"),
        EventKind.REPORTED: _("The donor is told"),
        EventKind.ENDED: _("Ended without arriving"),
        EventKind.GIVEN_BACK: _("Given back to the donor"),
    }
    return titles[event.kind]


def _text(event: Event, gift: PublicGiftPage) -> str:
    amount = _amount(event, gift)
    paper = _(", receipt %(number)s", number=event.paper) if event.paper else ""
    if event.kind is EventKind.PROMISED:
        return _promise(gift)
    if event.kind is EventKind.RECEIVED:
        return _("%(place)s received %(amount)s%(paper)s.", place=event.place, amount=amount, paper=paper)
    if event.kind is EventKind.GIVEN_BACK:
        voucher = _(", voucher %(number)s", number=event.paper) if event.paper else ""
        return _(
            "The need was withdrawn. %(place)s gave back %(amount)s%(paper)s.",
            place=event.place,
            amount=_things(event, gift) or amount,
            paper=voucher,
        )
    if event.kind is EventKind.DISBURSED:
        return _("%(amount)s paid to %(place)s.", amount=amount, place=event.place)
    if event.kind is EventKind.USED:
        voucher = _(", voucher %(number)s", number=event.paper) if event.paper else ""
        return _(
            "%(place)s: %(things)s, %(amount)s%(paper)s.",
            place=event.place,
            things=event.things,
            amount=amount,
            paper=voucher,
        )
    if event.kind is EventKind.DELIVERED:
        witness = term(event.witness) if event.witness else ""
        return _("Handed over by the village clerk; witness: %(witness)s.", witness=witness)
    return _said(event)


def _promise(gift: PublicGiftPage) -> str:
    ways = {
        Way.CHARITY: _("to be paid to the charity's account"),
        Way.SHIP: _("to be bought and sent to the township"),
        Way.DIRECT: _("to be brought to the village"),
    }
    said = _("%(items)s, %(way)s.", items=gift.items, way=ways[gift.way])
    return said + (_(" The donor wrote: “%(words)s”", words=gift.intent) if gift.intent else "")


def _said(event: Event) -> str:
    if event.kind is EventKind.REPORTED:
        return _("Thanks and the report of use went to the donor.")
    if event.kind is EventKind.ENDED:
        return _("What was promised is open to others again.")
    if not event.arrived:
        return _("Says that it did not arrive. This is being looked into.")
    if event.kind is EventKind.SECOND:
        return _("Went to the household to see. This person neither posted the need nor delivered.")
    if event.how is ConfirmHow.SLIP:
        return _("With the code on the household's own slip, from any phone.")
    return _("Through the household's own account.")


def _things(event: Event, gift: PublicGiftPage) -> str:
    """Which things, where the donor shows how many; what they are stands in the gift's title anyway."""
    return event.things if gift.shows_amount else ""


def _amount(event: Event, gift: PublicGiftPage) -> str:
    if not gift.is_money:
        return gift.items if event.amount is not None else ""
    if event.amount is None or not gift.shows_amount:
        return _("an amount that the donor does not show")
    return _("%(amount)s yuan", amount=Money(event.amount).yuan)
