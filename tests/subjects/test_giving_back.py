"""R-V6, R-G3: what arrived for a withdrawn need goes back to its donor: once, by another person, no more than came."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.audit.models import AuditEntry
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.disclosure.queries import EventKind, get_gift
from marketplace.donors.models import RelatedParty
from marketplace.fulfilment.giving_back import give_back
from marketplace.fulfilment.models import GivenBack, Receipt
from marketplace.fulfilment.queries import get_case, given_back_of
from marketplace.fulfilment.worklist import list_to_give_back
from marketplace.grievances.fraud import Police, Suspected, open_case
from marketplace.grievances.fraud_models import Suspicion
from marketplace.ledger.check import check_ledger
from marketplace.ledger.models import LedgerBalance, LedgerEntry
from marketplace.ledger.queries import balances_of
from marketplace.ledger.rules import Quantity
from marketplace.ledger.service import record_return, reverse_entry
from marketplace.pledges.check import check_pledges
from marketplace.pledges.models import Pledge
from marketplace.pledges.queries import subject_of
from tests import factories as f
from tests.factories import NOW, TREE
from tests.posting import complain, settle
from tests.scenes import Scene, delivered, make_money_scene, make_scene, picture

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SAID = Suspected(Suspicion.INVENTED, "他家上月买了车，申请里写没有收入。", "车管所回函，存乡镇档案 2018-17")


def county() -> User:
    return f.make_user(Role.COUNTY_ADMIN, division=TREE.county)


def withdraw(scene: Scene) -> Scene:
    """The county finds a complaint right and records a case."""
    by = county()
    grievance = settle(complain(scene.pledge.code), "uphold", by=by)
    with transaction():
        open_case(grievance.code, suspected=SAID, police=Police(why_not="材料还在核对"), by=f.actor_for(by), now=NOW)
    return scene


def withdrawn_money(**fields: Any) -> tuple[Scene, Receipt]:
    """1,480 yuan lie at the county's charity when the need is withdrawn."""
    scene = make_money_scene(**fields)
    receipt = scene.receive({scene.lines[0]: 148_000})
    return withdraw(scene), receipt


def holds() -> bool:
    return all(not invariant.faults for invariant in (*check_ledger(), *check_pledges()))


def test_money_goes_back_to_the_donor_with_reason_and_paper(app: Flask) -> None:
    """R-V6, R-G3, L2: the book, the audit trail, the case and the public page say so; nothing is left."""
    scene, receipt = withdrawn_money()
    by = county()
    (waiting,) = list_to_give_back(f.actor_for(by))
    assert list_to_give_back(f.actor_for(scene.reviewer)) == []
    assert (waiting.code, [r.id for r in get_case(waiting.code, actor=f.actor_for(by)).to_give_back]) == (
        scene.pledge.code,
        [receipt.id],
    )
    row = scene.give_back(receipt, by=by, photo=picture())
    (totals,) = balances_of("pledge", scene.pledge.id).values()
    assert (totals.returned, totals.in_custody, totals.left) == (148_000, 0, 0)
    entry = db.session.get_one(LedgerEntry, row.entry_id)
    assert (entry.voucher_no, entry.evidence_sha256 is not None, entry.actor_id) == ("退款 2018-9", True, by.id)
    (noted,) = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "receipt.give_back"))
    assert noted.detail == {"receipt": receipt.id, "value_fen": 148_000}
    assert list_to_give_back(f.actor_for(by)) == []
    assert [g.id for g in get_case(scene.pledge.code, actor=f.actor_for(by)).given_back] == [row.id]
    gift = get_gift(scene.pledge.code, now=NOW)
    assert gift.is_given_back
    assert [event.kind for event in gift.events if event.kind is EventKind.GIVEN_BACK or not event.is_done] == [
        EventKind.GIVEN_BACK
    ]
    assert holds()


