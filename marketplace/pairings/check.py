"""Check agreements against the book, on live rows."""

import sqlalchemy as sa

from marketplace.db import db
from marketplace.ledger.check import Invariant
from marketplace.ledger.queries import totals_by_subject
from marketplace.ledger.rules import Totals
from marketplace.pairings.models import Agreement
from marketplace.pairings.queries import AGREEMENT


def check_agreements() -> list[Invariant]:
    """L3: each agreement stands in the book with what was agreed, and the book knows no other."""
    invariant = Invariant("L3", "Each agreement stands in the book with the amount that was agreed.")
    booked = totals_by_subject(AGREEMENT)
    for key, code, agreed in db.session.execute(sa.select(Agreement.id, Agreement.code, Agreement.agreed_fen)):
        pledged = booked.pop(key, Totals()).pledged
        invariant.look(is_right=pledged == agreed, fault=f"{code}: agreed {agreed} fen, booked {pledged} fen")
    for key in booked:
        invariant.look(is_right=False, fault=f"the book knows agreement {key}, which does not exist")
    return [invariant]
