"""Bad input at the smaller desks: what was typed stays, the sentence says what to change, nothing is written."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.grievances.models import Grievance
from marketplace.needs.review_models import ReviewSignal, SignalKind
from marketplace.notices.models import Notice
from marketplace.relatives.models import StaffRelative
from marketplace.workdays.models import CalendarDay
from tests import factories as f
from tests.client import Client
from tests.factories import NOW, TREE
from tests.posting import complain, plan, propose

As = Callable[..., Client]
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"household_code": "HB-222222-22", "kinship": "sibling"}, "没有这个户号"),
        ({"phone": "1380000", "kinship": "sibling"}, "手机号"),
        ({"household_code": "HB-222222-22", "phone": "13800000000", "kinship": "sibling"}, "只"),
        ({"household_code": "HB-222222-22", "kinship": ""}, "关系"),
    ],
)
def test_a_declaration_of_a_relative_keeps_what_was_typed(
    app: Flask, client_as: As, typed: Mapping[str, str], sentence: str
) -> None:
    answer = client_as(Role.VILLAGE_CLERK).submit("/desk/relatives", form="/desk/relatives", **typed)
    _refused(answer, [value for name, value in typed.items() if name != "kinship"], sentence)
    assert f.count_rows(StaffRelative) == 0


def test_an_own_id_number_that_is_none_is_refused_with_what_to_do(app: Flask, client_as: As) -> None:
    page = "/desk/relatives"
    answer = client_as(Role.VILLAGE_CLERK).submit(page, form=f"{page}/number", own_id_number="51339919900307")
    _refused(answer, ["51339919900307"], "身份证号")


@pytest.mark.parametrize("day", ["2018-13-01", "国庆", ""])
def test_a_day_of_the_calendar_that_cannot_be_read_keeps_its_name(app: Flask, client_as: As, day: str) -> None:
    answer = client_as(Role.COUNTY_ADMIN).submit(
        "/desk/calendar", form="/desk/calendar", day=day, name="藏历新年", works="0"
    )
    _refused(answer, ["藏历新年", day], "2026-10-01")
    assert f.count_rows(CalendarDay) == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("day,works,name\n2018-13-01,0,国庆\n", "第 2 行"), ("日期,上班\n", "day"), ("", "CSV")],
)
def test_a_year_that_cannot_be_read_is_refused_whole(app: Flask, client_as: As, content: str, sentence: str) -> None:
    upload = (io.BytesIO(content.encode()), "days.csv")
    answer = client_as(Role.COUNTY_ADMIN).submit("/desk/calendar", form="/desk/calendar/file", file=upload)
    _refused(answer, [], sentence)
    assert f.count_rows(CalendarDay) == 0


def test_a_signal_is_not_closed_without_words_and_too_many_are_kept(app: Flask, client_as: As) -> None:
    named = f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    with transaction() as session:
        signal = ReviewSignal(
            kind=SignalKind.NIGHT,
            user_id=named.id,
            other_user_id=named.id,
            division_code=TREE.township,
            span="2018-12-16",
            cases=["XQ-2"],
            figures={"cases": 1},
            found_at=NOW,
        )
        session.add(signal)
    close, county = f"/desk/oversight/signals/{signal.id}/close", client_as(Role.COUNTY_ADMIN)
    _refused(county.submit("/desk/oversight", form=close, reason=" "), [], "写")
    long = "查了档案" * 80
    _refused(county.submit("/desk/oversight", form=close, reason=long), [long], "300")
    assert db.session.scalars(sa.select(ReviewSignal.closed_at)).all() == [None]


def test_a_notice_keeps_its_days_and_ticks_and_a_board_needs_its_photo(app: Flask, client_as: As) -> None:
    proposal = propose(f.make_household())
    page = f"/desk/notices/new?village={TREE.village}"
    answer = client_as(Role.TOWNSHIP_REVIEWER).submit(page, form=page, days="4", shows_names="y")
    _refused(answer, ['value="4"', "checked"], "5至60天")
    assert f.count_rows(Notice) == 0
    notice = plan(proposal)
    clerk = client_as(Role.VILLAGE_CLERK)
    _refused(clerk.submit(f"/desk/notices/{notice.code}", form=f"/desk/notices/{notice.code}/post"), [], "照片")


def test_the_answers_of_a_handler_are_kept_where_they_are_too_short(app: Flask, client_as: As) -> None:
    grievance = complain(f.make_need().code)
    county, page = client_as(Role.COUNTY_ADMIN), f"/desk/grievances/{grievance.code}"
    county.submit(page, form=f"{page}/assign")
    _refused(county.submit(page, form=f"{page}/answer", words="已查"), ["已查"], "4至600字")
    county.submit(page, form=f"{page}/answer", words="已入户核实。")
    _refused(county.submit(page, form=f"{page}/dismiss", reason="不实"), ["不实"], "4至300字")
    assert db.session.scalars(sa.select(Grievance.decided_at)).all() == [None]


def test_every_piece_of_personal_data_in_a_reason_is_named_at_once(app: Flask, client_as: As) -> None:
    """So that a clerk does not send the same page five times."""
    need = f.make_need(f.NeedState.DRAFT)
    story = "家里有人中风在床，电话13800000000，住三组15号，要两床棉被过冬。"
    clerk = client_as(Role.VILLAGE_CLERK)
    page = f"/desk/needs/{need.code}/why"
    answer = clerk.submit(page, form=page, story=story)
    _refused(answer, [story], "电话号码")
    assert [word for word in ("请删去病名", "请删去住址") if word not in answer.get_data(as_text=True)] == []


def _refused(answer: Any, kept: list[str], sentence: str) -> None:
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in page, page[page.find("errors") : page.find("errors") + 600]
    assert [word for word in kept if word not in page] == []
