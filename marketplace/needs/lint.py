"""What is wrong or doubtful about a need before others see it: small rules, each with a sentence that says what to do.

A rule takes a Draft and yields findings; RULES lists them. Posting and review run the same list.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum

from marketplace.core.kinds import SupportKind
from marketplace.core.money import Money
from marketplace.core.text import normal_form

SHORTEST_STORY = 20
LONGEST_STORY = 500
# Fewer different characters than this say nothing, however often they are repeated.
_FEWEST_CHARACTERS = 10
_ADULT = 18


class Severity(StrEnum):
    """What a finding does: stops the need, asks the reviewer for a reason, or only informs."""

    REFUSE = "refuse"
    FLAG = "flag"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: which rule, how grave, a translatable sentence with its values, and the field to change."""

    rule: str
    severity: Severity
    message: str
    field: str
    params: dict[str, object] = dataclass_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as it is checked; the band is in fen, for money lines of the whole amount."""

    name: str
    kind: SupportKind
    quantity: int
    unit: str
    unit_price_fen: int
    low_fen: int | None = None
    high_fen: int | None = None
    most: int | None = None
    is_own_words: bool = False

    @property
    def price_fen(self) -> int:
        """What the reference band is about: the unit price, or the amount of a money line."""
        return self.quantity if self.kind is SupportKind.MONEY else self.unit_price_fen


@dataclass(frozen=True, slots=True)
class Draft:
    """A need as it is checked, with what is known about who asks."""

    lines: tuple[DraftLine, ...]
    story: str
    # Names that must not stand in any text: members of the household, the village.
    names: tuple[str, ...] = ()
    village: str = ""
    # Item names of the household's other needs of the last 180 days, with their need codes.
    recent: tuple[tuple[str, str], ...] = ()
    is_village_need: bool = False

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every free text with the field it stands in."""
        yield "story", self.story
        for position, line in enumerate(self.lines):
            if line.is_own_words:
                yield line_field(position), line.name


def line_field(position: int) -> str:
    """The form field that a line's findings point to."""
    return f"line-{position}"


