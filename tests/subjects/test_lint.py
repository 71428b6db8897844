"""What the lint finds, measured on planted and clean texts; how a finding is overridden; how a need is split."""

import dataclasses
import json

import pytest
from flask import Flask

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.kinds import NeedCategory, PovertyCause, SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import catalogue, service
from marketplace.needs.checking import lint_of
from marketplace.needs.lint import RULE_NAMES, Asked, Draft, DraftLine, Severity, check_need, flags
from marketplace.needs.models import Need, NeedOverride, OverrideReason, OverrideStage
from marketplace.needs.overriding import list_overrides, override_totals, reasons_for
from tests.benchmarks import lint_needs
from tests.benchmarks.lint_measure import FIXTURES, HALVES, MUST_FIND, PERSONAL, measure
from tests.client import Client
from tests.factories import NOW, TREE, Line, count_rows, days_ago, make_actor, make_household, make_need

TEXTS = [json.loads(line) for line in (FIXTURES / "need_texts.jsonl").read_text(encoding="utf-8").splitlines()]
EDGES = {text["id"]: text["text"] for text in TEXTS if text["id"].startswith("edge")}
QUILT = DraftLine("棉被", SupportKind.GOODS, 1, "床", 18_000, 12_000, 26_000, 6, category=NeedCategory.WRM)
WHEELCHAIR = DraftLine("轮椅", SupportKind.GOODS, 1, "台", 90_000, 60_000, 150_000, 1, category=NeedCategory.DIS)
# Makes a short edge text long enough to be judged by what it says.
REST = "冬天夜里零下二十度，家里五口人的铺盖不够用。"


def _rules(story: str, severity: Severity, *lines: DraftLine, **known: object) -> set[str]:
    draft = Draft(lines=lines or (QUILT,), story=story, **known)  # type: ignore[arg-type]
    return {finding.rule for finding in check_need(draft) if finding.severity is severity}


@pytest.mark.parametrize("half", HALVES)
def test_personal_data_and_forbidden_things_are_found_and_clean_texts_pass(half: str) -> None:
    """P1: at least 95 of 100 planted texts of every kind are found, at most 5 of 100 clean ones flagged."""
    measured = measure(half)
    assert sum(measured.planted.values()) >= 150
    assert {kind: measured.recall(kind) for kind in MUST_FIND if measured.recall(kind) < 0.9} == {}
    assert measured.recall(*PERSONAL) >= 0.95
    assert measured.recall("forbidden") >= 0.95
    assert measured.wrongly <= 0.05 * measured.clean, measured.wrong


@pytest.mark.parametrize(("texts", "least"), [("blind", 0.95), ("second", 0.9)])
def test_evasions_written_without_knowledge_of_the_rules_are_found(texts: str, least: float) -> None:
    """P1: dialect, numbers in disguise, nicknames, illnesses by their effect; at most 5 of 100 clean ones flagged.

    Their first figures, before the rules were mended after them, were .584 and .667: what is written tomorrow will
    be found about that often, and people look at the rest.
    """
    measured = measure(texts)
    assert measured.recall(*MUST_FIND) >= least, measured.wrong
    assert measured.wrongly <= 0.05 * measured.clean, measured.wrong


