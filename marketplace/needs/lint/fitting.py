"""Does all of a need belong together: one need or two, and does it fit why the household is poor."""

import re
from collections.abc import Iterator

from marketplace.core.kinds import NeedCategory, PovertyCause
from marketplace.core.text import normal_form
from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import closed
from marketplace.needs.lint.vocabulary import WordList, classes, word_list

_C, _P = NeedCategory, PovertyCause
# Categories that one donor meets in one go.
_ROOMS = (
    frozenset({_C.WRM, _C.DLY, _C.DST, _C.HOU, _C.TRN}),
    frozenset({_C.MED, _C.DIS}),
    frozenset({_C.EDU}),
    frozenset({_C.IND, _C.JOB}),
    frozenset({_C.PUB}),
    frozenset({_C.CAR, _C.LAW}),
)
_CLAUSE = re.compile(r"[，。；！？、,.;!?]|以及|同时|(?=还[想要需差缺有]|另外|顺[便带]|再想?要|[一二三四五]要)")
_ASKS = re.compile(
    r"想要|需要|希望|想学|想买|想换|想让|缺|求|申请|也想|想给|差|解决|没有?着落|^(?:想|就|都|另外|顺便|还|再|[一二三四五])?要"
)
# A thing with its number asks too, where the clause does not tell what there is or was.
_NUMBER = r"[一二两三四五六七八九十百千万\d]+"
_MEASURE = "[床只头袋台张把口件套桶斤吨个辆株]"
_COUNTED = re.compile(rf"^{_NUMBER}{_MEASURE}|{_NUMBER}{_MEASURE}$|{_NUMBER}元?$")
_TELLS = re.compile(r"有|养|种|死|卖|收|够|用了|坏|共|喂|人|亩|没有(?!着落)|靠")
# What a clause asks for, where it names one of these.
_WISHES: dict[NeedCategory, re.Pattern[str]] = {
    _C.WRM: re.compile(r"棉被|被子|被褥|铺盖|棉絮|棉衣|棉袄|羽绒服|棉鞋|取暖|炉子|的煤|毛毯|手套"),
    _C.DLY: re.compile(
        r"大米|面粉|清油|洗衣机|冰柜(?!卖)|冰箱|电饭锅|高压锅|衣柜|电视|(?:木|单人|双人|张)床|床[一两]张"
    ),
    _C.HOU: re.compile(r"修房|修屋顶?|修厕所|彩钢瓦|水泥|木门"),
    _C.DIS: re.compile(r"轮椅|拐杖|助听器|假肢|护理床|护理垫"),
    _C.MED: re.compile(r"药费|手术费|制氧机|血压计|医药费|去复查"),
    _C.EDU: re.compile(r"书包|书桌|学费|文具|课外书|学习桌|校服|词典"),
    _C.IND: re.compile(
        r"牦牛|牛犊|母牛|买牛|鸡苗|猪仔|猪崽|仔猪|羊羔|种苗|种子|化肥|有机肥|饲料|草料|脱粒机|微耕机|打草机|大棚|蜂箱"
    ),
    _C.JOB: re.compile(r"电焊|厨师|挖掘机|开挖机|卖冷饮|电商|驾校|驾照|学徒|找工作|岗位"),
    _C.PUB: re.compile(r"饮水|路灯|机耕道|水渠|便桥|村道|蓄水池"),
}
# Causes under which a category asks for no explanation; a category or cause that is missing fits everything.
_FITS: dict[NeedCategory, frozenset[PovertyCause]] = {
    _C.EDU: frozenset({_P.SCHOOLING}),
    _C.MED: frozenset({_P.ILLNESS, _P.DISABILITY}),
    _C.DIS: frozenset({_P.DISABILITY, _P.ILLNESS}),
    _C.IND: frozenset({_P.SKILL, _P.LAND, _P.LABOUR, _P.WATER, _P.ROADS, _P.DRIVE}),
    _C.JOB: frozenset({_P.SKILL, _P.LAND, _P.LABOUR, _P.ROADS, _P.DRIVE, _P.DISABILITY}),
}
# What a thing of this category is never filed under; many things serve several ends, and a disaster takes everything.
_NEVER: dict[NeedCategory, frozenset[NeedCategory]] = {
    _C.IND: frozenset({_C.HOU, _C.WRM, _C.DLY, _C.MED, _C.DIS, _C.EDU, _C.CAR, _C.LAW}),
    _C.JOB: frozenset({_C.HOU, _C.WRM, _C.DLY, _C.MED, _C.DIS, _C.PUB, _C.LAW, _C.TRN}),
    _C.HOU: frozenset({_C.JOB, _C.EDU, _C.MED, _C.DIS, _C.CAR, _C.LAW}),
    _C.WRM: frozenset({_C.IND, _C.JOB, _C.LAW, _C.TRN}),
    _C.DLY: frozenset({_C.LAW, _C.JOB}),
    _C.EDU: frozenset({_C.IND, _C.HOU, _C.MED, _C.LAW, _C.TRN}),
    _C.DIS: frozenset({_C.IND, _C.JOB, _C.HOU, _C.EDU, _C.LAW}),
    _C.MED: frozenset({_C.IND, _C.JOB, _C.HOU, _C.EDU, _C.LAW}),
    _C.PUB: frozenset({_C.WRM, _C.DLY, _C.MED, _C.EDU, _C.LAW, _C.CAR, _C.JOB}),
    _C.LAW: frozenset({_C.IND, _C.HOU, _C.WRM, _C.DLY, _C.MED, _C.DIS, _C.PUB}),
}
# In a village's own need, everything else is for all.
_NOT_FOR_ALL = frozenset({_C.IND, _C.JOB})
_THINGS = {category: WordList(words.split()) for category in _C if (words := classes("things").get(category.value, ""))}
_NEUTRAL = frozenset({_P.FUNDS, _P.DISASTER, _P.OTHER})


