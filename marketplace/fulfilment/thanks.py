"""What donors are told about their gifts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.db import db
from marketplace.fulfilment.models import Feedback


@dataclass(frozen=True, slots=True)
class Thanks:
    """The words that came back for one pledge."""

    words: str
    at: datetime


def thanks_for(pledge_ids: Collection[int]) -> dict[int, Thanks]:
    """The feedback for these pledges by pledge id; the caller has checked that the reader may see them."""
    rows = db.session.execute(
        sa.select(Feedback.pledge_id, Feedback.words, Feedback.at).where(Feedback.pledge_id.in_(pledge_ids))
    )
    return {pledge_id: Thanks(words, at) for pledge_id, words, at in rows}