def test_whole_needs_of_an_author_who_had_not_read_the_rules_are_found() -> None:
    """P1: lines in own words, brands, dialect, wrong categories. Only the misses of half "a" were looked at."""
    seen, unseen = lint_needs.measure("a"), lint_needs.measure("b")
    assert seen.share(clean=False) >= 0.9, seen.wrong
    assert unseen.share(clean=False) >= 0.7
    assert seen.share(clean=True) <= 0.05, seen.wrong
    assert unseen.share(clean=True) <= 0.06


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("我爹陈守田守着三十只羊", "says_name"),
        ("户主 周 德 贵,羊圈塌了", "says_name"),
        ("申请人(唐秀珍)，厨房漏雨", "says_name"),
        ("宋长根独自带着羊群", "says_name"),
        ("马正山和马正水在圈里帮忙", "says_name"),
        ("本户木呷，水管冻裂", "says_name"),
        ("丈夫姓蒋名大顺，在外挖路", "says_name"),
        ("户主བཀྲ་ཤིས，草料不够", "says_name"),
        ("打尾号6093就有人接", "phone"),
        ("联系时报后四位七七零二", "phone"),
        ("考号20260914077，缺台灯", "id_number"),
        ("社保卡号51330001234，缺化肥", "id_number"),
        ("东西送到安置点c区第4排9号", "address"),
        ("帐篷在6号板房后面", "address"),
        ("二社门牌贰拾叁号门口有棵树", "address"),
        ("屋头幺妹刚满九，缺一张床", "child_age"),
        ("前年中了风，地里活做不得", "illness"),
        ("下半身没知觉，靠人喂饭", "illness"),
        ("他每月去疾控拿一回药", "illness"),
    ],
)
def test_a_person_is_not_told_by_dialect_spacing_or_part_of_a_number(said: str, rule: str) -> None:
    """P1: the same in other words than the usual ones."""
    assert rule in _rules(f"{said}。{REST}", Severity.REFUSE)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("捡到一个男婴，缺奶粉", "child"),
        ("想买ipad mini看新闻", "brand"),
        ("棉衣要haerbin那家的旗舰款，就是anta", "brand"),
        ("洗衣机最好是haier的", "brand"),
        ("要maotai两瓶待客", "forbidden"),
        ("请喝wuliang液", "forbidden"),
        ("缺二十块打大乐透", "forbidden"),
        ("斗地主输了钱想翻本", "forbidden"),
        ("老人过寿要摆宴", "forbidden"),
        ("给小庙塑金身", "forbidden"),
        ("想要一把气枪打野猪", "forbidden"),
        ("欠了杂货店一年的账要还清", "forbidden"),
        ("想要电子烟的烟弹", "forbidden"),
        ("请师傅做个双眼皮", "luxury"),
        ("想养只哈士奇作伴", "luxury"),
        ("要一副翡翠手镯", "luxury"),
        ("想要台走步机", "luxury"),
    ],
)
def test_a_thing_that_is_no_need_is_known_by_nickname_and_pinyin(said: str, rule: str) -> None:
    assert rule in _rules(f"{said}。{REST}", Severity.FLAG)


@pytest.mark.parametrize(
    "said",
    [
        "达瓦沟的桥板朽了",
        "白玛草场的围栏倒了",
        "水泵瘫痪了要换",
        "高压锅内胆穿了",
        "用水枪冲路面",
        "焊枪的管子裂了",
        "全村的旧门牌要换",
        "乡村旅游的路标要立",
        "珍珠岩拌土育苗",
        "三叶草籽撒在坡上",
        "福彩公益金修的井干了",
        "路面积水车过不去",
        "村民向山上背水",
        "老伴常年放羊",
        "黄牛和黄豆都卖了",
        "佛手柑苗要五十株",
        "屋后三十五度坡上种树",
        "妻子高兴地说够用",
        "打点农药防虫",
        "房子北面的墙裂了",
    ],
)
def test_places_plants_and_tools_that_sound_like_something_else_pass(said: str) -> None:
    plain = dataclasses.replace(QUILT, category=None)
    assert _rules(f"{said}。{REST}", Severity.REFUSE, plain) | _rules(f"{said}。{REST}", Severity.FLAG, plain) == set()


def _own(name: str) -> DraftLine:
    return DraftLine(name, SupportKind.GOODS, 1, "个", 5_000, is_own_words=True)


def test_things_in_own_words_are_told_apart_by_what_they_are_for() -> None:
    assert "several" in _rules(REST, Severity.FLAG, _own("羊羔"), _own("电饭锅"))
    assert "several" in _rules(REST, Severity.FLAG, _own("便桥木板"), _own("衣柜"))
    assert "several" not in _rules(REST, Severity.FLAG, _own("洗衣机"), _own("毛毯"))
    shared = (_own("广播喇叭"), _own("书包"))
    assert "several" not in _rules(REST, Severity.FLAG, *shared, is_village_need=True)


