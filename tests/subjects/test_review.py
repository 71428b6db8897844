"""The rules of review: two levels, the second look, ties, terms, pauses, signals."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.core.kinds import StatusMove
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.db.clock import CHINA
from marketplace.fulfilment.models import Witness
from marketplace.fulfilment.service import record_delivery
from marketplace.households.bulk import id_index
from marketplace.households.models import Household, Member
from marketplace.needs import service
from marketplace.needs.checking import lint_of
from marketplace.needs.marking import mark_need, marks_of
from marketplace.needs.models import Decision, Need, NeedReview, OverrideReason, ReturnReason
from marketplace.needs.pausing import find_pause, list_pauses
from marketplace.needs.queueing import review_queue
from marketplace.needs.rechecking import DRAWN_BELOW, DRAWS, draw_of, find_recheck, list_rechecks
from marketplace.needs.review_figures import review_figures
from marketplace.needs.review_models import PauseCause, Recheck, ReviewSignal, SignalKind
from marketplace.needs.service import Seen
from marketplace.needs.signals import close_signal, find_signals, list_signals
from marketplace.needs.similar import similar_needs
from marketplace.relatives.models import Kinship
from marketplace.relatives.service import Named, declare, end_relation, give_id_number
from tests import posting
from tests.factories import (
    NOW,
    TREE,
    Line,
    actor_for,
    days_ago,
    grant,
    impossible_id,
    make_actor,
    make_household,
    make_need,
    make_pledge,
    make_user,
)
from tests.scenes import picture

TREADMILL = Line(name="跑步机", quantity=1, unit="台", unit_price_fen=150_000)
NUMBER = impossible_id(7)
SEEN = (Seen.CONSENT, Seen.PRICE)
WHY = {"luxury": OverrideReason.VISITED}


def township() -> User:
    return make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)


def county() -> User:
    return make_user(Role.COUNTY_ADMIN, division=TREE.county)


def flagged(**fields: object) -> Need:
    """A need that the lint flags for a word of luxury."""
    return make_need(NeedState.SUBMITTED, lines=[TREADMILL], **fields)  # type: ignore[arg-type]


def approve(need: Need, user: User, *, now: datetime = NOW, opened_at: datetime | None = None) -> Need:
    with transaction():
        return service.approve_need(
            need.code, seen=SEEN, overrides=WHY, opened_at=opened_at, by=actor_for(user), now=now
        )


def fresh(need: Need) -> Need:
    db.session.rollback()
    return db.session.get_one(Need, need.id)


def test_what_stands_out_needs_a_second_approver_at_the_county(app: Flask) -> None:
    need, first, second = flagged(), township(), county()
    approve(need, first)
    assert fresh(need).state is NeedState.SUBMITTED
    assert [row.need.id for row in review_queue(actor=actor_for(second), now=NOW).rows] == [need.id]
    assert review_queue(actor=actor_for(first), now=NOW).at_county == 1
    approve(need, second)
    done = fresh(need)
    assert (done.state, done.first_reviewer_id, done.reviewer_id) == (NeedState.PUBLISHED, first.id, second.id)
    assert review_figures([""]).first_approved == 1


@pytest.mark.parametrize("who", ["the same person", "another of the township"])
def test_the_second_approver_is_another_person_and_at_the_county(app: Flask, who: str) -> None:
    """Whoever comes second without the right is told that it is somebody else's turn (409)."""
    need, first = flagged(), township()
    approve(need, first)
    with pytest.raises(Conflict):
        approve(need, first if who == "the same person" else township())
    assert fresh(need).state is NeedState.SUBMITTED


def test_one_person_with_two_accounts_is_one_approver(app: Flask) -> None:
    """Z6: the same ID number."""
    need, first, second = flagged(), township(), county()
    for user in (first, second):
        with transaction():
            give_id_number(NUMBER, by=actor_for(user), now=NOW)
    approve(need, first)
    with pytest.raises(Conflict):
        approve(need, second)


