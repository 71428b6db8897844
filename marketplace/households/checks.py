"""The checks behind the quality rules: each yields where a household breaks its rule."""

from collections.abc import Iterator
from decimal import Decimal

from marketplace.core.identity import id_number_fault
from marketplace.core.kinds import PovertyAttribute, PovertyCause
from marketplace.households.case import (
    ID_LENGTHS,
    NO_LABOUR,
    WORKERS,
    Case,
    Fault,
    is_away,
    is_disabled,
    is_student,
    month_of,
    sex_of,
    works,
)
from marketplace.households.rows import HEAD

_UPPER_SCHOOL = ("高中", "普通高中", "中职", "中专", "技", "高职", "大专", "大学", "本科", "硕士", "博士", "研究生")
_LOWER_SCHOOL = ("学前", "幼儿", "小学")
_MEN = frozenset(
    {"之子", "儿子", "之父", "父亲", "夫", "丈夫", "祖父", "外祖父", "岳父", "公公"}
    | {"女婿", "之女婿", "孙子", "外孙子", "之兄", "之弟", "兄弟"}
)
_WOMEN = frozenset(
    {"之女", "女儿", "之母", "母亲", "妻", "妻子", "祖母", "外祖母", "岳母", "婆婆"}
    | {"儿媳", "之儿媳", "孙女", "外孙女", "之姐", "之妹", "姐妹"}
)
_SPOUSE = frozenset(["配偶", "之配偶", "夫", "丈夫", "妻", "妻子"])
_MONITORED = frozenset({"脱贫不稳定户", "边缘易致贫户"})
_LARGEST_INCOME_FEN = 100_000 * 100
_MANY = {"耕地": Decimal(50), "林地": Decimal(70)}
_FAR_KM = Decimal(50)