def test_a_thing_that_is_filed_where_it_never_belongs_is_flagged() -> None:
    assert "category_odd" in _rules(REST, Severity.FLAG, _own("母山羊"), category=NeedCategory.MED)
    assert "category_odd" in _rules(REST, Severity.FLAG, _own("电工培训"), category=NeedCategory.HOU)
    assert "category_odd" not in _rules(REST, Severity.FLAG, _own("母山羊"), category=NeedCategory.IND)
    assert "category_odd" not in _rules(REST, Severity.FLAG, _own("被子"), category=NeedCategory.EDU)


def test_a_reason_of_nothing_but_slogans_is_vague() -> None:
    assert "vague" in _rules("为促进本村事业发展，提高群众幸福感和满意度，请予支持", Severity.REFUSE)


def test_the_planted_and_the_clean_texts_are_three_hundred_each() -> None:
    both = [measure(half) for half in HALVES]
    assert sum(sum(m.planted.values()) for m in both) >= 300
    assert sum(m.clean for m in both) >= 300


@pytest.mark.parametrize(
    ("edge", "rule"),
    [
        ("edge-01", "luxury"),
        ("edge-02", "forbidden"),
        ("edge-03", "brand"),
        ("edge-04", "luxury"),
        ("edge-09", "odd_signs"),
        ("edge-10", "odd_signs"),
        ("edge-11", "odd_signs"),
        ("edge-20", "not_chinese"),
        ("edge-22", "several"),
        ("edge-24", "complaint"),
    ],
)
def test_doubtful_text_asks_for_a_reason(edge: str, rule: str) -> None:
    story = EDGES[edge] if edge == "edge-20" else EDGES[edge] + REST
    assert rule in _rules(story, Severity.FLAG)


@pytest.mark.parametrize(
    ("edge", "rules"),
    [
        ("edge-05", {"id_number", "card", "phone", "says_name"}),
        ("edge-06", {"address", "illness"}),
        ("edge-07", {"chat", "contact"}),
        ("edge-17", {"too_short"}),
        ("edge-18", {"too_long"}),
        ("edge-21", {"too_short"}),
        ("edge-23", {"says_name", "school", "child_age"}),
    ],
)
def test_text_that_may_not_stand_is_refused(edge: str, rules: set[str]) -> None:
    """P1, P3: every piece of personal data is named, not only the first."""
    assert rules <= _rules(EDGES[edge], Severity.REFUSE)


@pytest.mark.parametrize("edge", ["edge-12", "edge-13", "edge-14", "edge-15", "edge-16", "edge-19"])
def test_unusual_writing_is_taken_as_it_is(edge: str) -> None:
    """Tibetan, emoji, traditional characters, Chinese numerals, mixed units and typos are no fault."""
    assert _rules(EDGES[edge] + REST, Severity.REFUSE) == set()
    plain = dataclasses.replace(QUILT, category=None)
    assert _rules(EDGES[edge] + REST, Severity.FLAG, plain) == set()


def test_the_copied_edge_text_is_met_by_the_one_it_copies(app: Flask) -> None:
    """edge-08: the same words under another household, in the same township."""
    first = next(text["text"] for text in TEXTS if text["id"] == "au-001")
    make_need(household=make_household(), story=first)
    copy = make_need(NeedState.SUBMITTED, household=make_household(TREE.other_village), story=EDGES["edge-08"])
    assert "near_copy" in {finding.rule for finding in lint_of(copy, now=NOW)}


def test_every_edge_text_has_its_place_in_these_tests() -> None:
    assert len(EDGES) == 24


@pytest.mark.parametrize(
    "harmless", ["六十岁以上老人", "七十八岁的老人", "海拔4200米", "土鸡苗50只", "2018年冬天", "3公斤双人棉被"]
)
def test_harmless_numbers_are_left_alone(harmless: str) -> None:
    assert _rules(f"{REST}{harmless}", Severity.REFUSE) == set()


def test_names_and_the_village_are_found_in_the_text() -> None:
    """P1: the household's own names and its village, the township being the finest place shown."""
    known = {"names": ("扎西次仁", "陈志远"), "village": "温拖"}
    assert _rules(f"{REST}扎西 次仁放牧。", Severity.REFUSE, **known) == {"member_name"}
    assert _rules(f"{REST}zhaxi ciren放牧。", Severity.REFUSE, **known) == {"member_name"}
    assert _rules(f"{REST}志远放牧。", Severity.FLAG, **known) == {"name_part"}
    assert _rules(f"{REST}温拖的路不好走。", Severity.REFUSE, **known) == {"village_name"}


