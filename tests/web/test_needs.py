"""The pages of needs: a clerk posts step by step, the public looks, filters and searches."""

import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from marketplace.core.actor import SYSTEM
from marketplace.core.kinds import NeedCategory, SupportKind, Urgency
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.needs import bands, catalogue, queries, service
from marketplace.needs.bands import Band
from marketplace.needs.models import Need
from tests.client import Client
from tests.factories import (
    NOW,
    TREE,
    Line,
    days_ago,
    make_actor,
    make_household,
    make_need,
    make_pledge,
    make_user,
    money_line,
)
from tests.html import parse

STORY = "我们这里海拔四千二百米，家里五口人只有三床被子，炉子锈穿漏烟。"


@pytest.fixture
def items(app: Flask) -> None:
    """The catalogue that a deployment starts with."""
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)


@pytest.fixture
def clerk(app: Flask) -> Client:
    """A village clerk at work."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client.login(make_user(Role.VILLAGE_CLERK, division=TREE.village))


def _picture(colour: str = "brown") -> io.BytesIO:
    upload = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(upload, "PNG")
    upload.seek(0)
    return upload


def _code(location: str) -> str:
    found = re.search(r"/desk/needs/(XQ-[^/]+)", location)
    assert found, location
    return found[1]


def _fill(clerk: Client, url: str, **fields: Any) -> TestResponse:
    """Fill in the page's own form and send it."""
    return clerk.submit(url, form=url, **fields)


def _post_until(clerk: Client, step: str, household_code: str, *, story: str = STORY) -> str:
    """Walk the steps until ``step`` is the next to be filled in; returns the need's code."""
    sent = _fill(clerk, "/desk/needs/new", who=household_code)
    code = _code(sent.headers["Location"])
    base = f"/desk/needs/{code}"
    if step == "what":
        return code
    assert _fill(clerk, f"{base}/what", items=["quilt", "stove-iron"]).headers["Location"].endswith("/how-much")
    if step == "how-much":
        return code
    amounts = {"line-0": "4", "price-0": "150", "line-1": "1", "price-1": "880"}
    assert _fill(clerk, f"{base}/how-much", **amounts).headers["Location"].endswith("/why")
    if step == "why":
        return code
    assert _fill(clerk, f"{base}/why", story=story, urgency="urgent").headers["Location"].endswith("/agree")
    if step == "agree":
        return code
    assert _fill(clerk, f"{base}/agree", how="signed").headers["Location"].endswith("/check")
    return code


def test_clerk_posts_a_need_in_six_steps(clerk: Client, items: None) -> None:
    household = make_household(TREE.village)
    code = _post_until(clerk, "check", household.code)
    page = clerk.get(f"/desk/needs/{code}/check").get_data(as_text=True)
    assert "大家会看到" in page
    assert "1,480 元" in page
    sent = _fill(clerk, f"/desk/needs/{code}/check", truth="y")
    assert sent.headers["Location"] == f"/desk/needs/{code}/slip"
    need = queries.find_need(code)
    assert need is not None
    assert (need.state, need.value_fen, need.title) == (
        NeedState.SUBMITTED,
        148_000,
        "棉被 4 床、取暖炉 1 台",
    )
    assert need.category is NeedCategory.WRM
    assert need.urgency is Urgency.URGENT


def _card(page: str) -> str:
    """The words of the only card on a page."""
    (card,) = [element for element in parse(page).all("article") if "need" in element["class"].split()]
    return card.text


def test_the_preview_is_the_card_that_the_world_sees_word_for_word(clerk: Client, client: Client, items: None) -> None:
    """Leap 7: the clerk before sending, the reviewer before approving, and everybody after it."""
    code = _post_until(clerk, "check", make_household(TREE.village).code)
    before = _card(clerk.get(f"/desk/needs/{code}/check").get_data(as_text=True))
    assert "棉被 4 床、取暖炉 1 台" in before
    assert "1,480" in before
    _fill(clerk, f"/desk/needs/{code}/check", truth="y")
    reviewer = client.application.test_client()
    assert isinstance(reviewer, Client)
    reviewer.login(make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township))
    page = f"/desk/review/{code}"
    assert _card(reviewer.get(page).get_data(as_text=True)) == before
    assert reviewer.submit(page, form=f"{page}/approve", seen=["consent", "price"]).status_code == 303
    stranger = client.application.test_client()
    for public in ("/needs", "/", f"/divisions/{TREE.township}"):
        assert _card(stranger.get(public).get_data(as_text=True)) == before, public


