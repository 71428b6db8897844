"""Notices: planned, posted with a photo of the board, held by objections, closed after their last day."""

import hashlib
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, NoticeState
from marketplace.db import db, transaction
from marketplace.media.queries import photo_path
from marketplace.needs.models import Need
from marketplace.notices import queries, service
from marketplace.notices.models import Notice
from tests import factories as f
from tests.factories import NOW, TREE
from tests.posting import DAY, complain, pass_night, plan, post, posted, propose, reviewer, settle
from tests.scenes import picture

ONLY_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def again(notice: Notice) -> Notice:
    db.session.rollback()
    return db.session.get_one(Notice, notice.id, populate_existing=True)


def test_the_end_counts_from_the_posting(app: Flask) -> None:
    """A notice planned on one day and posted three days later hangs five whole days from then."""
    notice = post(plan(propose(f.make_household())), now=NOW + 3 * DAY)
    assert notice.ends_on == date(2018, 12, 25)
    shown = queries.get_public_notice(notice.code)
    assert (shown.posted_on, shown.days_left(date(2018, 12, 20)), shown.days_left(date(2018, 12, 25))) == (
        date(2018, 12, 20),
        6,
        1,
    )


@ONLY_SQLITE
@pytest.mark.parametrize("days", [-1, 0, 4, 61])
def test_a_notice_shorter_than_five_days_is_refused(app: Flask, days: int) -> None:
    with pytest.raises(Invalid, match="5 to 60"):
        plan(propose(f.make_household()), days=days)


def test_the_database_refuses_a_short_notice_and_one_closed_over_an_objection(app: Flask) -> None:
    notice = posted(f.make_household())
    complain(notice.code)
    for wrong in ("days = 4", "state = 'closed', closed_at = posted_at", "open_objections = -1", "ends_on = NULL"):
        with pytest.raises(sa.exc.IntegrityError), transaction() as session:
            session.execute(sa.text(f"UPDATE notice SET {wrong}"))


def test_the_board_s_photo_is_archived_with_the_digest_of_the_kept_file(app: Flask) -> None:
    notice = again(posted(f.make_household()))
    (board,) = notice.boards
    assert board.sha256 == hashlib.sha256(photo_path(board.photo).read_bytes()).digest()
    assert not board.photo.is_public
    assert queries.get_public_notice(notice.code).boards[0].sha256 == board.sha256.hex()


@ONLY_SQLITE
def test_what_was_not_posted_is_not_public(app: Flask) -> None:
    notice = plan(propose(f.make_household()))
    with pytest.raises(NotFound):
        queries.get_public_notice(notice.code)
    assert queries.list_public_notices().notices == []


@ONLY_SQLITE
def test_a_public_notice_says_codes_and_the_township_and_no_name(app: Flask) -> None:
    """P1, R-P1"""
    household = f.make_household(head_name="扎西次仁")
    notice = posted(household)
    shown = queries.get_public_notice(notice.code)
    assert (shown.township, shown.entries[0].code) == (TREE.township, household.code)
    assert "扎西" not in repr(shown)
    assert TREE.village not in repr(shown)


@ONLY_SQLITE
def test_masked_names_are_shown_only_where_asked_for_and_only_while_the_notice_hangs(app: Flask) -> None:
    household = f.make_household(head_name="扎西次仁")
    bare = posted(f.make_household())
    with pytest.raises(NotFound):
        queries.names_on(bare.code, today=NOW.date())
    notice = post(plan(propose(household), shows_names=True))
    found = queries.names_on(notice.code, today=NOW.date())
    assert found is not None
    assert list(found[1].values()) == ["扎***"]
    assert queries.names_on(notice.code, today=(NOW + 6 * DAY).date()) is None
    pass_night(NOW + 6 * DAY)
    assert queries.names_on(notice.code, today=NOW.date()) is None


@ONLY_SQLITE
def test_a_line_stands_on_one_notice_at_a_time_and_may_stand_on_another_after_it_was_taken_back(app: Flask) -> None:
    proposal = propose(f.make_household())
    notice = plan(proposal)
    with pytest.raises(Conflict, match="stands on a notice"):
        plan(proposal)
    with transaction():
        service.withdraw_notice(notice.code, by=f.actor_for(reviewer()), now=NOW)
    assert again(plan(proposal)).state is NoticeState.PLANNED


