"""What staff see of needs: the clerk's list, the households that may be posted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.divisions import CODE_LENGTH, Level
from marketplace.core.permissions import Permission
from marketplace.core.text import normal_form, pinyin
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.households.models import Household, Member
from marketplace.needs.models import Need, NeedReview
from marketplace.needs.slips import SLIP_STATES
from marketplace.regions.models import Division

MOST_ASKERS = 400
PAGE_SIZE = 30
_RECENT_HELP = timedelta(days=730)
_DECIDED_AGAINST = (NeedState.DRAFT, NeedState.WITHDRAWN, NeedState.REJECTED)

# What a clerk has to do something about comes first.
DESK_ORDER = (
    NeedState.RETURNED,
    NeedState.DRAFT,
    NeedState.SUBMITTED,
    NeedState.PUBLISHED,
    NeedState.PLEDGED,
    NeedState.SUSPENDED,
    NeedState.DELIVERED,
    NeedState.CONFIRMED,
    NeedState.CLOSED,
    NeedState.EXPIRED,
    NeedState.REJECTED,
    NeedState.WITHDRAWN,
)


@dataclass(frozen=True, slots=True)
class DeskNeed:
    """A need in the clerk's list, with what the last reviewer said."""

    need: Need
    household_code: str
    last_review: NeedReview | None


def list_askers(words: str, *, actor: Actor) -> list[Household]:
    """Households of the actor's villages to post for, by name, its pinyin or initials, code or group; MOST_ASKERS.

    Somebody who speaks for a household and clerks nowhere has that household alone.
    """
    areas = actor.areas(Permission.NEED_POST)
    if not areas:
        return list(db.session.scalars(sa.select(Household).where(Household.id == actor.household_id)))
    statement = sa.select(Household).where(in_areas(Household.division_code, areas))
    households = list(db.session.scalars(statement.order_by(Household.group_name, Household.code).limit(MOST_ASKERS)))
    wanted = normal_form(words).replace(" ", "")
    if not wanted:
        return households
    names = _member_names([household.id for household in households])
    return [h for h in households if any(_is_like(wanted, text) for text in (h.code, h.group_name, *names[h.id]))]


def list_villages(*, actor: Actor) -> list[Division]:
    """The villages that the actor may post for by themselves, at most MOST_ASKERS."""
    areas = actor.areas(Permission.NEED_POST)
    if not areas:
        return []
    statement = sa.select(Division).where(Division.level == Level.VILLAGE, in_areas(Division.code, areas))
    return list(db.session.scalars(statement.order_by(Division.code).limit(MOST_ASKERS)))


def count_by_state(*, actor: Actor) -> dict[NeedState, int]:
    """How many needs of the actor's area, or own household, stand where."""
    counted = sa.select(Need.state, sa.func.count()).where(_readable(actor)).group_by(Need.state)
    found = dict(db.session.execute(counted).all())
    return {state: found[state] for state in DESK_ORDER if state in found}


def list_desk_needs(state: NeedState, *, actor: Actor, page: int = 1) -> tuple[list[DeskNeed], bool]:
    """One page of the area's needs in a state, last touched first, and whether there are more."""
    statement = (
        sa.select(Need)
        .where(Need.state == state, _readable(actor))
        .order_by(sa.func.coalesce(Need.published_at, Need.submitted_at, Need.created_at).desc(), Need.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    needs = list(db.session.scalars(statement))
    shown = needs[:PAGE_SIZE]
    codes, reviews = household_codes(shown), _last_reviews(shown)
    rows = [DeskNeed(need, codes.get(need.household_id or 0, ""), reviews.get(need.id)) for need in shown]
    return rows, len(needs) > PAGE_SIZE


def list_slip_needs(*, actor: Actor) -> list[Need]:
    """Needs of households in the actor's villages that slips can be printed for, without one first; MOST_ASKERS."""
    areas = actor.areas(Permission.NEED_POST)
    chosen = sa.select(Need).where(
        in_areas(Need.division_code, areas), Need.household_id.is_not(None), Need.state.in_(SLIP_STATES)
    )
    ordered = chosen.order_by(Need.slip_index.is_not(None), Need.division_code, Need.submitted_at.desc(), Need.id)
    return list(db.session.scalars(ordered.limit(MOST_ASKERS)))


def recent_needs(need: Need, *, now: datetime) -> list[Need]:
    """The other needs of the same household in the last two years, newest first: its recent help."""
    if need.household_id is None:
        return []
    statement = sa.select(Need).where(
        Need.household_id == need.household_id,
        Need.id != need.id,
        Need.state.not_in(_DECIDED_AGAINST),
        Need.created_at > now - _RECENT_HELP,
    )
    return list(db.session.scalars(statement.order_by(Need.created_at.desc())))


def needs_of_household(household_id: int) -> list[Need]:
    """All needs of a household, newest first; the caller has made sure that the household may be read."""
    statement = sa.select(Need).where(Need.household_id == household_id)
    return list(db.session.scalars(statement.order_by(Need.created_at.desc(), Need.id.desc())))


def household_codes(needs: Sequence[Need]) -> dict[int, str]:
    """The public codes of the needs' households, by household id."""
    ids = {need.household_id for need in needs if need.household_id is not None}
    if not ids:
        return {}
    return dict(db.session.execute(sa.select(Household.id, Household.code).where(Household.id.in_(ids))).all())


def in_areas(column: sa.SQLColumnExpression[str], areas: Sequence[str]) -> sa.ColumnElement[bool]:
    """Rows whose division lies in one of the areas (significant prefixes)."""
    ranges = [column.between(area.ljust(CODE_LENGTH, "0"), area.ljust(CODE_LENGTH, "9")) for area in areas]
    return sa.or_(*ranges)


def _readable(actor: Actor) -> sa.ColumnElement[bool]:
    """Needs of the actor's area, and of the household that the actor speaks for."""
    areas = actor.areas(Permission.NEED_READ)
    own = Need.household_id == actor.household_id if actor.household_id is not None else sa.false()
    return sa.or_(own, in_areas(Need.division_code, areas)) if areas else own


def _is_like(wanted: str, text: str) -> bool:
    plain = normal_form(text).replace(" ", "")
    if wanted in plain:
        return True
    if not (wanted.isascii() and wanted.isalpha()):
        return False
    return wanted in pinyin(plain) or wanted in "".join(pinyin(character)[:1] for character in plain)


def _member_names(ids: Sequence[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {household_id: [] for household_id in ids}
    rows = db.session.execute(sa.select(Member.household_id, Member.name).where(Member.household_id.in_(ids)))
    for household_id, name in rows:
        names[household_id].append(name)
    return names


def _last_reviews(needs: Sequence[Need]) -> dict[int, NeedReview]:
    ids = [need.id for need in needs]
    statement = sa.select(NeedReview).where(NeedReview.need_id.in_(ids)).order_by(NeedReview.at, NeedReview.id)
    return {review.need_id: review for review in db.session.scalars(statement)}
