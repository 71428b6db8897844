"""The pages of review: a queue, one need beside what is known, one decision by somebody entitled to it."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from markupsafe import escape
from PIL import Image

from marketplace.audit.models import AuditEntry
from marketplace.core.kinds import SupportKind, Urgency
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.households.models import DuplicateSign
from marketplace.media.service import store_photo
from marketplace.needs import queries
from marketplace.needs.models import Need, NeedPhoto, NeedReview
from marketplace.needs.review_models import ReviewSignal, SignalKind
from marketplace.web.needs.remarks import remarks_of
from marketplace.web.terms import ENGLISH_TERMS
from tests.client import Client
from tests.factories import (
    NOW,
    TREE,
    Line,
    actor_for,
    days_ago,
    grant,
    make_household,
    make_need,
    make_user,
)

SEEN = {"seen": ["consent", "price"]}


@pytest.fixture
def reviewer(app: Flask) -> Client:
    """A township reviewer at work."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client.login(make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township))


def _submitted(**fields: object) -> Need:
    return make_need(NeedState.SUBMITTED, **fields)  # type: ignore[arg-type]


def _state(need: Need) -> NeedState:
    db.session.rollback()
    found = queries.find_need(need.code)
    assert found is not None
    return found.state


def test_queue_is_ordered_by_age_then_urgency(reviewer: Client) -> None:
    young = _submitted(submitted_at=days_ago(1))
    old_and_calm = _submitted(submitted_at=days_ago(9))
    old_and_urgent = _submitted(submitted_at=days_ago(9), urgency=Urgency.CRITICAL)
    page = reviewer.get("/desk/review").get_data(as_text=True)
    order = sorted([young, old_and_calm, old_and_urgent], key=lambda need: page.index(need.code))
    assert order == [old_and_urgent, old_and_calm, young]


def test_queue_leaves_other_townships_out(reviewer: Client) -> None:
    """Z2: another township's needs are not even counted."""
    other = _submitted(household=make_household(TREE.village_of_other_township))
    page = reviewer.get("/desk/review").get_data(as_text=True)
    assert other.code not in page
    assert "另有" not in page
    assert reviewer.get(f"/desk/review/{other.code}").status_code == 404


def test_page_shows_the_need_beside_what_is_known(reviewer: Client) -> None:
    household = make_household()
    earlier = make_need(NeedState.DELIVERED, household=household, created_at=days_ago(40), submitted_at=days_ago(40))
    need = _submitted(household=household)
    page = reviewer.get(f"/desk/review/{need.code}").get_data(as_text=True)
    assert earlier.title in page
    assert "这户 180 天内要过" in page
    assert "没有发现姓名、电话、证件号" in page
    assert "大家会看到" in page
    assert household.head_name not in page


def test_a_near_copy_of_another_township_is_read_only_where_it_is_public(reviewer: Client) -> None:
    """Z2: what waits in another township stays there; that it reads alike is told."""
    story = "冬天夜里零下二十度，家里五口人的铺盖不够用。"
    there = make_household(TREE.village_of_other_township)
    public = make_need(household=there, story=f"{story}去年也是。", submitted_at=days_ago(9))
    waiting = make_need(NeedState.SUBMITTED, household=there, story=f"{story}一直是。", submitted_at=days_ago(8))
    need = _submitted(story=story)
    page = reviewer.get(f"/desk/review/{need.code}").get_data(as_text=True)
    assert (public.story in page, f'href="/needs/{public.code}"' in page) == (True, True)
    assert (waiting.story in page, waiting.code in page, "请县里比对" in page) == (False, True, True)


def test_approved_need_is_public_with_who_saw_what(reviewer: Client) -> None:
    """R-V2: who, when, documents, result."""
    need = _submitted()
    done = reviewer.submit(f"/desk/review/{need.code}", form=f"/desk/review/{need.code}/approve", **SEEN)
    assert done.status_code == 303
    assert _state(need) is NeedState.PUBLISHED
    review = db.session.scalars(sa.select(NeedReview)).one()
    assert review.documents == ["consent", "price"]
    assert need.code in reviewer.get("/needs?q=棉被").get_data(as_text=True)


@pytest.mark.parametrize(("seen", "sentence"), [([], "请勾选看过的材料"), (["price"], "没看过农户同意书")])
def test_nothing_is_published_unseen(reviewer: Client, seen: list[str], sentence: str) -> None:
    """R-V2: the documents seen are part of the decision."""
    need = _submitted()
    refused = reviewer.post(f"/desk/review/{need.code}/approve", data={"seen": seen})
    assert refused.status_code == 422
    assert sentence in refused.get_data(as_text=True)
    assert _state(need) is NeedState.SUBMITTED


