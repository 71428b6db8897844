"""What becomes of suggestions: shown, opened, pledged, lapsed, delivered, confirmed, of use months later.

Each is written once, however often it is asked for. Showing and opening are observations, not records of business: a
page notes them after its answer has left, and no right, state, amount or rate of needs rests on them. What follows
from a pledge is read off the pledge's own moments, so that an outcome can neither be forgotten nor made up.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.matching.models import Direction, MatchRun, Outcome, Slot, Suggestion, SuggestionOutcome
from marketplace.pledges.models import Pledge

_TABLE = cast("sa.Table", sa.inspect(SuggestionOutcome).local_table)
_PLACE = ("run_id", "model_version", "direction", "rank", "slot", "propensity")
_COLUMNS = ("key", "kind", "need_id", "donor_id", "pledge_id", *_PLACE, "good", "at")
# The moment of a pledge that each outcome is read off.
_MOMENTS = {
    Outcome.PLEDGED: Pledge.accepted_at,
    Outcome.LAPSED: Pledge.ended_at,
    Outcome.DELIVERED: Pledge.delivered_at,
    Outcome.CONFIRMED: Pledge.confirmed_at,
}
EFFECTS = {30: Outcome.EFFECTIVE_30, 90: Outcome.EFFECTIVE_90, 365: Outcome.EFFECTIVE_365}
_ENDED = (PledgeState.LAPSED, PledgeState.CANCELLED)
# The showing that a pledge came after.
_Shown = aliased(SuggestionOutcome)


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One showing or opening of many, for imports and the demonstration."""

    kind: Outcome
    need_id: int
    donor_id: int
    run_id: int
    model_version: str
    direction: Direction
    rank: int
    slot: Slot
    propensity: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What a household said some days after a delivery."""

    days: int
    useful: bool
    at: datetime


def note_shown(direction: Direction, *, need_ids: Collection[int], donor_ids: Collection[int], now: datetime) -> int:
    """A page showed these pairs of the lists that stand; returns how many were new for their run."""
    return _insert(_seen(Outcome.SHOWN, direction, need_ids=need_ids, donor_ids=donor_ids, now=now))


def note_opened(need_id: int, *, donor_id: int, now: datetime) -> int:
    """A donor opened the page of a need that the standing list had shown to that donor."""
    seen = _seen(Outcome.OPENED, Direction.NEEDS_FOR_DONOR, need_ids=[need_id], donor_ids=[donor_id], now=now)
    shown = sa.exists().where(
        SuggestionOutcome.kind == Outcome.SHOWN,
        SuggestionOutcome.direction == Direction.NEEDS_FOR_DONOR,
        SuggestionOutcome.run_id == Suggestion.run_id,
        SuggestionOutcome.need_id == Suggestion.need_id,
        SuggestionOutcome.donor_id == Suggestion.donor_id,
    )
    return _insert(seen.where(shown))


def collect(*, now: datetime) -> int:
    """Read the outcomes of all pledges off their moments up to ``now``; returns how many were new."""
    return sum(_insert(_of_pledges(kind, now=now)) for kind in _MOMENTS)


def note_effect(need_id: int, *, days: int, useful: bool, now: datetime) -> int:
    """What the household said ``days`` after the delivery, for each confirmed pledge of its need."""
    confirmed = sa.select(*_pledge_columns(EFFECTS[days], now, good=useful)).where(
        Pledge.need_id == need_id, Pledge.confirmed_at <= now
    )
    return _insert(_with_place(confirmed, before=Pledge.created_at))


def note_effects(effects: Mapping[int, Sequence[Effect]]) -> int:
    """As note_effect for many needs at once, by need id; returns how many were new."""
    pledges: Any = sa.select(Pledge.id, Pledge.need_id, Pledge.donor_id, Pledge.confirmed_at)
    placed = pledges.add_columns(*(getattr(_Shown, name) for name in _PLACE)).where(Pledge.confirmed_at.is_not(None))
    rows = []
    for row in db.session.execute(_with_place(placed, before=Pledge.created_at)).mappings():
        for effect in effects.get(row["need_id"], ()):
            if row["confirmed_at"] <= effect.at:
                kind = EFFECTS[effect.days]
                values = {name: row[name] for name in ("need_id", "donor_id", *_PLACE)}
                values["model_version"] = row["model_version"] or ""
                made = {"key": f"{kind.value}:{row['id']}", "kind": kind, "pledge_id": row["id"]}
                rows.append({**values, **made, "good": effect.useful, "at": effect.at})
    if rows:
        db.session.execute(sa.insert(_TABLE), rows)
    return len(rows)


def insert_outcomes(rows: Iterable[OutcomeRow]) -> None:
    """Add showings and openings; a pair once for each run."""
    values = [
        {**asdict(r), "key": f"{r.kind.value}:{r.direction.value}:{r.run_id}:{r.need_id}:{r.donor_id}", "good": True}
        for r in rows
    ]
    if values:
        db.session.execute(sa.insert(_TABLE), values)


def _seen(
    kind: Outcome, direction: Direction, *, need_ids: Collection[int], donor_ids: Collection[int], now: datetime
) -> sa.Select[Any]:
    """The pairs of the standing lists, as rows of outcomes."""
    key: Any = sa.literal(f"{kind.value}:{direction.value}:")
    for part in (Suggestion.run_id, Suggestion.need_id, Suggestion.donor_id):
        key = key + sa.cast(part, sa.String) + ("" if part is Suggestion.donor_id else ":")
    return (
        sa.select(
            key,
            _literal("kind", kind),
            Suggestion.need_id,
            Suggestion.donor_id,
            sa.null(),
            Suggestion.run_id,
            MatchRun.model_version,
            Suggestion.direction,
            Suggestion.rank,
            Suggestion.slot,
            Suggestion.propensity,
            sa.true(),
            _literal("at", now),
        )
        .join(MatchRun, MatchRun.id == Suggestion.run_id)
        .where(
            Suggestion.direction == direction,
            Suggestion.need_id.in_(need_ids),
            Suggestion.donor_id.in_(donor_ids),
            # A list without personalisation is no suggestion of the model.
            Suggestion.slot != Slot.NEUTRAL,
        )
    )


def _of_pledges(kind: Outcome, *, now: datetime) -> sa.Select[Any]:
    moment = _MOMENTS[kind]
    chosen = sa.select(*_pledge_columns(kind, moment)).where(moment <= now)
    if kind is Outcome.LAPSED:
        chosen = chosen.where(Pledge.state.in_(_ENDED), Pledge.accepted_at.is_not(None))
    return _with_place(chosen, before=Pledge.created_at)


def _pledge_columns(kind: Outcome, at: Any, *, good: bool = True) -> list[Any]:
    return [
        sa.literal(f"{kind.value}:") + sa.cast(Pledge.id, sa.String),
        _literal("kind", kind),
        Pledge.need_id,
        Pledge.donor_id,
        Pledge.id,
        _Shown.run_id,
        sa.func.coalesce(_Shown.model_version, ""),
        *(getattr(_Shown, name) for name in _PLACE[2:]),
        sa.literal(good, sa.Boolean()),
        _literal("at", at) if isinstance(at, datetime) else at,
    ]


def _with_place(chosen: sa.Select[Any], *, before: sa.ColumnElement[datetime] | Any) -> sa.Select[Any]:
    """Join the last showing of the pair to its donor before that moment, where there was one."""
    last = aliased(SuggestionOutcome)
    newest = (
        sa.select(sa.func.max(last.id))
        .where(
            last.kind == Outcome.SHOWN,
            last.direction == Direction.NEEDS_FOR_DONOR,
            last.need_id == Pledge.need_id,
            last.donor_id == Pledge.donor_id,
            last.at <= before,
        )
        .correlate(Pledge)
        .scalar_subquery()
    )
    return chosen.select_from(Pledge).outerjoin(_Shown, _Shown.id == newest)


def _literal(column: str, value: Any) -> sa.ColumnElement[Any]:
    return sa.literal(value, _TABLE.c[column].type)


def _insert(rows: sa.Select[Any]) -> int:
    """Insert what is not there yet: a second showing of the same pair in the same run changes nothing."""
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    insert: Any = sqlite.insert if on_sqlite else postgresql.insert
    statement = insert(_TABLE).from_select(_COLUMNS, rows).on_conflict_do_nothing(index_elements=["key"])
    return len(db.session.execute(statement.returning(_TABLE.c.id)).all())