def test_things_go_back_receipt_by_receipt(app: Flask) -> None:
    """L11: what is left is what has not gone back."""
    scene = make_scene()
    first = scene.receive({scene.lines[0]: 3})
    second = scene.receive({scene.lines[0]: 1, scene.lines[1]: 1}, key="r2")
    withdraw(scene)
    by = county()
    scene.give_back(first, by=by)
    case = get_case(scene.pledge.code, actor=f.actor_for(by))
    assert [receipt.id for receipt in case.to_give_back] == [second.id]
    assert not get_gift(scene.pledge.code, now=NOW).is_given_back
    scene.give_back(second, by=by)
    assert {t.in_custody for t in balances_of("pledge", scene.pledge.id).values()} == {0}
    assert get_gift(scene.pledge.code, now=NOW).is_given_back
    assert holds()


def test_the_same_form_twice_gives_back_once(app: Flask) -> None:
    """L9, C3: ten at once, from one person, make one entry; another person is told that it was done."""
    scene, receipt = withdrawn_money()
    by, other = county(), f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    # Read before the threads begin: rows belong to one session.
    code, receipt_id, actor = scene.pledge.code, receipt.id, f.actor_for(by)

    def send(_n: int) -> int:
        with app.app_context(), transaction():
            return give_back(
                code,
                receipt_id=receipt_id,
                reason="需求已撤下",
                voucher_no="退款 2018-9",
                to_origin=True,
                by=actor,
                now=NOW,
            ).id

    db.session.rollback()
    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(send, range(10)))) == 1
    with pytest.raises(Conflict, match="already given"):
        scene.give_back(receipt, by=other)
    assert f.count_rows(GivenBack) == 1
    assert balances_of("pledge", scene.pledge.id)["fen"].returned == 148_000


@ONLY_SQLITE
def test_only_what_came_for_a_withdrawn_need_and_still_lies_there_goes_back(app: Flask) -> None:
    """R-G3: a need that goes on keeps its money; what was passed on or handed over is not in custody."""
    by = county()
    going_on = make_money_scene()
    receipt = going_on.receive({going_on.lines[0]: 148_000})
    with pytest.raises(Conflict, match="goes on"):
        going_on.give_back(receipt, by=by)
    passed_on = make_money_scene()
    paid = passed_on.receive({passed_on.lines[0]: 148_000})
    passed_on.disburse(paid)
    withdraw(passed_on)
    with pytest.raises(Conflict, match="passed on"):
        passed_on.give_back(paid, by=by)
    handed_over = withdraw(delivered(make_scene()))
    (came,) = db.session.scalars(sa.select(Receipt).where(Receipt.pledge_id == handed_over.pledge.id))
    with pytest.raises(Conflict, match="passed on"):
        handed_over.give_back(came, by=by)
    with pytest.raises(NotFound):
        passed_on.give_back(receipt, by=by)
    assert list_to_give_back(f.actor_for(by)) == []


@ONLY_SQLITE
def test_another_person_than_who_recorded_the_arrival_gives_back(app: Flask) -> None:
    """Z6, fraud 26: not under a second account either, not the donor, not the donor's relation, nobody elsewhere."""
    scene, receipt = withdrawn_money()
    with pytest.raises(Forbidden, match="You recorded"):
        scene.give_back(receipt, by=scene.reviewer)
    twin, friend = county(), county()
    donor = db.session.get_one(User, scene.donor.user_id)
    with transaction() as session:
        for user in (scene.reviewer, twin):
            session.get_one(User, user.id).id_index = b"1" * 32
        session.add(RelatedParty(donor_id=scene.donor.id, user_id=friend.id, relation="亲属", declared_at=NOW))
    for user, says in ((twin, "You recorded"), (friend, "related")):
        with pytest.raises(Forbidden, match=says):
            scene.give_back(receipt, by=user)
    for user in (scene.clerk, donor):
        with pytest.raises(Forbidden):
            scene.give_back(receipt, by=user)
    with pytest.raises(NotFound):
        scene.give_back(receipt, by=f.make_user(Role.COUNTY_ADMIN, division=TREE.other_county))
    assert f.count_rows(GivenBack) == 0


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to_origin": False}, "to_origin"),
        ({"reason": " "}, "reason"),
        ({"reason": "退"}, "reason"),
        ({"reason": "退给 13900001234"}, "reason"),
        ({"reason": "字" * 201}, "reason"),
        ({"voucher_no": ""}, "voucher_no"),
        ({"voucher_no": "1" * 61}, "voucher_no"),
    ],
)
def test_without_reason_paper_or_the_way_it_came_nothing_goes_back(
    app: Flask, changes: dict[str, Any], field: str
) -> None:
    """Fraud 27: never to another account than it came from."""
    scene, receipt = withdrawn_money()
    with pytest.raises(Invalid) as refused:
        scene.give_back(receipt, by=county(), **changes)
    assert refused.value.field == field
    assert f.count_rows(GivenBack) == 0


