"""The 36 quality rules: each has a household that breaks it and one that does not."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from marketplace.core.kinds import ExitAttribute, PovertyAttribute, PovertyCause
from marketplace.households.case import Case
from marketplace.households.columns import CHECKED_ONLY, PROFILE
from marketplace.households.findings import Severity
from marketplace.households.rows import HouseholdRow, MemberRow
from marketplace.households.rules import RULES, check_household, checkable
from tests.register import id_of

ON = date(2018, 12, 17)
_RULES = {rule.code: rule for rule in RULES}
_MAN, _WOMAN = id_of(man=True), id_of(man=False)

HEAD = MemberRow(
    person_no="01",
    name="扎西次仁",
    id_number=_MAN,
    relation="户主",
    ethnicity="藏族",
    education="小学",
    school_status="非在校",
    health="长期慢性病",
    labour="普通劳动力",
    work_months=0,
)
GOOD = HouseholdRow(
    registry_no="1",
    division_code="513332101201",
    head_name="扎西次仁",
    attribute=PovertyAttribute.GENERAL,
    exit_attribute=ExitAttribute.POOR,
    main_cause=PovertyCause.ILLNESS,
    members=(HEAD,),
    income_fen=273_650,
)


@dataclass(frozen=True)
class Example:
    """What breaks a rule and what, nearest to it, does not: changes of the head and of the household."""

    code: str
    bad: dict[str, Any]
    good: dict[str, Any]
    bad_house: dict[str, Any]
    good_house: dict[str, Any]


def example(
    code: str,
    bad: dict[str, Any] | None = None,
    good: dict[str, Any] | None = None,
    *,
    bad_house: dict[str, Any] | None = None,
    good_house: dict[str, Any] | None = None,
) -> Example:
    return Example(code, bad or {}, good or {}, bad_house or {}, good_house or {})


def extra(**cells: str) -> dict[str, Any]:
    return {"extra": cells}


def head(**changes: Any) -> MemberRow:
    return replace(HEAD, **changes)


SPOUSE = head(relation="配偶", id_number=_WOMAN)
YEARS = "在校生状况({})".format
EXAMPLES = [
    example("ID01", {"id_number": _MAN[:15]}, {"id_number": _MAN}),
    example("ID02", {"id_number": _MAN[:17] + ("1" if _MAN[17] != "1" else "2")}, {"id_number": _MAN}),
    example("ID03", {"id_number": _MAN + "81"}, {"id_number": _MAN + "41"}),
    example("ID04", extra(性别="女"), extra(性别="男")),
    example("NU01", {"ethnicity": ""}, {"ethnicity": "藏族"}),
    example("NU01", {"health": ""}, {"health": "健康"}),
    example("NU01", bad_house={"main_cause": None}, good_house={"main_cause": PovertyCause.WATER}),
    example("NU02", {"education": ""}, {"education": "初中"}),
    example("NU02", {"id_number": id_of(born="20050506"), "school_status": ""}, {"school_status": ""}),
    example("NU02", {"labour": ""}, {"labour": "", "id_number": id_of(born="19400506")}),
    example("NU03", {"relation": "之子"}, {"relation": "户主"}),
    example("NU03", bad_house={"members": (HEAD, head(id_number=_WOMAN))}, good_house={"members": (HEAD, SPOUSE)}),
    example("NU04", {"health": "残疾"}, {"health": "残疾", "id_number": _MAN + "41"}),
    example("CA01", {"health": "健康"}, {"health": "患有大病"}),
    example(
        "CA02",
        {"school_status": "非在校"},
        {"school_status": "高中"},
        bad_house={"main_cause": PovertyCause.SCHOOLING},
        good_house={"main_cause": PovertyCause.SCHOOLING},
    ),
    example(
        "CA03",
        {"health": "健康"},
        {"id_number": _MAN + "4102"},
        bad_house={"main_cause": PovertyCause.DISABILITY},
        good_house={"main_cause": PovertyCause.DISABILITY},
    ),
    example("CA04", bad_house=extra(其他致贫原因="缺水、因病"), good_house=extra(其他致贫原因="缺水")),
    example(
        "DB01",
        extra(是否低保="否"),
        extra(是否低保="是"),
        bad_house={"attribute": PovertyAttribute.ALLOWANCE},
        good_house={"attribute": PovertyAttribute.ALLOWANCE},
    ),
    example("DB01", extra(是否低保="是"), extra(是否低保="否")),
    example(
        "DB02",
        {"labour": "普通劳动力"},
        {"labour": "丧失劳动力"},
        bad_house={"attribute": PovertyAttribute.FIVE_GUARANTEES},
        good_house={"attribute": PovertyAttribute.FIVE_GUARANTEES},
    ),
    example("DB03", bad_house=extra(低保金="1200", 五保金="900"), good_house=extra(低保金="1200", 五保金="0")),
    example("LA01", {"health": "健康", "labour": "丧失劳动力"}, {"health": "健康", "labour": "弱劳动力或半劳动力"}),
    example(
        "LA02",
        {"health": "健康", "labour": "无劳动力"},
        {"health": "健康", "labour": "无劳动力", "school_status": "高中"},
    ),
    example(
        "IN01",
        bad_house=extra(生产经营性收入="5,000", 生产经营费用支出=""),
        good_house=extra(生产经营性收入="5,000", 生产经营费用支出="800"),
    ),
    example("IN02", bad_house={"income_fen": 0}, good_house={"income_fen": 1}),
    example("IN02", bad_house={"income_fen": None}, good_house={"income_fen": 10_000_000}),
    example("IN02", bad_house={"income_fen": 10_000_001}),
    example("WK01", {"work_months": 13}, {"work_months": 12}),
    example("WK01", {"work_months": -1}, {"work_months": 0}),
    example("WK02", {"work_place": "省外", "work_months": 0}, {"work_place": "省外", "work_months": 3}),
    example("WK02", {"work_place": "", "work_months": 3}, {"work_place": "", "work_months": None}),
    example("WK03", {"labour": "无劳动力", "work_place": "省外"}, {"labour": "无劳动力", "work_place": "乡(镇)内"}),
    example("WK04", bad_house=extra(工资性收入="3000"), good_house=extra(工资性收入="0")),
    example("WK04", {"work_place": "省外"}, bad_house=extra(工资性收入=""), good_house=extra(工资性收入="")),
    example("HP01", bad_house=extra(帮扶责任人=""), good_house=extra(帮扶责任人="某某")),
    example("LG01", bad_house={"members": ()}),
    example("LG02", {"relation": "之女"}, {"relation": "之子"}),
    example(
        "LG02",
        bad_house={"members": (HEAD, head(relation="配偶", id_number=id_of(man=True)))},
        good_house={"members": (HEAD, SPOUSE)},
    ),
    example("LG03", bad_house=extra(耕地="51"), good_house=extra(耕地="50", 林地="70", 与村主干路距离="50")),
    example("LG03", bad_house=extra(与村主干路距离="50.5")),
    example("LG04", {"school_status": "小学"}, {"school_status": "非在校"}),
    example(
        "LG04",
        {"school_status": "高中", "id_number": id_of(born="20100506")},
        {"school_status": "小学", "id_number": id_of(born="20100506")},
    ),
    example(
        "LG05",
        {"school_status": "高中", "extra": {YEARS("上年"): "高中", YEARS("前年"): "高中"}},
        {"school_status": "高中", "extra": {YEARS("上年"): "高中", YEARS("前年"): "初中"}},
    ),
    example(
        "MO01",
        bad_house=extra(监测对象类别="边缘易致贫户", 识别监测时间="201811", 帮扶措施=""),
        good_house=extra(监测对象类别="边缘易致贫户", 识别监测时间="2018年12月", 帮扶措施=""),
    ),
    example(
        "MO02",
        bad_house=extra(识别监测时间="2018-10", 消除监测时间="2018-11", 风险消除方式="帮扶消除"),
        good_house=extra(识别监测时间="2018-10", 消除监测时间="2018-12", 风险消除方式="帮扶消除"),
    ),
    example(
        "MO03",
        bad_house=extra(致贫返贫风险="因安全饮水", 帮扶措施="公益岗位"),
        good_house=extra(致贫返贫风险="因安全饮水", 帮扶措施="安全饮水工程"),
    ),
    example(
        "MO04",
        {"labour": "无劳动力"},
        {"labour": "无劳动力"},
        bad_house=extra(风险是否已消除="否", 整户无劳动能力兜底保障户="否"),
        good_house=extra(风险是否已消除="否", 整户无劳动能力兜底保障户="是"),
    ),
    example(
        "MO05",
        {"school_status": "大专", "work_place": "省外"},
        {"school_status": "大专", "work_place": ""},
    ),
]


def _codes(head_changes: dict[str, Any], house_changes: dict[str, Any], *, code: str) -> list[str]:
    household = replace(GOOD, members=(replace(HEAD, **head_changes),))
    household = replace(household, **house_changes)
    return [finding.code for finding in check_household(Case(household, on=ON), rules=[_RULES[code]])]


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case.code)
def test_a_rule_finds_what_breaks_it_and_nothing_else(case: Example) -> None:
    assert _codes(case.bad, case.bad_house, code=case.code) == [case.code]
    assert _codes(case.good, case.good_house, code=case.code) == []


def test_a_duplicate_id_number_and_a_poor_officer_are_known_from_the_rest_of_the_file() -> None:
    clean = Case(GOOD, on=ON)
    marked = Case(GOOD, on=ON, duplicates=frozenset({0}), officer_is_registered=True)
    rules = [_RULES["ID05"], _RULES["HP02"]]
    assert check_household(clean, rules=rules) == []
    assert [finding.code for finding in check_household(marked, rules=rules)] == ["ID05", "HP02"]


def test_every_rule_has_an_example() -> None:
    assert len(RULES) == len(_RULES) == 36
    assert {case.code for case in EXAMPLES} | {"ID05", "HP02"} == set(_RULES)


def test_a_household_without_fault_breaks_no_rule_of_the_profile() -> None:
    assert check_household(Case(GOOD, on=ON), rules=checkable(frozenset(PROFILE))) == []


def test_rules_whose_columns_are_missing_are_not_checked_and_all_are_with_every_column() -> None:
    codes = {rule.code for rule in checkable(frozenset(PROFILE))}
    assert {"HP01", "DB01", "MO01", "LG05"}.isdisjoint(codes)
    assert {"ID01", "NU02", "WK03", "MO05"} <= codes
    assert len(checkable(frozenset(PROFILE) | CHECKED_ONLY)) == 36


def test_an_old_number_of_15_digits_has_a_sentence_of_its_own() -> None:
    household = replace(GOOD, members=(replace(HEAD, id_number="510101800506001"),))
    (finding,) = check_household(Case(household, on=ON), rules=[_RULES["ID01"]])
    assert finding.severity is Severity.ERROR
    assert "15 digits" in finding.sentence
