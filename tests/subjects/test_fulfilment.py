"""Help that arrives, is used, delivered and confirmed by two people; and everybody who may not say so."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import Actor
from marketplace.core.codes import new_slip_code
from marketplace.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor
from marketplace.donors.service import declare_relation
from marketplace.fulfilment import queries, service, worklist
from marketplace.fulfilment.acts import Act
from marketplace.fulfilment.models import Confirmation, ConfirmerKind, Receipt, Witness
from marketplace.ledger.models import EntryKind
from marketplace.ledger.queries import balances_of, entries_of
from marketplace.media.models import Photo
from marketplace.needs.slips import slip_index
from marketplace.pledges.models import Way
from marketplace.pledges.service import cancel_pledge, pledge_need
from tests import factories as f
from tests.counting import count_queries
from tests.factories import NOW, TREE
from tests.scenes import GOODS, Scene, delivered, make_money_scene, make_scene


@pytest.fixture
def goods(app: Flask) -> Scene:
    """A pledge of goods."""
    return make_scene()


@pytest.fixture
def money(app: Flask) -> Scene:
    """A pledge of 1,480 yuan."""
    return make_money_scene()


def test_goods_go_from_receipt_to_feedback_and_the_need_closes(goods: Scene) -> None:
    goods.receive(dict(zip(goods.lines, (4, 1), strict=True)))
    assert goods.state() == (PledgeState.RECEIVED, NeedState.PLEDGED)
    goods.deliver()
    assert goods.state() == (PledgeState.DELIVERED, NeedState.DELIVERED)
    goods.household_says()
    assert goods.state() == (PledgeState.DELIVERED, NeedState.DELIVERED)
    goods.second_says()
    assert goods.state() == (PledgeState.CONFIRMED, NeedState.CONFIRMED)
    goods.report()
    assert goods.state() == (PledgeState.REPORTED, NeedState.CLOSED)


def test_money_goes_through_custody_payee_and_use(money: Scene) -> None:
    receipt = money.receive({money.lines[0]: 148_000})
    money.disburse(receipt)
    money.use(1_452, photo=True)
    money.deliver()
    money.household_says()
    money.second_says()
    money.report()
    totals = balances_of("pledge", money.pledge.id)["fen"]
    assert (totals.pledged, totals.received, totals.disbursed, totals.used) == (148_000, 148_000, 148_000, 145_200)
    assert totals.left == 2_800
    kinds = [entry.kind for entry in entries_of("pledge", money.pledge.id)]
    assert kinds == [EntryKind.PLEDGE, EntryKind.RECEIVE, EntryKind.DISBURSE, EntryKind.USE]


def test_each_act_leaves_one_audit_row(goods: Scene) -> None:
    delivered(goods)
    goods.household_says()
    goods.second_says()
    goods.report()
    rows = db.session.scalars(
        sa.select(AuditEntry.action)
        .where(AuditEntry.subject_type == "pledge", AuditEntry.subject_id == goods.pledge.id)
        .order_by(AuditEntry.id)
    ).all()
    assert rows == [
        "pledge.make",
        "receipt.record",
        "delivery.record",
        "delivery.confirm_household",
        "delivery.confirm_second",
        "feedback.give",
    ]


def test_goods_are_handed_out_in_their_own_unit(goods: Scene) -> None:
    """L11"""
    delivered(goods)
    totals = balances_of("pledge", goods.pledge.id)
    assert {unit: (t.received, t.disbursed) for unit, t in totals.items()} == {"床": (4, 4), "台": (1, 1)}


def test_help_may_arrive_in_parts_but_not_be_delivered_before_all_is_there(goods: Scene) -> None:
    goods.receive({goods.lines[0]: 3}, key="a")
    with pytest.raises(Conflict, match="Not everything has arrived"):
        goods.deliver()
    goods.receive({goods.lines[0]: 1, goods.lines[1]: 1}, key="b")
    goods.deliver()
    assert goods.state()[0] is PledgeState.DELIVERED


def test_no_more_arrives_than_was_promised(goods: Scene) -> None:
    """L2"""
    goods.receive({goods.lines[0]: 3}, key="a")
    with pytest.raises(Invalid, match="棉被 only 1 床") as refused:
        goods.receive({goods.lines[0]: 2}, key="b")
    assert refused.value.field == "quantities"


@pytest.mark.parametrize("quantity", [-1, 0])
def test_a_receipt_says_how_much_arrived(goods: Scene, quantity: int) -> None:
    """L7"""
    with pytest.raises(Invalid):
        goods.receive({goods.lines[0]: quantity})


def test_money_is_received_with_a_receipt_number(money: Scene) -> None:
    """R-G2"""
    with pytest.raises(Invalid) as refused:
        money.receive({money.lines[0]: 148_000}, voucher_no=" ")
    assert refused.value.field == "voucher_no"


def test_a_line_of_another_need_cannot_be_received(goods: Scene) -> None:
    """Z4"""
    other = f.make_need()
    with pytest.raises(Invalid):
        goods.receive({other.lines[0].id: 1})


def test_nothing_is_received_after_the_pledge_ran_out(goods: Scene) -> None:
    """L10"""
    with pytest.raises(Conflict, match="run out"), transaction():
        service.record_receipt(
            goods.pledge.code,
            quantities={goods.lines[0]: 1},
            custodian="乡政府仓库",
            client_key="late",
            by=goods.actor(goods.reviewer),
            now=NOW + timedelta(days=30),
        )


def test_nothing_is_received_for_a_cancelled_pledge(goods: Scene) -> None:
    with transaction():
        cancel_pledge(goods.pledge.code, by=f.actor_for(db.session.get_one(User, goods.donor.user_id)), now=NOW)
    with pytest.raises(Conflict):
        goods.receive({goods.lines[0]: 1})


def test_the_same_receipt_sent_twice_is_one_receipt(goods: Scene) -> None:
    """L9"""
    first = goods.receive({goods.lines[0]: 2})
    again = goods.receive({goods.lines[0]: 2})
    assert (first.id, f.count_rows(Receipt)) == (again.id, 1)
    with pytest.raises(Conflict, match="already used"):
        goods.receive({goods.lines[0]: 1})


def test_the_same_use_sent_twice_is_one_use(money: Scene) -> None:
    """L9"""
    money.disburse(money.receive({money.lines[0]: 148_000}))
    assert money.use(500).id == money.use(500).id
    with pytest.raises(Conflict, match="already used"):
        money.use(600)


def test_no_more_is_used_than_was_passed_on(money: Scene) -> None:
    """L2"""
    receipt = money.receive({money.lines[0]: 100_000})
    with pytest.raises(Conflict):
        money.use(100)
    money.disburse(receipt)
    with pytest.raises(Conflict, match="passed on and not used"):
        money.use(1_001)
    money.use(1_000)


def test_money_is_used_by_the_payee_who_has_it(money: Scene) -> None:
    money.disburse(money.receive({money.lines[0]: 148_000}), payee="县供销社")
    with pytest.raises(Conflict):
        money.use(100, payee="县建材店")


def test_money_in_custody_is_passed_on_before_the_delivery(money: Scene) -> None:
    money.receive({money.lines[0]: 148_000})
    with pytest.raises(Conflict, match="has not been passed on"):
        money.deliver()


def test_a_receipt_is_passed_on_once(money: Scene) -> None:
    receipt = money.receive({money.lines[0]: 148_000})
    money.disburse(receipt)
    with pytest.raises(Conflict, match="already passed this money on"):
        money.disburse(receipt)


def test_of_two_workers_who_disburse_one_receipt_exactly_one_does(money: Scene, app: Flask) -> None:
    """C3"""
    first = money.receive({money.lines[0]: 100_000}, key="a")
    money.receive({money.lines[0]: 48_000}, key="b")
    workers = [f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township) for _ in range(2)]
    actors = [f.actor_for(worker) for worker in workers]
    receipt_id, code = first.id, money.pledge.code
    db.session.rollback()
    start = Barrier(2)

    def disburse(by: Actor) -> str:
        with app.app_context():
            start.wait(timeout=30)
            try:
                with transaction():
                    service.record_disbursement(code, receipt_id=receipt_id, payee="县供销社", by=by, now=NOW)
            except Conflict:
                return "told"
            return "done"

    with ThreadPoolExecutor(2) as pool:
        outcome = sorted(pool.map(disburse, actors))
    assert outcome == ["done", "told"]
    db.session.rollback()
    entries = [e for e in entries_of("pledge", money.pledge.id) if e.kind is EntryKind.DISBURSE]
    assert [line.amount for e in entries for line in e.lines] == [100_000]


# Who may not do what, and what they are told.


@pytest.mark.parametrize("role", [Role.VILLAGE_CLERK, Role.VILLAGE_SUPERVISOR, Role.AUDITOR, Role.DONOR])
def test_only_township_and_county_record_receipts(goods: Scene, role: Role) -> None:
    with pytest.raises(Forbidden):
        goods.receive({goods.lines[0]: 1}, by=f.make_user(role, division=TREE.village))


def test_a_reviewer_of_another_township_finds_nothing(goods: Scene) -> None:
    """Z2"""
    with pytest.raises(NotFound):
        goods.receive({goods.lines[0]: 1}, by=f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.other_township))


def test_a_clerk_of_another_village_finds_nothing_to_deliver(goods: Scene) -> None:
    """Z2"""
    goods.receive(dict(zip(goods.lines, (4, 1), strict=True)))
    with pytest.raises(NotFound):
        goods.deliver(by=f.make_user(Role.VILLAGE_CLERK, division=TREE.other_village))


def test_an_act_out_of_order_is_refused(goods: Scene) -> None:
    """Z5"""
    for act in (goods.deliver, goods.second_says, goods.report, goods.household_says):
        with pytest.raises(Conflict):
            act()
    assert goods.state() == (PledgeState.ACCEPTED, NeedState.PLEDGED)


def test_a_wrong_slip_code_is_refused_with_one_sentence(goods: Scene) -> None:
    delivered(goods)
    told = set()
    for wrong in ("", "K7QP", "ZZZZ-ZZZZ", "'; DROP TABLE need", "中" * 300):
        with pytest.raises(Invalid) as refused:
            goods.household_says(slip=wrong)
        told.add((refused.value.message, refused.value.field))
    assert len(told) == 1


def test_a_slip_code_is_read_as_people_type_it(goods: Scene) -> None:
    delivered(goods)
    goods.household_says(slip=goods.slip.replace("-", " ").lower())
    assert f.count_rows(Confirmation) == 1


@pytest.mark.parametrize("who", ["clerk", "reviewer", "supervisor"])
def test_staff_cannot_answer_for_the_household_even_with_its_slip(goods: Scene, who: str) -> None:
    """Z6"""
    delivered(goods)
    with pytest.raises(Forbidden):
        goods.household_says(by=f.actor_for(getattr(goods, who)))


def test_the_donor_cannot_answer_for_the_household(goods: Scene) -> None:
    """Z6"""
    delivered(goods)
    with pytest.raises(Forbidden):
        goods.household_says(by=f.actor_for(db.session.get_one(User, goods.donor.user_id)))


def test_a_household_answers_with_its_own_account(app: Flask) -> None:
    user = f.make_user(Role.HOUSEHOLD, division=TREE.village)
    household = f.make_household(user=user)
    scene = make_scene(household=household)
    delivered(scene)
    assert [row.need_code for row in queries.list_own_deliveries(household.id)] == [scene.need.code]
    with transaction():
        service.confirm_as_household(scene.need.code, arrived=True, by=f.actor_for(user), now=NOW)
    scene.second_says()
    assert scene.state()[0] is PledgeState.CONFIRMED
    assert queries.list_own_deliveries(household.id) == []


def test_another_household_cannot_answer(goods: Scene) -> None:
    """Z2"""
    delivered(goods)
    user = f.make_user(Role.HOUSEHOLD, division=TREE.village)
    f.make_household(user=user)
    with pytest.raises(Forbidden), transaction():
        service.confirm_as_household(goods.need.code, arrived=True, by=f.actor_for(user), now=NOW)


def test_the_poster_is_never_the_second_person(goods: Scene) -> None:
    """Z6"""
    delivered(goods)
    f.grant(goods.clerk, Role.VILLAGE_SUPERVISOR, division=TREE.village)
    with pytest.raises(Forbidden, match="neither who posted"):
        goods.second_says(refreshed(goods.clerk))


def test_the_deliverer_is_never_the_second_person(goods: Scene) -> None:
    """Z6"""
    deliverer = f.make_user(Role.VILLAGE_CLERK, division=TREE.village)
    f.grant(deliverer, Role.ASSIGNED_OFFICER, division=TREE.village)
    goods.receive(dict(zip(goods.lines, (4, 1), strict=True)))
    goods.deliver(by=refreshed(deliverer))
    with pytest.raises(Forbidden, match="nor who delivered"):
        goods.second_says(refreshed(deliverer))


def test_the_donor_is_never_the_second_person(goods: Scene) -> None:
    """Z6"""
    delivered(goods)
    giver = db.session.get_one(User, goods.donor.user_id)
    f.grant(giver, Role.ASSIGNED_OFFICER, division=TREE.village)
    with pytest.raises(Forbidden, match="The donor"):
        goods.second_says(refreshed(giver))


def test_a_declared_relative_of_the_donor_is_never_the_second_person(goods: Scene) -> None:
    """Z6"""
    delivered(goods)
    giver = db.session.get_one(User, goods.donor.user_id)
    with transaction():
        declare_relation(user_id=goods.supervisor.id, relation="亲属", by=f.actor_for(giver), now=NOW)
    with pytest.raises(Forbidden, match="related"):
        goods.second_says()


def test_the_same_person_with_two_accounts_is_known_by_the_phone(goods: Scene) -> None:
    """Z6"""
    delivered(goods)
    with transaction() as session:
        donor = session.get_one(Donor, goods.donor.id)
        donor.phone_index = session.get_one(User, goods.supervisor.id).phone_index
    with pytest.raises(Forbidden, match="phone number"):
        goods.second_says()


@pytest.mark.parametrize("role", [Role.VILLAGE_CLERK, Role.COUNTY_ADMIN, Role.AUDITOR, Role.DONOR])
def test_only_supervisor_officer_and_reviewer_are_second_persons(goods: Scene, role: Role) -> None:
    delivered(goods)
    with pytest.raises(Forbidden):
        goods.second_says(f.make_user(role, division=TREE.county))


def test_a_supervisor_of_another_village_finds_nothing(goods: Scene) -> None:
    """Z2"""
    delivered(goods)
    with pytest.raises(NotFound):
        goods.second_says(f.make_user(Role.VILLAGE_SUPERVISOR, division=TREE.other_village))


@pytest.mark.parametrize("role", [Role.VILLAGE_SUPERVISOR, Role.ASSIGNED_OFFICER, Role.TOWNSHIP_REVIEWER])
def test_each_kind_of_second_person_may_confirm(goods: Scene, role: Role) -> None:
    delivered(goods)
    goods.household_says()
    division = TREE.township if role is Role.TOWNSHIP_REVIEWER else TREE.village
    goods.second_says(f.make_user(role, division=division))
    assert goods.state()[0] is PledgeState.CONFIRMED


# What is said when nothing arrived.


def test_a_household_that_got_nothing_blocks_the_confirmation_and_stands_on_the_desk(goods: Scene) -> None:
    delivered(goods)
    goods.household_says(arrived=False)
    goods.second_says()
    assert goods.state() == (PledgeState.DELIVERED, NeedState.DELIVERED)
    reviewer = goods.actor(goods.reviewer)
    assert worklist.count_denied(reviewer) == 1
    (row,) = worklist.list_work(reviewer, Act.CONFIRM, only_denied=True).rows
    assert (row.code, row.household_said, row.second_said) == (goods.pledge.code, False, True)


def test_a_later_answer_counts_and_the_earlier_one_is_kept(goods: Scene) -> None:
    delivered(goods)
    goods.household_says(arrived=False)
    goods.second_says()
    goods.household_says(arrived=True, now=NOW + timedelta(days=1))
    assert goods.state() == (PledgeState.CONFIRMED, NeedState.CONFIRMED)
    said = db.session.scalars(
        sa.select(Confirmation.arrived).where(Confirmation.kind == ConfirmerKind.HOUSEHOLD).order_by(Confirmation.id)
    ).all()
    assert said == [False, True]
    assert worklist.count_denied(goods.actor(goods.reviewer)) == 0


def test_a_second_person_who_finds_nothing_says_what_is_missing(goods: Scene) -> None:
    delivered(goods)
    with pytest.raises(Invalid) as refused:
        goods.second_says(arrived=False, note=" ")
    assert refused.value.field == "note"
    goods.second_says(arrived=False, note="只到了三床")
    goods.household_says()
    assert goods.state()[0] is PledgeState.DELIVERED


def test_a_confirmed_answer_is_not_given_twice(goods: Scene) -> None:
    delivered(goods)
    goods.household_says()
    with pytest.raises(Conflict, match="Nothing waits"):
        goods.household_says()
    goods.second_says()
    with pytest.raises(Conflict):
        goods.second_says(f.make_user(Role.ASSIGNED_OFFICER, division=TREE.village))


def test_one_slip_answers_for_every_pledge_that_covered_the_need(app: Flask) -> None:
    clerk = f.make_user(Role.VILLAGE_CLERK, division=TREE.village)
    slip = new_slip_code()
    need = f.make_need(lines=GOODS, poster=clerk, slip_index=slip_index(slip))
    scenes = []
    for number, line in enumerate(need.lines):
        donor = f.make_donor()
        with transaction():
            pledge = pledge_need(
                need.code,
                quantities={line.id: line.quantity},
                way=Way.SHIP,
                intent="",
                shows_name=False,
                shows_amount=True,
                client_key=f"part-{number}",
                by=f.actor_for(db.session.get_one(User, donor.user_id)),
                now=NOW,
            )
        scenes.append(
            Scene(
                need,
                pledge,
                donor,
                clerk,
                f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township),
                f.make_user(Role.VILLAGE_SUPERVISOR, division=TREE.village),
                slip,
            )
        )
    for scene, line in zip(scenes, need.lines, strict=True):
        scene.receive({line.id: line.quantity}, key=f"r{line.id}")
    scenes[0].deliver()
    assert scenes[0].state() == (PledgeState.DELIVERED, NeedState.PLEDGED)
    scenes[1].deliver()
    assert scenes[1].state() == (PledgeState.DELIVERED, NeedState.DELIVERED)
    scenes[0].household_says()
    scenes[0].second_says()
    assert scenes[0].state() == (PledgeState.CONFIRMED, NeedState.DELIVERED)
    scenes[1].second_says()
    assert scenes[1].state() == (PledgeState.CONFIRMED, NeedState.CONFIRMED)


# Photos and words.


def test_the_second_person_lets_the_photo_before_the_public(goods: Scene) -> None:
    delivered(goods)
    goods.second_says(clean=True)
    photo = db.session.scalars(sa.select(Photo)).one()
    assert (photo.is_public, photo.checked_by) == (True, goods.supervisor.id)


def test_a_photo_that_nobody_checked_is_not_public(goods: Scene) -> None:
    delivered(goods)
    goods.second_says(clean=False)
    assert db.session.scalars(sa.select(Photo.is_public)).one() is False


def test_a_delivery_needs_a_picture(goods: Scene) -> None:
    goods.receive(dict(zip(goods.lines, (4, 1), strict=True)))
    with pytest.raises(DomainError), transaction():
        service.record_delivery(
            goods.pledge.code,
            photo=io.BytesIO(b"not a picture"),
            witness=Witness.WORK_TEAM,
            by=goods.actor(goods.clerk),
            now=NOW,
        )
    assert goods.state()[0] is PledgeState.RECEIVED


@pytest.mark.parametrize("words", ["谢谢，我的电话是 138 1234 5678。", "证件号 999999198001010018 请联系"])
def test_words_with_numbers_of_people_are_not_published(goods: Scene, words: str) -> None:
    """R-P1"""
    delivered(goods)
    goods.household_says()
    goods.second_says()
    with pytest.raises(Invalid) as refused:
        goods.report(words=words)
    assert refused.value.field == "words"
    goods.report(words=words, may_publish=False)


def test_words_with_a_members_name_are_not_published(goods: Scene) -> None:
    """R-P1"""
    delivered(goods)
    goods.household_says()
    goods.second_says()
    name = db.session.scalars(sa.text("SELECT head_name FROM household")).first()
    with pytest.raises(Invalid, match="name"):
        goods.report(words=f"{name} 一家谢谢您。")


def test_money_is_not_reported_on_before_it_was_used(money: Scene) -> None:
    money.disburse(money.receive({money.lines[0]: 148_000}))
    money.deliver()
    money.household_says()
    money.second_says()
    with pytest.raises(Conflict, match="spent on"):
        money.report()


# The desk.


def test_the_desk_counts_what_waits_in_ones_own_area(goods: Scene, money: Scene) -> None:
    money.receive({money.lines[0]: 148_000})
    counts = worklist.count_work(goods.actor(goods.reviewer))
    assert counts == {Act.RECEIVE: 1, Act.DELIVER: 1, Act.CONFIRM: 0, Act.REPORT: 0}
    other = f.make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.other_township)
    assert set(worklist.count_work(other).values()) == {0}


def test_the_desk_pages_through_its_list_without_a_hole(app: Flask) -> None:
    codes = {make_scene().pledge.code for _ in range(5)}
    by = f.make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    seen: list[str] = []
    cursor = ""
    while True:
        page = worklist.list_work(by, Act.RECEIVE, cursor=cursor, size=2)
        seen += [row.code for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
    assert (len(seen), set(seen)) == (5, codes)


def test_a_record_is_hidden_from_other_areas(goods: Scene) -> None:
    """Z2"""
    assert queries.get_case(goods.pledge.code, actor=goods.actor(goods.reviewer)).act is Act.RECEIVE
    with pytest.raises(NotFound):
        queries.get_case(goods.pledge.code, actor=f.make_actor(Role.COUNTY_ADMIN, division=TREE.other_county))


def refreshed(user: User) -> User:
    """The user with the roles granted since."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(User, user.id)


def test_the_desk_asks_the_same_number_of_questions_for_any_length(app: Flask) -> None:
    by = f.make_actor(Role.COUNTY_ADMIN, division=TREE.county)

    def ask() -> int:
        with count_queries() as seen:
            worklist.list_work(by, Act.CONFIRM)
            worklist.count_work(by)
        return len(seen)

    delivered(make_scene())
    few = ask()
    for _ in range(3):
        delivered(make_scene())
    assert ask() == few