def test_a_clean_need_is_published_by_one(app: Flask) -> None:
    need = make_need(NeedState.SUBMITTED)
    approve(need, township())
    assert fresh(need).state is NeedState.PUBLISHED


def test_a_household_new_to_the_register_is_helped_after_its_entry_has_passed_a_notice(app: Flask) -> None:
    """R-V4: posted and looked at before, published not a day earlier; sending it back stays possible."""
    household = make_household(entry_pending=True)
    need = make_need(NeedState.SUBMITTED, household=household)
    with pytest.raises(Conflict, match="has not passed its notice"):
        approve(need, township())
    posting.post(posting.plan(posting.propose(household, move=StatusMove.ENTER), days=7))
    assert posting.pass_night(NOW + timedelta(days=7)) == 0
    with pytest.raises(Conflict, match="has not passed its notice"):
        approve(need, township(), now=NOW + timedelta(days=7))
    assert posting.pass_night(NOW + timedelta(days=8)) == 1
    approve(need, township(), now=NOW + timedelta(days=8))
    assert fresh(need).state is NeedState.PUBLISHED


def test_the_county_sends_a_first_approved_need_back_and_it_starts_anew(app: Flask) -> None:
    need, first, second = flagged(), township(), county()
    approve(need, first)
    with transaction():
        service.return_need(need.code, reason=ReturnReason.BRAND_NAMED, by=actor_for(second), now=NOW)
    assert (fresh(need).state, fresh(need).first_reviewer_id) == (NeedState.RETURNED, None)


def _own_household(need: Need, user: User) -> None:
    member = db.session.scalars(sa.select(Member).where(Member.household_id == need.household_id)).first()
    assert member is not None
    with transaction() as session:
        session.execute(sa.update(Member).where(Member.id == member.id).values(id_index=id_index(NUMBER)))
        give_id_number(NUMBER, by=actor_for(user), now=NOW)


def _declared_household(need: Need, user: User) -> None:
    code = db.session.scalars(sa.select(Household.code).where(Household.id == need.household_id)).one()
    _declare(user, Named(household_code=code))


def _declared_poster(need: Need, user: User) -> None:
    _declare(user, Named(phone=db.session.get_one(User, need.poster_id).phone))


def _declared_by_poster(need: Need, user: User) -> None:
    _declare(db.session.get_one(User, need.poster_id), Named(phone=user.phone))


def _declare(user: User, named: Named) -> None:
    with transaction():
        declare(named, kinship=Kinship.SIBLING, by=actor_for(user), now=NOW)


@pytest.mark.parametrize("tie", [_own_household, _declared_household, _declared_poster, _declared_by_poster])
@pytest.mark.parametrize("act", ["approve", "return", "reject"])
def test_nobody_decides_for_a_relative(app: Flask, tie: object, act: str) -> None:
    """R-V3: declared relations and one's own household bar from every decision, and from the queue."""
    need, user = make_need(NeedState.SUBMITTED), township()
    tie(need, user)  # type: ignore[operator]
    by = actor_for(user)
    acts = {
        "approve": lambda: service.approve_need(need.code, seen=SEEN, by=by, now=NOW),
        "return": lambda: service.return_need(need.code, reason=ReturnReason.OTHER, by=by, now=NOW),
        "reject": lambda: service.reject_need(need.code, reason=ReturnReason.OTHER, note="x", by=by, now=NOW),
    }
    with pytest.raises(Forbidden), transaction():
        acts[act]()
    queue = review_queue(actor=by, now=NOW)
    assert (queue.rows, queue.barred) == ([], 1)


