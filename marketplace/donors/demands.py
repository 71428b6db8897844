"""What a donor may not ask of whoever is helped: photos together, contact, thanks, publicity, a child (R-V9).

A text is read clause by clause in its normal form; a clause that says that something is *not* asked for is no demand.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from marketplace.core.errors import Invalid
from marketplace.core.kinds import Labelled
from marketplace.core.text import normal_form


class Demand(Labelled):
    """What is asked of people instead of help (不当条件), the gravest first."""

    INDECENT = "indecent", "不正当要求"
    CHILD = "child", "接触孩子"
    PHOTO = "photo", "合影、拍人"
    CONTACT = "contact", "直接联系、上门"
    CEREMONY = "ceremony", "感谢仪式"
    PUBLICITY = "publicity", "宣传露脸"
    BELIEF = "belief", "宗教、政治"
    WORK = "work", "干活、买东西"


# Whoever asks for one of these is looked at by a person (fraud 29).
GRAVE = frozenset({Demand.INDECENT, Demand.CHILD, Demand.PHOTO, Demand.CONTACT})
# In what a donor says in general: whoever offers to visit or to teach demands nothing.
OF_ANYBODY = (Demand.INDECENT, Demand.CHILD, Demand.PHOTO, Demand.CEREMONY)


class Refused(Invalid):
    """A text asks for what nobody may ask for; ``demand`` says for what."""

    def __init__(self, demand: Demand, *, field: str) -> None:
        super().__init__(_RULES[demand].sentence, field=field)
        self.demand = demand


@dataclass(frozen=True, slots=True)
class _Rule:
    """What shows the demand, what makes it harmless, and what the donor reads."""

    pattern: re.Pattern[str]
    sentence: str
    harmless: re.Pattern[str] | None = None


_CHILD = (
    "(?:孩子|小孩|学生|女童|男童|儿童|小朋友|女孩|男孩|女娃|男娃|娃娃|娃儿|孤儿|小姑娘"
    r"|\bchild(?:ren)?\b|\bkids?\b|\bgirls?\b|\bboys?\b|\bstudents?\b|\bpupils?\b)"
)
_PERSON = (
    f"(?:受助|帮扶对象|对方|农户|户主|老人|老乡|村民|家里人|家人|本人|他们?|她们?|人家|受益|{_CHILD}"
    r"|\bthem\b|\bfamily\b|\bhousehold\b|\brecipients?\b)"
)
_MEET = (
    "(?:见|联系|认识|通信|写信|来信|回信|书信|通话|聊天|视频|打电话|汇报|做客|[到来]我家|带[回走来去到]|接[来到走]"
    r"|\bmeet|\bvisit|\bwrite|\bletters?\b|\bcall|\bchat|\bcontact)"
)
_RULES = {
    Demand.INDECENT: _Rule(
        re.compile(
            "陪(?:我|吃|喝|睡|玩|酒|夜|游)|同居|拥抱|亲吻|牵手|裸[照体身聊]|身材|漂亮|单身女|未婚女|嫁给?|结婚|处对象|谈恋爱|交女?朋友|相亲"
            "|干(?:女儿|儿子|妹|姐|妈|爹)|认[做作为当]?(?:干|父|爸|妈|哥)|以身|肉体|性(?:关系|服务)|三围"
            r"|\bmarry|\bnude|\bkiss|\bhug|\bpretty\b|\bdate (?:me|with)"
        ),
        "This can never be asked of anybody. You may say what the help is for and by when it is needed.",
    ),
    Demand.CHILD: _Rule(
        re.compile(
            f"{_MEET}[^,]{{0,8}}{_CHILD}|{_CHILD}[^,]{{0,10}}{_MEET}|[认领收抱寄]养|认亲|结对[^,]{{0,4}}{_CHILD}|一对一[^,]{{0,6}}{_CHILD}"
            f"|{_CHILD}的?(?:姓名|名字|年龄|成绩单?|学校|班级|照片|资料|地址|电话)"
            rf"|\badopt|\bname of (?:the|a) {_CHILD}"
        ),
        "Contact with a child, or anything about a child, can never be asked for. You may say what the help is for, for"
        " example school things.",
    ),
    Demand.PHOTO: _Rule(
        re.compile(
            "合影|合照|同框|自拍|留影|露脸|正脸|出镜|拍(?:个|张|些|几张|下|一)?(?:照|视频|短视频|录像|小视频)|照相|相片|照片|录像"
            "|录[个段]?(?:视频|像|音)|摆拍|举着?(?:牌|横幅|锦旗)"
            r"|\bphoto|\bpicture|\bselfie|\bvideo"
        ),
        "A photo with or of the people who are helped can never be asked for. A photo of the thing is taken in any case"
        " when it is handed over.",
        re.compile(
            "(?:物品|物资|货物?|东西|实物|工程|完工|施工|房子|屋顶|炉子|被子|签收单?|收据|发票|票据|清单|账单|到货|收货|安装)"
            "[^,]{0,6}(?:照|相片|录像|视频)|只拍|仅拍|拍(?:物|东西|货|单据|发票)"
            r"|\b(?:photo|picture)s? of the (?:thing|goods|work|receipt|invoice|stove|quilt)"
        ),
    ),
    Demand.CONTACT: _Rule(
        re.compile(
            "见面|见[一个]?面|面谈|上门|登门|入户|家访|走访|探望|看望|拜访|做客|认识一下|微信|[要留打加问把][^,]{0,6}电话|电话(?:号|给我|联系)|手机号|联系方式|住址|地址"
            "|身份证|户口[本簿]|银行卡|病历|真实姓名|(?:直接|单独|私下|经常|定期|保持)联系"
            f"|(?:联系|面见){_PERSON}|[和与跟]{_PERSON}[^,]{{0,4}}(?:联系|通话|见|聊)"
            f"|(?:亲手|亲自|当面)[^,]{{0,6}}(?:交|送|发)[给到]?[^,]{{0,4}}(?:{_PERSON}|手[里中上])"
            r"|\bmeet|\bvisit|\bphone|\bwechat|\baddress|\bcontact|\bid (?:card|number)"
        ),
        "Nobody who is helped has to meet you or give a number or an address. The village writes to you in any case how"
        " it went.",
    ),
    Demand.CEREMONY: _Rule(
        re.compile(
            "感谢信|感恩|锦旗|磕头|鞠躬|下跪|敬礼|哈达|敲锣|打鼓|仪式|典礼|座谈会|致谢|道谢|当众|感谢(?:我|公司|本)|说声?谢谢"
            "|写封?信|剪彩|挂牌|迎接|接待|请我?们?吃|报恩|回报(?:我|公司|社会)"
            r"|\bceremon|\bthank|\bgrateful|\bgratitude|\bbow\b"
        ),
        "Thanks and ceremonies cannot be asked for; who wants to thank you will. You may say by when the help should be"
        " handed over.",
    ),
    Demand.PUBLICITY: _Rule(
        re.compile(
            "宣传|采访|报道|媒体|记者|直播|抖音|快手|公众号|朋友圈|微博|小红书|横幅|条幅|标语|logo|商标|广告|冠名|代言|电视台|点赞"
            "|穿(?:我|公司|印)|印[上有][^,]{0,6}(?:公司|名|标)|公司(?:名称|标志|标识)"
            r"|\bpublicity|\bpress\b|\bmedia\b|\binterview|\bbanner|\badvert"
        ),
        "Nobody has to serve as publicity. Your name may stand with the gift in public: untick “Do not show my name”.",
    ),
    Demand.BELIEF: _Rule(
        re.compile(
            "信(?:教|佛|主|耶稣|上帝|道教|奉)|入教|皈依|念[经佛]|祷告|祈祷|礼拜|拜佛|烧香|供灯|法会|放生|传教|受洗|教会|佛堂|寺庙"
            "|投票|选举|入党|退党|拥护|宣誓|作证|上访"
            r"|\bpray|\bchurch|\bbible|\btemple|\bconvert|\bvote|\bbelieve in"
        ),
        "Help never depends on belief or opinion. You may say what the help is for.",
    ),
    Demand.WORK: _Rule(
        re.compile(
            "[来到去给帮为替](?:我|本公司|厂里|店里)(?:们|司|厂|家|公司)?[^,]{0,6}(?:上班|打工|干活|做工|工作|服务|劳动|做事|帮忙)"
            "|义务(?:劳动|打扫|干活)|劳动换|做满|签(?:合同|协议|约)|只能?(?:买|用|卖|种|养)(?:我|本|公司)|必须(?:买|购买|种|卖|养)"
            "|卖给(?:我|公司|本)|购买(?:我|本|公司)|宅基地|抵押|抚养权"
            r"|\bwork for (?:me|us)|\bbuy (?:from|only)|\bsell (?:me|us|to)"
        ),
        "Nobody works or buys for help. Post work and purchases as what you offer; here you may say what the help is"
        " for.",
    ),
}
_CLAUSE = re.compile(r"[,.;:!?。、\n]+")
# Blanks count between words of Latin letters alone.
_BLANK = re.compile(r"(?<![a-z]) | (?![a-z])")
_NOT = re.compile(
    r"不|无需|无须|无条件|(?<![特分级个性区])别|免(?!费)|勿|毋|谢绝|没有|拒绝|\bno\b|\bnot\b|\bwithout\b|\bnever\b|n't\b"
)
# "No photo, no gift": two negations ask for it after all.
_UNLESS = re.compile(
    r"不[^,]{0,10}[,]?[就则便]|否则|除非|不然|才[能给捐行可]|不[^,]{0,8},?不(?:捐|给|认领)|\bunless\b|\botherwise\b"
)


def find_demand(text: str, *, among: Collection[Demand] = tuple(Demand)) -> Demand | None:
    """The gravest thing of these that the text asks for, or None."""
    return next(_demands(text, among), None)


def refuse_demands(text: str, *, field: str, among: Collection[Demand] = tuple(Demand)) -> None:
    """Raise Refused with the sentence that says why, and what may be asked instead."""
    demand = find_demand(text, among=among)
    if demand is not None:
        raise Refused(demand, field=field)


def _demands(text: str, among: Collection[Demand]) -> Iterator[Demand]:
    plain = _BLANK.sub("", normal_form(text))
    is_threat = _UNLESS.search(plain) is not None
    clauses = [clause for clause in _CLAUSE.split(plain) if clause]
    for demand in Demand:
        if demand in among and any(_asks(_RULES[demand], clause, is_threat=is_threat) for clause in clauses):
            yield demand


def _asks(rule: _Rule, clause: str, *, is_threat: bool) -> bool:
    found = rule.pattern.search(clause)
    if found is None or (rule.harmless is not None and rule.harmless.search(clause)):
        return False
    return is_threat or _NOT.search(clause[: found.start()]) is None