def test_picker_prefill_and_blank_sheet_go_by_the_countys_own_price(clerk: Client, items: None) -> None:
    keeper = make_actor(Role.COUNTY_ADMIN, division=TREE.county)
    with transaction():
        bands.set_band("quilt", area=TREE.county, band=Band(31_000, 37_000, 53_000, "county"), by=keeper, now=NOW)
    code = _post_until(clerk, "what", make_household(TREE.village).code)
    offered = clerk.get(f"/desk/needs/{code}/what?q=棉被").get_data(as_text=True)
    assert "310–530" in offered
    _fill(clerk, f"/desk/needs/{code}/what", items=["quilt"])
    page = clerk.get(f"/desk/needs/{code}/how-much").get_data(as_text=True)
    assert 'value="370"' in page
    assert "参考价 310–530 元 （县里定的）" in page
    book = openpyxl.load_workbook(io.BytesIO(clerk.get("/desk/needs/sheet.xlsx").data))
    assert "370" in [row[2] for row in book["物品"].iter_rows(values_only=True)]


def test_slip_shows_its_code_once_made_and_only_to_who_made_it(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "check", make_household(TREE.village).code)
    slip = _fill(clerk, f"/desk/needs/{code}/check", truth="y").headers["Location"]
    page = clerk.get(slip).get_data(as_text=True)
    found = re.search(r"<strong>([2-9A-Z]{4}-[2-9A-Z]{4})</strong>", page)
    assert found
    holder = queries.find_need_by_slip(found[1].lower().replace("-", " "))
    assert holder is not None
    assert holder.code == code
    clerk.logout().login(make_user(Role.VILLAGE_CLERK, division=TREE.village))
    assert found[1] not in clerk.get(slip).get_data(as_text=True)


def test_new_slip_takes_the_old_ones_place(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "check", make_household(TREE.village).code)
    _fill(clerk, f"/desk/needs/{code}/check", truth="y")
    old = re.findall(r"<strong>(\S{9})</strong>", clerk.get(f"/desk/needs/{code}/slip").get_data(as_text=True))[0]
    assert _fill(clerk, f"/desk/needs/{code}/slip").status_code == 303
    new = re.findall(r"<strong>(\S{9})</strong>", clerk.get(f"/desk/needs/{code}/slip").get_data(as_text=True))[0]
    assert old != new
    assert queries.find_need_by_slip(old) is None
    assert queries.find_need_by_slip(new) is not None


def test_slips_of_a_village_are_printed_together_each_with_a_new_code(clerk: Client, items: None) -> None:
    needs = [make_need(household=make_household(TREE.village), slip_index=None) for _ in range(3)]
    foreign = make_need(household=make_household(TREE.other_village))
    page = clerk.get("/desk/needs/slips").get_data(as_text=True)
    assert all(f'value="{need.code}" checked' in page for need in needs)
    assert foreign.code not in page
    none = clerk.submit("/desk/needs/slips", form="/desk/needs/slips", needs=[])
    assert none.status_code == 422
    assert "至少勾一条" in none.get_data(as_text=True)
    chosen = [need.code for need in needs[:2]]
    sent = clerk.submit("/desk/needs/slips", form="/desk/needs/slips", needs=[*chosen, foreign.code])
    printed = clerk.get(sent.headers["Location"]).get_data(as_text=True)
    secrets = re.findall(r"<strong>(\S{9})</strong>", printed)
    assert {need.code for secret in secrets if (need := queries.find_need_by_slip(secret))} == set(chosen)
    assert printed.count('class="qr"') == 2
    assert clerk.get(f"/desk/needs/{chosen[0]}/slip").get_data(as_text=True).count("<strong>") >= 1
    other = clerk.application.test_client()
    assert isinstance(other, Client)
    other.login(make_user(Role.VILLAGE_CLERK, division=TREE.village))
    assert 'class="qr"' not in other.get("/desk/needs/slips/print").get_data(as_text=True)