def test_a_declaration_is_ended_by_somebody_else_only(app: Flask) -> None:
    """Nobody frees himself to decide."""
    user, other, admin = township(), make_household(), county()
    with transaction():
        row = declare(Named(household_code=other.code), kinship=Kinship.SPOUSE, by=actor_for(user), now=NOW)
    relation = row.id
    for by, error in ((user, Forbidden), (make_user(Role.COUNTY_ADMIN, division=TREE.other_county), NotFound)):
        with pytest.raises(error), transaction():
            end_relation(relation, by=actor_for(by), now=NOW)
    with transaction():
        end_relation(relation, by=actor_for(admin), now=NOW)
    with pytest.raises(Conflict), transaction():
        end_relation(relation, by=actor_for(admin), now=NOW)


@pytest.mark.parametrize(
    "named",
    [
        Named(),
        Named(household_code="HB-222222-22"),
        Named(phone="13900009999"),
        Named(id_number=f"{NUMBER[:-1]}?"),
        Named(household_code="HB-222222-22", phone="13900009999"),
    ],
)
def test_a_declaration_that_names_nobody_is_refused_with_a_sentence(app: Flask, named: Named) -> None:
    with pytest.raises(Invalid), transaction():
        declare(named, kinship=Kinship.SPOUSE, by=actor_for(township()), now=NOW)


def test_ties_of_the_poster_go_to_the_county(app: Flask) -> None:
    """Fraud rules 2 and 9: kin of the poster, a member of staff's phone, a phone that two households share."""
    need = make_need(NeedState.SUBMITTED)
    poster = db.session.get_one(User, need.poster_id)
    _declared_household(need, poster)
    household = db.session.get_one(Household, need.household_id)
    twin = make_household()
    with transaction() as session:
        chosen = sa.update(Household).where(Household.id.in_((household.id, twin.id)))
        session.execute(chosen.values(phone_index=poster.phone_index))
        mark_need(session.get_one(Need, need.id), now=NOW)
    marked = fresh(need)
    assert {mark.rule for mark in marks_of(marked)} >= {"kin_of_poster", "staff_phone", "shared_contact"}
    assert marked.is_flagged
    approve(need, township())
    assert fresh(need).state is NeedState.SUBMITTED


def test_the_queue_puts_what_is_due_first_and_then_what_stands_out(app: Flask) -> None:
    sent = {"submitted_at": days_ago(1)}
    calm, loud = make_need(NeedState.SUBMITTED, **sent), flagged(**sent)
    old = make_need(NeedState.SUBMITTED, submitted_at=days_ago(20))
    with transaction() as session:
        for need in (calm, loud, old):
            mark_need(session.get_one(Need, need.id), now=NOW)
    queue = review_queue(actor=actor_for(township()), now=NOW)
    assert [row.need.id for row in queue.rows] == [old.id, loud.id, calm.id]
    assert [row.late > 0 for row in queue.rows] == [True, False, False]
    assert queue.overdue == 1


def test_a_tenth_is_drawn_by_a_key_and_can_be_drawn_again(app: Flask) -> None:
    """The share of draws below the limit over many approvals, and the same number the second time."""
    rows = [NeedReview(id=n, need_id=n, reviewer_id=1, decision=Decision.APPROVE, at=NOW) for n in range(4_000)]
    draws = [draw_of(row) for row in rows]
    assert draws == [draw_of(row) for row in rows]
    assert set(range(DRAWS)) >= set(draws)
    assert 320 < sum(draw < DRAWN_BELOW for draw in draws) < 480


def _drawn(approver: User, state: NeedState = NeedState.PUBLISHED) -> Need:
    """A need whose approval was drawn."""
    need = make_need(state, reviewer=approver)
    with transaction() as session:
        review = NeedReview(need_id=need.id, reviewer_id=approver.id, decision=Decision.APPROVE, at=NOW)
        session.add(review)
        session.flush()
        session.add(
            Recheck(
                need_id=need.id,
                review_id=review.id,
                approver_id=approver.id,
                division_code=need.division_code,
                drawn_at=NOW,
            )
        )
    return need


def test_every_approval_keeps_its_draw(app: Flask) -> None:
    need = make_need(NeedState.SUBMITTED)
    approve(need, township())
    review = db.session.scalars(sa.select(NeedReview)).one()
    assert review.draw == draw_of(review)
    assert (find_recheck(need) is not None) == (review.draw < DRAWN_BELOW)


