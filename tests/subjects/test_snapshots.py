"""An old figure can be had again, whatever changed since; what is counted otherwise today is told as old and new."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Invalid
from marketplace.core.kinds import SupportKind
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.db.clock import china_day
from marketplace.fulfilment.models import ConfirmerKind, ConfirmHow, FollowUp
from marketplace.needs.models import Decision, Need, NeedReview
from marketplace.statistics import queries
from marketplace.statistics.cohorts import Cohort
from marketplace.statistics.cube import cube_of
from marketplace.statistics.degrees import Fraction, activity_of, precision_of
from marketplace.statistics.effects import effects_of
from marketplace.statistics.gaps import gaps_of
from marketplace.statistics.gifts import kept_by_donor_type
from marketplace.statistics.intervals import wilson
from marketplace.statistics.keeping import end_of, keep_day, keep_days
from marketplace.statistics.models import Snapshot
from marketplace.statistics.seen import SeenNeed, of_question, seen_needs
from marketplace.statistics.snapshots import corrections_of, find_snapshot
from marketplace.statistics.value import Purpose, drift_of
from tests import factories as f
from tests.factories import NOW, days_ago, money_line

MONEY = (money_line(100_000),)
YESTERDAY = china_day(NOW) - timedelta(days=1)


@pytest.fixture
def needs(app: Flask) -> list[Need]:
    """Six needs of money, four of them pledged."""
    found = [f.make_need(lines=MONEY) for _ in range(6)]
    for need in found[:4]:
        f.make_pledge(need=need)
    return found


def counted(as_of: datetime = NOW) -> list[SeenNeed]:
    """The money needs of everywhere."""
    cohort = queries.make_cohort(as_of=as_of)
    return of_question(seen_needs(cohort), cohort)


def keep(day: date = YESTERDAY) -> bool:
    with transaction():
        return keep_day(day, now=NOW)


def test_a_kept_day_stands_whatever_is_changed_afterwards(needs: list[Need]) -> None:
    assert keep()
    with transaction() as session:
        # As a repair of records would: one need turns out to have been of goods, one to be no need at all.
        first, second = (session.get_one(Need, need.id) for need in needs[:2])
        first.kind = SupportKind.GOODS
        second.published_at = NOW
    kept = find_snapshot(YESTERDAY)
    assert kept is not None
    old = kept.cube.whole("", kind=SupportKind.MONEY.value)
    new = queries.need_rates(as_of=end_of(YESTERDAY))
    assert (old.pledged, old.published) == (4, 6)
    assert (new.pledged, new.published) == (2, 4)
    changed = {c.name: (c.old, c.new) for c in corrections_of(old, new)}
    assert changed == {"published": (6, 4), "pledged": (4, 2)}
    assert keep() is False
    assert find_snapshot(YESTERDAY) == kept


def test_a_kept_day_says_what_was_counted_and_hides_what_was_hidden(needs: list[Need]) -> None:
    keep()
    kept = find_snapshot(YESTERDAY)
    live = cube_of(seen_needs(Cohort(as_of=end_of(YESTERDAY), kind=None)))
    assert kept is not None
    assert (kept.cube.cells, kept.cube.hidden) == (live.cells, live.hidden)
    assert kept.reach("5133") == queries.coverage(as_of=end_of(YESTERDAY))
    assert kept.reach("5101").registered == 0
    assert kept.donors == queries.count_donors(as_of=end_of(YESTERDAY))
    assert [(c.channel, c.agreed_fen) for c in kept.channel_totals] == [
        (c.channel, c.agreed_fen) for c in queries.channels(as_of=end_of(YESTERDAY))
    ]


@pytest.mark.parametrize("day", [china_day(NOW), china_day(NOW) + timedelta(days=1)])
def test_a_day_that_is_not_over_is_not_kept(app: Flask, day: date) -> None:
    with pytest.raises(Invalid):
        keep(day)


def test_nights_that_were_missed_are_kept_later(app: Flask) -> None:
    keep(YESTERDAY - timedelta(days=3))
    with transaction():
        assert [keep_days(now=NOW), keep_days(now=NOW)] == [3, 0]


@pytest.mark.parametrize("statement", ["UPDATE statistics_snapshot SET day = day", "DELETE FROM statistics_snapshot"])
def test_the_database_refuses_to_change_a_kept_day(app: Flask, statement: str) -> None:
    """R-D9"""
    keep()
    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), transaction() as session:
        session.execute(sa.text(statement))
    assert f.count_rows(Snapshot) == 1


# Held back, run out, withdrawn.


def test_a_suspended_need_waits_and_is_told_beside(app: Flask) -> None:
    held = f.make_need(NeedState.SUSPENDED, lines=MONEY)
    f.make_need(lines=MONEY)
    with transaction() as session:
        for decision, days in ((Decision.SUSPEND, 10), (Decision.RESUME, 6), (Decision.SUSPEND, 3)):
            session.add(NeedReview(need_id=held.id, reviewer_id=held.reviewer_id, decision=decision, at=days_ago(days)))
            session.flush()
    seen = [queries.need_rates(as_of=days_ago(days)) for days in (12, 8, 5, 0)]
    assert [(r.published, r.waiting, r.suspended) for r in seen] == [(2, 2, 0), (2, 2, 1), (2, 2, 0), (2, 2, 1)]


# Intervals.


@pytest.mark.parametrize(
    ("part", "whole", "bounds"),
    # Newcombe (1998), table I: 81/263, 15/148, 0/20, 1/29, in percent.
    [(81, 263, (255, 366)), (15, 148, (62, 160)), (0, 20, (0, 161)), (1, 29, (6, 172)), (241, 313, (720, 813))],
)
def test_the_interval_is_the_published_one(part: int, whole: int, bounds: tuple[int, int]) -> None:
    found = wilson(part, whole)
    assert found is not None
    assert (found.low, found.high) == bounds


@given(st.integers(0, 400), st.integers(1, 400))
def test_an_interval_holds_its_share_and_stays_between_none_and_all(part: int, more: int) -> None:
    found = wilson(part, part + more)
    assert found is not None
    assert 0 <= found.low <= 1000 * part / (part + more) + 1
    assert 1000 * part / (part + more) - 1 <= found.high <= 1000


def test_nothing_of_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="part"):
        wilson(2, 1)


# The three degrees, drift, gaps, givers, effects.


def test_activity_counts_people_whose_records_others_rely_on(needs: list[Need]) -> None:
    f.make_user()
    found = activity_of(since=days_ago(40), as_of=NOW)
    # Six clerks who posted and four donors who pledged; six reviewers left no decision in this history.
    assert (found.part, found.whole) == (10, db.session.scalar(sa.select(sa.func.count(f.User.id))))
    assert activity_of(since=days_ago(5), as_of=NOW).part == 0


def test_precision_is_closed_and_confirmed_of_matched(app: Flask) -> None:
    closed = f.make_need(NeedState.CLOSED, lines=MONEY)
    f.make_pledge(PledgeState.REPORTED, need=closed)
    f.make_pledge(PledgeState.CONFIRMED, need=f.make_need(lines=MONEY))
    f.make_need(lines=MONEY)
    assert precision_of(counted()) == Fraction(1, 2)
    assert precision_of(counted(days_ago(6))).part == 0


def test_drift_is_told_by_quarter_in_worth_of_what_is_pledged(needs: list[Need]) -> None:
    for _ in range(6):
        f.make_pledge(need=f.make_need(lines=MONEY))
    (quarter,) = drift_of(counted())
    assert quarter.needs == 10
    assert quarter.pledged_fen == {Purpose.DAILY: 1_000_000, Purpose.HARDSHIP: 0, Purpose.LASTING: 0}


def test_the_gap_holds_what_nobody_has_wholly_pledged(needs: list[Need]) -> None:
    for _ in range(4):
        f.make_need(lines=MONEY, published_at=days_ago(100))
    gaps = gaps_of(counted(), as_of=NOW)
    assert (gaps.whole.needs, gaps.whole.value_fen, gaps.whole.waiting_long) == (6, 600_000, 4)
    assert [(row.key, row.gap) for row in gaps.by_county] == [("513332", gaps.whole)]


def test_pledges_are_told_by_who_gives_and_few_are_not_told_apart(needs: list[Need]) -> None:
    """P2"""
    cohort = queries.make_cohort(as_of=NOW)
    assert [row.kept for row in kept_by_donor_type(cohort)] == [None]
    f.make_pledge(PledgeState.CONFIRMED, need=f.make_need(lines=MONEY), at_arms_length=False)
    (row,) = kept_by_donor_type(cohort)
    assert row.kept is not None
    assert (row.kept.made, row.kept.confirmed, row.kept.arms_length) == (5, 1, 0)


def test_effects_count_who_was_asked_and_who_answered(app: Flask) -> None:
    need = f.make_need(NeedState.CONFIRMED, lines=MONEY, published_at=days_ago(120), delivered_at=days_ago(95))
    f.make_pledge(
        PledgeState.CONFIRMED,
        need=need,
        accepted_at=days_ago(110),
        delivered_at=days_ago(95),
        confirmed_at=days_ago(94),
        created_at=days_ago(110),
    )
    answer = {"kind": ConfirmerKind.HOUSEHOLD, "how": ConfirmHow.SLIP, "still_useful": True, "still_needed": False}
    with transaction() as session:
        session.add(FollowUp(need_id=need.id, days=30, at=days_ago(60), **answer))
    month, quarter, year = effects_of(counted(), as_of=NOW)
    assert (month.due, month.answered, month.useful, month.needed, month.by_household) == (1, 1, 1, 0, 1)
    assert (quarter.due, quarter.answered, year.due) == (1, 0, 0)