def test_need_cannot_be_sent_without_the_tick_that_it_is_true(clerk: Client, items: None) -> None:
    """R-V1: the poster vouches, and is told that inventing has consequences."""
    code = _post_until(clerk, "check", make_household(TREE.village).code)
    page = clerk.get(f"/desk/needs/{code}/check").get_data(as_text=True)
    assert "编造或隐瞒要负责任" in page
    refused = _fill(clerk, f"/desk/needs/{code}/check", truth=None)
    assert refused.status_code == 422
    assert "请勾选“以上属实”。" in refused.get_data(as_text=True)
    need = queries.find_need(code)
    assert need is not None
    assert need.state is NeedState.DRAFT


def test_same_form_sent_twice_makes_one_need(clerk: Client, items: None) -> None:
    household = make_household(TREE.village)
    key = {"client_key": "the-same-form", "who": household.code}
    first, second = clerk.post("/desk/needs/new", data=key), clerk.post("/desk/needs/new", data=key)
    assert first.headers["Location"] == second.headers["Location"]
    assert db.session.query(Need).count() == 1


def test_sending_twice_by_accident_does_no_harm(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "check", make_household(TREE.village).code)
    _fill(clerk, f"/desk/needs/{code}/check", truth="y")
    again = clerk.post(f"/desk/needs/{code}/check", data={"truth": "y"})
    assert again.headers["Location"] == f"/desk/needs/{code}"


def test_quantity_above_the_households_cap_is_refused_with_what_may_be(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "how-much", make_household(TREE.village).code)
    amounts = {"line-0": "40", "price-0": "150", "line-1": "1", "price-1": "880"}
    refused = _fill(clerk, f"/desk/needs/{code}/how-much", **amounts)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "的数量要在 1 到 6 之间（每户上限）" in page
    assert 'value="40"' in page


@pytest.mark.parametrize("typed", ["", "0", "-1", "1e3", "NaN", "四", "1.5", "999999999999"])
def test_quantity_that_is_no_number_is_refused_and_kept(clerk: Client, items: None, typed: str) -> None:
    """L7: nothing but a whole number above zero."""
    code = _post_until(clerk, "how-much", make_household(TREE.village).code)
    amounts = {"line-0": typed, "price-0": "150", "line-1": "1", "price-1": "880"}
    refused = _fill(clerk, f"/desk/needs/{code}/how-much", **amounts)
    assert refused.status_code == 422
    assert f'value="{typed}"' in refused.get_data(as_text=True)


@pytest.mark.parametrize("typed", ["", "abc", "-5", "1.234", "1e309", "NaN"])
def test_price_that_is_no_amount_is_refused(clerk: Client, items: None, typed: str) -> None:
    """L7: amounts that are not amounts get a sentence, never an error page."""
    code = _post_until(clerk, "how-much", make_household(TREE.village).code)
    amounts = {"line-0": "1", "price-0": typed, "line-1": "1", "price-1": "880"}
    assert _fill(clerk, f"/desk/needs/{code}/how-much", **amounts).status_code == 422


def test_full_width_numbers_are_understood(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "how-much", make_household(TREE.village).code)
    amounts = {"line-0": "４", "price-0": "１５０．５０", "line-1": "1", "price-1": "880元"}
    assert _fill(clerk, f"/desk/needs/{code}/how-much", **amounts).status_code == 303
    need = queries.find_need(code)
    assert need is not None
    assert need.value_fen == 4 * 15_050 + 88_000


def test_price_far_above_the_band_is_said_and_left_to_the_reviewer(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "how-much", make_household(TREE.village).code)
    amounts = {"line-0": "1", "price-0": "500", "line-1": "1", "price-1": "880"}
    assert _fill(clerk, f"/desk/needs/{code}/how-much", **amounts).status_code == 303
    _fill(clerk, f"/desk/needs/{code}/why", story=STORY)
    _fill(clerk, f"/desk/needs/{code}/agree", how="signed")
    page = clerk.get(f"/desk/needs/{code}/check").get_data(as_text=True)
    assert "500 元，比参考价 120–260 元高 93 %" in page


