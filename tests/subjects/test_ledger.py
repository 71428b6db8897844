"""The book: what may follow what, repeated requests, reversals, and what the database itself refuses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError

from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.core.money import LARGEST_FEN
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.ledger import service
from marketplace.ledger.models import EntryKind, LedgerAccount, LedgerBalance, LedgerEntry, LedgerLine
from marketplace.ledger.queries import (
    balance_of,
    balances_among,
    balances_of,
    entries_of,
    get_entry,
    totals,
    totals_by_subject,
)
from marketplace.ledger.rules import Quantity, Subject, Totals
from tests.factories import NOW, TREE, count_rows, make_actor

GIFT = Subject("pledge", 1, "JZ-222222-01", donor="AX-222222-01", earmark="need:XQ-222222-01")
OTHER_GIFT = Subject("pledge", 2, "JZ-333333-01", donor="AX-222222-01", earmark="need:XQ-333333-01")
CUSTODIAN, PAYEE = "石渠县慈善会（演示）", "县供销社"


class Book:
    """Writes entries with as few words as a test needs; each in a transaction of its own."""

    def __init__(self, by: Actor) -> None:
        self.by = by
        self.number = 0

    def _post(self, record: Callable[..., LedgerEntry], amount: int, gift: Subject, **names: Any) -> LedgerEntry:
        self.number += 1
        unit = names.pop("unit", "fen")
        said = {"client_key": f"key-{self.number}", "by": self.by, "at": NOW, **names}
        with transaction():
            return record(gift, [Quantity(amount, unit)], **said)

    def pledge(self, amount: int, gift: Subject = GIFT, **names: Any) -> LedgerEntry:
        return self._post(service.record_pledge, amount, gift, **names)

    def release(self, amount: int, gift: Subject = GIFT, **names: Any) -> LedgerEntry:
        return self._post(service.record_release, amount, gift, **names)

    def receive(self, amount: int, gift: Subject = GIFT, **names: Any) -> LedgerEntry:
        return self._post(service.record_receive, amount, gift, **{"custodian": CUSTODIAN, **names})

    def disburse(self, amount: int, gift: Subject = GIFT, **names: Any) -> LedgerEntry:
        return self._post(service.record_disburse, amount, gift, **{"custodian": CUSTODIAN, "payee": PAYEE, **names})

    def use(self, amount: int, gift: Subject = GIFT, **names: Any) -> LedgerEntry:
        return self._post(service.record_use, amount, gift, **{"payee": PAYEE, "what": "取暖炉", **names})

    def give_back(self, amount: int, gift: Subject = GIFT, **names: Any) -> LedgerEntry:
        return self._post(service.record_return, amount, gift, **{"custodian": CUSTODIAN, **names})


@pytest.fixture
def book(app: Flask) -> Book:
    return Book(make_actor(Role.COUNTY_ADMIN, division=TREE.county))


def _undo(entry: LedgerEntry, *, by: Actor, approved_by: Actor, reason: str = "金额记错") -> LedgerEntry:
    with transaction():
        return service.reverse_entry(
            entry.id, reason=reason, by=by, approved_by=approved_by, division=TREE.village, at=NOW
        )


@pytest.fixture
def second(app: Flask) -> Actor:
    return make_actor(Role.COUNTY_ADMIN, division=TREE.county)


def test_a_gift_goes_from_promise_to_use(book: Book) -> None:
    book.pledge(148_000)
    book.receive(148_000, voucher_no="川财 0083-1147")
    book.disburse(148_000)
    book.use(145_200)
    found = balance_of("pledge", GIFT.id)
    assert found == Totals(pledged=148_000, received=148_000, disbursed=148_000, used=145_200)
    assert (found.owed, found.in_custody, found.handed, found.left) == (0, 0, 2_800, 2_800)


def test_entries_name_the_accounts_on_both_sides(book: Book) -> None:
    book.pledge(100)
    book.receive(100)
    line = entries_of("pledge", GIFT.id)[1].lines[0]
    assert (line.source.role, line.source.holder) == ("promise", GIFT.code)
    assert (line.target.role, line.target.holder) == ("custody", CUSTODIAN)


@pytest.mark.parametrize("amount", [0, -1, 1.5, True, float("nan"), LARGEST_FEN + 1, 2**63, "100", None])
def test_only_whole_amounts_above_zero_are_booked(book: Book, amount: Any) -> None:
    """L7"""
    with pytest.raises(Invalid):
        book.pledge(amount)
    assert count_rows(LedgerEntry) == 0


def test_an_entry_needs_an_amount(book: Book) -> None:
    with pytest.raises(Invalid), transaction():
        service.record_pledge(GIFT, [], client_key="none", by=book.by, at=NOW)


@pytest.mark.parametrize("holder", ["", "  ", "长" * 161])
def test_a_custodian_has_a_name(book: Book, holder: str) -> None:
    book.pledge(100)
    with pytest.raises(Invalid):
        book.receive(100, custodian=holder)


def test_more_than_was_promised_cannot_arrive(book: Book) -> None:
    """L2"""
    book.pledge(1_000)
    book.receive(700)
    with pytest.raises(Conflict, match="still promised"):
        book.receive(301)
    assert balance_of("pledge", GIFT.id).received == 700


def test_what_was_released_cannot_arrive(book: Book) -> None:
    """L2, L10"""
    book.pledge(1_000)
    book.release(1_000)
    with pytest.raises(Conflict):
        book.receive(1)


def test_more_than_arrived_cannot_be_passed_on(book: Book) -> None:
    """L2"""
    book.pledge(1_000)
    book.receive(700)
    with pytest.raises(Conflict, match="arrived"):
        book.disburse(701)


def test_more_than_was_passed_on_cannot_be_used(book: Book) -> None:
    """L2"""
    book.pledge(1_000)
    book.receive(1_000)
    book.disburse(500)
    with pytest.raises(Conflict, match="passed on"):
        book.use(501)


def test_what_was_passed_on_cannot_also_be_given_back(book: Book) -> None:
    """L2"""
    book.pledge(1_000)
    book.receive(1_000)
    book.disburse(600)
    with pytest.raises(Conflict):
        book.give_back(401)
    book.give_back(400)
    assert balance_of("pledge", GIFT.id).left == 600


def test_one_custodian_cannot_pass_on_what_another_holds(book: Book) -> None:
    """L1: each account of a gift holds what entered it, whatever the gift's sums say."""
    book.pledge(1_000)
    book.receive(1_000)
    with pytest.raises(Conflict):
        book.disburse(1, custodian="另一家")


