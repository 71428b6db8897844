"""Made-up donors of every type, with what they want to give."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from marketplace.accounts.bulk import UserRow
from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import DonorType, NeedCategory, SupportKind
from marketplace.core.permissions import Role
from marketplace.demo import impossible, names
from marketplace.demo.facts import AS_OF, OPENED, PREFECTURE
from marketplace.demo.places import Places
from marketplace.demo.texts import OfferText

_FEN = 100
_TYPES = (
    (DonorType.INDIVIDUAL, 820),
    (DonorType.PRIVATE_FIRM, 80),
    (DonorType.STATE_FIRM, 12),
    (DonorType.CHAMBER, 10),
    (DonorType.FOUNDATION, 16),
    (DonorType.CHARITY, 8),
    (DonorType.PUBLIC_UNIT, 24),
    (DonorType.UNIVERSITY, 8),
    (DonorType.MILITARY, 4),
    (DonorType.PARTY, 4),
    (DonorType.RELIGIOUS, 4),
    (DonorType.EAST_WEST, 6),
    (DonorType.OVERSEAS, 4),
)
_FIRMS = frozenset({DonorType.PRIVATE_FIRM, DonorType.STATE_FIRM})
_K = SupportKind
_KINDS = {
    True: ((_K.MONEY, 0.62), (_K.GOODS, 0.55), (_K.SERVICE, 0.12), (_K.PURCHASE, 0.04)),
    False: (
        (_K.MONEY, 0.6),
        (_K.GOODS, 0.6),
        (_K.SERVICE, 0.25),
        (_K.JOB, 0.3),
        (_K.TRAINING, 0.2),
        (_K.PURCHASE, 0.25),
    ),
}
_WISHES = {
    NeedCategory.EDU: "愿意帮家里有人上学的农户，书包、学习用品、生活费都可以",
    NeedCategory.MED: "愿意帮看病花钱多的家庭",
    NeedCategory.DIS: "轮椅、拐杖、助听器，能修能送",
    NeedCategory.HOU: "修房补漏，彩钢瓦、防水布、加固材料",
    NeedCategory.WRM: "棉被、棉衣、取暖炉，入冬以前送到",
    NeedCategory.DLY: "米面油、电饭锅、太阳能灯这些日常用的",
    NeedCategory.IND: "帮养殖和种植起步，牦牛、鸡苗、有机肥、农具",
    NeedCategory.JOB: "招工、学徒、培训都可以谈",
    NeedCategory.PUB: "路灯、饮水、桥、活动室这类大家都用的",
    NeedCategory.DST: "受灾的先帮，饲草、取暖器、应急灯",
    NeedCategory.TRN: "帮出行不便的人家",
    NeedCategory.CAR: "愿意打电话、写信，长期陪伴老人",
    NeedCategory.LAW: "懂法律，愿意义务咨询",
}


@dataclass(slots=True)
class Giver:
    """A donor to be inserted; ``id`` and ``user_id`` are known once it is."""

    donor_type: DonorType
    name: str
    joined_at: datetime
    kinds: tuple[SupportKind, ...]
    categories: tuple[NeedCategory, ...]
    areas: tuple[str, ...]
    budget_fen: int | None
    words: str
    credit_code: str | None
    phone: str
    role: Role
    shows_name: bool
    shows_amount: bool
    has_public_page: bool
    personalised: bool = True
    paused: bool = False
    user_id: int | None = None
    id: int = 0
    code: str = ""
    # What the gifts planned so far are worth.
    given_fen: int = 0
    needs_given_to: set[int] = field(default_factory=set)

    @property
    def places(self) -> int | None:
        """Firms that take people on or teach them say how many; the longer their name, the more."""
        if self.donor_type.is_person or not {_K.JOB, _K.TRAINING} & set(self.kinds):
            return None
        return 2 * len(self.name)

    @property
    def user_row(self) -> UserRow:
        """The account that this donor signs in with."""
        unit = "" if self.donor_type.is_person else self.name
        return UserRow(self.name, self.phone, self.joined_at, ((self.role, PREFECTURE),), unit)


def make_givers(count: int, *, places: Places, offers: list[OfferText], rng: Random) -> list[Giver]:
    """Donors of all types in fixed proportions; the first of each type come first, so that none is missing."""
    types = [t for t, _ in _TYPES]
    chosen = types[:count] + rng.choices(types, weights=[w for _, w in _TYPES], k=max(count - len(types), 0))
    by_type: dict[DonorType, list[OfferText]] = {}
    for offer in offers:
        by_type.setdefault(offer.donor_type, []).append(offer)
    return [_giver(t, number, places=places, offers=by_type.get(t, []), rng=rng) for number, t in enumerate(chosen)]


def _giver(donor_type: DonorType, number: int, *, places: Places, offers: list[OfferText], rng: Random) -> Giver:
    is_person = donor_type.is_person
    kinds = {kind for kind, share in _KINDS[is_person] if rng.random() < share} or {_K.MONEY}
    categories = tuple(rng.sample(tuple(NeedCategory), k=rng.choices((0, 1, 2, 3, 4), weights=(15, 25, 30, 20, 10))[0]))
    words = "；".join(_WISHES[c] for c in categories[:2])
    if offers and rng.random() < 0.5:
        offer = rng.choice(offers)
        kinds.add(offer.kind)
        words = f"{offer.words}；{words}" if words else offer.words
    shows_name = rng.random() < (0.2 if is_person else 0.85)
    return Giver(
        donor_type=donor_type,
        name=_person_name(rng) if is_person else names.unit_name(rng, donor_type=donor_type, number=number),
        joined_at=OPENED + timedelta(days=rng.betavariate(1, 2) * (AS_OF - OPENED).days),
        kinds=tuple(sorted(kinds, key=list(SupportKind).index)),
        categories=categories,
        areas=_areas(places, rng=rng),
        budget_fen=_budget(is_person=is_person, rng=rng),
        words=words,
        credit_code=None if is_person else impossible.credit_code(number),
        phone=impossible.phone(impossible.DONOR_PHONES + number),
        role=_role(donor_type, kinds, rng=rng),
        shows_name=shows_name,
        shows_amount=rng.random() < 0.9,
        has_public_page=shows_name and rng.random() < 0.3,
        personalised=rng.random() >= 0.04,
        paused=rng.random() < 0.03,
    )


def _person_name(rng: Random) -> str:
    is_male = rng.random() < 0.5
    return names.han_name(rng, is_male=is_male) if rng.random() < 0.7 else names.tibetan_name(rng, is_male=is_male)


def _areas(places: Places, *, rng: Random) -> tuple[str, ...]:
    """Nowhere in particular, the prefecture, a few counties, or one township."""
    choice = rng.random()
    if choice < 0.15:
        return ()
    if choice < 0.45:
        return (PREFECTURE,)
    if choice < 0.9:
        return tuple(sorted(rng.sample(places.counties, k=rng.choice((1, 1, 2, 3)))))
    return (at_level(rng.choice(places.townships), Level.TOWNSHIP),)


def _budget(*, is_person: bool, rng: Random) -> int | None:
    if rng.random() < 0.1:
        return None
    yuan = rng.choice((300, 500, 800, 1_000, 1_500, 2_000, 3_000, 5_000, 8_000))
    return yuan * _FEN * (1 if is_person else rng.choice((10, 20, 50, 100)))


def _role(donor_type: DonorType, kinds: set[SupportKind], *, rng: Random) -> Role:
    if donor_type in _FIRMS:
        return Role.ENTERPRISE
    if not donor_type.is_person:
        return Role.ORGANISATION
    return Role.VOLUNTEER if SupportKind.SERVICE in kinds and rng.random() < 0.7 else Role.DONOR
