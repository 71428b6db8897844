"""Read needs: one by its code, for whoever may see it."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.accounts.models import RoleGrant
from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, parse_code
from marketplace.core.divisions import Level, at_level, contains
from marketplace.core.errors import NotFound
from marketplace.core.permissions import ROLE_PERMISSIONS, Permission, Role
from marketplace.core.workflow import PUBLIC_NEED_STATES, NeedState
from marketplace.db import db
from marketplace.households.models import Household
from marketplace.media.models import Photo
from marketplace.needs import policy
from marketplace.needs.filters import NeedFilters, Sort
from marketplace.needs.listing import NeedPage, area_condition, list_public_needs
from marketplace.needs.models import Consent, Decision, Need, NeedPhoto, NeedReview
from marketplace.needs.public import PublicNeed, preview_card, public_card, public_cards
from marketplace.needs.slips import slip_index

__all__ = [
    "NeedFilters",
    "NeedPage",
    "PublicNeed",
    "Sort",
    "find_need",
    "find_need_by_slip",
    "find_public_need",
    "find_verification",
    "get_consent",
    "get_need",
    "head_name",
    "is_public",
    "list_photos",
    "list_public_needs",
    "list_reviews",
    "newest_public_needs",
    "preview_card",
    "public_card",
    "public_cards",
    "township_record",
    "was_withdrawn",
]

# What counts as helped in a township's record.
_HANDED_OVER = (NeedState.DELIVERED, NeedState.CONFIRMED, NeedState.CLOSED)
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
    return need if need is not None and is_public(need) else None


def is_public(need: Need) -> bool:
    """True where everybody may see it: reviewed, not taken back, and the household still agrees."""
    return need.state in PUBLIC_NEED_STATES and need.hidden_at is None


def was_withdrawn(code: str) -> bool:
    """True where a need had been public and is so no longer: its address is gone for good (410)."""
    need = find_need(code)
    return need is not None and need.published_at is not None and not is_public(need)


def find_need_by_slip(typed: str) -> Need | None:
    """The need whose household holds this paper slip, or None."""
    return db.session.scalar(
        sa.select(Need).where(Need.slip_index == slip_index(typed)).options(selectinload(Need.lines))
    )


def newest_public_needs(limit: int) -> list[PublicNeed]:
    """The needs that were published last and are still open, for the front page."""
    statement = (
        sa.select(Need)
        .where(Need.state == NeedState.PUBLISHED, Need.hidden_at.is_(None), _PUBLISHED_ONCE)
        .order_by(Need.published_at.desc(), Need.id.desc())
        .limit(limit)
    )
    return public_cards(list(db.session.scalars(statement)))


def get_consent(need: Need) -> Consent | None:
    """The household's agreement to this need, or None."""
    return db.session.scalar(sa.select(Consent).where(Consent.need_id == need.id))


def head_name(need: Need) -> str:
    """The name of the household's head, for staff of its area; empty for a village's own need."""
    return db.session.scalar(sa.select(Household.head_name).where(Household.id == need.household_id)) or ""


def list_photos(need: Need) -> list[Photo]:
    """All photos of a need, checked or not, for staff of its area."""
    statement = sa.select(Photo).join(NeedPhoto, NeedPhoto.photo_id == Photo.id).where(NeedPhoto.need_id == need.id)
    return list(db.session.scalars(statement.order_by(NeedPhoto.id)))


def list_reviews(need: Need) -> list[NeedReview]:
    """All decisions on this need, oldest first."""
    statement = sa.select(NeedReview).where(NeedReview.need_id == need.id).order_by(NeedReview.at, NeedReview.id)
    return list(db.session.scalars(statement))


@dataclass(frozen=True, slots=True)
class Verification:
    """Who let a need before the public: a role and an area, never a name; when; what was looked at (R-V2)."""

    role: Role
    area: str
    at: datetime
    seen: tuple[str, ...]


def find_verification(need: Need) -> Verification | None:
    """The latest approval of this need, or None where none is on record."""
    approvals = [review for review in list_reviews(need) if review.decision is Decision.APPROVE]
    if not approvals:
        return None
    review = approvals[-1]
    grants = db.session.scalars(
        sa.select(RoleGrant).where(RoleGrant.user_id == review.reviewer_id).order_by(RoleGrant.id)
    )
    fitting = [g for g in grants if contains(g.division_code, need.division_code) and _may_review(g.role)]
    if not fitting:
        return None
    grant = fitting[-1]
    return Verification(grant.role, grant.division_code, review.at, tuple(review.documents))


@dataclass(frozen=True, slots=True)
class TownshipRecord:
    """What became of a township's needs so far."""

    published: int
    delivered: int


def township_record(division: str) -> TownshipRecord:
    """How many needs of the township were published, and how many of them were delivered."""
    is_delivered = sa.case((Need.state.in_(_HANDED_OVER), 1), else_=0)
    row = db.session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(is_delivered), 0)).where(
            area_condition(at_level(division, Level.TOWNSHIP)), _PUBLISHED_ONCE, Need.state.in_(PUBLIC_NEED_STATES)
        )
    ).one()
    return TownshipRecord(row[0], row[1])


def _may_review(role: Role) -> bool:
    return Permission.NEED_REVIEW in ROLE_PERMISSIONS[role]
