"""Pages of complaints: reporting without an account, the ticket, and the handlers' desk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.grievances.models import Grievance, StaffLevel
from marketplace.needs.models import Need
from tests import factories as f
from tests.client import Client
from tests.factories import NOW, TREE
from tests.posting import complain, posted, settle
from tests.scenes import make_scene, picture

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
As = Callable[..., Client]
WORDS = "这户去年买了两辆车，条件好。"


def text(response) -> str:
    return response.get_data(as_text=True)


def report(client: Client, about: str = "", **fields: object):
    path = f"/report?about={about}" if about else "/report"
    return client.submit(path, form=path, **{"cause": "untrue", "words": WORDS, **fields})


def only() -> Grievance:
    db.session.rollback()
    return db.session.scalars(f.sa.select(Grievance)).one()


def test_each_public_page_leads_to_its_report(app: Flask, client: Client) -> None:
    """R-D14: a report button on each page."""
    scene = make_scene()
    notice = posted(f.make_household())
    for page, code in (
        (f"/needs/{scene.need.code}", scene.need.code),
        (f"/disclosure/{scene.pledge.code}", scene.pledge.code),
        (f"/notices/{notice.code}", notice.code),
    ):
        assert f"/report?about={code}" in text(client.get(page))
        assert code in text(client.get(f"/report?about={code}"))


def test_anybody_reports_with_a_photo_and_follows_the_ticket(app: Flask, client: Client) -> None:
    need = f.make_need()
    answer = report(client, need.code, photo=(picture(), "x.jpg"), contact="13900000009")
    assert answer.status_code == 303
    grievance = only()
    assert answer.headers["Location"] == f"/report/{grievance.code}?new=1"
    page = text(client.get(answer.headers["Location"]))
    assert grievance.code in page
    assert "2018-12-24" in page
    for secret in (WORDS, "13900000009"):
        assert secret not in page
    assert client.get(f"/report?ticket={grievance.code.lower()}").headers["Location"] == f"/report/{grievance.code}"


def test_what_was_typed_comes_back_where_something_is_missing(app: Flask, client: Client) -> None:
    need = f.make_need()
    answer = report(client, need.code, cause=None)
    assert (answer.status_code, WORDS in text(answer)) == (422, True)
    assert f.count_rows(Grievance) == 0


def test_a_machine_that_fills_in_everything_is_refused(app: Flask, client: Client) -> None:
    assert report(client, f.make_need().code, website="https").status_code == 422
    assert f.count_rows(Grievance) == 0


def test_a_report_without_a_code_names_a_county(app: Flask, client: Client) -> None:
    f.make_tree()
    assert report(client, county=TREE.other_county).status_code == 303
    assert only().division_code == TREE.other_county
    assert report(client, county="110000000000").status_code == 422
    assert client.get("/report?about=XQ-222222-00").status_code == 404


def test_reports_and_guesses_of_tickets_are_limited(app: Flask, client: Client) -> None:
    need = f.make_need()
    for number in range(10):
        assert report(client, need.code, words=f"{WORDS}{number}").status_code == 303
    assert report(client, need.code).status_code == 429
    for _ in range(20):
        assert client.get("/report/K7QP-3XWD").status_code == 404
    assert client.get("/report/K7QP-3XWD").status_code == 429


def test_a_handler_answers_decides_and_closes(app: Flask, client: Client, client_as: As) -> None:
    need = f.make_need()
    grievance = complain(need.code, words=WORDS)
    county = client_as(Role.COUNTY_ADMIN)
    page = f"/desk/grievances/{grievance.code}"
    assert "/desk/grievances" in text(county.get("/desk"))
    assert WORDS in text(county.get(page))
    assert county.submit(page, form=f"{page}/assign").status_code == 303
    assert "请用4至600字" in text(county.submit(page, form=f"{page}/answer", words=""))
    county.submit(page, form=f"{page}/answer", words="已入户核实。")
    assert "已入户核实。" in text(client.get(f"/report/{grievance.code}"))
    county.post(f"{page}/uphold", data={"reason": "价格虚高，属实。"})
    assert county.submit(page, form=f"{page}/close").status_code == 422
    assert county.submit(page, form=f"{page}/close", put_right="已暂停并退回").status_code == 303
    ticket = text(client.get(f"/report/{grievance.code}"))
    assert "属实" in ticket
    assert "已暂停并退回" in ticket
    db.session.rollback()
    assert db.session.get_one(Need, need.id, populate_existing=True).state is NeedState.SUSPENDED


def test_how_to_reach_a_reporter_is_read_by_whoever_took_the_case_on(app: Flask, client_as: As) -> None:
    """P5: not in passing; taking it on is an audited act."""
    grievance = complain(f.make_need().code, contact="13900000009")
    page = f"/desk/grievances/{grievance.code}"
    county, colleague = client_as(Role.COUNTY_ADMIN), client_as(Role.COUNTY_ADMIN)
    assert "13900000009" not in text(county.get(page))
    county.submit(page, form=f"{page}/assign")
    assert "13900000009" in text(county.get(page))
    assert "13900000009" not in text(colleague.get(page))
    assert "留了，谁办理谁看" in text(colleague.get(page))


def test_staff_never_find_a_complaint_about_themselves(app: Flask, client_as: As) -> None:
    """F2: neither in the list, nor by its address, nor by acting on it."""
    grievance = complain(f.make_need().code, about_staff=StaffLevel.TOWNSHIP)
    township, county = client_as(Role.TOWNSHIP_REVIEWER), client_as(Role.COUNTY_ADMIN)
    page = f"/desk/grievances/{grievance.code}"
    assert grievance.code not in text(township.get("/desk/grievances"))
    assert township.get(page).status_code == 404
    for act in ("assign", "answer", "uphold", "dismiss", "close"):
        sent = township.post(f"{page}/{act}", data={"reason": "不实的理由", "words": "已核实。", "put_right": "好了"})
        assert sent.status_code == 404
    assert county.get(page).status_code == 200


def test_the_overdue_stand_first_and_say_so(app: Flask, client_as: As) -> None:
    need = f.make_need()
    fresh = complain(need.code, words="新的一件")
    late = complain(need.code, words="旧的一件", now=NOW - timedelta(days=30))
    page = text(client_as(Role.COUNTY_ADMIN).get("/desk/grievances"))
    assert page.index(late.code) < page.index(fresh.code)
    assert "答复逾期" in page


def test_the_public_reads_how_complaints_were_handled(app: Flask, client: Client) -> None:
    complain(f.make_need().code, now=NOW - timedelta(days=30))
    page = text(client.get("/notices"))
    assert "举报办理情况" in page
    assert "逾期1件" in page


def test_a_donor_hears_that_a_complaint_was_right(app: Flask, client: Client) -> None:
    """R-D14: upheld means that the donors are told."""
    scene = make_scene()
    grievance = complain(scene.pledge.code)
    settle(grievance, "uphold", by=f.make_user(Role.COUNTY_ADMIN, division=TREE.county))
    donor = db.session.get_one(f.User, scene.donor.user_id)
    assert "举报经核实属实" in text(client.login(donor).get(f"/my/pledges/{scene.pledge.code}"))
