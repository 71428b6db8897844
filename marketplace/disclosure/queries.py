"""What the public is told of gifts and their use; read only, over all the rest."""

from marketplace.disclosure.events import Event, EventKind
from marketplace.disclosure.gift import PublicGiftPage, get_gift
from marketplace.disclosure.gifts import (
    GiftFilters,
    GiftPage,
    GiftTotals,
    Standing,
    all_gifts,
    list_gifts,
    totals_of_gifts,
)
from marketplace.disclosure.period import Period, make_period
from marketplace.disclosure.public import PublicGift, PublicGiver
from marketplace.disclosure.statement import Column, Reports, Statement, reports_of, statement_of

__all__ = [
    "Column",
    "Event",
    "EventKind",
    "GiftFilters",
    "GiftPage",
    "GiftTotals",
    "Period",
    "PublicGift",
    "PublicGiftPage",
    "PublicGiver",
    "Reports",
    "Standing",
    "Statement",
    "all_gifts",
    "get_gift",
    "list_gifts",
    "make_period",
    "reports_of",
    "statement_of",
    "totals_of_gifts",
]
