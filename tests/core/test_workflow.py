"""Moves between states are tables, and everything that is not in a table is refused."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from marketplace.core.errors import Conflict
from marketplace.core.workflow import (
    HOLDING_PLEDGE_STATES,
    HOUSEHOLD_MOVES,
    NEED_MOVES,
    PLEDGE_MOVES,
    PUBLIC_NEED_STATES,
    HouseholdStatus,
    NeedState,
    PledgeState,
    next_state,
)

TABLES: list[tuple[type[StrEnum], Mapping[tuple[StrEnum, str], StrEnum]]] = [
    (NeedState, NEED_MOVES),  # type: ignore[list-item]
    (PledgeState, PLEDGE_MOVES),  # type: ignore[list-item]
    (HouseholdStatus, HOUSEHOLD_MOVES),  # type: ignore[list-item]
]
EVERY_PAIR = [
    pytest.param(moves, state, move, id=f"{kind.__name__}-{state}-{move}")
    for kind, moves in TABLES
    for state in kind
    for move in sorted({m for _, m in moves} | {"no such move"})
]


@pytest.mark.parametrize(("moves", "state", "move"), EVERY_PAIR)
def test_a_move_that_is_not_in_the_table_is_refused(
    moves: Mapping[tuple[StrEnum, str], StrEnum], state: StrEnum, move: str
) -> None:
    """Z5: every state x every move."""
    if (state, move) in moves:
        assert next_state(moves, state, move) is moves[(state, move)]
        return
    with pytest.raises(Conflict):
        next_state(moves, state, move)


@pytest.mark.parametrize(("kind", "moves"), TABLES)
def test_every_state_can_be_reached_from_the_first(
    kind: type[StrEnum], moves: Mapping[tuple[StrEnum, str], StrEnum]
) -> None:
    reached = {next(iter(kind))}
    while more := {after for (before, _), after in moves.items() if before in reached} - reached:
        reached |= more
    assert reached == set(kind)


def test_no_need_becomes_public_without_an_approval() -> None:
    into_public = {(before, move) for (before, move), after in NEED_MOVES.items() if after in PUBLIC_NEED_STATES}
    from_outside = {(before, move) for before, move in into_public if before not in PUBLIC_NEED_STATES}
    assert from_outside == {(NeedState.SUBMITTED, "approve")}


def test_a_draft_cannot_skip_review() -> None:
    with pytest.raises(Conflict):
        next_state(NEED_MOVES, NeedState.DRAFT, "approve")


def test_what_arrived_can_no_longer_lapse_or_be_cancelled() -> None:
    arrived = {PledgeState.RECEIVED, PledgeState.DELIVERED, PledgeState.CONFIRMED, PledgeState.REPORTED}
    assert not {(state, move) for state, move in PLEDGE_MOVES if state in arrived} & {
        (state, move) for state in arrived for move in ("lapse", "cancel")
    }


def test_an_offer_and_a_pledge_that_ended_hold_nothing() -> None:
    assert set(PledgeState) - HOLDING_PLEDGE_STATES == {
        PledgeState.OFFERED,
        PledgeState.DECLINED,
        PledgeState.LAPSED,
        PledgeState.CANCELLED,
    }
