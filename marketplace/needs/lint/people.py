"""Names of people and of the village in a free text (R-P1)."""

import re
from collections.abc import Iterator

import rjieba

from marketplace.core.text import normal_form, pinyin
from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import closed, plain
from marketplace.needs.lint.vocabulary import WordList, either, listed

_NAME_MESSAGE = "Take the person's name out of the text."
# Words and places that a given name is part of.
_NO_NAMES = re.compile(either("names", "none"))
_GIVEN = WordList(f"{name}(?!{either('names', 'places')})" for name in listed("given"))
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙朱胡郭林罗郑梁谢宋唐许韩冯邓曹彭曾萧董袁潘蒋蔡杜程苏魏吕丁沈姚卢姜崔钟谭陆汪范"
    "廖贾夏韦邹熊孟秦邱尹薛闫侯陶贺郝龚邵钱覃武戴莫孔汤何高任石龙万段雷方史顾毛黎易常赖文康温华柳柯殷辛蒲鲜"
    "马白叶余田江金严鲁葛章傅付代岳祝聂欧骆苟牟蔺桂符艾邢耿焦庞樊涂瞿佘冉蓝童晏伍缪游卓阳"
)
_SAYS_NAME = re.compile(
    r"我叫|本人叫|名叫|小名|乳名|绰号|外号|诨名|诨号|人称|自称|名字叫|户主叫|(?:本人|户主|我)姓|姓名[:是]|名字[是叫]|我的名字|户主[:：]|联系人[:：]|(?:邻居|儿子|女儿|丈夫|妻子)叫[^我他]"
)
# A surname with what people are called by: 老杨头, 王大爷, 李婶, 张老五, 陈某军, 周家幺妹.
_TITLED = re.compile(
    rf"老[{_SURNAMES}](?:头|家|汉|师|倌)|[{_SURNAMES}](?:某(?!种|个|些)|氏|老[大二三四五六七八九幺]|大[爷娘妈叔伯婶嫂哥姐]|[叔婶嫂姨]|嬢|孃|阿姨"
    rf"|婆婆|奶奶|爷爷|家?幺[妹爸叔娘]|家(?:老|大|二|三|小)[\u4e00-\u9fff]|师傅|老师|医生|书记|主任|村长|支书|会计|哥|姐)"
)
# Whose home or wife it is; a name where the segmenter takes it for one.
_WHOSE = re.compile(
    r"(?:^|[\W_]|替|帮|给|和|跟|为|隔壁|邻居)(?P<name>[\u4e00-\u9fff]{2,4}?)(?:家(?![具电畜禽乡庭长门])|他们|屋头|屋里|两口子|的(?:婆娘|男人|老婆|媳妇|老公|娃))"
)
# Of these surnames most begin a common word, so that only a name that the segmenter knows is one.
_COMMON = frozenset("常易何任方段万高温文石龙康雷马白叶余田江金代游卓阳")
# A name stands after who somebody is, or at the head of a clause before what only people do.
_ROLES = tuple(either("names", "roles").split("|"))
_DEEDS = re.compile(either("names", "deeds"))
_SURNAME = re.compile(rf"[{_SURNAMES}](?=[\u4e00-\u9fff])")
_BEFORE_A_NAME = "和跟与请帮替给为是让"
# Two of a family side by side.
_SIBLINGS = re.compile(rf"(?P<name>(?P<same>[{_SURNAMES}])[\u4e00-\u9fff]{{1,2}})[和与跟、](?P=same)[\u4e00-\u9fff]")
_SPELLED = re.compile(
    rf"姓[{_SURNAMES}][,、]?名(?!字)|(?:户主|家主|本人|媳妇|[妻子夫人母父]亲?)(?:姓[{_SURNAMES}]|[是叫:]?[\u0f00-\u0fff]{{3,}})"
)
_TIBETAN = re.compile(either("names", "tibetan_script"))


def names(draft: Draft) -> Iterator[Finding]:
    """Names of the household's members, of anybody else, and of the village: the township is the finest place shown."""
    for where, text in draft.texts():
        whole, latin = closed(text), "".join(plain(text).split())
        known = [name for name in draft.names if len(name) > 1]
        if any(closed(name) in whole or _sounds_like(name, latin) for name in known):
            yield Finding("member_name", Severity.REFUSE, _NAME_MESSAGE, where)
        elif _names_somebody(plain(text)):
            yield Finding("says_name", Severity.REFUSE, _NAME_MESSAGE, where)
        elif part := next((part for name in known for part in _parts(name) if part in whole), None):
            message = "“%(word)s” is a part of a member's name."
            yield Finding("name_part", Severity.FLAG, message, where, {"word": part})
        if len(draft.village) > 1 and normal_form(draft.village) in plain(text):
            yield Finding(
                "village_name",
                Severity.REFUSE,
                "Take the village's name out of the text: the township is shown by itself.",
                where,
            )


def _names_somebody(text: str) -> bool:
    said = _NO_NAMES.sub("", text)
    whole = "".join(said.split())
    if any(pattern.search(whole) for pattern in (_SAYS_NAME, _TITLED, _SPELLED, _TIBETAN)) or _GIVEN.search(
        closed(said)
    ):
        return True
    if any([tag for _, tag in rjieba.tag(match["name"])] == ["nr"] for match in _WHOSE.finditer(said)):
        return True
    sides = [match["name"] for match in _SIBLINGS.finditer(whole)]
    if any(_is_no_word(side) or (len(side) > 2 and _is_a_name(side)) for side in sides):
        return True
    return any(_is_named(whole, head.start()) for head in _SURNAME.finditer(whole))


def _is_named(text: str, start: int) -> bool:
    """Whether the surname at ``start`` begins a name, by what stands around it."""
    after_role = text[:start].rstrip("是叫:,(「“").endswith(_ROLES)
    is_head = start == 0 or not "\u4e00" <= text[start - 1] <= "\u9fff" or text[start - 1] in _BEFORE_A_NAME
    ends = [end for end in (start + 3, start + 2) if after_role or (is_head and _DEEDS.match(text, end))]
    return any(_is_a_name(text[start:end]) for end in ends)


def _is_a_name(word: str) -> bool:
    """A surname with what follows is a name where the segmenter knows it as one, or does not know it as a word."""
    return any(tag == "nr" for _, tag in rjieba.tag(word)) or (word[0] not in _COMMON and _is_no_word(word))


def _is_no_word(word: str) -> bool:
    return len(rjieba.cut(word)[0]) == 1


def _parts(name: str) -> list[str]:
    """What a name is called by for short: two syllables of four, the given name of three characters."""
    return {3: [name[1:]], 4: [name[:2], name[2:]]}.get(len(name), [])


def _sounds_like(name: str, latin: str) -> bool:
    sound = pinyin(name)
    return len(sound) > 6 and sound in latin
