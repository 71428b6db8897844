"""Read agreements; their money is added up from the ledger, never from a stored number."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.core.kinds import Channel
from marketplace.db import db
from marketplace.ledger.queries import totals_by_subject
from marketplace.ledger.rules import Subject, Totals
from marketplace.pairings.models import Agreement

# The ledger's name for an agreement.
AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class ChannelTotals:
    """One channel: how many projects, and its money in fen."""

    channel: Channel
    projects: int
    money: Totals

    @property
    def agreed_fen(self) -> int:
        """What was promised and not released."""
        return self.money.pledged - self.money.released

    @property
    def received_fen(self) -> int:
        """What arrived and was not given back."""
        return self.money.received - self.money.returned


def subject_of(agreement: Agreement) -> Subject:
    """The agreement as the ledger knows it; its money is meant for its channel's projects."""
    return Subject(
        AGREEMENT,
        agreement.id,
        agreement.code,
        donor=agreement.unit,
        earmark=f"channel:{agreement.channel}",
    )


def channel_totals(as_of: datetime | None = None) -> list[ChannelTotals]:
    """All channels in their usual order, from the entries up to and with ``as_of``."""
    booked = totals_by_subject(AGREEMENT, as_of=as_of)
    rows = db.session.execute(sa.select(Agreement.id, Agreement.channel))
    channel_of = {row[0]: row[1] for row in rows}
    sums = {channel: Totals() for channel in Channel}
    projects = dict.fromkeys(Channel, 0)
    for agreement_id, money in booked.items():
        channel = channel_of[agreement_id]
        sums[channel] += money
        projects[channel] += 1
    return [ChannelTotals(channel, projects[channel], sums[channel]) for channel in Channel]
