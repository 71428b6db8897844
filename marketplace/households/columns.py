"""The columns of the register's spreadsheet: the 26 of its export, and those that only the rules look at."""

from collections.abc import Sequence

from marketplace.core.errors import Invalid

PROFILE = (
    "县",
    "乡",
    "行政村",
    "自然村",
    "户编号",
    "人编号",
    "姓名",
    "证件号码",
    "人数",
    "与户主关系",
    "民族",
    "文化程度",
    "在校生状况",
    "健康状况",
    "劳动技能",
    "务工状况",
    "务工时间(月)",
    "参加大病医疗",
    "脱贫属性",
    "贫困户属性",
    "主要致贫原因",
    "危房户",
    "饮水安全",
    "饮水困难",
    "人均纯收入",
    "联系电话",
)
# Without these a household cannot be told from another, or not be written at all.
ESSENTIAL = ("县", "乡", "行政村", "户编号", "姓名", "证件号码", "与户主关系", "脱贫属性", "贫困户属性", "主要致贫原因")
# Kept beside the profile's own columns.
ACCOUNT = "银行账号"
CHECKED_ONLY = frozenset(
    {
        "性别",
        "开户银行",
        "是否低保",
        "低保金",
        "五保金",
        "其他致贫原因",
        "生产经营性收入",
        "生产经营费用支出",
        "工资性收入",
        "帮扶责任人",
        "帮扶责任人证件号码",
        "耕地",
        "林地",
        "与村主干路距离",
        "监测对象类别",
        "识别监测时间",
        "消除监测时间",
        "风险消除方式",
        "风险是否已消除",
        "整户无劳动能力兜底保障户",
        "致贫返贫风险",
        "帮扶措施",
        "在校生状况(上年)",
        "在校生状况(前年)",
    }
)
_OTHER_NAMES = {
    "县(市)": "县",
    "县(市、区)": "县",
    "县市": "县",
    "乡(镇)": "乡",
    "乡镇": "乡",
    "村": "行政村",
    "村民小组": "自然村",
    "组": "自然村",
    "家庭编号": "户编号",
    "身份证号": "证件号码",
    "身份证号码": "证件号码",
    "家庭人口数": "人数",
    "劳动能力": "劳动技能",
    "务工时间": "务工时间(月)",
    "务工地": "务工状况",
    "电话": "联系电话",
    "手机号码": "联系电话",
    "致贫原因": "主要致贫原因",
}
# Which column holds which attribute of a household or member.
HOUSEHOLD_FIELDS = {
    "registry_no": "户编号",
    "division_code": "行政村",
    "group_name": "自然村",
    "head_name": "姓名",
    "attribute": "贫困户属性",
    "exit_attribute": "脱贫属性",
    "main_cause": "主要致贫原因",
    "unsafe_house": "危房户",
    "safe_water": "饮水安全",
    "scarce_water": "饮水困难",
    "income_fen": "人均纯收入",
    "phone": "联系电话",
    "bank_account": ACCOUNT,
    "declared_count": "人数",
}
MEMBER_FIELDS = {
    "person_no": "人编号",
    "name": "姓名",
    "id_number": "证件号码",
    "relation": "与户主关系",
    "ethnicity": "民族",
    "education": "文化程度",
    "school_status": "在校生状况",
    "health": "健康状况",
    "labour": "劳动技能",
    "work_place": "务工状况",
    "work_months": "务工时间(月)",
    "serious_illness_insured": "参加大病医疗",
}
# As wide as the columns of the tables.
LONGEST = {
    "registry_no": 30,
    "group_name": 60,
    "person_no": 34,
    "name": 60,
    "relation": 20,
    "ethnicity": 20,
    "education": 20,
    "school_status": 20,
    "health": 40,
    "labour": 20,
    "work_place": 20,
}
# A title or a note may stand above the header.
ROWS_ABOVE_HEADER = 5


def column_name(header: str) -> str:
    """The profile's name of a column as offices write it."""
    plain = header.replace(" ", "").rstrip("*:").lstrip("*")
    return _OTHER_NAMES.get(plain, plain)


def is_header(names: Sequence[str]) -> bool:
    """True for a row that names most of the essential columns."""
    return len(set(ESSENTIAL) & set(names)) > len(ESSENTIAL) // 2


def ensure_essential(names: Sequence[str]) -> None:
    """Raise Invalid naming the columns without which nothing can be read, or those that stand twice."""
    missing = [column for column in ESSENTIAL if column not in names]
    if missing:
        raise Invalid("The file lacks these columns: %(columns)s.", field="file", columns="、".join(missing))
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise Invalid("These columns stand in the file twice: %(columns)s.", field="file", columns="、".join(twice))