def test_a_disagreement_pauses_the_need_and_is_counted(app: Flask) -> None:
    need, admin = _drawn(township()), county()
    assert [row.id for _, row in list_rechecks(actor=actor_for(admin))] == [need.id]
    with pytest.raises(Invalid), transaction():
        service.decide_recheck(need.code, agrees=False, by=actor_for(admin), now=NOW)
    with transaction():
        service.decide_recheck(
            need.code, agrees=False, reason=ReturnReason.PRICE_HIGH, note="贵了一倍", by=actor_for(admin), now=NOW
        )
    paused = fresh(need)
    pause = find_pause(paused)
    assert (paused.state, pause and pause.cause) == (NeedState.SUSPENDED, PauseCause.RECHECK)
    figures = review_figures([TREE.county[:6]])
    assert (figures.drawn, figures.looked_at, figures.disagreed) == (1, 1, 1)
    with pytest.raises(Conflict), transaction():
        service.decide_recheck(need.code, agrees=True, by=actor_for(admin), now=NOW)


def test_whoever_approved_neither_looks_again_nor_puts_back_what_the_county_disputes(app: Flask) -> None:
    admin, other = county(), county()
    need = _drawn(admin)
    assert list_rechecks(actor=actor_for(admin)) == []
    disagree = {"agrees": False, "reason": ReturnReason.OTHER, "note": "不属实"}
    with pytest.raises(Forbidden), transaction():
        service.decide_recheck(need.code, by=actor_for(admin), now=NOW, **disagree)  # type: ignore[arg-type]
    with transaction():
        service.decide_recheck(need.code, by=actor_for(other), now=NOW, **disagree)  # type: ignore[arg-type]
    for by in (admin, township()):
        with pytest.raises(DomainError), transaction():
            service.resume_need(need.code, by=actor_for(by), now=NOW)
    with transaction():
        service.resume_need(need.code, by=actor_for(other), now=NOW)
    assert fresh(need).state is NeedState.PUBLISHED


def test_a_disputed_need_that_is_pledged_is_paused_with_its_pledge_and_put_back(app: Flask) -> None:
    """It keeps its pledges, takes no new one, nothing is handed over; then it stands where it stood."""
    need = _drawn(township())
    pledge = make_pledge(PledgeState.RECEIVED, need=need)
    with transaction():
        service.decide_recheck(
            need.code, agrees=False, reason=ReturnReason.OTHER, note="不属实", by=actor_for(county()), now=NOW
        )
    assert (fresh(need).state, fresh(need).pledged_fen) == (NeedState.SUSPENDED, fresh(need).value_fen)
    pause = find_pause(need)
    assert pause is not None
    assert pause.cause is PauseCause.RECHECK
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    with pytest.raises(Conflict) as refused, transaction():
        record_delivery(pledge.code, photo=picture(), witness=Witness.VILLAGER, by=clerk, now=NOW)
    assert "paused" in refused.value.message
    with transaction():
        service.resume_need(need.code, by=actor_for(county()), now=NOW)
    assert fresh(need).state is NeedState.PLEDGED
    assert fresh(need).pledged_fen == fresh(need).value_fen


def test_a_paused_need_whose_pledge_lapsed_is_put_back_as_open(app: Flask) -> None:
    need = make_need(NeedState.PUBLISHED)
    make_pledge(need=need)
    lines = {line.id: line.quantity for line in fresh(need).lines}
    reviewer = actor_for(township())
    with transaction():
        service.suspend_need(need.code, note="核实数量", by=reviewer, now=NOW)
    with transaction():
        service.free_lines(need.id, lines, now=NOW)
    assert fresh(need).state is NeedState.SUSPENDED
    with transaction():
        service.resume_need(need.code, by=reviewer, now=NOW)
    assert (fresh(need).state, fresh(need).pledged_at) == (NeedState.PUBLISHED, None)