@ONLY_SQLITE
def test_what_was_reversed_may_go_back_again(app: Flask) -> None:
    """L8"""
    scene, receipt = withdrawn_money()
    by = county()
    row = scene.give_back(receipt, by=by)
    with transaction():
        reverse_entry(
            row.entry_id,
            reason="退款被银行退回",
            by=f.actor_for(by),
            approved_by=f.actor_for(county()),
            division=TREE.village,
            at=NOW,
        )
    assert given_back_of([scene.pledge.id]) == {}
    again = scene.give_back(receipt, by=by, voucher_no="退款 2018-10")
    assert again.id != row.id
    assert holds()


def book(scene: Scene, receipt: Receipt, *, by: User) -> LedgerEntry:
    """The book alone takes a return: it knows no needs."""
    with transaction() as session:
        return record_return(
            subject_of(session.get_one(Pledge, scene.pledge.id)),
            [Quantity(148_000)],
            custodian=receipt.custodian,
            client_key=f"test-return-{receipt.id}-{by.id}",
            by=f.actor_for(by),
            at=NOW,
        )


def write(receipt: Receipt, entry_id: int, *, by: User) -> None:
    with transaction() as session:
        session.add(
            GivenBack(receipt_id=receipt.id, reason="x", voucher_no="y", entry_id=entry_id, at=NOW, recorded_by=by.id)
        )


def test_the_database_refuses_what_the_rules_refuse(app: Flask) -> None:
    """Z6, R-G3: none by whoever recorded the arrival, none for a need that goes on, none without its entry."""
    scene, receipt = withdrawn_money()
    going_on = make_money_scene()
    other = going_on.receive({going_on.lines[0]: 148_000})
    by = county()
    with pytest.raises(sa.exc.DBAPIError, match="withdrawn need"):
        write(other, book(going_on, other, by=by).id, by=by)
    entry = book(scene, receipt, by=scene.reviewer)
    with pytest.raises(sa.exc.DBAPIError, match="may not give this back"):
        write(receipt, entry.id, by=scene.reviewer)
    with pytest.raises(sa.exc.DBAPIError, match="stands in the book"):
        write(receipt, receipt.entry_id or 0, by=by)
    write(receipt, entry.id, by=by)


def test_the_database_keeps_what_was_given_back_and_takes_no_more(app: Flask) -> None:
    """L2, L5: no second one, none changed or deleted, no fen more than what is left."""
    scene, receipt = withdrawn_money()
    by = county()
    given = scene.give_back(receipt, by=by)
    with pytest.raises(sa.exc.DBAPIError, match="given back already"):
        write(receipt, given.entry_id, by=by)
    with pytest.raises(Conflict, match="more than has arrived"):
        book(scene, receipt, by=by)
    for statement in ("DELETE FROM given_back", "UPDATE given_back SET reason = 'x'"):
        with pytest.raises(sa.exc.DBAPIError, match="only ever added"), transaction() as session:
            session.execute(sa.text(statement))
    mine = (LedgerBalance.subject_type == "pledge", LedgerBalance.subject_id == scene.pledge.id)
    with pytest.raises(sa.exc.IntegrityError, match="disbursed_within_received"), transaction() as session:
        session.execute(sa.update(LedgerBalance).where(*mine).values(returned=LedgerBalance.returned + 1))
