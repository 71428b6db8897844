"""Read what the engine ranks: open needs and active donors as plain rows, with who stands behind whom."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from operator import itemgetter
from statistics import median_low
from typing import Any

import sqlalchemy as sa

from marketplace.accounts.models import RoleGrant, User
from marketplace.core.divisions import ancestors
from marketplace.core.kinds import NeedCategory, PovertyAttribute, SupportKind, Urgency
from marketplace.core.permissions import STAFF_ROLES
from marketplace.core.workflow import HouseholdStatus, NeedState, PledgeState
from marketplace.db import UtcDateTime, db
from marketplace.db.clock import china_day
from marketplace.donors.models import Donor, Preference, RelatedParty
from marketplace.households.models import Household
from marketplace.matching.engine.problem import DonorRow, NeedRow
from marketplace.matching.queries import is_open
from marketplace.needs.models import Need, NeedLine
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
_FIRST = itemgetter(0)


def need_rows(
    *, day: date, need_id: int | None = None, as_of: tuple[datetime, datetime] | None = None
) -> dict[int, NeedRow]:
    """Open needs by id, or only one of them: empty where it is not open.

    ``as_of``: those that were open at some time in that span instead, with their whole amounts.
    """
    if as_of is None:
        found = db.session.execute(_open_needs(is_one=need_id is not None), {"need_id": need_id})
    else:
        found = db.session.execute(_needs_read().where(_was_open(*as_of)))
    lines: dict[int, list[Any]] = {}
    for line in found:
        lines.setdefault(line.id, []).append(line)
    return {owner: _need_row(own, day=day, is_whole=as_of is not None) for owner, own in lines.items()}


def _needs_read() -> sa.Select[*tuple[Any, ...]]:
    """A row for each line, with its need and who stands behind it; plain columns, and nothing that is encrypted."""
    need = (Need.id, Need.code, Need.category, Need.division_code, Need.value_fen, Need.pledged_fen, Need.urgency)
    told = (Need.published_at, Need.helped_before, Need.title, Need.story, Need.poster_id, Need.household_id)
    household = (Household.attribute, Household.unsafe_house, Household.scarce_water, Household.status)
    phones = (Household.phone_index.label("household_phone"), User.phone_index.label("poster_phone"))
    line = (NeedLine.kind, NeedLine.quantity, NeedLine.pledged, NeedLine.unit_price_fen)
    return (
        sa.select(*need, *told, *household, *phones, User.unit, *line)
        .join(User, User.id == Need.poster_id)
        .join(NeedLine, NeedLine.need_id == Need.id)
        .outerjoin(Household, Household.id == Need.household_id)
        .order_by(Need.id, NeedLine.position)
    )


@cache
def _open_needs(*, is_one: bool) -> sa.Select[*tuple[Any, ...]]:
    """The open needs, or one of them: made once, since making it takes longer than running it."""
    chosen = _needs_read().where(is_open())
    return chosen.where(Need.id == sa.bindparam("need_id")) if is_one else chosen


def _was_open(begins: datetime, ends: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        Need.published_at <= ends,
        sa.or_(Need.pledged_at.is_(None), Need.pledged_at >= begins),
        sa.or_(Need.expires_on.is_(None), Need.expires_on >= china_day(begins)),
        Need.state.not_in((NeedState.WITHDRAWN, NeedState.SUSPENDED)),
        Need.lines.any(),
    )


def _need_row(lines: Sequence[Any], *, day: date, is_whole: bool) -> NeedRow:
    """One need of its lines as they were read."""
    need = lines[0]
    left = [(line.quantity - (0 if is_whole else line.pledged), line) for line in lines]
    _, largest = max(((quantity * line.unit_price_fen, line) for quantity, line in left if quantity), key=_FIRST)
    return NeedRow(
        code=need.code,
        kind=largest.kind,
        category=need.category or NeedCategory.DLY,
        division=need.division_code,
        open_fen=need.value_fen - (0 if is_whole else need.pledged_fen),
        urgency=URGENCIES.index(need.urgency),
        vulnerability=_hardship(need),
        waiting_days=max((day - china_day(need.published_at)).days, 0) if need.published_at else 0,
        never_helped=not need.helped_before,
        text=f"{need.title}\n{need.story}",
        parties=_behind(need),
    )


def _hardship(need: Any) -> float:
    """How hard life is for a need's household, 0 to 1: its register's class, its house and water, a return to poverty.

    Class counts .2 to .7, an unsafe house .15, scarce water .1, being monitored or re-entered .15; a village .2.
    """
    if need.household_id is None:
        return _VILLAGE_HARDSHIP
    extra = 0.15 * bool(need.unsafe_house) + 0.1 * bool(need.scarce_water)
    return min(_HARDSHIP[need.attribute] + extra + 0.15 * (need.status in _RELAPSING), 1.0)


def _behind(need: Any) -> list[str]:
    """Everybody who stands behind a need, and every area whose staff may not be shown it."""
    keys = [f"user:{need.poster_id}", *_phone_keys(need.poster_phone), *_phone_keys(need.household_phone)]
    keys += [f"staff:{area}" for area in ancestors(need.division_code)]
    if need.unit:
        keys.append(f"unit:{need.unit}")
    if need.household_id is not None:
        keys.append(f"household:{need.household_id}")
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
    people = db.session.execute(_donors_read(is_one=donor_id is not None), {"donor_id": donor_id}).all()
    histories = _histories(donor_id, before=before)
    excluded = _excluded(people, donor_id=donor_id)
    return {
        donor.id: _donor_row(
            donor, histories.get(donor.id) or _History(), mixes=mixes, excluded=excluded[donor.id], day=day
        )
        for donor in people
    }


@cache
def _donors_read(*, is_one: bool) -> sa.Select[*tuple[Any, ...]]:
    """Donors with their wishes and accounts, or one of them; plain columns, and nothing that is encrypted."""
    donor = (Donor.id, Donor.code, Donor.name, Donor.joined_at, Donor.user_id)
    phones = (Donor.phone_index.label("donor_phone"), User.phone_index.label("user_phone"))
    limits = (Preference.budget_fen, Preference.words, Preference.personalised, Preference.paused)
    wishes = (Preference.kinds, Preference.categories, Preference.areas, *limits, Preference.updated_at)
    chosen = (
        sa.select(*donor, *phones, *wishes, User.unit)
        .join(Preference, Preference.donor_id == Donor.id)
        .outerjoin(User, User.id == Donor.user_id)
    )
    return chosen.where(Donor.id == sa.bindparam("donor_id")) if is_one else chosen


def _donor_row(
    donor: Any,
    history: _History,
    *,
    mixes: Mixes,
    excluded: Collection[str],
    day: date,
) -> DonorRow:
    return DonorRow(
        code=donor.code,
        kinds=[_KINDS[kind] for kind in donor.kinds] or list(SupportKind),
        categories=[_CATEGORIES[category] for category in donor.categories],
        areas=donor.areas,
        budget_fen=donor.budget_fen,
        typical_fen=median_low(history.worths) if history.worths else None,
        text=donor.words,
        successes=history.kept,
        outcomes=history.kept + history.broken,
        last_active_days=max((day - china_day(max(history.last or donor.joined_at, donor.updated_at))).days, 0),
        is_open=not donor.paused,
        is_personalised=donor.personalised,
        excluded=excluded,
        neighbours=_neighbours(history, mixes),
    )


def _histories(donor_id: int | None = None, *, before: datetime | None = None) -> dict[int, _History]:
    given = _given(is_one=donor_id is not None, is_then=before is not None)
    gifts = db.session.execute(given, {"donor_id": donor_id, "before": before})
    found: defaultdict[int, _History] = defaultdict(_History)
    for giver_id, broken, kept, worth, made, category in gifts:
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


@cache
def _given(*, is_one: bool, is_then: bool) -> sa.Select[*tuple[Any, ...]]:
    """What donors gave, or one of them, or as it stood then: broken, kept, worth, day, category."""
    before = sa.bindparam("before", type_=UtcDateTime)
    then = (Pledge.ended_at < before, Pledge.received_at < before) if is_then else (sa.true(), sa.true())
    is_broken = sa.and_(Pledge.state.in_(_BROKEN), then[0])
    is_kept = sa.and_(Pledge.state.in_(_KEPT), then[1])
    columns = (Pledge.donor_id, is_broken, is_kept, Pledge.value_fen, Pledge.created_at, Need.category)
    # What somebody offered to a donor says nothing about the donor until it is accepted.
    chosen = sa.select(*columns).join(Pledge.need).where(Pledge.accepted_at.is_not(None))
    if is_then:
        chosen = chosen.where(Pledge.created_at < before)
    return chosen.where(Pledge.donor_id == sa.bindparam("donor_id")) if is_one else chosen


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


def _excluded(people: Sequence[Any], *, donor_id: int | None) -> dict[int, set[str]]:
    """By donor, the keys of everybody that it must never be matched with (R-V8)."""
    keys: dict[int, set[str]] = {}
    for donor in people:
        own = {f"unit:{donor.name}", *_phone_keys(donor.donor_phone), *_phone_keys(donor.user_phone)}
        if donor.user_id is not None:
            own |= {f"user:{donor.user_id}", *([f"unit:{donor.unit}"] if donor.unit else ())}
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