@pytest.mark.parametrize(
    ("story", "sentence"),
    [
        ("家里困难，求帮助。", "理由至少写 20 个字"),
        ("困难" * 300, "理由最多 500 个字"),
        ("家里生活非常困难，希望得到大家的帮助和支持，谢谢好心人。", "请写清缺什么"),
        (f"{STORY}我的电话是 138 0000 0000。", "请删去电话号码"),
        (f"{STORY}身份证号５１３３３０１９９００３０７１２３４。", "请删去证件号码"),
        (f"{STORY}可以打到卡 6222 0000 0000 0000 000。", "请删去银行卡号"),
        (f"{STORY}车牌川V12345的车可以来拉。", "请删去车牌号"),
        (f"{STORY}加我微信号 abc123 谈。", "请删去微信号"),
        (f"{STORY}家住二组15号，门口有核桃树。", "请删去住址"),
        (f"{STORY}孩子在镇中心校六年级3班读书。", "请删去学校和班级"),
        (f"{STORY}给八岁女孩用的。", "请删去孩子的年龄"),
        (f"{STORY}我们温拖的人都知道。", "请删去村名"),
    ],
)
def test_reason_that_may_not_stand_says_what_to_change_and_keeps_the_text(
    clerk: Client, items: None, story: str, sentence: str
) -> None:
    """P1, P3: personal data in free text is refused before anybody else sees it."""
    code = _post_until(clerk, "why", make_household(TREE.village).code)
    refused = _fill(clerk, f"/desk/needs/{code}/why", story=story)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert sentence in page
    assert story[:20] in page


def test_members_names_may_not_stand_in_the_reason(clerk: Client, items: None) -> None:
    """P1: names of the household's own members are found whatever they are."""
    household = make_household(TREE.village, head_name="拉姆措")
    code = _post_until(clerk, "why", household.code)
    story = f"{STORY}拉姆措一个人放牧。"
    refused = _fill(clerk, f"/desk/needs/{code}/why", story=story)
    assert "请删去人名" in refused.get_data(as_text=True)


def test_spoken_agreement_needs_a_witness(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "agree", make_household(TREE.village).code)
    refused = _fill(clerk, f"/desk/needs/{code}/agree", how="spoken")
    assert "口头同意要有见证人" in refused.get_data(as_text=True)
    assert _fill(clerk, f"/desk/needs/{code}/agree", how="spoken", witness="隔壁邻居").status_code == 303


def test_photo_is_kept_even_where_the_text_has_to_be_changed(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "why", make_household(TREE.village).code)
    sent = _fill(
        clerk,
        f"/desk/needs/{code}/why",
        story="太短",
        photo=(_picture(), "stove.png"),
        caption="旧炉子",
    )
    assert sent.status_code == 422
    need = queries.find_need(code)
    assert need is not None
    assert [photo.caption for photo in queries.list_photos(need)] == ["旧炉子"]


def test_file_that_is_no_photo_is_refused_with_a_sentence(clerk: Client, items: None) -> None:
    """U1: what cannot be decoded is never stored."""
    code = _post_until(clerk, "why", make_household(TREE.village).code)
    sent = _fill(
        clerk,
        f"/desk/needs/{code}/why",
        story=STORY,
        photo=(io.BytesIO(b"<svg onload=alert(1)>"), "a.jpg"),
    )
    assert sent.status_code == 422
    assert "这张照片读不了" in sent.get_data(as_text=True)


def test_looking_for_other_items_keeps_the_ticks(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "what", make_household(TREE.village).code)
    looked = _fill(clerk, f"/desk/needs/{code}/what", items=["quilt"], q="lunyi", button="find")
    page = clerk.get(looked.headers["Location"]).get_data(as_text=True)
    assert "手推轮椅" in page
    assert 'value="quilt" checked' in page


@pytest.mark.parametrize("typed", ["棉被", "mianbei", "绵被", "被子", "mb"])
def test_item_picker_finds_the_quilt(app: Flask, items: None, typed: str) -> None:
    assert any(item.code == "quilt" for item in catalogue.search_items(typed)), typed


