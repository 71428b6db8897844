"""Names of people and of the village in a free text (R-P1)."""

import re
from collections.abc import Iterator

import rjieba

from marketplace.core.text import normal_form, pinyin
from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import closed, plain

_NAME_MESSAGE = "Take the person's name out of the text."
# Given names that most people of the region carry; a text that holds one names somebody.
_GIVEN_NAMES = (
    *("扎西", "卓玛", "次仁", "泽仁", "拉姆", "央金", "多吉", "格桑", "旺堆", "丹增", "洛桑", "洛绒", "曲珍", "德吉"),
    *("仁青", "平措", "索朗", "四郎", "翁姆", "尼玛", "巴桑", "益西", "降央", "登巴", "才让", "阿旺", "央宗", "次旺"),
    *("罗绒", "邓珠", "彭措", "土登", "曲批", "卓嘎", "旺姆", "拥措", "邛批", "白玛", "班觉", "贡布", "嘎玛", "顿珠"),
    *("江措", "嘉措", "俄色", "泽翁", "泽郎", "志玛", "达瓦", "普布", "米玛", "拉巴", "边巴", "强巴", "群培", "丁真"),
    *("嘎松", "根秋", "仁真", "松吉", "桑登", "绒布", "色珠", "喜饶", "希绕", "西绕", "德庆", "雍措", "拥珍", "鲁绒"),
    *("昂旺", "伍金", "邬金", "云登", "赤列", "旦增", "多杰", "久美", "晋美", "洛松", "呷玛", "呷绒", "央拉", "才仁"),
)
# Words and places that such a name is part of.
_NO_NAMES = re.compile(r"扎西德勒|格桑花|格桑梅朵|白玛花|尼玛堆")
_KIN = (
    "妻子|丈夫|父亲|母亲|爸爸|妈妈|儿子|女儿|孙子|孙女|爷爷|奶奶|弟弟|妹妹|哥哥|姐姐|老伴|儿媳|女婿|邻居|户主|家主"
    "|联系人|村干部|信息员|班主任|村长|书记"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙朱胡郭林罗郑梁谢宋唐许韩冯邓曹彭曾萧董袁潘蒋蔡杜程苏魏吕丁沈姚卢姜崔钟谭陆汪范"
    "廖贾夏韦邹熊孟秦邱尹薛闫侯陶贺郝龚邵钱覃武戴莫孔汤何高任石龙万段雷方史顾毛黎易常赖文康向温华柳柯殷辛蒲鲜"
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
_KIN_NAMED = re.compile(rf"(?:{_KIN})[是:：,，]?(?P<name>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})")


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
    if _SAYS_NAME.search(said) or _TITLED.search(said) or any(name in closed(said) for name in _GIVEN_NAMES):
        return True
    if any([tag for _, tag in rjieba.tag(match["name"])] == ["nr"] for match in _WHOSE.finditer(said)):
        return True
    return any(_is_a_name(match["name"]) for match in _KIN_NAMED.finditer(said))


def _is_a_name(word: str) -> bool:
    """A surname with what follows is a name where the segmenter does not know it as a word."""
    cut = rjieba.cut(word)
    return len(cut[0]) == 1 or any(tag == "nr" for _, tag in rjieba.tag(word))


def _parts(name: str) -> list[str]:
    """What a name is called by for short: two syllables of four, the given name of three characters."""
    return {3: [name[1:]], 4: [name[:2], name[2:]]}.get(len(name), [])


def _sounds_like(name: str, latin: str) -> bool:
    sound = pinyin(name)
    return len(sound) > 6 and sound in latin