def id_length(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if len(member.id_number) == 15:
            message = "This is an old ID number of 15 digits. Write the 18 digits of the present card."
            yield Fault(at, "id_number", message)
        elif not member.id_number:
            yield Fault(at, "id_number", "The ID number is missing.")
        elif len(member.id_number) not in ID_LENGTHS:
            yield Fault(at, "id_number")


def id_check(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if len(member.id_number) in ID_LENGTHS and (fault := id_number_fault(member.id_card)) is not None:
            yield Fault(at, "id_number", fault)


def disability_card(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        is_card = len(member.id_number) in ID_LENGTHS[1:]
        if is_card and id_number_fault(member.id_card) is None and id_number_fault(member.id_number) is not None:
            yield Fault(at, "id_number")


def sex_stated(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        stated = member.extra.get("性别", "")
        if stated in ("男", "女") and (sex_of(member) is not None) and (stated == "男") is not sex_of(member):
            yield Fault(at, "id_number")


def id_twice(case: Case) -> Iterator[Fault]:
    for at in sorted(case.duplicates):
        yield Fault(at, "id_number")


def blank(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if not member.ethnicity:
            yield Fault(at, "ethnicity", "The ethnic group is missing.")
        if not member.health:
            yield Fault(at, "health", "The state of health is missing.")
    if case.household.main_cause is None:
        yield Fault(None, "main_cause", "The main cause of poverty is missing.")


def blank_by_age(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        age = case.ages[at]
        if not is_student(member) and not member.education and (age is None or age >= 6):
            yield Fault(at, "education", "Somebody who is not at school needs an education.")
        if age is not None and 6 <= age <= 23 and not member.school_status:
            yield Fault(at, "school_status", "Somebody of 6 to 23 years needs a school status.")
        if age is not None and 16 <= age <= 65 and not member.labour:
            yield Fault(at, "labour", "Somebody of 16 to 65 years needs an ability to work.")


def one_head(case: Case) -> Iterator[Fault]:
    heads = [at for at, member in enumerate(case.members) if member.relation == HEAD]
    if case.members and not heads:
        yield Fault(0, "relation", "Nobody in this household is its head (户主).")
    for at in heads[1:]:
        yield Fault(at, "relation", "There is a second head (户主) in this household.")


def no_disability_card(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if "残" in member.health and len(member.id_number) == ID_LENGTHS[0]:
            yield Fault(at, "id_number")


def ill_but_healthy(case: Case) -> Iterator[Fault]:
    is_ill = case.household.main_cause is PovertyCause.ILLNESS
    if is_ill and case.members and all(member.health == "健康" for member in case.members):
        yield Fault(None, "main_cause")


def schooling_without_student(case: Case) -> Iterator[Fault]:
    if case.household.main_cause is PovertyCause.SCHOOLING and not any(map(is_student, case.members)):
        yield Fault(None, "main_cause")


def disability_without_disabled(case: Case) -> Iterator[Fault]:
    if case.household.main_cause is PovertyCause.DISABILITY and not any(map(is_disabled, case.members)):
        yield Fault(None, "main_cause")


def _causes(text: str) -> list[str]:
    return [cause for cause in text.replace("，", ",").replace("、", ",").replace(";", ",").split(",") if cause]


def cause_twice(case: Case) -> Iterator[Fault]:
    main = case.household.main_cause
    if main is not None and main.label in [cause.strip() for cause in _causes(case.cell("其他致贫原因"))]:
        yield Fault(None, "main_cause")


def allowance(case: Case) -> Iterator[Fault]:
    some = any(member.extra.get("是否低保") == "是" for member in case.members)
    on_allowance = case.household.attribute in (PovertyAttribute.ALLOWANCE, PovertyAttribute.ALLOWANCE_POOR)
    if on_allowance and not some:
        yield Fault(None, "attribute", "An allowance household (低保户) in which nobody has the allowance.")
    if case.household.attribute is PovertyAttribute.GENERAL and some:
        yield Fault(None, "attribute", "A general household (一般贫困户) in which somebody has the allowance.")


def five_guarantees_worker(case: Case) -> Iterator[Fault]:
    if case.household.attribute is PovertyAttribute.FIVE_GUARANTEES:
        for at, member in case.aged(16, 65):
            if member.labour in WORKERS:
                yield Fault(at, "labour")


def two_benefits(case: Case) -> Iterator[Fault]:
    if case.number("低保金") > 0 and case.number("五保金") > 0:
        yield Fault()


def healthy_unable(case: Case) -> Iterator[Fault]:
    for at, member in case.aged(16, 59):
        if member.health == "健康" and member.labour == "丧失劳动力":
            yield Fault(at, "labour")


def healthy_no_labour(case: Case) -> Iterator[Fault]:
    for at, member in case.aged(16, 59):
        if member.health == "健康" and member.labour == "无劳动力" and not is_student(member):
            yield Fault(at, "labour")


def business_without_cost(case: Case) -> Iterator[Fault]:
    if case.number("生产经营性收入") > 0 and case.number("生产经营费用支出") <= 0:
        yield Fault()


def income(case: Case) -> Iterator[Fault]:
    fen = case.household.income_fen
    if fen is None or not 0 < fen <= _LARGEST_INCOME_FEN:
        yield Fault(None, "income_fen")


def months(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if member.work_months is not None and not 0 <= member.work_months <= 12:
            yield Fault(at, "work_months")


def place_and_months(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if works(member) is not bool(member.work_months):
            yield Fault(at, "work_months")


def unable_but_away(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if member.labour in NO_LABOUR and is_away(member):
            yield Fault(at, "work_place")


def wages_and_work(case: Case) -> Iterator[Fault]:
    if (case.number("工资性收入") > 0) is not any(map(works, case.members)):
        yield Fault()


def no_officer(case: Case) -> Iterator[Fault]:
    if not case.cell("帮扶责任人"):
        yield Fault()


def poor_officer(case: Case) -> Iterator[Fault]:
    if case.officer_is_registered:
        yield Fault()


def nobody(case: Case) -> Iterator[Fault]:
    if not case.members:
        yield Fault(None, "members")


def relation_and_sex(case: Case) -> Iterator[Fault]:
    head = next((member for member in case.members if member.relation == HEAD), None)
    for at, member in enumerate(case.members):
        sex = sex_of(member)
        if sex is None:
            continue
        same_as_head = head is not None and member.relation in _SPOUSE and sex is sex_of(head)
        if (member.relation in _MEN and not sex) or (member.relation in _WOMEN and sex) or same_as_head:
            yield Fault(at, "relation")


def land(case: Case) -> Iterator[Fault]:
    people = max(1, len(case.members))
    if (
        any(case.number(column) / people > most for column, most in _MANY.items())
        or case.number("与村主干路距离") > _FAR_KM
    ):
        yield Fault()


def age_and_school(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        age = case.ages[at]
        too_young = age is not None and age <= 14 and member.school_status.startswith(_UPPER_SCHOOL)
        too_old = age is not None and age >= 20 and member.school_status.startswith(_LOWER_SCHOOL)
        if too_young or too_old:
            yield Fault(at, "school_status")


def same_for_years(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        before = {member.extra.get("在校生状况(上年)"), member.extra.get("在校生状况(前年)")}
        if is_student(member) and before == {member.school_status}:
            yield Fault(at, "school_status")


def no_measure(case: Case) -> Iterator[Fault]:
    found = month_of(case.cell("识别监测时间"))
    late = found is not None and case.on.year * 12 + case.on.month - 1 - found >= 1
    if case.cell("监测对象类别") in _MONITORED and late and not case.cell("帮扶措施"):
        yield Fault()


def cleared_at_once(case: Case) -> Iterator[Fault]:
    found, cleared = month_of(case.cell("识别监测时间")), month_of(case.cell("消除监测时间"))
    if found is not None and cleared is not None and cleared - found <= 1 and case.cell("风险消除方式") == "帮扶消除":
        yield Fault()


def no_water_measure(case: Case) -> Iterator[Fault]:
    if "饮水" in case.cell("致贫返贫风险") and "水" not in case.cell("帮扶措施"):
        yield Fault()


def no_safety_net(case: Case) -> Iterator[Fault]:
    nobody_works = not any(member.labour in WORKERS for member in case.members)
    if case.cell("风险是否已消除") == "否" and nobody_works and case.cell("整户无劳动能力兜底保障户") != "是":
        yield Fault()


def student_at_work(case: Case) -> Iterator[Fault]:
    for at, member in enumerate(case.members):
        if is_student(member) and works(member):
            yield Fault(at, "work_place")
