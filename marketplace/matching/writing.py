"""Write lists of suggestions with their reasons; the only writer of the suggestion table."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, cast

import numpy as np
import sqlalchemy as sa

from marketplace.db import db
from marketplace.matching.engine.explain import Explanation, explain_pairs
from marketplace.matching.engine.lists import Source
from marketplace.matching.engine.rank import Ranking
from marketplace.matching.engine.rank import Suggestion as Ranked
from marketplace.matching.models import Direction, Slot, Suggestion
from marketplace.matching.warm import Warm

SLOTS = {
    Source.RANKED: Slot.SCORE,
    Source.FLOOR: Slot.FAIRNESS,
    Source.EXPLORED: Slot.EXPLORATION,
    Source.NEUTRAL: Slot.NEUTRAL,
}
_BATCH = 5_000
# Ids that one statement names.
_MOST_NAMED = 500
# Plain rows, no objects: tens of thousands are written at once.
_TABLE = cast("sa.Table", sa.inspect(Suggestion).local_table)
_INSERT = sa.insert(_TABLE)


def terms_of(explanation: Explanation) -> list[list[Any]]:
    """The reasons as they are stored: message id, params, points; those that round to nothing are left out."""
    return [[r.phrase.message, r.phrase.params, r.points] for r in explanation.reasons if r.points]


@dataclass(frozen=True, slots=True)
class Differences:
    """Lists that no longer stand as they were written, by direction and owner: what takes their place, made ready."""

    owners: dict[Direction, list[int]]
    values: list[dict[str, Any]]

    def __len__(self) -> int:
        return sum(map(len, self.owners.values()))


def write_all(warm: Warm, ranking: Ranking, *, run_id: int) -> None:
    """Put a full run in the place of every list that stands."""
    db.session.execute(sa.delete(Suggestion))
    for direction, lists in _by_code(ranking).items():
        for values in _values(warm, direction, lists, run_id=run_id):
            _insert(values)


def find_differences(warm: Warm, ranking: Ranking, *, run_id: int) -> Differences:
    """Compare every list with what is stored, and make ready those in which a place, a score or a slot differs.

    Propensities stay those of the draw: a pool that grew by one since is no reason to write a list again.
    """
    owners: dict[Direction, list[int]] = {}
    values: list[dict[str, Any]] = []
    for direction, lists in _by_code(ranking).items():
        own, other = _ids(warm, direction)
        stored = _stored(direction)
        made = {own[code]: [_key(one, other[one.code]) for one in ranked] for code, ranked in lists.items()}
        differing = {owner for owner in stored.keys() | made.keys() if stored.get(owner, []) != made.get(owner, [])}
        owners[direction] = sorted(differing)
        changed = {code: ranked for code, ranked in lists.items() if own[code] in differing}
        values += chain.from_iterable(_values(warm, direction, changed, run_id=run_id))
    return Differences(owners, values)


def write_differences(differences: Differences) -> None:
    """Put the lists that differ in the place of those that stand."""
    for direction, owners in differences.owners.items():
        column = _TABLE.c[_owner(direction).key]
        for start in range(0, len(owners), _MOST_NAMED):
            named = owners[start : start + _MOST_NAMED]
            db.session.execute(sa.delete(_TABLE).where(_TABLE.c.direction == direction, column.in_(named)))
    _insert(differences.values)


def _by_code(ranking: Ranking) -> dict[Direction, dict[str, list[Ranked]]]:
    return {
        Direction.DONORS_FOR_NEED: {code: ranking.for_need(code) for code in ranking.problem.needs.codes},
        Direction.NEEDS_FOR_DONOR: {code: ranking.for_donor(code) for code in ranking.problem.donors.codes},
    }


def _ids(warm: Warm, direction: Direction) -> tuple[dict[str, int], dict[str, int]]:
    """Ids by code of whose lists they are, and of who stands in them."""
    ids = (warm.needs.ids, warm.donors.ids)
    return ids if direction is Direction.DONORS_FOR_NEED else ids[::-1]


def _owner(direction: Direction) -> sa.orm.InstrumentedAttribute[int]:
    return Suggestion.need_id if direction is Direction.DONORS_FOR_NEED else Suggestion.donor_id


def _key(ranked: Ranked, partner: int) -> tuple[int, int, Slot]:
    """What makes a place of a list the same as one that was stored."""
    slot = SLOTS[ranked.source]
    return partner, 0 if slot is Slot.NEUTRAL else ranked.points, slot


def _stored(direction: Direction) -> dict[int, list[tuple[int, int, Slot]]]:
    own = _owner(direction)
    other = Suggestion.donor_id if own is Suggestion.need_id else Suggestion.need_id
    chosen = sa.select(own, other, Suggestion.score, Suggestion.slot).where(Suggestion.direction == direction)
    found: dict[int, list[tuple[int, int, Slot]]] = {}
    for owner, partner, score, slot in db.session.execute(chosen.order_by(own, Suggestion.rank)):
        found.setdefault(owner, []).append((partner, score, slot))
    return found


def write_need(warm: Warm, code: str, *, run_id: int) -> None:
    """Replace the list of one need."""
    direction = Direction.DONORS_FOR_NEED
    values = _values(warm, direction, {code: warm.ranker.need(code)}, run_id=run_id)
    _write_one(direction, warm.needs.ids[code], values)


def write_donor(warm: Warm, code: str, *, run_id: int) -> None:
    """Replace the list of one donor."""
    direction = Direction.NEEDS_FOR_DONOR
    values = _values(warm, direction, {code: warm.ranker.donor(code)}, run_id=run_id)
    _write_one(direction, warm.donors.ids[code], values)


def _write_one(direction: Direction, owner: int, values: Iterable[Sequence[dict[str, Any]]]) -> None:
    db.session.execute(_deleting(direction), {"owner": owner})
    for batch in values:
        _insert(batch)


@cache
def _deleting(direction: Direction) -> sa.Delete:
    """Take one list away: made once, since making it takes longer than running it."""
    column = _TABLE.c[_owner(direction).key]
    return sa.delete(_TABLE).where(_TABLE.c.direction == direction, column == sa.bindparam("owner"))


def _insert(values: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(values), _BATCH):
        db.session.execute(_INSERT, values[start : start + _BATCH])


def _values(
    warm: Warm, direction: Direction, lists: dict[str, list[Ranked]], *, run_id: int
) -> Iterator[list[dict[str, Any]]]:
    """The rows of some lists, by the code of whose they are; some at a time, so that only these are held."""
    is_for_need = direction is Direction.DONORS_FOR_NEED
    own = warm.problem.need_index if is_for_need else warm.problem.donor_index
    places = [(own(code), ranked) for code, suggestions in lists.items() for ranked in suggestions]
    for start in range(0, len(places), _BATCH):
        part = places[start : start + _BATCH]
        pairs = [(row, r.partner) if is_for_need else (r.partner, row) for row, r in part]
        yield [
            {**pair, "run_id": run_id, "direction": direction, "rank": ranked.position, **_place(ranked, terms)}
            for (pair, terms), (_, ranked) in zip(_columns(warm, pairs), part, strict=True)
        ]


def _columns(warm: Warm, pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[dict[str, Any], list[list[Any]]]]:
    """The ids, the levels and the terms of each pair of rows."""
    needs, donors = np.array([n for n, _ in pairs]), np.array([d for _, d in pairs])
    model, problem = warm.ranker.setting.prepared.model, warm.problem
    explained = explain_pairs(problem, model=model, needs=needs, donors=donors)
    for (need, donor), explanation in zip(pairs, explained, strict=True):
        ids = {
            "levels": explanation.levels,
            "need_id": warm.needs.ids[problem.needs.codes[need]],
            "donor_id": warm.donors.ids[problem.donors.codes[donor]],
        }
        yield ids, terms_of(explanation)


def _place(ranked: Ranked, terms: list[list[Any]]) -> dict[str, Any]:
    """Slot, score, propensity and terms; a list without personalisation has neither score nor terms."""
    slot = SLOTS[ranked.source]
    is_neutral = slot is Slot.NEUTRAL
    return {
        "slot": slot,
        "score": 0 if is_neutral else ranked.points,
        "propensity": ranked.propensity,
        "terms": [] if is_neutral else terms,
    }
