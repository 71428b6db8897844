"""What the world sees of a need: an allow-list of fields, so that nothing private can leak by default (R-P1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import NeedCategory, SupportKind, Urgency
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.households.models import Household
from marketplace.media.models import Photo
from marketplace.needs.models import CatalogueBand, CatalogueItem, Need, NeedLine, NeedPhoto
from marketplace.regions.queries import place_name

_HELPED = (NeedState.DELIVERED, NeedState.CONFIRMED, NeedState.CLOSED)


@dataclass(frozen=True, slots=True)
class PublicLine:
    """One item: what, how much, what is still open, and its reference price band where there is one (fen)."""

    id: int
    name: str
    kind: SupportKind
    unit: str
    quantity: int
    pledged: int
    unit_price_fen: int
    low_fen: int | None = None
    high_fen: int | None = None

    @property
    def open(self) -> int:
        """The quantity that nobody has pledged yet."""
        return self.quantity - self.pledged

    @property
    def value_fen(self) -> int:
        """Worth of the whole line."""
        return self.quantity * self.unit_price_fen

    @property
    def pledged_fen(self) -> int:
        """Worth of what is pledged."""
        return self.pledged * self.unit_price_fen

    @property
    def open_fen(self) -> int:
        """Worth of what is still open."""
        return self.open * self.unit_price_fen


@dataclass(frozen=True, slots=True)
class PublicPhoto:
    """A photo that a second person has checked."""

    token: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PublicNeed:
    """A need as anybody may see it. Places end at the township; the household is a random code."""

    code: str
    household_code: str
    state: NeedState
    kind: SupportKind | None
    category: NeedCategory | None
    title: str
    story: str
    urgency: Urgency
    township: str
    place: str
    value_fen: int
    pledged_fen: int
    helped_before: bool
    published_at: datetime | None
    lines: tuple[PublicLine, ...]
    photos: tuple[PublicPhoto, ...]

    @property
    def open_fen(self) -> int:
        """Worth of what is still open."""
        return self.value_fen - self.pledged_fen

    @property
    def has_value(self) -> bool:
        """False for needs of time and places alone, which are counted, not valued."""
        return self.value_fen > 0

    @property
    def wanted(self) -> int:
        """Quantities of all lines together: what a need without a value is measured by."""
        return sum(line.quantity for line in self.lines)

    @property
    def taken(self) -> int:
        """Pledged quantities of all lines together."""
        return sum(line.pledged for line in self.lines)


def public_card(need: Need) -> PublicNeed:
    """One need for the public; lines and photos are read with it."""
    return public_cards([need])[0]


def preview_card(need: Need) -> PublicNeed:
    """A need that is not public yet, as it will stand once it is approved as it is."""
    return replace(public_card(need), state=NeedState.PUBLISHED, helped_before=was_helped(need.household_id))


def was_helped(household_id: int | None) -> bool:
    """True where an earlier need of the household has been delivered."""
    if household_id is None:
        return False
    helped = sa.exists().where(Need.household_id == household_id, Need.state.in_(_HELPED))
    return bool(db.session.scalar(sa.select(helped)))


def public_cards(needs: Sequence[Need]) -> list[PublicNeed]:
    """Many needs for the public, in their order, with a fixed number of queries."""
    ids = [need.id for need in needs]
    households = _household_codes({need.household_id for need in needs if need.household_id is not None})
    lines, photos = _lines_of(ids), _photos_of(ids)
    return [
        PublicNeed(
            code=need.code,
            household_code=households.get(need.household_id or 0, ""),
            state=need.state,
            kind=need.kind,
            category=need.category,
            title=need.title,
            story=need.story,
            urgency=need.urgency,
            township=at_level(need.division_code, Level.TOWNSHIP),
            place=place_name(need.division_code),
            value_fen=need.value_fen,
            pledged_fen=need.pledged_fen,
            helped_before=need.helped_before,
            published_at=need.published_at,
            lines=tuple(lines.get(need.id, ())),
            photos=tuple(photos.get(need.id, ())),
        )
        for need in needs
    ]


def _household_codes(ids: Iterable[int]) -> Mapping[int, str]:
    rows = db.session.execute(sa.select(Household.id, Household.code).where(Household.id.in_(set(ids))))
    return dict(rows.all())


def _lines_of(ids: Sequence[int]) -> Mapping[int, list[PublicLine]]:
    rows = db.session.execute(
        sa.select(
            NeedLine.need_id,
            *(NeedLine.id, NeedLine.name, NeedLine.kind, NeedLine.unit),
            *(NeedLine.quantity, NeedLine.pledged, NeedLine.unit_price_fen),
            sa.func.coalesce(CatalogueBand.low_fen, CatalogueItem.low_fen).label("low_fen"),
            sa.func.coalesce(CatalogueBand.high_fen, CatalogueItem.high_fen).label("high_fen"),
        )
        .join(Need, Need.id == NeedLine.need_id)
        .outerjoin(CatalogueItem, NeedLine.item_id == CatalogueItem.id)
        .outerjoin(
            CatalogueBand,
            sa.and_(
                CatalogueBand.item_id == NeedLine.item_id,
                CatalogueBand.division_code == sa.func.substr(Need.division_code, 1, 6) + "000000",
            ),
        )
        .where(NeedLine.need_id.in_(ids))
        .order_by(NeedLine.need_id, NeedLine.position)
    )
    found: dict[int, list[PublicLine]] = {}
    for row in rows:
        need_id, *line = row
        found.setdefault(need_id, []).append(PublicLine(*line))
    return found


def _photos_of(ids: Sequence[int]) -> Mapping[int, list[PublicPhoto]]:
    rows = db.session.execute(
        sa.select(NeedPhoto.need_id, Photo.token, Photo.caption, Photo.width, Photo.height)
        .join(Photo, NeedPhoto.photo_id == Photo.id)
        .where(NeedPhoto.need_id.in_(ids), Photo.is_public)
        .order_by(NeedPhoto.id)
    )
    found: dict[int, list[PublicPhoto]] = {}
    for row in rows:
        found.setdefault(row.need_id, []).append(PublicPhoto(row.token, row.caption, row.width, row.height))
    return found