def test_nothing_arrives_for_a_gift_that_was_not_promised(book: Book) -> None:
    with pytest.raises(Conflict, match="promised"):
        book.receive(1)


def test_one_gift_cannot_spend_what_another_gift_brought(book: Book) -> None:
    """L3: every used fen comes from one gift."""
    book.pledge(1_000)
    book.receive(1_000)
    book.pledge(500, OTHER_GIFT)
    with pytest.raises(Conflict):
        book.disburse(1, OTHER_GIFT)


@pytest.mark.parametrize("step", ["receive", "disburse", "use", "release", "give_back"])
def test_money_never_leaves_its_earmark(book: Book, step: str) -> None:
    """L4, R-G3, R-G4: without the donor's recorded consent another purpose is refused."""
    book.pledge(1_000)
    book.receive(600)
    book.disburse(400)
    elsewhere = Subject(GIFT.type, GIFT.id, GIFT.code, donor=GIFT.donor, earmark="need:XQ-999999-99")
    with pytest.raises(Invalid, match="purpose"):
        getattr(book, step)(1, elsewhere)


def test_goods_are_kept_in_their_own_unit(book: Book) -> None:
    """L11"""
    book.pledge(4, unit="床")
    book.pledge(1, unit="台")
    book.receive(4, unit="床")
    with pytest.raises(Conflict):
        book.receive(2, unit="台")
    assert balances_of("pledge", GIFT.id) == {"床": Totals(pledged=4, received=4), "台": Totals(pledged=1)}


def test_goods_cannot_be_paid_in_another_unit(book: Book) -> None:
    """L11"""
    book.pledge(4, unit="床")
    with pytest.raises(Conflict, match="unit"):
        book.receive(4, unit="件")
    with pytest.raises(Conflict, match="unit"):
        book.receive(4)


def test_the_same_request_makes_one_entry(book: Book) -> None:
    """L9"""
    book.pledge(1_000)
    first = book.receive(300, client_key="once")
    again = book.receive(300, client_key="once", at=NOW + timedelta(minutes=5))
    assert again.id == first.id
    assert balance_of("pledge", GIFT.id).received == 300


@pytest.mark.parametrize(
    "change", [{"amount": 301}, {"custodian": "另一家"}, {"voucher_no": "2"}, {"gift": OTHER_GIFT}]
)
def test_the_same_key_with_another_body_is_refused(book: Book, change: dict[str, Any]) -> None:
    """L9"""
    book.pledge(1_000)
    book.pledge(1_000, OTHER_GIFT)
    book.receive(300, client_key="once")
    said = {"amount": 300, "gift": GIFT, "client_key": "once", **change}
    with pytest.raises(Conflict, match="already used"):
        book.receive(**said)


def test_a_repeated_request_succeeds_even_when_nothing_is_left(book: Book) -> None:
    """L9: the answer to a repeat does not depend on what happened since."""
    book.pledge(1_000)
    book.receive(1_000, client_key="all")
    book.disburse(1_000)
    assert book.receive(1_000, client_key="all").kind is EntryKind.RECEIVE