def test_a_pause_keeps_its_cause_and_its_span(app: Flask) -> None:
    """Also by the system, for a complaint; a second pause is a second span."""
    need, user = make_need(), township()
    with transaction():
        service.suspend_need(need.code, cause=PauseCause.COMPLAINT, note="有人举报", by=SYSTEM, now=NOW)
    with transaction():
        service.resume_need(need.code, by=actor_for(user), now=NOW + timedelta(days=2))
    with transaction():
        service.suspend_need(need.code, note="再查", by=actor_for(user), now=NOW + timedelta(days=3))
    spans = [(p.cause, p.started_at, p.ended_at) for p in list_pauses(need)]
    assert spans == [
        (PauseCause.COMPLAINT, NOW, NOW + timedelta(days=2)),
        (PauseCause.CHECK, NOW + timedelta(days=3), None),
    ]


def test_a_return_is_taken_back_by_whoever_made_it_a_moment_ago(app: Flask) -> None:
    need, user = make_need(NeedState.SUBMITTED), township()
    with transaction():
        service.return_need(need.code, reason=ReturnReason.OTHER, by=actor_for(user), now=NOW)
    for by, later in ((township(), 1), (user, 31)):
        with pytest.raises(Conflict), transaction():
            service.take_return_back(need.code, by=actor_for(by), now=NOW + timedelta(minutes=later))
    with transaction():
        service.take_return_back(need.code, by=actor_for(user), now=NOW + timedelta(minutes=1))
    assert fresh(need).state is NeedState.SUBMITTED


def test_near_copies_stand_beside_a_need_with_their_texts(app: Flask) -> None:
    story = "冬天夜里零下二十度，家里五口人的铺盖不够用。"
    copy = make_need(story=story, submitted_at=days_ago(20))
    make_need(story="学校离家三十里，走路要两个钟头，想要一辆自行车。", submitted_at=days_ago(20))
    make_need(story=story, submitted_at=days_ago(300))
    need = make_need(NeedState.SUBMITTED, story=story.replace("五口", "六口"))
    found = similar_needs(need, now=NOW)
    assert [(other.need.id, other.percent > 90, other.is_same_household) for other in found] == [(copy.id, True, False)]


def test_near_copies_are_looked_for_in_the_whole_county_and_of_the_household_anywhere(app: Flask) -> None:
    story = "冬天夜里零下二十度，家里五口人的铺盖不够用。"
    moved, elsewhere = make_household(), TREE.village_of_other_county
    of_county = make_need(
        household=make_household(TREE.village_of_other_township), story=story, submitted_at=days_ago(9)
    )
    make_need(household=make_household(elsewhere), story=story, submitted_at=days_ago(8))
    make_need(household=make_household(), story="屋顶漏雨三处，雨季以前想换彩钢瓦。", submitted_at=days_ago(7))
    earlier = make_need(household=moved, division_code=elsewhere, story=story, submitted_at=days_ago(6))
    need = make_need(NeedState.SUBMITTED, household=moved, story=story.replace("五口", "六口"))
    found = similar_needs(need, now=NOW)
    assert {(other.need.id, other.is_same_household) for other in found} == {(of_county.id, False), (earlier.id, True)}
    assert {finding.rule for finding in lint_of(need, now=NOW)} >= {"near_copy", "same_story"}


def _decided(
    reviewer: User, poster: User, moments: Sequence[datetime], *, seconds: int = 100, returned: int = 0
) -> None:
    """Decisions of one reviewer on needs of one clerk."""
    needs = [make_need(poster=poster, reviewer=reviewer) for _ in moments]
    with transaction() as session:
        for number, (need, at) in enumerate(zip(needs, moments, strict=True)):
            decision = Decision.RETURN if number < returned else Decision.APPROVE
            session.add(
                NeedReview(
                    need_id=need.id,
                    reviewer_id=reviewer.id,
                    decision=decision,
                    opened_at=at - timedelta(seconds=seconds),
                    at=at,
                )
            )


