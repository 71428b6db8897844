"""Read what the engine ranks: open needs and active donors as plain rows, with who stands behind whom."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from statistics import median_low
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload, selectinload

from marketplace.accounts.models import RoleGrant, User
from marketplace.core.divisions import ancestors
from marketplace.core.kinds import NeedCategory, PovertyAttribute, SupportKind, Urgency
from marketplace.core.permissions import STAFF_ROLES
from marketplace.core.workflow import HouseholdStatus, NeedState, PledgeState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.donors.models import Donor, Preference, RelatedParty
from marketplace.households.models import Household
from marketplace.matching.engine.problem import DonorRow, NeedRow
from marketplace.matching.queries import is_open
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge

URGENCIES = list(Urgency)
Mixes = Mapping[NeedCategory, Mapping[NeedCategory, float]]
_KINDS = {kind.value: kind for kind in SupportKind}
_CATEGORIES = {category.value: category for category in NeedCategory}
_KEPT = (PledgeState.RECEIVED, PledgeState.DELIVERED, PledgeState.CONFIRMED, PledgeState.REPORTED)
_BROKEN = (PledgeState.LAPSED, PledgeState.CANCELLED)
_HARDSHIP = {
    PovertyAttribute.GENERAL: 0.2,
    PovertyAttribute.ALLOWANCE: 0.5,
    PovertyAttribute.ALLOWANCE_POOR: 0.5,
    PovertyAttribute.FIVE_GUARANTEES: 0.7,
}
_RELAPSING = frozenset({HouseholdStatus.MONITORED, HouseholdStatus.REENTERED})
_VILLAGE_HARDSHIP = 0.2


def need_rows(
    *, day: date, need_id: int | None = None, as_of: tuple[datetime, datetime] | None = None
) -> dict[int, NeedRow]:
    """Open needs by id, or only one of them: empty where it is not open.

    ``as_of``: those that were open at some time in that span instead, with their whole amounts.
    """
    if need_id is not None and as_of is None:
        found = db.session.execute(_one_need(), {"need_id": need_id}).unique()
    else:
        chosen = _needs_read().where(_was_open(*as_of) if as_of else is_open()).options(selectinload(Need.lines))
        found = db.session.execute(chosen if need_id is None else chosen.where(Need.id == need_id))
    return {
        need.id: _need_row(need, household, poster, day=day, is_whole=as_of is not None)
        for need, household, poster in found
    }


def _needs_read() -> sa.Select[Need, Household, User]:
    """Needs with who stands behind them; what is encrypted is not read."""
    return (
        sa.select(Need, Household, User)
        .outerjoin(Household, Household.id == Need.household_id)
        .join(User, User.id == Need.poster_id)
        .options(defer(Household.phone), defer(Household.bank_account), defer(User.phone))
    )


@cache
def _one_need() -> sa.Select[Need, Household, User]:
    """One open need with its lines in the same rows: made once, since making it takes longer than running it."""
    return _needs_read().where(is_open(), Need.id == sa.bindparam("need_id")).options(joinedload(Need.lines))


def _was_open(begins: datetime, ends: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        Need.published_at <= ends,
        sa.or_(Need.pledged_at.is_(None), Need.pledged_at >= begins),
        sa.or_(Need.expires_on.is_(None), Need.expires_on >= china_day(begins)),
        Need.state.not_in((NeedState.WITHDRAWN, NeedState.SUSPENDED)),
        Need.lines.any(),
    )


def _need_row(need: Need, household: Household | None, poster: User, *, day: date, is_whole: bool = False) -> NeedRow:
    open_lines = [line for line in need.lines if is_whole or line.open]
    largest = max(open_lines, key=lambda line: (line.quantity if is_whole else line.open) * line.unit_price_fen)
    return NeedRow(
        code=need.code,
        kind=largest.kind,
        category=need.category or NeedCategory.DLY,
        division=need.division_code,
        open_fen=need.value_fen - (0 if is_whole else need.pledged_fen),
        urgency=URGENCIES.index(need.urgency),
        vulnerability=hardship(household),
        waiting_days=max((day - china_day(need.published_at)).days, 0) if need.published_at else 0,
        never_helped=not need.helped_before,
        text=f"{need.title}\n{need.story}",
        parties=_behind(need, household, poster),
    )


def hardship(household: Household | None) -> float:
    """How hard life is for a household, 0 to 1: its register's class, its house and water, a return to poverty.

    Class counts .2 to .7, an unsafe house .15, scarce water .1, being monitored or re-entered .15; a village .2.
    """
    if household is None:
        return _VILLAGE_HARDSHIP
    extra = 0.15 * bool(household.unsafe_house) + 0.1 * bool(household.scarce_water)
    return min(_HARDSHIP[household.attribute] + extra + 0.15 * (household.status in _RELAPSING), 1.0)


def _behind(need: Need, household: Household | None, poster: User) -> list[str]:
    """Everybody who stands behind a need, and every area whose staff may not be shown it."""
    keys = [f"user:{poster.id}", f"phone:{poster.phone_index.hex()}"]
    keys += [f"staff:{area}" for area in ancestors(need.division_code)]
    if poster.unit:
        keys.append(f"unit:{poster.unit}")
    if household is not None:
        keys.append(f"household:{household.id}")
        if household.phone_index:
            keys.append(f"phone:{household.phone_index.hex()}")
    return keys


@dataclass(slots=True)
class _History:
    """What a donor has given: worth of each gift, gifts by category, promises kept and broken, the last day."""

    worths: list[int] = field(default_factory=list)
    categories: Counter[NeedCategory] = field(default_factory=Counter)
    kept: int = 0
    broken: int = 0
    last: datetime | None = None


def donor_rows(
    *, day: date, mixes: Mixes, donor_id: int | None = None, before: datetime | None = None
) -> dict[int, DonorRow]:
    """All donors by id, or only one of them; ``before``: with what they had given by then.

    ``mixes`` say how similar donors gave (``gift_mixes``).
    """
    if donor_id is not None:
        found = db.session.execute(_one_donor(), {"donor_id": donor_id})
    else:
        found = db.session.execute(_donors_read().options(selectinload(Donor.preference)))
    people = [(donor, user) for donor, user in found if donor.preference is not None]
    histories = _histories(donor_id, before=before)
    excluded = _excluded(people, donor_id=donor_id)
    return {
        donor.id: _donor_row(
            donor, histories.get(donor.id) or _History(), mixes=mixes, excluded=excluded[donor.id], day=day
        )
        for donor, _ in people
    }


def _donors_read() -> sa.Select[Donor, User]:
    """Donors with their accounts; what is encrypted is not read."""
    chosen = sa.select(Donor, User).outerjoin(User, User.id == Donor.user_id)
    return chosen.options(defer(Donor.phone), defer(User.phone))


@cache
def _one_donor() -> sa.Select[Donor, User]:
    """One donor with its wishes in the same row, made once."""
    return _donors_read().where(Donor.id == sa.bindparam("donor_id")).options(joinedload(Donor.preference))


def _donor_row(
    donor: Donor,
    history: _History,
    *,
    mixes: Mixes,
    excluded: Collection[str],
    day: date,
) -> DonorRow:
    wishes: Preference = donor.preference
    return DonorRow(
        code=donor.code,
        kinds=[_KINDS[kind] for kind in wishes.kinds] or list(SupportKind),
        categories=[_CATEGORIES[category] for category in wishes.categories],
        areas=wishes.areas,
        budget_fen=wishes.budget_fen,
        typical_fen=median_low(history.worths) if history.worths else None,
        text=wishes.words,
        successes=history.kept,
        outcomes=history.kept + history.broken,
        last_active_days=max((day - china_day(max(history.last or donor.joined_at, wishes.updated_at))).days, 0),
        is_open=not wishes.paused,
        is_personalised=wishes.personalised,
        excluded=excluded,
        neighbours=_neighbours(history, mixes),
    )


def _histories(donor_id: int | None = None, *, before: datetime | None = None) -> dict[int, _History]:
    then = (Pledge.ended_at < before, Pledge.received_at < before) if before else (sa.true(), sa.true())
    is_broken = sa.and_(Pledge.state.in_(_BROKEN), then[0])
    is_kept = sa.and_(Pledge.state.in_(_KEPT), then[1])
    columns = (Pledge.donor_id, is_broken, is_kept, Pledge.value_fen, Pledge.created_at, Need.category)
    # What somebody offered to a donor says nothing about the donor until it is accepted.
    chosen = sa.select(*columns).join(Pledge.need).where(Pledge.accepted_at.is_not(None))
    if before is not None:
        chosen = chosen.where(Pledge.created_at < before)
    if donor_id is not None:
        chosen = chosen.where(Pledge.donor_id == donor_id)
    found: defaultdict[int, _History] = defaultdict(_History)
    for giver_id, broken, kept, worth, made, category in db.session.execute(chosen):
        history = found[giver_id]
        history.last = made if history.last is None else max(history.last, made)
        if broken:
            history.broken += 1
            continue
        history.kept += bool(kept)
        if worth:
            history.worths.append(worth)
        if category is not None:
            history.categories[category] += 1
    return dict(found)


def gift_mixes(*, before: datetime | None = None) -> Mixes:
    """For each category, how the gifts of all who gave to it are spread over the categories."""
    sums: defaultdict[NeedCategory, Counter[NeedCategory]] = defaultdict(Counter)
    for history in _histories(before=before).values():
        for category in history.categories:
            sums[category].update(history.categories)
    return {
        category: {other: count / gifts.total() for other, count in gifts.items()} for category, gifts in sums.items()
    }


def _neighbours(history: _History, mixes: Mixes) -> dict[NeedCategory, float]:
    """Where the gifts of similar donors went: the mixes of one's own categories, by one's own gifts."""
    total = history.categories.total()
    shares: defaultdict[NeedCategory, float] = defaultdict(float)
    for category, gifts in history.categories.items():
        for other, share in mixes.get(category, {}).items():
            shares[other] += share * gifts / total
    return dict(shares)


def _excluded(people: Sequence[tuple[Donor, User | None]], *, donor_id: int | None) -> dict[int, set[str]]:
    """By donor, the keys of everybody that it must never be matched with (R-V8)."""
    keys: dict[int, set[str]] = {}
    for donor, user in people:
        own = {f"unit:{donor.name}", *_phone_keys(donor.phone_index)}
        if user is not None:
            own |= {f"user:{user.id}", *_phone_keys(user.phone_index)} | ({f"unit:{user.unit}"} if user.unit else set())
        keys[donor.id] = own
    declared = db.session.execute(_declared(is_one=donor_id is not None), {"donor_id": donor_id})
    for related_id, kind, key in declared:
        keys.setdefault(related_id, set()).add(f"{kind}:{key}")
    return keys


def _phone_keys(index: bytes | None) -> set[str]:
    return {f"phone:{index.hex()}"} if index else set()


@cache
def _declared(*, is_one: bool) -> sa.CompoundSelect[int, str, str]:
    """(donor, kind of key, key): related households and users, areas where the donor is staff, its own household."""
    households = sa.select(RelatedParty.donor_id, _kind("household"), _text(RelatedParty.household_id)).where(
        RelatedParty.household_id.is_not(None)
    )
    users = sa.select(RelatedParty.donor_id, _kind("user"), _text(RelatedParty.user_id)).where(
        RelatedParty.user_id.is_not(None)
    )
    areas = (
        sa.select(Donor.id, _kind("staff"), RoleGrant.division_code)
        .join(RoleGrant, RoleGrant.user_id == Donor.user_id)
        .where(RoleGrant.role.in_(STAFF_ROLES), RoleGrant.revoked_at.is_(None))
    )
    own = sa.select(Donor.id, _kind("household"), _text(Household.id)).join(
        Household, Household.user_id == Donor.user_id
    )
    parts = [(households, RelatedParty.donor_id), (users, RelatedParty.donor_id), (areas, Donor.id), (own, Donor.id)]
    return sa.union_all(*(part.where(donor == sa.bindparam("donor_id")) if is_one else part for part, donor in parts))


def _kind(name: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{name}'", sa.String)


def _text(column: sa.orm.InstrumentedAttribute[Any]) -> sa.ColumnElement[str]:
    return sa.cast(column, sa.String)
