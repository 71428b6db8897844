"""Agreements by channel: their money is what the ledger says, on any day."""

from datetime import timedelta

import pytest
from flask import Flask

from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Forbidden, Invalid
from marketplace.core.kinds import Channel
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.ledger.check import check_ledger
from marketplace.ledger.models import EntryKind
from marketplace.ledger.queries import balance_of, entries_of
from marketplace.ledger.rules import Totals
from marketplace.pairings import service
from marketplace.pairings.models import Agreement
from marketplace.pairings.queries import ChannelTotals, channel_totals
from marketplace.pairings.service import AgreementRow, Step
from tests.factories import NOW, TREE, count_rows, make_actor, make_tree


@pytest.fixture
def admin(app: Flask) -> Actor:
    return make_actor(Role.COUNTY_ADMIN, division=TREE.county)


def _sign(by: Actor, agreed_fen: int = 100_000, **said: object) -> Agreement:
    fields = {"channel": Channel.CENTRAL, "unit": "某中央单位", "title": "牧道硬化", "division": TREE.village}
    with transaction():
        return service.sign_agreement(
            **{**fields, "agreed_fen": agreed_fen, "signed_on": NOW.date(), "by": by, "now": NOW, **said}
        )


def _of(channel: Channel, totals: list[ChannelTotals]) -> tuple[int, int, int]:
    found = next(t for t in totals if t.channel is channel)
    return found.projects, found.agreed_fen, found.received_fen


def test_a_signed_agreement_is_a_promise_in_the_ledger(app: Flask, admin: Actor) -> None:
    agreement = _sign(admin)
    (entry,) = entries_of("agreement", agreement.id)
    assert (entry.kind, entry.earmark, entry.lines[0].source.holder) == (
        EntryKind.PLEDGE,
        "channel:central",
        "某中央单位",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit": " "}, "unit"),
        ({"title": "长" * 141}, "title"),
        ({"agreed_fen": 0}, "agreed"),
        ({"agreed_fen": 1.5}, "agreed"),
    ],
)
def test_an_agreement_names_unit_project_and_amount(
    app: Flask, admin: Actor, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        _sign(admin, **change)
    assert (refused.value.field, count_rows(Agreement)) == (field, 0)


def test_only_staff_of_the_area_record_agreements(app: Flask, admin: Actor) -> None:
    """Z1, Z2"""
    agreement = _sign(admin)
    said = {"custodian": "县财政专户", "voucher_no": "1", "client_key": "a", "now": NOW}
    for other in (make_actor(Role.COUNTY_ADMIN, division=TREE.other_county), make_actor(Role.DONOR)):
        with pytest.raises(Forbidden):
            _sign(other)
        with pytest.raises(Forbidden), transaction():
            service.record_arrival(agreement.id, 1, by=other, **said)


def test_what_arrives_is_never_more_than_was_agreed(app: Flask, admin: Actor) -> None:
    """L2"""
    agreement = _sign(admin)
    said = {"custodian": "县财政专户", "voucher_no": "1", "by": admin, "now": NOW}
    with transaction():
        service.record_arrival(agreement.id, 60_000, client_key="a", **said)
    with pytest.raises(Conflict), transaction():
        service.record_arrival(agreement.id, 40_001, client_key="b", **said)
    assert balance_of("agreement", agreement.id) == Totals(pledged=100_000, received=60_000)


def test_channels_add_up_from_the_entries_of_any_day(app: Flask) -> None:
    make_tree()
    yesterday, money = NOW - timedelta(days=1), {"custodian": "县财政专户", "payee": "施工单位", "what": "牧道"}
    steps = (
        Step(EntryKind.RECEIVE, 700, yesterday, custodian="县财政专户"),
        Step(EntryKind.DISBURSE, 500, NOW, custodian="县财政专户", payee="施工单位"),
        Step(EntryKind.USE, 400, NOW, **money),
        Step(EntryKind.RETURN, 50, NOW, custodian="县财政专户"),
        Step(EntryKind.RELEASE, 100, NOW),
    )
    where = ("村道", TREE.village)
    rows = [
        AgreementRow("XY-222222-01", Channel.CENTRAL, "甲", *where, 1_000, NOW.date(), yesterday, steps),
        AgreementRow("XY-222222-02", Channel.CENTRAL, "乙", *where, 30, NOW.date(), NOW),
        AgreementRow("XY-222222-03", Channel.LOCAL, "丙", *where, 5, NOW.date(), yesterday),
    ]
    with transaction():
        assert service.insert_agreements([]) == []
        assert len(service.insert_agreements(rows)) == 3
    assert [t.channel for t in channel_totals()] == list(Channel)
    assert _of(Channel.CENTRAL, channel_totals()) == (2, 930, 650)
    assert _of(Channel.CENTRAL, channel_totals(yesterday)) == (1, 1_000, 700)
    assert _of(Channel.LOCAL, channel_totals(yesterday)) == (1, 5, 0)
    assert _of(Channel.GUANGDONG, channel_totals()) == (0, 0, 0)
    assert all(invariant.holds for invariant in check_ledger())
    db.session.rollback()
