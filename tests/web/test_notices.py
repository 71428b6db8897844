"""Pages of notices: proposing, planning, printing, posting, and what the public reads."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.households.models import StatusProposal
from marketplace.notices.models import Notice
from tests import factories as f
from tests.client import Client
from tests.factories import NOW, TREE
from tests.html import parse
from tests.posting import complain, pass_night, plan, post, posted, propose
from tests.scenes import picture

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
As = Callable[..., Client]
MEETING = {"appraised_on": "2018-12-14", "present": "31", "votes_for": "28", "votes_against": "2", "abstained": "1"}


def jpeg(name: str = "x.jpg") -> tuple[object, str]:
    return picture(), name


def text(response) -> str:
    return response.get_data(as_text=True)


def test_a_change_goes_from_the_household_s_page_to_the_board(app: Flask, client_as: As, client: Client) -> None:
    """Proposed by the township, planned, printed, posted by the clerk with a photo, public."""
    household = f.make_household(head_name="扎西次仁")
    reviewer, clerk = client_as(Role.TOWNSHIP_REVIEWER), client_as(Role.VILLAGE_CLERK)
    path = f"/desk/households/{household.code}/status"
    assert path in text(reviewer.get(f"/desk/households/{household.code}"))
    assert path not in text(clerk.get(f"/desk/households/{household.code}"))
    answer = reviewer.submit(path, form=path, move="exit", reason="收入稳定", minutes=jpeg(), **MEETING)
    assert answer.status_code == 303
    to_plan = answer.headers["Location"]
    assert to_plan == f"/desk/notices/new?village={TREE.village}"
    assert household.code in text(reviewer.get("/desk/notices"))
    made = reviewer.submit(to_plan, form=to_plan, days="7")
    page = made.headers["Location"]
    board = text(clerk.get(f"{page}/board"))
    assert "温拖村" in board
    assert "扎西" not in board
    assert len(parse(board).all("svg")) >= 1
    assert 'href="/photos' not in text(client.get("/notices"))
    assert clerk.submit(page, form=f"{page}/post", photo=jpeg()).status_code == 303
    public = text(client.get(page.removeprefix("/desk")))
    assert household.code in public
    assert "温拖" not in public
    assert "扎西" not in public
    assert "2018-12-24" in public
    assert household.code in text(reviewer.get(f"/desk/households/{household.code}"))


def test_nothing_typed_is_lost_where_the_votes_do_not_add_up(app: Flask, client_as: As) -> None:
    household = f.make_household()
    path = f"/desk/households/{household.code}/status"
    wrong = {**MEETING, "present": "40"}
    answer = client_as(Role.TOWNSHIP_REVIEWER).submit(
        path, form=path, move="exit", reason="收入稳定", minutes=jpeg(), **wrong
    )
    assert answer.status_code == 422
    assert "要等于到会人数" in text(answer)
    assert 'value="收入稳定"' in text(answer)
    assert f.count_rows(StatusProposal) == 0


def test_a_short_notice_and_one_without_lines_are_refused(app: Flask, client_as: As) -> None:
    propose(f.make_household())
    path = f"/desk/notices/new?village={TREE.village}"
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    assert "5至60天" in text(reviewer.submit(path, form=path, days="4"))
    assert "请至少选一项" in text(reviewer.submit(path, form=path, lines=None))
    assert f.count_rows(Notice) == 0
    assert reviewer.get(f"/desk/notices/new?village={TREE.village_of_other_county}").status_code == 404


def test_names_are_masked_unindexed_and_gone_after_the_end(app: Flask, client: Client) -> None:
    """TRUST: a time-limited page, noindex, 410 afterwards."""
    notice = post(plan(propose(f.make_household(head_name="扎西次仁")), shows_names=True))
    path = f"/notices/{notice.code}/names"
    assert path in text(client.get(f"/notices/{notice.code}"))
    page = client.get(path)
    assert (page.status_code, page.headers["X-Robots-Tag"]) == (200, "noindex, nofollow, noarchive")
    assert 'name="robots"' in text(page)
    assert "扎***" in text(page)
    assert "扎西" not in text(page)
    pass_night(NOW + timedelta(days=6))
    gone = client.get(path)
    assert (gone.status_code, "扎" in text(gone)) == (410, False)
    assert path not in text(client.get(f"/notices/{notice.code}"))
    assert client.get(f"/notices/{posted(f.make_household()).code}/names").status_code == 404


def test_what_was_not_posted_answers_like_a_missing_page(app: Flask, client: Client) -> None:
    notice = plan(propose(f.make_household()))
    assert client.get(f"/notices/{notice.code}").status_code == 404
    assert client.get("/notices/GS-222222-00").status_code == 404


def test_a_clerk_of_another_village_finds_no_notice(app: Flask, client_as: As) -> None:
    """Z2"""
    notice = plan(propose(f.make_household()))
    other = client_as(Role.VILLAGE_CLERK, TREE.other_village)
    for path in (f"/desk/notices/{notice.code}", f"/desk/notices/{notice.code}/board"):
        assert other.get(path).status_code == 404
    assert other.post(f"/desk/notices/{notice.code}/post", data={"photo": jpeg()}).status_code == 404
    assert notice.code not in text(other.get("/desk/notices"))


def test_a_held_notice_says_so_to_everybody(app: Flask, client: Client, client_as: As) -> None:
    notice = posted(f.make_household())
    complain(notice.code)
    assert "因异议暂缓" in text(client.get(f"/notices/{notice.code}"))
    assert "因异议暂缓" in text(client.get("/notices"))
    assert "因异议暂缓" in text(client_as(Role.TOWNSHIP_REVIEWER).get("/desk/notices"))


def test_the_list_narrows_to_a_county_and_says_what_to_do_when_empty(app: Flask, client: Client) -> None:
    notice = posted(f.make_household())
    assert notice.code in text(client.get(f"/notices?area={TREE.county}"))
    empty = text(client.get(f"/notices?area={TREE.other_county}"))
    assert notice.code not in empty
    assert "请换一个县" in empty
    assert notice.code in text(client.get("/notices?area=nonsense"))


def test_a_notice_that_was_planned_by_mistake_is_taken_back(app: Flask, client_as: As) -> None:
    notice = plan(propose(f.make_household()))
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    page = f"/desk/notices/{notice.code}"
    assert reviewer.submit(page, form=f"{page}/withdraw").status_code == 303
    assert "等待公示的变更" in text(reviewer.get("/desk/notices"))


def test_a_need_that_hangs_cannot_be_approved_yet(app: Flask, client_as: As) -> None:
    """R-V4"""
    need = f.make_need(f.NeedState.SUBMITTED)
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    path = f"/desk/notices/new?village={TREE.village}"
    assert reviewer.submit(path, form=path, lines=f"n{need.id}").status_code == 303
    answer = reviewer.submit(f"/desk/review/{need.code}", form=f"/desk/review/{need.code}/approve", seen=["consent"])
    assert answer.status_code in (409, 422)
    with transaction() as session:
        assert session.get_one(f.Need, need.id, populate_existing=True).state is f.NeedState.SUBMITTED
    db.session.rollback()
