"""Lines of a need are reserved whole or not at all, whoever comes at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from marketplace.core.errors import Conflict, DomainError, Invalid, NotFound
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import service
from marketplace.needs.models import Need, NeedLine
from tests.factories import NOW, Line, make_need, money_line


def _reserve(need: Need, *quantities: int) -> int:
    ids = [line.id for line in need.lines]
    with transaction():
        return service.reserve_lines(need.id, dict(zip(ids, quantities, strict=False)), now=NOW)


def _fresh(need_id: int) -> Need:
    db.session.rollback()
    need = db.session.get(Need, need_id, populate_existing=True)
    assert need is not None
    return need


def test_a_part_of_a_line_is_held_and_the_rest_stays_open(app: Flask) -> None:
    need = make_need(lines=[Line(quantity=4, unit_price_fen=15_000)])
    assert _reserve(need, 3) == 45_000
    need = _fresh(need.id)
    assert (need.state, need.pledged_fen, need.lines[0].open) == (NeedState.PUBLISHED, 45_000, 1)


def test_a_need_is_covered_when_every_line_is(app: Flask) -> None:
    need = make_need(lines=[Line(quantity=1), Line(name="取暖炉", quantity=1, unit="台")])
    _reserve(need, 1)
    assert _fresh(need.id).state is NeedState.PUBLISHED
    ids = [line.id for line in _fresh(need.id).lines]
    with transaction():
        service.reserve_lines(need.id, {ids[1]: 1}, now=NOW)
    need = _fresh(need.id)
    assert (need.state, need.pledged_at) == (NeedState.PLEDGED, NOW)


def test_a_need_without_a_price_is_covered_by_its_quantities(app: Flask) -> None:
    need = make_need(lines=[Line(name="辅导", quantity=2, unit="次", unit_price_fen=0)])
    assert _reserve(need, 1) == 0
    assert _fresh(need.id).state is NeedState.PUBLISHED
    assert _reserve(_fresh(need.id), 1) == 0
    assert _fresh(need.id).state is NeedState.PLEDGED


def test_more_than_is_open_is_refused_with_what_is_open_and_changes_nothing(app: Flask) -> None:
    need = make_need(lines=[Line(quantity=4), Line(name="取暖炉", quantity=1, unit="台")])
    _reserve(need, 3)
    ids = [line.id for line in _fresh(need.id).lines]
    with pytest.raises(Conflict) as refused, transaction():
        service.reserve_lines(need.id, {ids[0]: 2, ids[1]: 1}, now=NOW)
    assert refused.value.params == {"name": "棉被", "open": 1, "unit": "床"}
    assert [line.pledged for line in _fresh(need.id).lines] == [3, 0]


def test_an_open_amount_of_money_is_named_in_yuan(app: Flask) -> None:
    need = make_need(lines=[money_line(100_000)])
    _reserve(need, 40_000)
    with pytest.raises(Conflict) as refused:
        _reserve(_fresh(need.id), 60_001)
    assert refused.value.params == {"yuan": "600"}


@pytest.mark.parametrize("quantity", [0, -1])
def test_nothing_and_less_than_nothing_are_refused(app: Flask, quantity: int) -> None:
    with pytest.raises(Invalid):
        _reserve(make_need(), quantity)


def test_a_line_of_another_need_is_not_found(app: Flask) -> None:
    need, other = make_need(), make_need()
    with pytest.raises(NotFound), transaction():
        service.reserve_lines(need.id, {other.lines[0].id: 1}, now=NOW)


@pytest.mark.parametrize("state", [s for s in NeedState if s is not NeedState.PUBLISHED])
def test_only_a_published_need_can_be_reserved(app: Flask, state: NeedState) -> None:
    """Z5: no pledge before review, none after the need is covered or closed."""
    need = make_need(state)
    with pytest.raises(Conflict):
        _reserve(need, 1)
    assert _fresh(need.id).state is state


def test_freeing_opens_a_covered_need_again(app: Flask) -> None:
    need = make_need(lines=[Line(quantity=2, unit_price_fen=10_000)])
    _reserve(need, 2)
    line_id = _fresh(need.id).lines[0].id
    with transaction():
        assert service.free_lines(need.id, {line_id: 1}, now=NOW) == 10_000
    need = _fresh(need.id)
    assert (need.state, need.pledged_at, need.pledged_fen, need.lines[0].open) == (
        NeedState.PUBLISHED,
        None,
        10_000,
        1,
    )


def test_more_than_is_held_cannot_be_freed(app: Flask) -> None:
    need = make_need(lines=[Line(quantity=2)])
    with pytest.raises(Conflict), transaction():
        service.free_lines(need.id, {need.lines[0].id: 1}, now=NOW)


def test_delivery_and_confirmation_follow_each_other_only(app: Flask) -> None:
    """Z5: each pair of states that is not in the table is refused."""
    need = make_need(NeedState.PLEDGED)
    with pytest.raises(Conflict), transaction():
        service.mark_confirmed(need.id, now=NOW)
    with transaction():
        service.mark_delivered(need.id, now=NOW)
        service.mark_confirmed(need.id, now=NOW)
    need = _fresh(need.id)
    assert (need.state, need.delivered_at, need.confirmed_at) == (NeedState.CONFIRMED, NOW, NOW)


def test_eight_donors_at_once_never_hold_more_than_is_asked(app: Flask) -> None:
    """C1: the writers are released together; the line holds exactly what they were told they hold."""
    need = make_need(lines=[Line(quantity=1000)])
    need_id, line_id = need.id, need.lines[0].id
    gate = threading.Barrier(8)

    def pledge() -> int:
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    service.reserve_lines(need_id, {line_id: 300}, now=NOW)
            except DomainError:
                return 0
            return 300

    with ThreadPoolExecutor(8) as donors:
        told = sum(donors.map(lambda _: pledge(), range(8)))
    need = _fresh(need_id)
    assert told == 900
    assert need.lines[0].pledged == 900
    assert need.pledged_fen == 900 * need.lines[0].unit_price_fen


def test_two_donors_covering_the_last_two_lines_at_once_cover_the_need(app: Flask) -> None:
    """C1: whoever comes second sees the first one's line and moves the need on."""
    for _ in range(5):
        need = make_need(lines=[Line(quantity=1), Line(name="取暖炉", quantity=1, unit="台")])
        need_id, ids = need.id, [line.id for line in need.lines]
        gate = threading.Barrier(2)

        def pledge(line_id: int, need_id: int = need_id, gate: threading.Barrier = gate) -> None:
            with app.app_context():
                gate.wait()
                with transaction():
                    service.reserve_lines(need_id, {line_id: 1}, now=NOW)

        with ThreadPoolExecutor(2) as donors:
            list(donors.map(pledge, ids))
        assert _fresh(need_id).state is NeedState.PLEDGED
        assert db.session.query(NeedLine).filter_by(need_id=need_id, pledged=1).count() == 2
