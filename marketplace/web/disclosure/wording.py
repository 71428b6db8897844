"""Words of gifts that page and export share, so that both say the same."""

from marketplace.core.kinds import SupportKind
from marketplace.core.money import Money
from marketplace.disclosure.queries import PublicGift, PublicGiver
from marketplace.web.filters import place, term
from marketplace.web.i18n import say as _

NO_PRICE = "–"


def giver_word(giver: PublicGiver) -> str:
    """The donor as chosen: a name, or who it was in general."""
    if giver.name and giver.credit_tail:
        return _("%(name)s (code ends in %(tail)s)", name=giver.name, tail=giver.credit_tail)
    if giver.name:
        return giver.name
    return _("A donor who is not named") if giver.is_person else _("A unit that is not named")


def state_word(gift: PublicGift) -> str:
    """Where the gift stands."""
    return _("Late, not arrived") if gift.is_late else term(gift.state)


def kind_word(gift: PublicGift) -> str:
    """Money, or a thing whose amounts are worth by reference price."""
    return term(gift.kind) if gift.kind is SupportKind.MONEY else _("%(kind)s, valued", kind=term(gift.kind))


def place_word(gift: PublicGift) -> str:
    """County and township."""
    return place(gift.township)


def agreed_word(gift: PublicGift) -> str:
    """What was promised in yuan, its class where it is hidden, a dash where it has no price."""
    return _amount(gift, gift.agreed_fen, gift.amount_class)


def received_word(gift: PublicGift) -> str:
    """What arrived, in the same way."""
    return _amount(gift, gift.received_fen, gift.received_class)


def _amount(gift: PublicGift, fen: int | None, hidden: str) -> str:
    if not gift.has_value:
        return NO_PRICE
    return Money(fen).yuan if fen is not None else hidden
