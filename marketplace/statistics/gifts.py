"""How far pledges come, by who gives and by the place at which the need was suggested."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from marketplace.core.kinds import DonorType
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.matching.models import Direction, Outcome, SuggestionOutcome
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge
from marketplace.statistics.cohorts import Cohort
from marketplace.statistics.hiding import hidden_of


@dataclass(frozen=True, slots=True)
class Kept:
    """Pledges of one sort: made, ended without arriving, delivered, confirmed by two, confirmed at arm's length."""

    made: int
    lapsed: int
    delivered: int
    confirmed: int
    arms_length: int


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One row of the table; ``kept`` is None where so few households stand behind it that it may not be shown."""

    donor_type: DonorType
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class Place:
    """What came of the suggestions shown at some places of the donors' lists; a pair counts once."""

    shown: int
    opened: int
    pledged: int
    delivered: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """Places ``first`` to ``last`` of the lists, 1 is the top; None for what was never suggested."""

    first: int | None
    last: int | None
    place: Place | None


# Places are counted together from the fourth on: further down there are few pledges each.
PLACES = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 10))


def kept_by_donor_type(cohort: Cohort) -> list[KeptRow]:
    """Pledges to the needs of a cohort, as far as they had come at its moment."""

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
        return sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0))

    as_of = cohort.as_of
    confirmed = Pledge.confirmed_at <= as_of
    rows = db.session.execute(
        sa.select(
            Donor.donor_type,
            sa.func.count(sa.distinct(sa.func.coalesce(Need.household_id, -Need.id))),
            sa.func.count(),
            count(Pledge.ended_at <= as_of),
            count(Pledge.delivered_at <= as_of),
            count(confirmed),
            count(confirmed, Pledge.at_arms_length.is_(True)),
        )
        .select_from(Pledge)
        .join(Donor, Donor.id == Pledge.donor_id)
        .join(Need, Need.id == Pledge.need_id)
        .where(Pledge.accepted_at <= as_of, *cohort.conditions())
        .group_by(Donor.donor_type)
    )
    found = {row[0]: (row[1], Kept(*(int(n) for n in row[2:]))) for row in rows}
    hidden = hidden_of({donor_type.value: households for donor_type, (households, _) in found.items()})
    return [KeptRow(t, None if t.value in hidden else found[t][1]) for t in DonorType if t in found]


def kept_by_place(cohort: Cohort) -> list[PlaceRow]:
    """Of the needs of a cohort: pairs shown at each place of donors' lists, and what came of them by its moment."""
    rows = db.session.execute(
        sa.select(
            SuggestionOutcome.kind,
            SuggestionOutcome.rank,
            SuggestionOutcome.need_id,
            SuggestionOutcome.donor_id,
            sa.func.coalesce(Need.household_id, -Need.id),
        )
        .join(Need, Need.id == SuggestionOutcome.need_id)
        .where(
            SuggestionOutcome.at <= cohort.as_of,
            SuggestionOutcome.kind.in_(tuple(_KINDS)),
            sa.or_(SuggestionOutcome.direction.is_(None), SuggestionOutcome.direction == Direction.NEEDS_FOR_DONOR),
            *cohort.conditions(),
        )
    )
    pairs: defaultdict[str, defaultdict[str, set[tuple[int, int]]]] = defaultdict(lambda: defaultdict(set))
    behind: defaultdict[str, set[int]] = defaultdict(set)
    for kind, rank, need_id, donor_id, household in rows:
        band = _band(rank)
        pairs[band][_KINDS[kind]].add((need_id, donor_id))
        behind[band].add(household)
    hidden = hidden_of({band: len(households) for band, households in behind.items()})
    bands: list[tuple[int | None, int | None]] = [*PLACES, (None, None)]
    return [_place_row(first, last, pairs, hidden) for first, last in bands if _name(first) in pairs]


_KINDS = {
    Outcome.SHOWN: "shown",
    Outcome.OPENED: "opened",
    Outcome.PLEDGED: "pledged",
    Outcome.DELIVERED: "delivered",
    Outcome.CONFIRMED: "confirmed",
}


def _place_row(
    first: int | None,
    last: int | None,
    pairs: Mapping[str, Mapping[str, set[tuple[int, int]]]],
    hidden: frozenset[str],
) -> PlaceRow:
    found = pairs[_name(first)]
    place = Place(**{f.name: len(found.get(f.name, ())) for f in fields(Place)})
    return PlaceRow(first, last, None if _name(first) in hidden else place)


def _band(rank: int | None) -> str:
    return _name(None if rank is None else next((a for a, b in PLACES if a <= rank <= b), PLACES[-1][0]))


def _name(first: int | None) -> str:
    return "" if first is None else f"{first:02d}"
