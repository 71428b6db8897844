"""Write lists of suggestions with their reasons; the only writer of the suggestion table."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import sqlalchemy as sa

from marketplace.db import db
from marketplace.matching.engine.explain import Explanation, explain_pairs
from marketplace.matching.engine.lists import Source
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
# Plain rows, no objects: tens of thousands are written at once.
_TABLE = cast("sa.Table", sa.inspect(Suggestion).local_table)


def terms_of(explanation: Explanation) -> list[list[Any]]:
    """The reasons as they are stored: message id, params, points; those that round to nothing are left out."""
    return [[r.phrase.message, r.phrase.params, r.points] for r in explanation.reasons if r.points]


def write_all(warm: Warm, *, run_id: int) -> int:
    """Put a full run in the place of every list that stands; returns how many pairs."""
    ranking = warm.ranker.run()
    db.session.execute(sa.delete(Suggestion))
    by_need = {code: ranking.for_need(code) for code in warm.problem.needs.codes}
    by_donor = {code: ranking.for_donor(code) for code in warm.problem.donors.codes}
    return _insert(warm, Direction.DONORS_FOR_NEED, by_need, run_id=run_id) + _insert(
        warm, Direction.NEEDS_FOR_DONOR, by_donor, run_id=run_id
    )


def write_need(warm: Warm, code: str, *, run_id: int) -> list[Ranked]:
    """Replace the list of one need."""
    ranked = warm.ranker.need(code)
    gone = sa.delete(Suggestion).where(
        Suggestion.direction == Direction.DONORS_FOR_NEED, Suggestion.need_id == warm.need_ids[code]
    )
    db.session.execute(gone)
    _insert(warm, Direction.DONORS_FOR_NEED, {code: ranked}, run_id=run_id)
    return ranked


def write_donor(warm: Warm, code: str, *, run_id: int) -> list[Ranked]:
    """Replace the list of one donor."""
    ranked = warm.ranker.donor(code)
    gone = sa.delete(Suggestion).where(
        Suggestion.direction == Direction.NEEDS_FOR_DONOR, Suggestion.donor_id == warm.donor_ids[code]
    )
    db.session.execute(gone)
    _insert(warm, Direction.NEEDS_FOR_DONOR, {code: ranked}, run_id=run_id)
    return ranked


def _insert(warm: Warm, direction: Direction, lists: dict[str, list[Ranked]], *, run_id: int) -> int:
    is_for_need = direction is Direction.DONORS_FOR_NEED
    own = warm.problem.need_index if is_for_need else warm.problem.donor_index
    places = [(own(code), ranked) for code, suggestions in lists.items() for ranked in suggestions]
    for start in range(0, len(places), _BATCH):
        part = places[start : start + _BATCH]
        pairs = [(row, r.partner) if is_for_need else (r.partner, row) for row, r in part]
        rows = zip(_columns(warm, pairs), part, strict=True)
        values = [
            {**pair, "run_id": run_id, "direction": direction, "rank": ranked.position, **_place(ranked, terms)}
            for (pair, terms), (_, ranked) in rows
        ]
        db.session.execute(sa.insert(_TABLE), values)
    return len(places)


def _columns(warm: Warm, pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[dict[str, int], list[list[Any]]]]:
    """The ids and the terms of each pair of rows."""
    needs, donors = np.array([n for n, _ in pairs]), np.array([d for _, d in pairs])
    model, problem = warm.ranker.setting.prepared.model, warm.problem
    explained = explain_pairs(problem, model=model, needs=needs, donors=donors)
    for (need, donor), explanation in zip(pairs, explained, strict=True):
        ids = {
            "need_id": warm.need_ids[problem.needs.codes[need]],
            "donor_id": warm.donor_ids[problem.donors.codes[donor]],
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
