"""The 36 quality rules of the register (数据质量规则): a code, a sentence, and the check that finds its faults."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from marketplace.households import checks
from marketplace.households.case import Case, Fault
from marketplace.households.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One quality rule; ``columns`` are those without which a file cannot be checked by it."""

    code: str
    severity: Severity
    message: str
    columns: tuple[str, ...]
    check: Callable[[Case], Iterator[Fault]]


def check_household(case: Case, *, rules: Sequence["Rule"]) -> list[Finding]:
    """Every fault that these rules find, in their order."""
    return [
        Finding(rule.code, rule.severity, fault.message or rule.message, field=fault.field, member=fault.member)
        for rule in rules
        for fault in rule.check(case)
    ]


def checkable(columns: frozenset[str]) -> list[Rule]:
    """The rules for which a file with these columns says enough."""
    return [rule for rule in RULES if columns.issuperset(rule.columns)]


_E, _W = Severity.ERROR, Severity.WARNING

RULES: tuple[Rule, ...] = (
    Rule("ID01", _E, "An ID number has 18 digits, a disability card number 20 or 22.", ("证件号码",), checks.id_length),
    Rule("ID02", _E, "The ID number is not valid: please check each digit.", ("证件号码",), checks.id_check),
    Rule(
        "ID03",
        _E,
        "A disability card number is the ID number, then its category (1 to 7) and its grade (1 to 4).",
        ("证件号码",),
        checks.disability_card,
    ),
    Rule("ID04", _W, "The sex does not fit digit 17 of the ID number.", ("证件号码", "性别"), checks.sex_stated),
    Rule("ID05", _E, "This ID number is already registered in another household.", ("证件号码",), checks.id_twice),
    Rule("NU01", _E, "A required cell is empty.", ("民族", "健康状况", "主要致贫原因"), checks.blank),
    Rule(
        "NU02",
        _E,
        "A cell that this age requires is empty.",
        ("文化程度", "在校生状况", "劳动技能"),
        checks.blank_by_age,
    ),
    Rule("NU03", _E, "A household has exactly one head (户主).", ("与户主关系",), checks.one_head),
    Rule("NU04", _W, "A disabled person without a disability card number.", ("健康状况",), checks.no_disability_card),
    Rule("CA01", _E, "The main cause is illness, but everybody is healthy.", ("健康状况",), checks.ill_but_healthy),
    Rule(
        "CA02",
        _E,
        "The main cause is schooling, but nobody is at school.",
        ("在校生状况",),
        checks.schooling_without_student,
    ),
    Rule(
        "CA03",
        _E,
        "The main cause is disability, but nobody is disabled.",
        ("健康状况",),
        checks.disability_without_disabled,
    ),
    Rule("CA04", _E, "The main cause stands among the other causes once more.", ("其他致贫原因",), checks.cause_twice),
    Rule("DB01", _W, "The kind of household and the allowances do not fit.", ("是否低保",), checks.allowance),
    Rule(
        "DB02",
        _W,
        "A five-guarantees household with somebody of 16 to 65 who can work.",
        ("劳动技能",),
        checks.five_guarantees_worker,
    ),
    Rule("DB03", _E, "Minimum allowance and five-guarantees money at once.", ("低保金", "五保金"), checks.two_benefits),
    Rule(
        "LA01", _W, "Healthy and of working age, but unable to work.", ("健康状况", "劳动技能"), checks.healthy_unable
    ),
    Rule(
        "LA02",
        _W,
        "Healthy, of working age and not at school, but without ability to work.",
        ("健康状况", "劳动技能", "在校生状况"),
        checks.healthy_no_labour,
    ),
    Rule(
        "IN01",
        _W,
        "Income from a business, but no costs of it.",
        ("生产经营性收入", "生产经营费用支出"),
        checks.business_without_cost,
    ),
    Rule(
        "IN02",
        _E,
        "The net income per person must be above 0 and at most 100,000 yuan.",
        ("人均纯收入",),
        checks.income,
    ),
    Rule("WK01", _E, "Months of work must be between 0 and 12.", ("务工时间(月)",), checks.months),
    Rule(
        "WK02",
        _E,
        "Place of work and months of work go together: fill in both or neither.",
        ("务工状况", "务工时间(月)"),
        checks.place_and_months,
    ),
    Rule("WK03", _E, "Somebody who cannot work is away for work.", ("劳动技能", "务工状况"), checks.unable_but_away),
    Rule("WK04", _W, "Wages and people who work do not fit.", ("工资性收入", "务工状况"), checks.wages_and_work),
    Rule("HP01", _E, "The household has no assigned officer.", ("帮扶责任人",), checks.no_officer),
    Rule("HP02", _E, "The assigned officer is registered as poor.", ("帮扶责任人证件号码",), checks.poor_officer),
    Rule("LG01", _E, "The household has no members.", ("姓名", "证件号码"), checks.nobody),
    Rule(
        "LG02",
        _W,
        "The relation to the head does not fit the sex in the ID number.",
        ("与户主关系",),
        checks.relation_and_sex,
    ),
    Rule(
        "LG03",
        _W,
        "More than 50 mu of fields or 70 mu of woods per person, or more than 50 km to the road.",
        ("耕地", "林地", "与村主干路距离"),
        checks.land,
    ),
    Rule("LG04", _W, "The school does not fit the age.", ("在校生状况",), checks.age_and_school),
    Rule(
        "LG05",
        _W,
        "The same school entry for three years: it may not have been brought up to date.",
        ("在校生状况", "在校生状况(上年)", "在校生状况(前年)"),
        checks.same_for_years,
    ),
    Rule(
        "MO01",
        _E,
        "Monitored for a month or more without any measure of help.",
        ("监测对象类别", "识别监测时间", "帮扶措施"),
        checks.no_measure,
    ),
    Rule(
        "MO02",
        _W,
        "Marked as cleared by help in the month of registration or the next.",
        ("识别监测时间", "消除监测时间", "风险消除方式"),
        checks.cleared_at_once,
    ),
    Rule(
        "MO03",
        _E,
        "The risk is drinking water, but no measure is about water.",
        ("致贫返贫风险", "帮扶措施"),
        checks.no_water_measure,
    ),
    Rule(
        "MO04",
        _W,
        "The risk stays and nobody can work, but the household is not marked for the safety net.",
        ("风险是否已消除", "整户无劳动能力兜底保障户", "劳动技能"),
        checks.no_safety_net,
    ),
    Rule("MO05", _E, "Somebody at school has a place of work.", ("在校生状况", "务工状况"), checks.student_at_work),
)