def test_what_stands_out_is_published_only_with_a_reason(reviewer: Client) -> None:
    need = _submitted(lines=[Line(name="跑步机", quantity=1, unit="台", unit_price_fen=150_000)])
    refused = reviewer.post(f"/desk/review/{need.code}/approve", data=SEEN)
    assert "请选一个仍可通过的理由" in refused.get_data(as_text=True)
    chosen = {**SEEN, "override-luxury": "visited"}
    assert reviewer.post(f"/desk/review/{need.code}/approve", data=chosen).status_code == 303


def test_personal_data_that_slipped_through_cannot_be_published(reviewer: Client) -> None:
    """P1: the lint runs again at review."""
    need = _submitted(story="冬天夜里零下二十度，家里的铺盖不够用，请打13800000000。")
    refused = reviewer.post(f"/desk/review/{need.code}/approve", data=SEEN)
    assert refused.status_code == 422
    assert "请删去电话号码" in refused.get_data(as_text=True)


def test_return_takes_one_tap(reviewer: Client) -> None:
    need = _submitted()
    assert reviewer.post(f"/desk/review/{need.code}/return", data={"reason": "story_short"}).status_code == 303
    assert _state(need) is NeedState.RETURNED


def test_refusal_needs_words(reviewer: Client) -> None:
    need = _submitted()
    assert reviewer.post(f"/desk/review/{need.code}/reject", data={"reason": "not_a_need"}).status_code == 422
    told = {"reason": "not_a_need", "note": "不属于帮扶范围"}
    assert reviewer.post(f"/desk/review/{need.code}/reject", data=told).status_code == 303
    assert _state(need) is NeedState.REJECTED


def test_reason_that_does_not_exist_is_refused(reviewer: Client) -> None:
    need = _submitted()
    assert reviewer.post(f"/desk/review/{need.code}/return", data={"reason": "because"}).status_code == 422
    assert _state(need) is NeedState.SUBMITTED


@pytest.mark.parametrize("act", ["approve", "return", "reject"])
def test_nobody_reviews_what_he_posted(app: Flask, client: Client, act: str) -> None:
    """R-V3, Z6: the poster is refused, whatever roles he holds."""
    both = make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    need = _submitted(poster=both)
    refused = client.login(both).post(f"/desk/review/{need.code}/{act}", data={**SEEN, "reason": "other", "note": "x"})
    assert refused.status_code == 403
    assert _state(need) is NeedState.SUBMITTED


@pytest.mark.parametrize("act", ["approve", "return", "reject"])
def test_nobody_reviews_his_own_village(app: Flask, client: Client, act: str) -> None:
    """R-V3: a staff role for the village itself bars, though the township role reaches it."""
    local = make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    grant(local, Role.VILLAGE_SUPERVISOR, division=TREE.village)
    need, other = _submitted(), _submitted(household=make_household(TREE.other_village))
    refused = client.login(local).post(f"/desk/review/{need.code}/{act}", data={**SEEN, "reason": "other", "note": "x"})
    assert refused.status_code == 403
    page = client.get("/desk/review").get_data(as_text=True)
    assert need.code not in page
    assert other.code in page
    assert "另有 1 条来自您的村" in page


@pytest.mark.parametrize("state", [s for s in NeedState if s is not NeedState.SUBMITTED])
def test_only_what_waits_can_be_approved(reviewer: Client, state: NeedState) -> None:
    """Z5: no state is skipped."""
    need = make_need(state)
    assert reviewer.post(f"/desk/review/{need.code}/approve", data={**SEEN, "note": "x"}).status_code == 409
    assert _state(need) is state


def test_of_two_reviewers_at_once_one_wins_and_one_is_told(app: Flask, client_as: Callable[..., Client]) -> None:
    """C2: approve against reject: one 303, one 409, one decision, one audit row."""
    clients = [client_as(Role.TOWNSHIP_REVIEWER) for _ in range(2)]
    decisions = [("approve", SEEN), ("reject", {"reason": "other", "note": "不符合"})]
    for _ in range(4):
        need = _submitted()
        code, need_id = need.code, need.id
        db.session.rollback()
        gate = threading.Barrier(2)

        def decide(place: int, code: str = code, gate: threading.Barrier = gate) -> int:
            act, sent = decisions[place]
            with app.app_context():
                gate.wait(timeout=20)
                return clients[place].post(f"/desk/review/{code}/{act}", data=sent).status_code

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(decide, range(2)))
        assert answers == [303, 409]
        assert db.session.scalar(sa.select(sa.func.count()).where(NeedReview.need_id == need_id)) == 1
        rows = sa.select(sa.func.count()).where(
            AuditEntry.subject_id == need_id, AuditEntry.action.in_(["need.approve", "need.reject"])
        )
        assert db.session.scalar(rows) == 1
        db.session.rollback()


