"""The check of the live book finds what was tampered with, and names it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.actor import SYSTEM
from marketplace.core.kinds import Channel
from marketplace.core.workflow import PledgeState
from marketplace.db import db, transaction
from marketplace.ledger import service
from marketplace.ledger.check import Invariant, check_ledger
from marketplace.ledger.rules import Quantity, Subject
from marketplace.pairings.check import check_agreements
from marketplace.pairings.service import AgreementRow, insert_agreements
from marketplace.pledges.check import check_pledges
from tests.factories import NOW, TREE, make_need, make_pledge, make_tree

GIFT = Subject("pledge", 1, "JZ-222222-01", donor="AX-222222-01", earmark="need:XQ-222222-01")


def _history() -> None:
    said = {"by": SYSTEM, "at": NOW}
    with transaction():
        service.record_pledge(GIFT, [Quantity(1_000), Quantity(4, "床")], client_key="1", **said)
        service.record_receive(GIFT, [Quantity(1_000)], custodian="慈善会", client_key="2", **said)
        service.record_disburse(GIFT, [Quantity(800)], custodian="慈善会", payee="店", client_key="3", **said)
        service.record_use(GIFT, [Quantity(700)], payee="店", what="炉子", client_key="4", **said)
        service.record_return(GIFT, [Quantity(200)], custodian="慈善会", client_key="5", **said)
        service.record_release(GIFT, [Quantity(4, "床")], client_key="6", **said)


def _tamper(*statements: str) -> None:
    """Change rows as an intruder with the database's own password would: without the guards."""
    with transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            names = session.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for name in names:
                session.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            session.execute(sa.text(statement))


def _broken(found: list[Invariant]) -> set[str]:
    return {invariant.id for invariant in found if not invariant.holds}


def test_an_empty_book_holds(app: Flask) -> None:
    found = [*check_ledger(), *check_pledges(), *check_agreements()]
    assert _broken(found) == set()
    assert {invariant.checked for invariant in found} == {0}


def test_an_honest_book_holds_and_says_how_much_was_checked(app: Flask) -> None:
    _history()
    found = {invariant.id: invariant for invariant in check_ledger()}
    assert _broken(list(found.values())) == set()
    assert (found["L1"].checked, found["L2"].checked, found["L6"].checked) == (6, 6, 2)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE ledger_line SET amount = amount + 1 WHERE entry_id = 4", {"L6"}),
        ("UPDATE ledger_line SET amount = 900 WHERE entry_id = 4", {"L2"}),
        ("DELETE FROM ledger_line WHERE entry_id = 2", {"L1", "L2"}),
        ("UPDATE ledger_balance SET used = used - 1 WHERE unit = 'fen'", {"L6"}),
        ("UPDATE ledger_entry SET earmark = 'need:mine' WHERE id = 4", {"L4"}),
        ("UPDATE ledger_entry SET kind = 'release' WHERE id = 5", {"L1"}),
        (
            "UPDATE ledger_line SET from_account_id = to_account_id, to_account_id = from_account_id WHERE id = 3",
            {"L1"},
        ),
    ],
)
def test_a_changed_book_is_noticed(app: Flask, statement: str, broken: set[str]) -> None:
    """L1, L2, L4, L6: whoever gets past the guards is found by the recomputation."""
    _history()
    _tamper(statement)
    assert broken <= _broken(check_ledger())


def test_a_deleted_entry_is_noticed(app: Flask) -> None:
    _history()
    _tamper("DELETE FROM ledger_line WHERE entry_id = 4", "DELETE FROM ledger_entry WHERE id = 4")
    assert "L6" in _broken(check_ledger())


def test_faults_are_named(app: Flask) -> None:
    _history()
    _tamper("UPDATE ledger_balance SET returned = 0 WHERE unit = 'fen'")
    (fault,) = next(i for i in check_ledger() if i.id == "L6").faults
    assert "pledge 1 in fen" in fault


def test_a_pledge_that_the_book_does_not_know_is_noticed(app: Flask) -> None:
    """L3"""
    make_pledge()
    assert _broken(check_pledges()) == {"L3"}


def test_a_line_that_counts_more_than_was_pledged_is_noticed(app: Flask) -> None:
    """L3"""
    need = make_need()
    _tamper(f"UPDATE need_line SET pledged = 1 WHERE need_id = {need.id}")
    faults = [fault for invariant in check_pledges() for fault in invariant.faults]
    assert any(f"need line {need.lines[0].id}: 0 held, 1 of 4 counted" in fault for fault in faults)
    assert any(need.code in fault for fault in faults)


def test_a_pledge_that_arrived_without_an_entry_is_noticed(app: Flask) -> None:
    """L10"""
    make_pledge(PledgeState.RECEIVED)
    assert "L10" in _broken(check_pledges())


def test_an_agreement_that_the_book_does_not_know_is_noticed(app: Flask) -> None:
    """L3"""
    make_tree()
    row = AgreementRow("XY-222222-01", Channel.LOCAL, "县自筹", "修路", TREE.county, 500, NOW.date(), NOW)
    with transaction():
        insert_agreements([row])
    assert _broken(check_agreements()) == set()
    _tamper("UPDATE agreement SET agreed_fen = 501")
    assert _broken(check_agreements()) == {"L3"}
    _tamper("DELETE FROM agreement")
    assert "agreement 1, which does not exist" in check_agreements()[0].faults[0]


def test_only_the_first_faults_are_named_and_all_are_counted() -> None:
    invariant = Invariant("L1", "x")
    for number in range(100):
        invariant.look(is_right=False, fault=str(number))
    assert (invariant.fault_count, len(invariant.faults)) == (100, 20)


def test_a_moment_of_a_later_entry_may_lie_before_the_earlier_ones(app: Flask) -> None:
    """K6: the order is the sequence, whatever the clock said."""
    said = {"by": SYSTEM}
    with transaction():
        service.record_pledge(GIFT, [Quantity(10)], client_key="1", at=NOW, **said)
        early = NOW - timedelta(days=1)
        service.record_receive(GIFT, [Quantity(10)], custodian="慈善会", client_key="2", at=early, **said)
    assert _broken(check_ledger()) == set()
    db.session.rollback()
