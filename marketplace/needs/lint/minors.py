"""People under 18 in a free text: an age, a birth, a class, or that there is one (P3)."""

import re
from collections.abc import Iterator

from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import number_of, plain

_ADULT = 18
_AGE = re.compile(
    r"(?<![几数])(\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九]|十来|十几|(?<!十)几)周?岁半?(?!以上|及以上|数)"
)
# An age without its unit, after a word for somebody young.
_AGED = re.compile(
    r"(?:姑娘|[女男儿孙妹弟娃崽]|丫头|小子|幺\w|老[大二三幺])[^。;!?]{0,4}(?:满了?|快|刚满?|才满?|今年|虚)"
    r"(\d{1,2}|[一二]?十[一二三四五六七八九]?|[一二两三四五六七八九])(?![\d一-九十百千个只头斤亩元月天次门])"
)
_BORN = re.compile(
    r"属[鼠牛虎兔龙蛇马羊猴鸡狗猪](?:的|$|[,。;])|[鼠牛虎兔龙蛇马羊猴鸡狗猪]年(?:出?生|生的)|(?:19|20)\d\d年?(?:\d{1,2}月)?(?:\d{1,2}日)?(?:出生|生人|生的|生(?![产活意长]))|满月|[\d一二三四五六七八九十两]+个月(?:大|的[娃孩宝婴女男])"
)
_GRADE = re.compile(
    r"[一二三四五六七八九\d]年级|[初高][一二三123](?![\d次个名])|上小学|上初中|上高中|念小学|念初[中一二三]|读小学|读初中|读高中"
)
_CHILD = re.compile(
    r"孩子|小孩|娃(?!娃菜)|女孩|男孩|女童|男童|儿童|婴儿|[女男弃]婴|宝宝|幼儿(?!园)|小学生|中学生|初中生|高中生|未成年|孤儿|学龄前|小家伙|新生儿|月子(?!豆)"
    r"|孙子|孙女|小孙|外孙|重孙|侄[儿女子]|外甥|女儿|儿子|(?:小|大)姑娘|丫头|小伙子|妹崽|幺[儿女妹]|老幺|[大小]的(?:那个|一个)?才"
    r"|(?:没|未|还没|刚)断奶|(?:还在|正在)?吃奶(?!的[牛羊])|尿不湿|尿布|奶瓶|婴幼儿奶粉|[一1]段奶粉|(?:才|刚)会(?:走|爬|说话)|哺乳期|喂奶"
    r"|(?:小学|初中|高中|在校|住校)学生|\d+名学生|[初高][一二三]男生|男生|女生|弟弟|妹妹|父母双亡"
)
# Beasts and trees have ages, sucklings and names of their own.
_BEAST = re.compile(
    r"[\u4e00-\u9fff]{0,6}(?:牛|羊|马|驴|骡|猪|狗|獒|鸡|鸭|树|苗|牲口|牲畜|仔)[^。；;!?]{0,12}?(?:岁|个月|断奶|吃奶|喂奶)的?(?:牛|羊|马|猪)?"
    r"|(?:断奶|吃奶|[\d一二两三四五六七八九十]岁)的?(?:小|公|母|能繁母)?[\u4e00-\u9fff]?(?:牛|羊|马|驴|骡|猪|狗|仔|犊|羔)"
)
_GROWN = re.compile(
    r"(?:儿子|女儿|孙子|孙女|弟弟|妹妹)[们都在]{0,2}(?:外出|在外|务工|打工|出嫁|成家|分家|当兵|工作)|(?:外出|务工|打工|出嫁|成家|分家|当兵|工作|(?<!未)成年)的?(?:儿子|女儿|孙子|孙女|弟弟|妹妹)|儿女"
)


def minors(draft: Draft) -> Iterator[Finding]:
    """The age, birth or class of a person under 18, or of anybody's birth; a child that is mentioned (P3)."""
    for where, text in draft.texts():
        said = _BEAST.sub("", plain(text))
        ages = [number_of(found) for found in (*_AGE.findall(said), *_AGED.findall(said))]
        if any(age < _ADULT for age in ages) or _BORN.search(said):
            yield Finding("child_age", Severity.REFUSE, "Take the child's age out of the text.", where)
        elif _GRADE.search(said):
            yield Finding("school", Severity.REFUSE, "Take school and class out of the text.", where)
        # "The children of the village" are nobody's children.
        elif not draft.is_village_need and (found := _CHILD.search(_GROWN.sub("", said))):
            message = "“%(word)s” speaks of a person under 18."
            yield Finding("child", Severity.FLAG, message, where, {"word": found.group()})