def _hours(count: int) -> list[datetime]:
    """One decision every three hours of the day, no more."""
    noon = NOW.astimezone(CHINA).replace(hour=9, minute=0)
    return [noon - timedelta(days=n // 4, hours=-2 * (n % 4)) for n in range(4, count + 4)]


@pytest.mark.parametrize(
    ("cases", "seconds", "returned", "found"),
    [(20, 12, 0, True), (19, 12, 0, False), (20, 30, 0, False), (20, 12, 1, False), (40, 29, 1, True)],
)
def test_a_pair_that_waves_everything_through_is_a_signal(
    app: Flask, cases: int, seconds: int, returned: int, found: bool
) -> None:
    """Fraud rule 10: above 95 %, median under 30 seconds, at least 20 cases."""
    reviewer, clerk = township(), make_user(Role.VILLAGE_CLERK, division=TREE.village)
    _decided(reviewer, clerk, _hours(cases), seconds=seconds, returned=returned)
    with transaction():
        find_signals(now=NOW, by=SYSTEM)
    chosen = sa.select(ReviewSignal).where(ReviewSignal.user_id == reviewer.id)
    signals = db.session.scalars(chosen).all()
    assert [(s.kind, s.user_id, s.other_user_id) for s in signals] == (
        [(SignalKind.PAIR, reviewer.id, clerk.id)] if found else []
    )
    assert all(len(s.cases) == cases for s in signals)


def test_bursts_and_nights_are_signals_once(app: Flask) -> None:
    """Fraud rule 11: ten decisions in an hour; decisions between midnight and five."""
    reviewer, clerk = township(), make_user(Role.VILLAGE_CLERK, division=TREE.village)
    day = (NOW - timedelta(days=3)).astimezone(CHINA)
    _decided(reviewer, clerk, [day.replace(hour=10, minute=n) for n in range(10)])
    _decided(reviewer, clerk, [day.replace(hour=2, minute=0)])
    _decided(reviewer, clerk, [day.replace(hour=15, minute=n) for n in range(9)])
    found = []
    for _ in range(2):
        with transaction():
            found.append(find_signals(now=NOW, by=SYSTEM))
    assert found[1] == 0
    assert _kinds_about(reviewer) == [SignalKind.BURST, SignalKind.NIGHT]


def _kinds_about(user: User) -> list[SignalKind]:
    chosen = sa.select(ReviewSignal.kind).where(ReviewSignal.user_id == user.id).order_by(ReviewSignal.kind)
    return list(db.session.scalars(chosen))


def _posted(clerk: User, moments: Sequence[datetime], **fields: Any) -> list[Need]:
    """Needs of different households, in words of their own, sent by one clerk."""
    things = "炉子水桶铁锅种子木门水泥化肥饲料床板窗帘电线犁头"
    return [
        make_need(
            poster=clerk,
            submitted_at=at,
            **{"story": f"{things[n * 2 : n * 2 + 2] * 9}坏了，想换一个", "pledged_fen": 0, **fields},
        )
        for n, at in enumerate(moments)
    ]


def test_bursts_nights_and_near_copies_of_a_clerk_are_signals(app: Flask) -> None:
    """Fraud rules 6 and 11 hold for whoever posts: one short of the number is none."""
    day = (NOW - timedelta(days=3)).astimezone(CHINA)
    quiet, busy, late, copier = (make_user(Role.VILLAGE_CLERK, division=TREE.village) for _ in range(4))
    _posted(quiet, [day.replace(hour=10, minute=n) for n in range(9)])
    _posted(busy, [day.replace(hour=10, minute=n) for n in range(10)])
    _posted(late, [day.replace(hour=4, minute=59)])
    _posted(copier, _hours(5), story="冬天夜里零下二十度，家里五口人的铺盖不够用。")
    with transaction():
        find_signals(now=NOW, by=SYSTEM)
    assert [_kinds_about(user) for user in (quiet, busy, late, copier)] == [
        [],
        [SignalKind.POST_BURST],
        [SignalKind.POST_NIGHT],
        [SignalKind.COPIES],
    ]


def test_a_spreadsheet_of_needs_is_no_burst(app: Flask) -> None:
    clerk = make_user(Role.VILLAGE_CLERK, division=TREE.village)
    day = (NOW - timedelta(days=3)).astimezone(CHINA).replace(hour=10)
    for number in range(10):
        _posted(
            clerk, [day], client_key=f"sheet-{number}", story=f"第{number * 7}件：{'炉桶锅种门泥肥料板帘'[number] * 20}"
        )
    with transaction():
        find_signals(now=NOW, by=SYSTEM)
    assert _kinds_about(clerk) == []


def test_a_clerk_and_a_village_with_far_more_than_their_share_are_signals(app: Flask) -> None:
    """Fraud rule 12: above 2.5 times the township's mean per household; above 3 times a village's share."""
    favoured, fair = (make_user(Role.VILLAGE_CLERK, division=TREE.village) for _ in range(2))
    homes = [make_household(TREE.village) for _ in range(2)]
    for _ in range(10):
        make_household(TREE.other_village)
    there = make_household(TREE.village_of_other_township)
    for number, at in enumerate(_hours(10)):
        make_need(
            poster=favoured, household=homes[number % 2], submitted_at=at, pledged_fen=9_000, story=str(number) * 30
        )
        make_need(poster=fair, household=there, submitted_at=at, pledged_fen=1_000, story=chr(0x4E00 + number) * 30)
    with transaction():
        find_signals(now=NOW, by=SYSTEM)
    signals = db.session.scalars(sa.select(ReviewSignal).order_by(ReviewSignal.kind)).all()
    assert [(s.kind, s.user_id, s.figures["times_ten"] > 25) for s in signals] == [
        (SignalKind.CLERK_SHARE, favoured.id, True),
        (SignalKind.VILLAGE_SHARE, favoured.id, True),
    ]


def test_a_signal_is_closed_neither_by_whom_it_names_nor_by_those_below(app: Flask) -> None:
    """F2: and every closing has its reason."""
    named, admin, subordinate = county(), county(), township()
    grant(subordinate, Role.COUNTY_ADMIN, division=TREE.county)
    chief = make_user(Role.PREFECTURE_OBSERVER, division=TREE.prefecture)
    with transaction() as session:
        about_peer = _signal(named)
        about_chief = _signal(chief)
        session.add_all((about_peer, about_chief))
    peer_id, chief_id = about_peer.id, about_chief.id
    for user, signal, error in ((named, peer_id, Forbidden), (admin, chief_id, Forbidden)):
        with pytest.raises(error), transaction():
            close_signal(signal, reason="查过", by=actor_for(user), now=NOW)
    with pytest.raises(Invalid), transaction():
        close_signal(peer_id, reason=" ", by=actor_for(admin), now=NOW)
    assert [s.id for s in list_signals(actor=actor_for(named))] == [chief_id]
    with transaction():
        close_signal(peer_id, reason="调了档案，属实", by=actor_for(admin), now=NOW)
    assert [s.id for s in list_signals(actor=actor_for(admin), closed=True)] == [peer_id]
    row = _signal(named, span="2018-Q3")
    row.closed_at, row.closed_by, row.closing_reason = NOW, named.id, "x"
    with pytest.raises(sa.exc.IntegrityError, match="never_closed_by_the_named"), transaction() as session:
        session.add(row)


def _signal(user: User, span: str = "2018-12-01 02") -> ReviewSignal:
    return ReviewSignal(
        kind=SignalKind.NIGHT,
        user_id=user.id,
        other_user_id=user.id,
        division_code=TREE.township,
        span=span,
        cases=[],
        figures={"cases": 1},
        found_at=NOW,
    )
