"""Many donors at the same moment, on the real server: never more than is asked, never a failure of the server."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.actor import SYSTEM
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.donors.models import Donor
from marketplace.ledger.check import check_ledger
from marketplace.ledger.models import LedgerEntry
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges.check import check_pledges
from marketplace.pledges.models import Pledge, PledgeLine
from marketplace.pledges.offering import offer_need
from tests.client import Client
from tests.factories import count_rows, make_donor, make_need, money_line
from tests.server import Answer, LiveServer, Visitor, released_together

# On SQLite one process writes; on PostgreSQL several workers do.
WORKERS = {"sqlite": 1, "postgresql": 4}
WHOLE = 100_000
DONORS = 8


@pytest.fixture
def server(app: Flask, backend: str, serve: Callable[..., LiveServer]) -> LiveServer:
    return serve(workers=WORKERS[backend])


@pytest.fixture
def donors(app: Flask, server: LiveServer) -> list[Visitor]:
    """Eight donors, each signed in."""
    return [_signed_in(app, server) for _ in range(DONORS)]


def _signed_in(app: Flask, server: LiveServer) -> Visitor:
    return server.visitor(_session_of(app, make_donor()))


def _session_of(app: Flask, donor: Donor) -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    return client.login(db.session.get_one(User, donor.user_id))


def _needs(number: int) -> list[tuple[str, int]]:
    """Codes and money lines of new needs of 1,000 yuan each."""
    made = [make_need(lines=[money_line(WHOLE)]) for _ in range(number)]
    return [(need.code, need.lines[0].id) for need in made]


def _pledge(donor: Visitor, need: tuple[str, int], fen: int, key: str) -> Answer:
    code, line = need
    fields = {"quantities": f"{line}:{fen}", "way": "charity", "client_key": key, "shows_amount": "y"}
    return donor.post(f"/needs/{code}/pledge", fields)


def _race(donors: Sequence[Visitor], need: tuple[str, int], fen: int, *, name: str) -> Counter[int]:
    acts = [partial(_pledge, donor, need, fen, f"{name}-{n}") for n, donor in enumerate(donors)]
    return Counter(answer.status for answer in released_together(acts))


def _pledged(line: int) -> tuple[int, int, int]:
    """Fen pledged to a line: as the line counts, as its need counts, and by adding the pledges up."""
    db.session.rollback()
    counted, need_id = db.session.execute(
        sa.select(NeedLine.pledged, NeedLine.need_id).where(NeedLine.id == line)
    ).one()
    value = db.session.scalars(sa.select(Need.pledged_fen).where(Need.id == need_id)).one()
    added = db.session.scalar(sa.select(sa.func.sum(PledgeLine.quantity)).where(PledgeLine.line_id == line)) or 0
    return counted, value, int(added)


def _ensure_books_hold() -> None:
    db.session.rollback()
    broken = [(i.id, i.faults) for i in [*check_ledger(), *check_pledges()] if not i.holds]
    assert broken == []


def test_eight_donors_at_once_never_pledge_more_than_is_asked(donors: list[Visitor]) -> None:
    """C1: three of eight who give 300 each to a need of 1,000; twenty times over."""
    for turn, need in enumerate(_needs(20)):
        assert _race(donors, need, 30_000, name=f"part-{turn}") == {303: 3, 409: 5}
        assert _pledged(need[1]) == (90_000, 90_000, 90_000)
    _ensure_books_hold()


def test_of_eight_who_want_the_whole_one_gets_it(donors: list[Visitor]) -> None:
    """C1"""
    for turn, need in enumerate(_needs(5)):
        assert _race(donors, need, WHOLE, name=f"whole-{turn}") == {303: 1, 409: 7}
        assert _pledged(need[1]) == (WHOLE, WHOLE, WHOLE)
        assert db.session.scalars(sa.select(Need.state).where(Need.code == need[0])).one() is NeedState.PLEDGED
    _ensure_books_hold()


def test_a_hundred_copies_of_one_request_make_one_pledge(donors: list[Visitor]) -> None:
    """L9: all of them get the same answer."""
    (need,) = _needs(1)
    answers = released_together([partial(_pledge, donors[0], need, 30_000, "same")] * 100)
    assert {(a.status, a.headers.get("location", a.headers.get("Location"))) for a in answers} == {
        (303, f"/my/pledges/{_code()}")
    }
    assert (count_rows(Pledge), count_rows(LedgerEntry)) == (1, 1)
    assert _pledged(need[1]) == (30_000, 30_000, 30_000)


def _code() -> str:
    db.session.rollback()
    return db.session.scalars(sa.select(Pledge.code)).one()


@pytest.mark.slow
def test_fifty_needs_with_eight_donors_each_hold(donors: list[Visitor]) -> None:
    """C1: every donor goes through all needs, let go together at each of them."""
    needs = _needs(50)
    statuses: Counter[int] = Counter()
    for turn, need in enumerate(needs):
        statuses += _race(donors, need, 30_000, name=f"many-{turn}")
    assert statuses == {303: 150, 409: 250}
    assert {_pledged(line) for _code, line in needs} == {(90_000, 90_000, 90_000)}
    _ensure_books_hold()


def test_of_eight_who_accept_the_same_offer_one_gets_it(app: Flask, server: LiveServer) -> None:
    """C1: an offer holds nothing, so the donor's yes goes through the same reserving as any pledge."""
    ((code, line),) = _needs(1)
    givers = [make_donor() for _ in range(DONORS)]
    visitors = [server.visitor(_session_of(app, giver)) for giver in givers]
    with transaction() as session:
        need = session.scalars(sa.select(Need).where(Need.code == code)).one()
        offers = [
            offer_need(
                need,
                donor=session.get_one(Donor, giver.id),
                quantities={line: WHOLE},
                client_key=f"offer-{number}",
                by=SYSTEM,
                now=utc_now(),
            ).code
            for number, giver in enumerate(givers)
        ]
    acts = [partial(v.post, f"/my/pledges/{o}/accept", {}) for v, o in zip(visitors, offers, strict=True)]
    assert Counter(answer.status for answer in released_together(acts)) == {303: 1, 409: 7}
    db.session.rollback()
    assert db.session.scalars(sa.select(NeedLine.pledged).where(NeedLine.id == line)).one() == WHOLE
    _ensure_books_hold()