def test_something_that_the_catalogue_lacks_can_be_named_in_own_words(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "what", make_household(TREE.village).code)
    own = {"own_name": "奶渣晾晒架", "own_kind": "goods", "own_category": "IND", "own_unit": "个"}
    assert _fill(clerk, f"/desk/needs/{code}/what", **own).status_code == 303
    need = queries.find_need(code)
    assert need is not None
    assert [(line.name, line.unit, line.item_id) for line in need.lines] == [("奶渣晾晒架", "个", None)]
    assert need.category is NeedCategory.IND


def test_money_is_asked_for_by_amount(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "what", make_household(TREE.village).code)
    _fill(clerk, f"/desk/needs/{code}/what", items=["tuition-college"])
    assert _fill(clerk, f"/desk/needs/{code}/how-much", **{"line-0": "0.8万"}).status_code == 303
    need = queries.find_need(code)
    assert need is not None
    assert (need.kind, need.value_fen, need.title) == (SupportKind.MONEY, 800_000, "大学学费 8,000 元")


def test_a_line_can_be_taken_off_again(clerk: Client, items: None) -> None:
    code = _post_until(clerk, "how-much", make_household(TREE.village).code)
    _fill(clerk, f"/desk/needs/{code}/how-much", drop="1")
    need = queries.find_need(code)
    assert need is not None
    assert len(need.lines) == 1


def test_village_posts_a_need_of_its_own_without_a_households_agreement(clerk: Client, items: None) -> None:
    sent = _fill(clerk, "/desk/needs/new", who=f"village:{TREE.village}")
    code = _code(sent.headers["Location"])
    _fill(clerk, f"/desk/needs/{code}/what", items=["street-lamp"])
    _fill(clerk, f"/desk/needs/{code}/how-much", **{"line-0": "30", "price-0": "1500"})
    _fill(
        clerk,
        f"/desk/needs/{code}/why",
        story="村道晚上没有灯，老人夜里看病、孩子放学回家都要摸黑走路。",
        urgency="normal",
    )
    assert _fill(clerk, f"/desk/needs/{code}/check", truth="y").status_code == 303
    need = queries.find_need(code)
    assert need is not None
    assert (need.state, need.household_id) == (NeedState.SUBMITTED, None)


def test_clerk_posts_for_no_household_of_another_village(clerk: Client, items: None) -> None:
    """Z2: hidden households answer like missing ones."""
    other = make_household(TREE.other_village)
    key = {"client_key": "a", "who": other.code}
    refused = clerk.post("/desk/needs/new", data=key)
    assert refused.status_code in (404, 422)
    assert db.session.query(Need).count() == 0


@pytest.mark.parametrize("step", ["what", "how-much", "why", "check", "slip", ""])
def test_clerk_of_another_village_finds_nothing(app: Flask, clerk: Client, items: None, step: str) -> None:
    """Z2: 404, not 403."""
    need = make_need(NeedState.DRAFT, household=make_household(TREE.other_village))
    assert clerk.get(f"/desk/needs/{need.code}/{step}".rstrip("/")).status_code == 404


def test_sent_need_can_no_longer_be_changed(clerk: Client, items: None) -> None:
    need = make_need(NeedState.SUBMITTED)
    assert clerk.get(f"/desk/needs/{need.code}/what").status_code == 409


def test_returned_need_shows_the_reason_on_every_step(app: Flask, clerk: Client, items: None) -> None:
    code = _post_until(clerk, "check", make_household(TREE.village).code)
    _fill(clerk, f"/desk/needs/{code}/check", truth="y")
    reviewer = app.test_client()
    assert isinstance(reviewer, Client)
    reviewer.login(make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township))
    reviewer.post(f"/desk/review/{code}/return", data={"reason": "price_high", "note": "取暖炉太贵"})
    for step in ("what", "how-much", "why", "check"):
        page = clerk.get(f"/desk/needs/{code}/{step}").get_data(as_text=True)
        assert "单价偏高" in page
        assert "取暖炉太贵" in page
    assert "单价偏高" in clerk.get("/desk/needs?state=returned").get_data(as_text=True)
    assert _fill(clerk, f"/desk/needs/{code}/check", truth="y").status_code == 303