def test_an_illness_in_a_villages_own_need_is_nobodys_and_only_asks_for_a_reason() -> None:
    story = "希望义诊医生到村里为老人做一次体检和大骨节病筛查。"
    assert "illness" in _rules(story, Severity.REFUSE)
    assert "illness" in _rules(story, Severity.FLAG, is_village_need=True)


def test_price_quantity_and_repetition_are_compared() -> None:
    dear = dataclasses.replace(QUILT, unit_price_fen=30_000)
    many = dataclasses.replace(QUILT, quantity=7)
    assert "price_high" in _rules(REST, Severity.FLAG, dear)
    assert "over_cap" in _rules(REST, Severity.REFUSE, many)
    assert "over_cap" not in _rules(REST, Severity.REFUSE, many, is_village_need=True)
    assert "duplicate" in _rules(REST, Severity.FLAG, recent=(("棉被", "XQ-2"),))
    assert "same_story" in _rules(REST, Severity.FLAG, own_stories=(("XQ-2", REST.replace("二十", "二十五")),))
    other = ("XQ-3", "屋顶漏雨，想换彩钢瓦，赶在下雪前。")
    assert "near_copy" not in _rules(REST, Severity.FLAG, other_stories=(other,))


def test_a_household_over_its_cap_needs_a_written_approval() -> None:
    """R-V7: the number of needs in half a year, and their value in a year."""
    often, much = Asked(6, 0, 6, 5_000_000), Asked(0, 4_990_000, 6, 5_000_000)
    assert "needs_cap" in _rules(REST, Severity.FLAG, asked=often)
    assert "value_cap" in _rules(REST, Severity.FLAG, asked=much)
    assert "value_cap" not in _rules(REST, Severity.FLAG, asked=much, is_village_need=True)
    assert reasons_for("value_cap") == (OverrideReason.WRITTEN_APPROVAL,)


def test_cause_and_category_at_odds_are_remarked_and_never_barred() -> None:
    odd = {"cause": PovertyCause.SCHOOLING, "category": NeedCategory.DIS}
    assert "cause_odd" in _rules(REST, Severity.NOTE, **odd)
    assert "cause_odd" not in _rules(REST, Severity.NOTE, **odd | {"cause": PovertyCause.DISABILITY})


def test_things_for_different_donors_are_two_needs() -> None:
    assert "several" in _rules(REST, Severity.FLAG, QUILT, WHEELCHAIR)
    assert "several" not in _rules(REST, Severity.FLAG, QUILT, QUILT)


def test_every_rule_that_may_be_overridden_has_a_name_and_reasons() -> None:
    raised = {f.rule for text in EDGES.values() for f in flags(check_need(Draft(lines=(QUILT,), story=text)))}
    assert raised <= set(RULE_NAMES)
    assert all(reasons_for(rule) for rule in RULE_NAMES)


def _dear_need() -> Need:
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)
    need = make_need(NeedState.SUBMITTED, lines=[Line(unit_price_fen=90_000)])
    with transaction() as session:
        item = catalogue.items_by_code(["quilt"])[0]
        session.get_one(Need, need.id).lines[0].item_id = item.id
    return need


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        (Line(unit_price_fen=90_000), {"price_high"}),
        (Line("棉被（2 公斤，单人）", unit_price_fen=20_000), {"price_high"}),
        # Either size is meant: the dearer one's band counts.
        (Line(unit_price_fen=20_000), set()),
        (Line(unit="套", unit_price_fen=90_000), set()),
        (Line("铜茶壶", unit="把", unit_price_fen=90_000), set()),
    ],
    ids=["dear", "dear for its size", "usual", "another unit", "in no catalogue"],
)
def test_own_words_for_a_thing_of_the_catalogue_cost_no_more_than_it(app: Flask, line: Line, rules: set[str]) -> None:
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)
    need = make_need(NeedState.SUBMITTED, lines=[line])
    assert {found.rule for found in lint_of(need, now=NOW) if found.rule.startswith("price")} == rules