def check_need(draft: Draft) -> list[Finding]:
    """Every finding of every rule, the grave ones first."""
    found = [finding for rule in RULES for finding in rule(draft)]
    order = list(Severity)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def refusals(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop the need."""
    return [finding for finding in findings if finding.severity is Severity.REFUSE]


# Digits may be pulled apart by spaces, dots or hyphens.
_GAP = r"[\s.\-·—_]*"
_ID = re.compile(rf"(?<!\d)[1-9](?:{_GAP}\d){{16}}{_GAP}[\dxX](?!\d)|(?<!\d)\d{{15}}(?!\d)")
_PHONE = re.compile(rf"(?<!\d)1{_GAP}[3-9](?:{_GAP}\d){{9}}(?!\d)|(?<!\d)0\d{{2,3}}-\d{{7,8}}(?!\d)")
_CARD = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{15,18}}(?!\d)")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·\s]?(?=[a-z]*\d)[a-z0-9]{5,6}(?![a-z0-9])"
)
_CHAT = re.compile(r"(?:微信|薇信|威信|vx|wechat|wx|qq|扣扣|支付宝)\s*(?:号|账号|id)?\s*[:是为]?\s*[a-z0-9_\-]{5,}")
_CONTACT = re.compile(r"加(?:我|本人)?(?:的)?(?:微信|qq|vx)|个人微信|[a-z0-9._%+-]+@[a-z0-9-]+\.[a-z]{2,}")
_SAYS_NAME = re.compile(r"我叫|本人叫|名叫|小名|姓名[:是]|名字[是叫]")
_SCHOOL = re.compile(
    r"(?:[一二三四五六七八九\d]年级|[初高][一二三123]|大[一二三四])[(（]?[一二三四五六七八九十\d]{1,2}[)）]?班"
)
_NAMED_SCHOOL = re.compile(r"[\u4e00-\u9fff]{2,}(?:小学|中学|中心校|完小|幼儿园)[一二三四五六七八九\d]年级")
_HOUSE_NUMBER = re.compile(
    r"[组社队村路街巷号院栋]\s*[一二三四五六七八九十百\d]+\s*号|[一二三四五六七八九十\d]+组[一二三四五六七八九十\d]+号"
)
_AGE = re.compile(
    r"(\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])(?:周)?岁(?:半)?(?!以上|及以上|数)"
)
_SIGNS = re.compile(r"<[a-z/!]|^\s*[=+@]|;\s*--|\{\{|\$\{|https?://|www\.|javascript:")
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}

_PERSONAL = (
    ("id_number", _ID, "Take the ID number out of the text."),
    ("card", _CARD, "Take the bank card number out of the text."),
    ("phone", _PHONE, "Take the phone number out of the text."),
    ("plate", _PLATE, "Take the number plate out of the text."),
    ("chat", _CHAT, "Take the WeChat or QQ number out of the text."),
    ("contact", _CONTACT, "Take the way to contact a person out of the text: donors reach you through this site."),
    ("says_name", _SAYS_NAME, "Take the person's name out of the text."),
    ("school", _SCHOOL, "Take school and class out of the text."),
    ("school", _NAMED_SCHOOL, "Take school and class out of the text."),
    ("address", _HOUSE_NUMBER, "Take the address out of the text: the township is shown by itself."),
)

# Written for the usual pretexts, not to be complete: a person decides.
_LUXURY = (
    *("跑步机", "按摩椅", "游戏机", "游戏本", "单反", "无人机", "名牌", "奢侈", "最新款", "手表", "首饰", "金项链"),
    *("轿车", "小汽车", "越野车", "商品房", "别墅", "城里要一套房", "买房", "旅游", "健身"),
)
_FORBIDDEN = (
    *("米酒", "白酒", "啤酒", "喝酒", "烟酒", "香烟", "彩票", "赌", "麻将", "还债", "还赌", "彩礼"),
    *("手续费", "先转", "保证金", "刷单", "管制刀", "枪", "野生动物"),
)
_BRANDS = (
    *("某品牌", "苹果手机", "iphone", "ipad", "华为", "小米手机", "oppo", "vivo", "三星", "波司登", "耐克", "阿迪"),
    *("海尔", "美的", "格力", "茅台", "五粮液", "安踏", "李宁"),
)
_COMPLAINT = ("举报", "不公平", "村干部", "贪污", "上访", "投诉")
_VAGUE = re.compile(
    r"家里|家庭|我们|我家|本人|比较|非常|很|十分|特别|生活|经济|困难|贫困|求|需要|希望|想要|请|给予|得到|一点|一些|帮助|帮忙|帮扶|资助|支持|大家|好心人|爱心人士|谢谢|的|了|[\W_]"
)


def personal_data(draft: Draft) -> Iterator[Finding]:
    """Numbers, contacts, schools and addresses that would lead to a person (R-P1)."""
    for where, text in draft.texts():
        plain = _plain(text)
        # A card number is also looked for in what an ID number was cut out of: each is named once.
        for rule, pattern, message in _PERSONAL:
            found = pattern.search(plain)
            if found:
                plain = pattern.sub("#", plain)
                yield Finding(rule, Severity.REFUSE, message, where)


def names(draft: Draft) -> Iterator[Finding]:
    """Names of the household's members, and of the village: the township is the finest place shown."""
    for where, text in draft.texts():
        plain = normal_form(text)
        for name in draft.names:
            if len(name) > 1 and normal_form(name) in plain:
                yield Finding("member_name", Severity.REFUSE, "Take the person's name out of the text.", where)
                break
        if len(draft.village) > 1 and normal_form(draft.village) in plain:
            yield Finding(
                "village_name",
                Severity.REFUSE,
                "Take the village's name out of the text: the township is shown by itself.",
                where,
            )


def minors(draft: Draft) -> Iterator[Finding]:
    """The age of a person under 18 (P3)."""
    for where, text in draft.texts():
        ages = [_number(found) for found in _AGE.findall(_plain(text))]
        if any(age < _ADULT for age in ages):
            yield Finding("child_age", Severity.REFUSE, "Take the child's age out of the text.", where)


def vague(draft: Draft) -> Iterator[Finding]:
    """A reason that is missing, too short, too long, or says nothing."""
    story = " ".join(draft.story.split())
    if len(story) < SHORTEST_STORY:
        yield Finding(
            "too_short",
            Severity.REFUSE,
            "Say in at least %(least)s characters why it is needed. You have written %(written)s.",
            "story",
            {"least": SHORTEST_STORY, "written": len(story)},
        )
    elif len(story) > LONGEST_STORY:
        yield Finding(
            "too_long",
            Severity.REFUSE,
            "Shorten the reason to %(most)s characters. You have written %(written)s.",
            "story",
            {"most": LONGEST_STORY, "written": len(story)},
        )
    elif len(set(_VAGUE.sub("", normal_form(story)))) < _FEWEST_CHARACTERS:
        yield Finding(
            "vague",
            Severity.REFUSE,
            "Say what is missing at home and what it is used for, not only that help is needed.",
            "story",
        )
    elif not re.search(r"[\u3400-\u9fff\u0f00-\u0fff]", story):
        yield Finding("not_chinese", Severity.FLAG, "The reason is written in neither Chinese nor Tibetan.", "story")


def words_to_look_at(draft: Draft) -> Iterator[Finding]:
    """Luxury, forbidden and brand words, and complaints that are no need."""
    text = normal_form(" ".join([draft.story, *(line.name for line in draft.lines)]))
    for rule, listed, message in (
        ("luxury", _LUXURY, "“%(word)s” sounds like more than a household needs."),
        ("forbidden", _FORBIDDEN, "“%(word)s” is nothing that may be asked for here."),
        ("brand", _BRANDS, "“%(word)s” names a brand: write what it is for instead."),
        ("complaint", _COMPLAINT, "“%(word)s” sounds like a complaint: it belongs to the hotline, not here."),
    ):
        word = next((word for word in listed if word in text), None)
        if word:
            yield Finding(rule, Severity.FLAG, message, "story", {"word": word})


def odd_signs(draft: Draft) -> Iterator[Finding]:
    """Markup, formulas and addresses of the web: harmless here, where all text is escaped, but no reason for help."""
    for where, text in draft.texts():
        if _SIGNS.search(_plain(text)):
            yield Finding(
                "odd_signs", Severity.FLAG, "Take code and web addresses out of the text: plain words only.", where
            )


def price(draft: Draft) -> Iterator[Finding]:
    """A price outside the reference band, and what has none."""
    for position, line in enumerate(draft.lines):
        where = line_field(position)
        if line.low_fen is None or line.high_fen is None:
            if line.price_fen:
                yield Finding(
                    "no_reference", Severity.NOTE, "%(name)s: there is no reference price.", where, {"name": line.name}
                )
        elif line.price_fen > line.high_fen:
            yield Finding(
                "price_high",
                Severity.FLAG,
                "%(name)s: %(price)s yuan is %(percent)s %% above the reference price %(low)s–%(high)s yuan.",
                where,
                {**_band(line), "percent": _percent_above(line)},
            )
        elif line.price_fen < line.low_fen:
            yield Finding(
                "price_low",
                Severity.NOTE,
                "%(name)s: %(price)s yuan is below the reference price %(low)s–%(high)s yuan.",
                where,
                _band(line),
            )


def quantity(draft: Draft) -> Iterator[Finding]:
    """More than one household may ask for at once (R-V7)."""
    for position, line in enumerate(draft.lines):
        over = line.most is not None and line.kind is not SupportKind.MONEY and line.quantity > line.most
        if over and not draft.is_village_need:
            yield Finding(
                "over_cap",
                Severity.REFUSE,
                "%(name)s: the quantity must be between 1 and %(most)s (the most for one household).",
                line_field(position),
                {"name": line.name, "most": line.most},
            )


def duplicate(draft: Draft) -> Iterator[Finding]:
    """The same item for the same household within 180 days."""
    codes = dict(reversed(draft.recent))
    for position, line in enumerate(draft.lines):
        code = codes.get(line.name)
        if code:
            yield Finding(
                "duplicate",
                Severity.FLAG,
                "%(name)s: this household asked for it in the last 180 days (%(code)s).",
                line_field(position),
                {"name": line.name, "code": code},
            )


RULES: Sequence[Callable[[Draft], Iterable[Finding]]] = (
    personal_data,
    names,
    minors,
    vague,
    quantity,
    words_to_look_at,
    odd_signs,
    price,
    duplicate,
)


def _plain(text: str) -> str:
    """Half-width, lower case, simplified; format characters that hide digits from a pattern are dropped."""
    return "".join(c for c in normal_form(text) if unicodedata.category(c) != "Cf")


def _number(text: str) -> int:
    """``12``, ``八`` or ``十六`` as a number."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else _DIGITS.get(tens, 0)) + _DIGITS.get(ones, 0)


def _band(line: DraftLine) -> dict[str, object]:
    return {
        "name": line.name,
        "price": Money(line.price_fen).short,
        "low": Money(line.low_fen or 0).short,
        "high": Money(line.high_fen or 0).short,
    }


def _percent_above(line: DraftLine) -> int:
    """How far above the top of the band, rounded up."""
    high = line.high_fen or 1
    return -(-(line.price_fen - high) * 100 // high)
