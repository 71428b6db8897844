"""Names, illnesses and people under 18 in a free text (R-P1, P3)."""

import re
from collections.abc import Iterator

import rjieba

from marketplace.core.text import normal_form, pinyin
from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import closed, number_of, plain

_ADULT = 18
_NAME_MESSAGE = "Take the person's name out of the text."
# Given names that most people of the region carry; a text that holds one names somebody.
_GIVEN_NAMES = (
    *("扎西", "卓玛", "次仁", "泽仁", "拉姆", "央金", "多吉", "格桑", "旺堆", "丹增", "洛桑", "洛绒", "曲珍", "德吉"),
    *("仁青", "平措", "索朗", "四郎", "翁姆", "尼玛", "巴桑", "益西", "降央", "登巴", "才让", "阿旺", "央宗", "次旺"),
)
# Words and places that such a name is part of.
_NO_NAMES = re.compile(r"扎西德勒|格桑花|格桑梅朵|白玛花|尼玛堆")
_KIN = (
    "妻子|丈夫|父亲|母亲|爸爸|妈妈|儿子|女儿|孙子|孙女|爷爷|奶奶|弟弟|妹妹|哥哥|姐姐|老伴|儿媳|女婿|邻居|户主|家主"
    "|联系人|村干部|信息员|班主任|村长|书记"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙朱胡郭林罗郑梁谢宋唐许韩冯邓曹彭曾萧董袁潘蒋蔡杜程苏魏吕丁沈姚卢姜崔钟谭陆汪范"
    "廖贾夏韦邹熊孟秦邱尹薛闫侯陶贺郝龚邵钱覃武戴莫孔汤"
)
_SAYS_NAME = re.compile(
    r"我叫|本人叫|名叫|小名|自称|姓名[:是]|名字[是叫]|我的名字|户主[:：]|联系人[:：]|(?:邻居|儿子|女儿|丈夫|妻子)叫[^我他]"
)
_KIN_NAMED = re.compile(rf"(?:{_KIN})[是:：,，]?(?P<name>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})")
_AGE = re.compile(
    r"(\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])周?岁半?(?!以上|及以上|数)"
)
_BORN = re.compile(
    r"(?:19|20)\d\d年?(?:\d{1,2}月)?(?:\d{1,2}日)?(?:出生|生人|生的|生(?![产活意长]))|满月|[\d一二三四五六七八九十两]+个月(?:大|的[娃孩宝婴女男])"
)
_GRADE = re.compile(
    r"[一二三四五六七八九\d]年级|[初高][一二三123](?![\d次个名])|上小学|上初中|上高中|念小学|念初[中一二三]|读小学|读初中|读高中"
)
_CHILD = re.compile(
    r"孩子|小孩|娃娃|女娃|男娃|娃儿|女孩|男孩|女童|男童|儿童|婴儿|宝宝|幼儿(?!园)|小学生|中学生|初中生|高中生|未成年|孤儿|学龄前|小家伙|的娃"
    r"|孙子|孙女|小孙|女儿|儿子|(?:小学|初中|高中|在校|住校)学生|\d+名学生|[初高][一二三]男生|男生|女生|弟弟|妹妹|父母双亡"
)
_GROWN = re.compile(
    r"(?:儿子|女儿|孙子|孙女|弟弟|妹妹)[们都在]{0,2}(?:外出|在外|务工|打工|出嫁|成家|分家|当兵|工作)|(?:外出|务工|打工|出嫁|成家|分家|当兵|工作|(?<!未)成年)的?(?:儿子|女儿|孙子|孙女|弟弟|妹妹)|儿女"
)
_SICK = (
    *("癌", "肿瘤", "白血病", "包虫", "大骨节", "结核", "乙肝", "丙肝", "肝炎", "肝硬化", "糖尿病", "高血压", "冠心病"),
    *(
        "心脏病",
        "先心病",
        "风湿",
        "关节炎",
        "尿毒症",
        "透析",
        "肾衰",
        "肾病",
        "癫痫",
        "羊角风",
        "精神病",
        "精神分裂",
        "精神障碍",
    ),
    *("抑郁", "自闭", "脑瘫", "中风", "脑梗", "脑出血", "偏瘫", "瘫痪", "截肢", "截瘫", "白内障", "青光眼", "失明"),
    *("聋哑", "艾滋", "hiv", "梅毒", "痛风", "哮喘", "尘肺", "矽肺", "肺气肿", "慢阻肺", "肺炎", "胃溃疡", "结石"),
    *("阑尾炎", "骨折", "骨质增生", "腰椎", "颈椎病", "股骨头", "痴呆", "帕金森", "红斑狼疮", "甲亢", "甲状腺", "贫血"),
    *("血友病", "唇腭裂", "兔唇", "麻风", "大三阳", "小三阳", "化疗", "放疗", "智力残疾", "精神残疾"),
)
_SICK_PATTERN = re.compile(
    r"(?:肢体|听力|视力|智力|精神|言语|多重|重度)?[一二三四1234]级残疾|(?:肢体|听力|视力|智力|精神|言语|多重)残疾"
    r"|残疾[一二三四1234]级|(?:患|得了|确诊|查出|患有)(?!病|者)[\u4e00-\u9fff]{1,6}(?:病|炎|癌|瘤|症)"
)
# Animals, plants and things that are sick or treated; nobody's illness.
_NOT_SICK = re.compile(
    r"褥疮|血压计|血糖仪|残疾证年审|兽医|(?:牦牛|牛|羊|猪|鸡|马|果树|苹果树|树|苗)[\u4e00-\u9fff]{0,4}(?:病|炎|瘟)"
)


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


def minors(draft: Draft) -> Iterator[Finding]:
    """The age, birth or class of a person under 18, or of anybody's birth; a child that is mentioned (P3)."""
    for where, text in draft.texts():
        said = plain(text)
        ages = [number_of(found) for found in _AGE.findall(said)]
        if any(age < _ADULT for age in ages) or _BORN.search(said):
            yield Finding("child_age", Severity.REFUSE, "Take the child's age out of the text.", where)
        elif _GRADE.search(said):
            yield Finding("school", Severity.REFUSE, "Take school and class out of the text.", where)
        # "The children of the village" are nobody's children.
        elif not draft.is_village_need and (found := _CHILD.search(_GROWN.sub("", said))):
            message = "“%(word)s” speaks of a person under 18."
            yield Finding("child", Severity.FLAG, message, where, {"word": found.group()})


def illness(draft: Draft) -> Iterator[Finding]:
    """An illness or a grade of disability by its name: the public is told the kind of need, never the illness."""
    for where, text in draft.texts():
        said = _NOT_SICK.sub("", closed(text))
        word = next((word for word in _SICK if word in said), None)
        found = word or ((match := _SICK_PATTERN.search(said)) and match.group())
        if found:
            grave = Severity.FLAG if draft.is_village_need else Severity.REFUSE
            yield Finding("illness", grave, "Take the illness out of the text: “%(word)s”.", where, {"word": found})


def _names_somebody(text: str) -> bool:
    said = _NO_NAMES.sub("", text)
    if _SAYS_NAME.search(said) or any(name in closed(said) for name in _GIVEN_NAMES):
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
