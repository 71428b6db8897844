"""Read needs: one by its code, for whoever may see it."""

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, parse_code
from marketplace.core.errors import NotFound
from marketplace.core.workflow import PUBLIC_NEED_STATES, NeedState
from marketplace.db import db
from marketplace.needs import policy
from marketplace.needs.listing import NeedFilters, NeedPage, Sort, list_public_needs
from marketplace.needs.models import Consent, Need, NeedReview
from marketplace.needs.public import PublicNeed, public_card, public_cards
from marketplace.needs.slips import slip_index

__all__ = [
    "NeedFilters",
    "NeedPage",
    "PublicNeed",
    "Sort",
    "find_need",
    "find_need_by_slip",
    "find_public_need",
    "get_consent",
    "get_need",
    "list_public_needs",
    "list_reviews",
    "newest_public_needs",
    "public_card",
    "public_cards",
    "was_withdrawn",
]

_PUBLISHED_ONCE = Need.published_at.is_not(None)


def find_need(code: str) -> Need | None:
    """The need with this code as people type it, in any state, whoever asks; lines are loaded with it."""
    parsed = parse_code(code)
    if parsed is None or parsed[0] is not Prefix.NEED:
        return None
    return db.session.scalar(sa.select(Need).where(Need.code == parsed[1]).options(selectinload(Need.lines)))


def get_need(code: str, *, actor: Actor) -> Need:
    """The need for staff of its area or its own household; NotFound for everybody else (Z2)."""
    need = find_need(code)
    if need is None:
        raise NotFound("There is nothing here that you may see.")
    policy.ensure_can_read(actor, need)
    return need


def find_public_need(code: str) -> Need | None:
    """The need where the public may see it now, or None."""
    need = find_need(code)
    return need if need is not None and need.state in PUBLIC_NEED_STATES else None


def was_withdrawn(code: str) -> bool:
    """True where a need had been public and was withdrawn: its address is gone for good (410)."""
    need = find_need(code)
    return need is not None and need.state is NeedState.WITHDRAWN and need.published_at is not None


def find_need_by_slip(typed: str) -> Need | None:
    """The need whose household holds this paper slip, or None."""
    return db.session.scalar(
        sa.select(Need).where(Need.slip_index == slip_index(typed)).options(selectinload(Need.lines))
    )


def newest_public_needs(limit: int) -> list[PublicNeed]:
    """The needs that were published last and are still open, for the front page."""
    statement = (
        sa.select(Need)
        .where(Need.state == NeedState.PUBLISHED, _PUBLISHED_ONCE)
        .order_by(Need.published_at.desc(), Need.id.desc())
        .limit(limit)
    )
    return public_cards(list(db.session.scalars(statement)))


def get_consent(need: Need) -> Consent | None:
    """The household's agreement to this need, or None."""
    return db.session.scalar(sa.select(Consent).where(Consent.need_id == need.id))


def list_reviews(need: Need) -> list[NeedReview]:
    """All decisions on this need, oldest first."""
    statement = sa.select(NeedReview).where(NeedReview.need_id == need.id).order_by(NeedReview.at, NeedReview.id)
    return list(db.session.scalars(statement))