def test_a_finding_is_overridden_only_by_a_reason_that_can_be_meant_and_is_counted(app: Flask, client: Client) -> None:
    need = _dear_need()
    reviewer = make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    for chosen in ({}, {"price_high": OverrideReason.WORN_OUT}):
        with pytest.raises(Invalid) as refused, transaction():
            service.approve_need(need.code, seen=[service.Seen.CONSENT], overrides=chosen, by=reviewer, now=NOW)
        assert refused.value.field == "override-price_high"
    assert count_rows(NeedOverride) == 0
    # What stands out is approved at the township, then at the county; it is counted once it is public.
    dear = {"price_high": OverrideReason.LOCAL_PRICE}
    for by in (reviewer, make_actor(Role.COUNTY_ADMIN, division=TREE.county)):
        assert override_totals() == []
        with transaction():
            service.approve_need(need.code, seen=[service.Seen.CONSENT], overrides=dear, by=by, now=NOW)
    assert override_totals() == [("price_high", OverrideReason.LOCAL_PRICE, 1)]
    counted = client.get("/how-we-count").get_data(as_text=True)
    assert "单价超过参考价" in counted
    assert OverrideReason.LOCAL_PRICE.label in counted
    assert [(row.rule, row.stage) for row in list_overrides(need)] == [("price_high", OverrideStage.REVIEW)]


def test_a_clean_need_asks_for_no_reason(app: Flask) -> None:
    need = make_need(NeedState.SUBMITTED)
    reviewer = make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    with transaction():
        service.approve_need(need.code, seen=[service.Seen.CONSENT], by=reviewer, now=NOW)
    assert override_totals() == []


def _mixed(clerk: Actor, *items: str, story: str = REST) -> str:
    household = make_household().code
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)
        code = service.start_need(household_code=household, village=None, client_key="k", by=clerk, now=NOW).code
        need = service.choose_items(code, items=items, by=clerk, now=NOW)
        amounts = {line.position: service.Amount(line.quantity, line.unit_price_fen) for line in need.lines}
        service.set_amounts(code, amounts=amounts, by=clerk, now=NOW)
        service.give_reason(code, reason=service.Reason(story), by=clerk, now=NOW)
    return code


def test_two_needs_in_one_become_two_drafts(app: Flask) -> None:
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    code = _mixed(clerk, "quilt", "wheelchair", "stove-iron")
    with transaction():
        first, second = service.split_need(code, by=clerk, now=NOW)
        assert {line.name[:2] for line in [*first.lines, *second.lines]} == {"棉被", "手推", "取暖"}
        assert "several" not in {f.rule for half in (first, second) for f in lint_of(half, now=NOW)}
    assert count_rows(Need) == 2
    with pytest.raises(Invalid), transaction():
        service.split_need(code, by=clerk, now=NOW)


def test_what_the_reason_asks_for_besides_becomes_the_second_draft(app: Flask) -> None:
    """edge-22."""
    clerk = make_actor(Role.VILLAGE_CLERK, division=TREE.village)
    code = _mixed(clerk, "quilt", story="家里铺盖不够，需要两床被子、一台轮椅，冬天冷得睡不着。")
    with transaction():
        first, second = service.split_need(code, by=clerk, now=NOW)
        assert [line.name[:2] for half in (first, second) for line in half.lines] == ["棉被", "手推"]
        assert second.category is NeedCategory.DIS


def test_a_sent_need_is_split_no_more(app: Flask) -> None:
    need = make_need(NeedState.SUBMITTED)
    with pytest.raises(Conflict), transaction():
        service.split_need(need.code, by=make_actor(Role.VILLAGE_CLERK, division=TREE.village), now=NOW)


def test_caps_count_what_was_asked_before_and_not_what_was_never_asked(app: Flask) -> None:
    household = make_household()
    for days in (10, 20, 30, 40, 50, 60):
        make_need(NeedState.CLOSED, household=household, submitted_at=days_ago(days))
    make_need(NeedState.REJECTED, household=household)
    need = make_need(NeedState.DRAFT, household=household)
    assert "needs_cap" in {finding.rule for finding in lint_of(need, now=NOW)}
    db.session.rollback()