def test_withdrawn_need_is_gone_from_the_public_pages_at_once(clerk: Client) -> None:
    """P6, R-P5: taken back as easily as given; the address says that it is gone."""
    need = make_need(NeedState.PUBLISHED)
    assert need.title in clerk.get("/needs").get_data(as_text=True)
    assert clerk.post(f"/desk/needs/{need.code}/withdraw").status_code == 303
    assert need.title not in clerk.get("/needs").get_data(as_text=True)
    assert clerk.get(f"/needs/{need.code}").status_code == 410


HIDDEN = [NeedState.DRAFT, NeedState.SUBMITTED, NeedState.RETURNED, NeedState.REJECTED]


@pytest.mark.parametrize("state", HIDDEN)
def test_need_before_its_review_is_nowhere_public(client: Client, state: NeedState) -> None:
    """R-V2: nothing is public without a recorded check."""
    need = make_need(state)
    assert client.get(f"/needs/{need.code}").status_code == 404
    for standing in ("open", "covered", "done"):
        assert need.code not in client.get(f"/needs?s={standing}").get_data(as_text=True)


@pytest.mark.parametrize("state", [s for s in NeedState if s not in HIDDEN and s is not NeedState.WITHDRAWN])
def test_public_page_stands_in_each_public_state(client: Client, state: NeedState) -> None:
    need = make_need(state)
    page = client.get(f"/needs/{need.code}").get_data(as_text=True)
    assert "棉被" in page
    assert "本信息不属于慈善公开募捐信息，真实性由信息发布人负责" in page


def test_whoever_reads_of_needs_finds_how_they_are_checked(client: Client) -> None:
    need = make_need()
    for page in ("/", f"/needs/{need.code}", "/needs"):
        assert 'href="/how-needs-are-checked"' in client.get(page).get_data(as_text=True)


def test_public_page_says_who_checked_by_role_and_area_alone(client: Client) -> None:
    """R-V2, R-V3, R-M6: role, area, month and documents, no name, no day, no village."""
    household = make_household(TREE.village, head_name="拉姆措")
    reviewer = make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township, name="审核人甲")
    clerk = make_user(Role.VILLAGE_CLERK, division=TREE.village, name="信息员乙")
    with transaction():
        [need] = service.insert_needs(
            [
                service.NeedRow(
                    code="XQ-7K3QBD-" + _check_of("7K3QBD"),
                    client_key="k",
                    division_code=TREE.village,
                    household_id=household.id,
                    poster_id=clerk.id,
                    category=NeedCategory.WRM,
                    story=STORY,
                    lines=(service.LineRow("棉被", SupportKind.GOODS, 4, "床", 15_000),),
                    created_at=days_ago(62),
                    submitted_at=days_ago(62),
                    published_at=days_ago(61),
                    state=NeedState.PUBLISHED,
                    reviews=(
                        service.ReviewRow(reviewer.id, queries.Decision.APPROVE, days_ago(61), ("consent", "price")),
                    ),
                )
            ]
        )
        code = need.code
    page = client.get(f"/needs/{code}").get_data(as_text=True)
    assert "乡镇审核员" in page
    assert "石渠县 · 洛须镇" in page
    assert "同意书、物价比对" in page
    for private in ("拉姆措", "审核人甲", "信息员乙", "温拖", household.registry_no, days_ago(61).date().isoformat()):
        assert private not in page


def _check_of(body: str) -> str:
    from marketplace.core import codes  # noqa: PLC0415  (the check digits of a made-up code)

    return codes._check(body)


def test_list_filters_by_area_category_kind_amount_and_urgency(client: Client) -> None:
    here = make_need(urgency=Urgency.URGENT)
    there = make_need(
        household=make_household(TREE.village_of_other_county), category=NeedCategory.EDU, lines=[money_line(300_000)]
    )
    for query, shown, hidden in (
        (f"area={TREE.county}", here, there),
        (f"area={TREE.other_county}", there, here),
        ("c=WRM", here, there),
        ("kind=money", there, here),
        ("m=2000-", there, here),
        ("m=500-2000", here, there),
        ("u=urgent", here, there),
    ):
        page = client.get(f"/needs?{query}").get_data(as_text=True)
        assert shown.code in page, query
        assert hidden.code not in page, query
        assert "去掉" in page, query


