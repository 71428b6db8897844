"""Read donors."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound
from marketplace.core.kinds import DonorType
from marketplace.db import db
from marketplace.donors.models import Donor, RelatedParty
from marketplace.households.models import Household

_NOTHING_HERE = "There is nothing here that you may see."


@dataclass(frozen=True, slots=True)
class PublicDonor:
    """What a donor's own public page shows of the donor; nothing else of the row ever leaves (R-P2)."""

    code: str
    name: str
    donor_type: DonorType
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """A declared relation, as the donor sees it."""

    id: int
    household_code: str | None
    relation: str
    declared_at: datetime


def find_donor_id(user_id: int) -> int | None:
    """The donor that this user gives as, or None."""
    return db.session.scalar(sa.select(Donor.id).where(Donor.user_id == user_id))


def get_own_donor(actor: Actor) -> Donor:
    """The donor that the actor gives as, with preference; NotFound for everybody else."""
    donor = db.session.get(Donor, actor.donor_id) if actor.donor_id is not None else None
    if donor is None:
        raise NotFound(_NOTHING_HERE)
    return donor


def find_public_donor(code: str) -> PublicDonor | None:
    """The donor behind a public page, only where the donor asked for such a page and shows the name."""
    chosen = sa.select(Donor.code, Donor.name, Donor.donor_type, Donor.joined_at).where(
        Donor.code == code, Donor.has_public_page.is_(True), Donor.shows_name.is_(True)
    )
    row = db.session.execute(chosen).one_or_none()
    return PublicDonor(*row) if row else None


def relations_of(donor_id: int) -> list[Relation]:
    """What the donor has declared, newest first."""
    chosen = (
        sa.select(RelatedParty.id, Household.code, RelatedParty.relation, RelatedParty.declared_at)
        .outerjoin(Household, Household.id == RelatedParty.household_id)
        .where(RelatedParty.donor_id == donor_id)
        .order_by(RelatedParty.declared_at.desc(), RelatedParty.id.desc())
    )
    return [Relation(*row) for row in db.session.execute(chosen)]