def test_a_reversal_leaves_exactly_nothing(book: Book, second: Actor) -> None:
    """L8"""
    book.pledge(1_000)
    wrong = book.receive(900)
    entry = _undo(wrong, by=book.by, approved_by=second)
    assert balance_of("pledge", GIFT.id) == Totals(pledged=1_000)
    assert (entry.reverses_id, entry.reason, entry.approved_by) == (wrong.id, "金额记错", second.user_id)
    line = get_entry(entry.id).lines[0]
    assert (line.source.role, line.target.role, line.amount) == ("custody", "promise", 900)
    book.receive(1_000)


def test_an_entry_is_reversed_once(book: Book, second: Actor) -> None:
    """L8: a second wish to undo it makes no second entry, and another reason is refused."""
    book.pledge(1_000)
    wrong = book.receive(900)
    first = _undo(wrong, by=book.by, approved_by=second)
    assert _undo(wrong, by=book.by, approved_by=second).id == first.id
    with pytest.raises(Conflict):
        _undo(wrong, by=book.by, approved_by=second, reason="又一次")
    assert balance_of("pledge", GIFT.id).received == 0


def test_a_reversal_is_not_reversed(book: Book, second: Actor) -> None:
    book.pledge(1_000)
    undone = _undo(book.receive(900), by=book.by, approved_by=second)
    with pytest.raises(Conflict, match="reversal"):
        _undo(undone, by=book.by, approved_by=second)


def test_what_later_entries_rest_on_is_not_reversed(book: Book, second: Actor) -> None:
    """L2, L8"""
    promise = book.pledge(1_000)
    arrived = book.receive(900)
    book.disburse(100)
    for entry in (promise, arrived):
        with pytest.raises(Conflict, match="Later entries"):
            _undo(entry, by=book.by, approved_by=second)


@pytest.mark.parametrize("reason", ["", "   ", "长" * 201])
def test_a_reversal_says_why(book: Book, second: Actor, reason: str) -> None:
    """L8"""
    with pytest.raises(Invalid):
        _undo(book.pledge(1_000), by=book.by, approved_by=second, reason=reason)


def test_a_reversal_takes_two_people(book: Book) -> None:
    """L8"""
    with pytest.raises(Forbidden, match="second person"):
        _undo(book.pledge(1_000), by=book.by, approved_by=book.by)


def test_only_county_administrators_reverse(book: Book, second: Actor) -> None:
    """L8: neither side of the reversal may be anybody else."""
    entry = book.pledge(1_000)
    for role in set(Role) - {Role.COUNTY_ADMIN}:
        other = make_actor(role, division=TREE.county)
        for by, approved_by in ((other, second), (second, other)):
            with pytest.raises(Forbidden):
                _undo(entry, by=by, approved_by=approved_by)


def test_an_administrator_of_another_county_does_not_reverse(book: Book, second: Actor) -> None:
    """Z2"""
    neighbour = make_actor(Role.COUNTY_ADMIN, division=TREE.other_county)
    with pytest.raises(NotFound):
        _undo(book.pledge(1_000), by=second, approved_by=neighbour)


def test_an_unknown_entry_is_not_reversed(book: Book, second: Actor) -> None:
    with pytest.raises(NotFound), transaction():
        service.reverse_entry(999, reason="错", by=book.by, approved_by=second, division=TREE.county, at=NOW)


def test_totals_of_an_earlier_day_leave_out_what_came_later(book: Book, second: Actor) -> None:
    book.pledge(1_000, at=NOW - timedelta(days=3))
    arrived = book.receive(600, at=NOW - timedelta(days=2))
    book.pledge(70, OTHER_GIFT, at=NOW - timedelta(days=2))
    _undo(arrived, by=book.by, approved_by=second)
    assert totals() == Totals(pledged=1_070)
    assert totals(as_of=NOW - timedelta(days=1)) == Totals(pledged=1_070, received=600)
    assert totals("agreement") == Totals()
    assert totals_by_subject("pledge", as_of=NOW - timedelta(days=3)) == {GIFT.id: Totals(pledged=1_000)}


def test_balances_of_many_come_in_one_query(book: Book) -> None:
    book.pledge(10)
    book.pledge(20, OTHER_GIFT)
    found = balances_among("pledge", [GIFT.id, OTHER_GIFT.id, 3])
    assert {key: value["fen"].pledged for key, value in found.items()} == {1: 10, 2: 20}


