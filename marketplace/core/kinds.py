"""The field's closed lists: kinds, categories, causes, donor types; values are codes, labels are Chinese terms."""

from enum import StrEnum
from typing import TypeVar


class Labelled(StrEnum):
    """A code with the Chinese term that people know it by."""

    label: str

    def __new__(cls, code: str, label: str) -> "Labelled":
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member


L = TypeVar("L", bound=Labelled)


def find_member(kind: type[L], code: str | None) -> L | None:
    """The member with this code, or None: codes that come from outside are looked up, never trusted."""
    return next((member for member in kind if member.value == code), None)


class SupportKind(Labelled):
    """What is given (支持方式)."""

    MONEY = "money", "资金"
    GOODS = "goods", "物资"
    SERVICE = "service", "服务"
    JOB = "job", "岗位"
    TRAINING = "training", "培训"
    PURCHASE = "purchase", "采购"


class NeedCategory(Labelled):
    """What a need is for (需求类别); ``official`` maps it to the seven official ones."""

    EDU = "EDU", "教育助学"
    MED = "MED", "医疗救助"
    DIS = "DIS", "残疾辅具"
    HOU = "HOU", "住房修缮"
    WRM = "WRM", "衣被御寒"
    DLY = "DLY", "生活用品"
    IND = "IND", "产业发展"
    JOB = "JOB", "就业创业"
    PUB = "PUB", "公共设施"
    DST = "DST", "灾后重建"
    TRN = "TRN", "交通出行"
    CAR = "CAR", "精神关爱"
    LAW = "LAW", "法律政策"


class PovertyCause(Labelled):
    """Why a household is poor (致贫原因)."""

    ILLNESS = "illness", "因病"
    DISABILITY = "disability", "因残"
    SCHOOLING = "schooling", "因学"
    DISASTER = "disaster", "因灾"
    LAND = "land", "缺土地"
    WATER = "water", "缺水"
    SKILL = "skill", "缺技术"
    LABOUR = "labour", "缺劳力"
    FUNDS = "funds", "缺资金"
    ROADS = "roads", "交通条件落后"
    DRIVE = "drive", "自身发展动力不足"
    OTHER = "other", "其它"


class PovertyAttribute(Labelled):
    """How a household is registered (贫困户属性)."""

    GENERAL = "general", "一般贫困户"
    ALLOWANCE = "allowance", "低保户"
    FIVE_GUARANTEES = "five_guarantees", "五保户"
    ALLOWANCE_POOR = "allowance_poor", "低保贫困户"


class ExitAttribute(Labelled):
    """Where a household stands in leaving poverty (脱贫属性)."""

    POOR = "poor", "未脱贫"
    EXITED = "exited", "已脱贫"
    RETURNED = "returned", "返贫"


class StatusMove(Labelled):
    """How a household's status changes (动态管理)."""

    ENTER = "enter", "纳入"
    EXIT = "exit", "退出"
    MONITOR = "monitor", "纳入监测"
    CLEAR = "clear", "风险消除"
    REENTER = "reenter", "重新纳入"


class MonitoredAs(Labelled):
    """Why a household is watched (监测对象类别)."""

    UNSTABLE = "unstable", "脱贫不稳定户"
    EDGE = "edge", "边缘易致贫户"
    SUDDEN = "sudden", "突发严重困难户"


class DonorType(Labelled):
    """Who gives (捐赠人类型)."""

    INDIVIDUAL = "individual", "个人爱心人士"
    PRIVATE_FIRM = "private_firm", "民营企业"
    STATE_FIRM = "state_firm", "国有企业"
    CHAMBER = "chamber", "商会/行业协会"
    FOUNDATION = "foundation", "社会组织/基金会"
    CHARITY = "charity", "慈善会/红十字会"
    PUBLIC_UNIT = "public_unit", "机关事业单位"
    UNIVERSITY = "university", "高校/科研院所"
    MILITARY = "military", "部队"
    PARTY = "party", "民主党派"
    RELIGIOUS = "religious", "宗教界"
    EAST_WEST = "east_west", "东西部协作单位"
    OVERSEAS = "overseas", "海外/华侨"

    @property
    def is_person(self) -> bool:
        """Individuals choose whether their name is public; units are named after consent."""
        return self is DonorType.INDIVIDUAL


class Urgency(Labelled):
    """How soon help is wanted (紧急程度)."""

    NORMAL = "normal", "一般"
    URGENT = "urgent", "紧急"
    CRITICAL = "critical", "特急"


class Channel(Labelled):
    """Through which channel organised help comes (帮扶渠道); each has its own arrival rate."""

    CENTRAL = "central", "中央单位定点帮扶"
    GUANGDONG = "guangdong", "广东省对口帮扶"
    PROVINCIAL = "provincial", "省直部门定点帮扶"
    IN_PROVINCE = "in_province", "省内对口帮扶"
    LOCAL = "local", "州县自筹帮扶"