def several(draft: Draft) -> Iterator[Finding]:
    """Two needs in one: lines, or wishes in the reason, of categories that different donors meet."""
    listed = _rooms_of_lines(draft)
    if len(listed) > 1:
        message = "This need holds things of different kinds."
        yield Finding("several", Severity.FLAG, message, "line-0", {"words": []})
        return
    wished = wishes_of(draft.story)
    rooms = listed | {room_of(category) for _, category in wished}
    if len(rooms) > 1:
        apart = [word for word, category in wished if not listed or room_of(category) not in listed]
        message = "The reason asks for other things than the need: %(words)s."
        yield Finding("several", Severity.FLAG, message, "story", {"words": "、".join(dict.fromkeys(apart))})


def category_fits(draft: Draft) -> Iterator[Finding]:
    """Things in own words that are filed under a category that they are never for."""
    things = {found for line in draft.lines if line.is_own_words and (found := thing_of(line.name))}
    odd = [thing for thing in things if draft.category in _NEVER.get(thing, ())]
    if odd and len(odd) == len(things):
        yield Finding(
            "category_odd",
            Severity.FLAG,
            "The need is filed under “%(category)s”, the thing is for “%(other)s”.",
            "line-0",
            {"category": draft.category.label if draft.category else "", "other": odd[0].label},
        )


def thing_of(name: str) -> NeedCategory | None:
    """What a thing in own words is for, where it is for one end only."""
    said = closed(name)
    if not word_list("things").search(said):
        return None
    return next((category for category, words in _THINGS.items() if words.search(said)), None)


def _rooms_of_lines(draft: Draft) -> set[int | None]:
    """The rooms of all lines whose category is known; in a village's need everything for all is one room."""
    own = {thing_of(line.name) for line in draft.lines if line.is_own_words}
    known = {category for category in own | {line.category for line in draft.lines} if category}
    if draft.is_village_need:
        known = {category if category in _NOT_FOR_ALL else NeedCategory.PUB for category in known}
    return {room_of(category) for category in known}


def wishes_of(story: str) -> list[tuple[str, NeedCategory]]:
    """Things that a story asks for, each with its category, in the order of the text."""
    found = []
    for clause in _CLAUSE.split(normal_form(story)):
        bare = clause.strip()
        if _ASKS.search(bare) or (_COUNTED.search(bare) and not _TELLS.search(bare)):
            here = [(m.start(), m.group(), category) for category, p in _WISHES.items() for m in p.finditer(clause)]
            found += [(word, category) for _, word, category in sorted(here)]
    return found


def cause_fits(draft: Draft) -> Iterator[Finding]:
    """The need's category against the household's main cause of poverty: a remark, never a bar."""
    cause, category = draft.cause, draft.category
    if cause is None or category is None or cause in _NEUTRAL or category not in _FITS:
        return
    if cause not in _FITS[category]:
        yield Finding(
            "cause_odd",
            Severity.NOTE,
            "The household's main cause is “%(cause)s”, the need is “%(category)s”.",
            "story",
            {"cause": cause.label, "category": category.label},
        )


def room_of(category: NeedCategory) -> int | None:
    """Categories of one number are met by the same donors."""
    return next((number for number, room in enumerate(_ROOMS) if category in room), None)