def test_photo_is_public_only_when_the_reviewer_ticks_it(app: Flask, reviewer: Client, client: Client) -> None:
    """U6: a second person has seen no face, no document, no address."""
    clerk = make_user(Role.VILLAGE_CLERK, division=TREE.village)
    need = _submitted(poster=clerk)
    tokens = []
    for colour in ("brown", "grey"):
        upload = io.BytesIO()
        Image.new("RGB", (64, 48), colour).save(upload, "JPEG")
        upload.seek(0)
        with transaction() as session:
            photo = store_photo(upload, division=TREE.village, caption=colour, by=actor_for(clerk), now=NOW)
            session.add(NeedPhoto(need_id=need.id, photo_id=photo.id))
            tokens.append(photo.token)
    assert reviewer.get(f"/photos/{tokens[0]}.jpg").status_code == 200
    assert client.get(f"/photos/{tokens[0]}.jpg").status_code == 404
    reviewer.post(f"/desk/review/{need.code}/approve", data={**SEEN, "photos": [tokens[0]]})
    assert [client.get(f"/photos/{token}.jpg").status_code for token in tokens] == [200, 404]
    page = client.get(f"/needs/{need.code}").get_data(as_text=True)
    assert tokens[0] in page
    assert tokens[1] not in page


def test_paused_need_takes_no_pledge_and_comes_back(reviewer: Client, client: Client) -> None:
    need = make_need()
    assert reviewer.post(f"/desk/review/{need.code}/suspend", data={"note": ""}).status_code == 422
    assert reviewer.post(f"/desk/review/{need.code}/suspend", data={"note": "有人反映"}).status_code == 303
    page = client.get(f"/needs/{need.code}").get_data(as_text=True)
    assert "正在核查，暂停认领" in page
    assert need.story not in page
    assert need.code not in client.get("/needs").get_data(as_text=True)
    assert reviewer.post(f"/desk/review/{need.code}/resume").status_code == 303
    assert need.code in client.get("/needs").get_data(as_text=True)


def test_fields_that_a_form_does_not_have_change_nothing(reviewer: Client, client_as: Callable[..., Client]) -> None:
    """Z4: state, reviewer and amounts cannot be posted."""
    need = _submitted()
    reviewer.post(
        f"/desk/review/{need.code}/return",
        data={"reason": "other", "state": "published", "reviewer_id": "1", "pledged_fen": "9", "division_code": "1"},
    )
    db.session.rollback()
    found = queries.find_need(need.code)
    assert found is not None
    assert (found.state, found.pledged_fen, found.division_code) == (NeedState.RETURNED, 0, TREE.village)


def test_prices_are_ticked_only_where_there_are_any(app: Flask) -> None:
    priced, free = make_need(), make_need(lines=[Line("支教老师", 2, "人", 0, kind=SupportKind.SERVICE)])
    with app.test_request_context():
        ticked = [[remark.text for remark in remarks_of([], need=need)] for need in (priced, free)]
    assert ["单价在参考价内" in texts for texts in ticked] == [True, False]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_signal_is_read_in_chinese_and_in_english(app: Flask, client_as: Callable[..., Client]) -> None:
    """F2: the kinds of signals, and the signs of one household registered twice, are said in whole English words."""
    with transaction() as session:
        user = make_user(Role.VILLAGE_CLERK, division=TREE.village)
        session.add_all(
            ReviewSignal(
                kind=kind,
                user_id=user.id,
                other_user_id=user.id,
                division_code=TREE.village,
                span="2018-12-17",
                cases=[],
                figures={"cases": 1},
                found_at=NOW,
            )
            for kind in SignalKind
        )
    county = client_as(Role.COUNTY_ADMIN)
    chinese = county.get("/desk/oversight").get_data(as_text=True)
    county.set_cookie("language", "en")
    english = county.get("/desk/oversight").get_data(as_text=True)
    for kind in SignalKind:
        assert kind.label in chinese
        assert str(escape(ENGLISH_TERMS[SignalKind][kind])) in english
    assert set(ENGLISH_TERMS[DuplicateSign]) == set(DuplicateSign)