@ONLY_SQLITE
def test_the_clerk_posts_and_does_not_plan(app: Flask) -> None:
    clerk = f.make_user(Role.VILLAGE_CLERK, division=TREE.village)
    proposal = propose(f.make_household())
    with pytest.raises(Forbidden):
        plan(proposal, by=clerk)
    notice = plan(proposal)
    with pytest.raises(NotFound):
        post(notice, by=f.make_user(Role.VILLAGE_CLERK, division=TREE.other_village))
    assert post(notice, by=clerk).state is NoticeState.OPEN
    with pytest.raises(Conflict):
        post(notice, by=clerk)


def test_an_open_objection_holds_the_notice_and_its_dismissal_lets_it_go(app: Flask) -> None:
    """An open objection holds back what waits for it, however long."""
    household = f.make_household()
    notice = posted(household)
    grievance = complain(notice.code)
    assert again(notice).open_objections == 1
    assert pass_night(NOW + 30 * DAY) == 0
    with pytest.raises(Conflict), transaction():
        service.close_notice(notice.id, by=f.make_actor(Role.COUNTY_ADMIN, division=TREE.county), now=NOW + 30 * DAY)
    settle(grievance, "dismiss", by=f.make_user(Role.COUNTY_ADMIN, division=TREE.county))
    assert again(notice).open_objections == 0
    assert pass_night(NOW + 30 * DAY) == 1


@ONLY_SQLITE
def test_an_upheld_objection_strikes_its_line_and_leaves_the_others(app: Flask) -> None:
    first, second = f.make_household(), f.make_household()
    notice = again(post(plan(propose(first), propose(second))))
    grievance = complain(notice.code, entry_id=notice.entries[0].id)
    settle(grievance, "uphold", by=f.make_user(Role.COUNTY_ADMIN, division=TREE.county))
    assert pass_night(NOW + 6 * DAY) == 1
    db.session.rollback()
    statuses = list(db.session.scalars(sa.text("SELECT status FROM household ORDER BY id")))
    assert statuses == ["registered", "exited"]
    assert [entry.is_struck for entry in queries.get_public_notice(notice.code).entries] == [True, False]


@ONLY_SQLITE
def test_a_need_on_a_notice_is_not_published_before_its_end(app: Flask) -> None:
    need = f.make_need(NeedState.SUBMITTED)
    assert [n.id for n in queries.postable_needs(TREE.village)] == [need.id]
    with transaction():
        again_need = db.session.get_one(Need, need.id)
        planned = service.plan_notice(
            division=TREE.village, days=5, needs=[again_need], by=f.actor_for(reviewer()), now=NOW
        )
    with pytest.raises(Conflict, match="posted on the village's board first"):
        service.ensure_may_be_published(need)
    post(planned)
    with pytest.raises(Conflict, match="hangs on the village's board"):
        service.ensure_may_be_published(need)
    pass_night(NOW + 6 * DAY)
    service.ensure_may_be_published(need)


@ONLY_SQLITE
def test_the_list_shows_what_hangs_first_and_goes_on_page_by_page(app: Flask) -> None:
    over = posted(f.make_household())
    pass_night(NOW + 6 * DAY)
    hanging = [posted(f.make_household()) for _ in range(2)]
    page = queries.list_public_notices(limit=2)
    assert [n.code for n in page.notices] == [hanging[1].code, hanging[0].code]
    rest = queries.list_public_notices(after=page.after, limit=2)
    assert ([n.code for n in rest.notices], rest.after) == ([over.code], None)
    assert queries.list_public_notices(area=TREE.other_county[:6]).notices == []


@ONLY_SQLITE
def test_a_photo_of_the_last_day_joins_the_first(app: Flask) -> None:
    notice = posted(f.make_household())
    clerk = f.make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    with transaction():
        service.add_board_photo(notice.code, photo=picture(), by=clerk, now=NOW + 5 * DAY)
    assert len(queries.get_public_notice(notice.code).boards) == 2