def test_filters_that_make_no_sense_are_left_out(client: Client) -> None:
    need = make_need()
    query = "area=abc&c=XXX&kind=%01&m=9&u=x&s=drafts&sort=up&after=1.2&p=q&q=%F0%9F%99%8F"
    assert need.code in client.get(f"/needs?{query}").get_data(as_text=True)


def test_empty_list_says_what_to_do(client: Client) -> None:
    make_need()
    page = client.get("/needs?q=直升机").get_data(as_text=True)
    assert "没有找到" in page
    assert 'href="/needs"' in page


def test_pages_follow_each_other_without_gap_or_repetition(app: Flask, client: Client) -> None:
    codes = {make_need(published_at=days_ago(100 - n // 2)).code for n in range(45)}
    for order in ("waiting", "newest", "small"):
        seen: list[str] = []
        address = f"/needs?sort={order}"
        while address:
            page = client.get(address).get_data(as_text=True)
            seen += re.findall(r'<h3><a href="/needs/(XQ-[^"]+)"', page)
            found = re.search(r'href="(/needs\?[^"]*after=[^"]+)" rel="next"', page)
            address = found[1].replace("&amp;", "&") if found else ""
        assert len(seen) == 45, order
        assert set(seen) == codes, order


def test_longest_waiting_comes_first(client: Client) -> None:
    young, old = make_need(published_at=days_ago(3)), make_need(published_at=days_ago(90))
    page = client.get("/needs").get_data(as_text=True)
    assert page.index(old.code) < page.index(young.code)


def test_list_asks_the_database_a_fixed_number_of_times(app: Flask, client: Client) -> None:
    from sqlalchemy import event  # noqa: PLC0415  (only this test listens)

    def count(address: str) -> int:
        statements: list[str] = []
        listener: Callable[..., None] = lambda *args: statements.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        client.get(address)
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(statements)

    make_need()
    client.get("/needs")
    few = count("/needs")
    for _ in range(12):
        make_need(lines=[Line(), Line(name="取暖炉")])
    assert count("/needs") == few


@pytest.mark.parametrize("typed", ["棉被", "mianbei", "绵被", "被子", "棉被 石渠", "石渠", "洛须镇 棉被"])
def test_search_finds_words_homophones_pinyin_and_places(client: Client, typed: str) -> None:
    need = make_need()
    make_need(
        lines=[Line(name="轮椅", unit="台")],
        household=make_household(TREE.village_of_other_county),
        story="腿脚不便，原来的坏了，出门要人背。",
    )
    page = client.get("/needs", query_string={"q": typed}).get_data(as_text=True)
    assert need.code in page.split("部分符合")[0]


def test_search_does_not_take_one_character_of_a_word_for_a_thing(client: Client) -> None:
    admitted = make_need(
        lines=[money_line()], story="儿子今年被成都的大专录取，学费还差一些。", category=NeedCategory.EDU
    )
    page = client.get("/needs?q=被子").get_data(as_text=True)
    assert admitted.code not in page


@pytest.mark.parametrize("typed", ["'; DROP TABLE need; --", '" OR 1=1', "a* NEAR(b)", "()", "%", "\\", "<script>"])
def test_search_takes_syntax_for_words(client: Client, typed: str) -> None:
    """I1: what is typed is never executed."""
    make_need()
    assert client.get("/needs", query_string={"q": typed}).status_code == 200
    assert db.session.query(Need).count() == 1


def test_a_need_leads_to_its_gifts(client: Client) -> None:
    """From the need to the use of the money: what holds a part of it is linked, what was called off is not."""
    gone = make_pledge(state=PledgeState.CANCELLED)
    need = db.session.get_one(Need, gone.need_id)
    kept = make_pledge(state=PledgeState.RECEIVED, need=need)
    page = client.get(f"/needs/{need.code}").text
    assert f'href="/disclosure/{kept.code}"' in page
    assert gone.code not in page
    assert client.get(f"/disclosure/{kept.code}").status_code == 200