def test_a_bulk_history_obeys_the_same_rules(book: Book) -> None:
    """L1, L2, L6"""
    promise = service.EntryRow(EntryKind.PLEDGE, GIFT, GIFT.pledged([Quantity(500)]), "b1", NOW)
    arrival = service.EntryRow(EntryKind.RECEIVE, GIFT, GIFT.received(CUSTODIAN, [Quantity(400)]), "b2", NOW)
    too_much = service.EntryRow(EntryKind.RECEIVE, GIFT, GIFT.received(CUSTODIAN, [Quantity(101)]), "b3", NOW)
    with pytest.raises(Conflict), transaction():
        service.insert_entries([promise, arrival, too_much])
    assert count_rows(LedgerEntry) == 0
    with transaction():
        assert service.insert_entries([]) == []
        ids = service.insert_entries([promise, arrival])
    assert [get_entry(i).client_key for i in ids] == ["b1", "b2"]
    assert balance_of("pledge", GIFT.id) == Totals(pledged=500, received=400)
    book.receive(100)
    with pytest.raises(Conflict, match="already"), transaction():
        service.insert_entries([promise])


TABLES = (LedgerAccount, LedgerEntry, LedgerLine)
# A new value that the column itself would take.
CHANGES = {"ledger_account": "holder = 'x'", "ledger_entry": "earmark = 'x'", "ledger_line": "amount = 1"}


@pytest.mark.parametrize("table", CHANGES)
def test_the_database_refuses_to_change_or_delete_what_was_booked(book: Book, table: str) -> None:
    """L5, R-D9"""
    book.pledge(1_000)
    for statement in (f"UPDATE {table} SET {CHANGES[table]}", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="only ever added"), transaction() as session:
            session.execute(sa.text(statement))
    assert balance_of("pledge", GIFT.id).pledged == 1_000


def test_no_total_can_be_thrown_away(book: Book) -> None:
    """L5"""
    book.pledge(1_000)
    with pytest.raises(DBAPIError, match="only ever added"), transaction() as session:
        session.execute(sa.text("DELETE FROM ledger_balance"))


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "床"},
        {"amount": 0},
        {"amount": -5},
        {"to_account_id": 1, "from_account_id": 1},
        {"to_account_id": 99},
        {"entry_id": 99},
    ],
)
def test_the_database_refuses_a_line_that_does_not_balance(book: Book, change: dict[str, object]) -> None:
    """L1, L11: one-sided, unit-mixing, empty or loose lines."""
    book.pledge(1_000)
    line = {"entry_id": 1, "from_account_id": 1, "to_account_id": 2, "unit": "fen", "amount": 5, "memo": ""}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.insert(LedgerLine), {**line, **change})


@pytest.mark.parametrize(
    "amounts",
    [
        {"received": 1_001},
        {"released": 1, "received": 1_000},
        {"received": 500, "disbursed": 501},
        {"received": 500, "disbursed": 400, "returned": 101},
        {"received": 500, "disbursed": 500, "used": 501},
        {"pledged": -1},
        {"used": -1},
    ],
)
def test_the_database_refuses_totals_out_of_order(book: Book, amounts: dict[str, int]) -> None:
    """L2"""
    book.pledge(1_000)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.update(LedgerBalance).values(**amounts))


@pytest.mark.parametrize("change", [{"reverses_id": None}, {"reason": ""}, {"approved_by": None}, {"approved_by": 1}])
def test_the_database_refuses_a_reversal_without_reason_origin_or_second_person(
    book: Book, second: Actor, change: dict[str, object]
) -> None:
    """L8"""
    entry = book.pledge(1_000)
    row = {
        "kind": EntryKind.REVERSE,
        "at": NOW,
        "subject_type": "pledge",
        "subject_id": 1,
        "earmark": GIFT.earmark,
        "client_key": "forged",
        "request_sha256": b"\0" * 32,
        "reverses_id": entry.id,
        "reason": "错",
        "actor_id": book.by.user_id,
        "approved_by": second.user_id,
    }
    bad = {**row, **change}
    if change.get("approved_by") == 1:
        bad["approved_by"] = book.by.user_id
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.insert(LedgerEntry), bad)


def test_the_database_refuses_a_second_reversal(book: Book, second: Actor) -> None:
    """L8"""
    entry = book.pledge(1_000)
    _undo(entry, by=book.by, approved_by=second)
    original = get_entry(entry.id)
    row = {c.key: getattr(original, c.key) for c in LedgerEntry.__table__.columns if c.key != "id"}
    forged = {"kind": EntryKind.REVERSE, "client_key": "f", "reverses_id": entry.id, "reason": "错"}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.insert(LedgerEntry), {**row, **forged, "approved_by": second.user_id})


def test_a_refused_entry_leaves_nothing_behind(book: Book) -> None:
    book.pledge(1_000)
    before = {table: count_rows(table) for table in TABLES}
    with pytest.raises(DomainError):
        book.receive(2_000)
    assert {table: count_rows(table) for table in TABLES} == before
    db.session.rollback()
