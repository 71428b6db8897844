"""An illness in a free text, by its name, its treatment or its effect (R-P3)."""

import re
from collections.abc import Iterator

from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import closed
from marketplace.needs.lint.vocabulary import word_list

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
# Beasts, food and machines have parts of the same names, and aids are things.
_NO_BODY = re.compile(
    r"[牛羊猪鸡鱼]\w{0,3}[肝肺肾胃肠骨脑血]|电脑|头脑|脑筋|骨干|骨架|肠子?机|香肠|胆量|胆子|山脊|屋脊|脊瓦|房脊|聋哑|助听器|盲杖|护[膝腰]|垫肩|手术费|住院费|肠衣|内胆"
)
# By the treatment or by the effect: what people write who leave the name out.
_ORGAN = "心脏?|心口|肝|肺|肾|胃|肠|脑壳?|脑袋|脑子|骨头|眼睛?|喉咙|乳房|奶子|子宫|下身|胆|膀胱|脊背|脊椎"
_EFFECT = re.compile(
    r"透(?:[一二两三四几\d]次|析)|(?:去|做)透|化(?:了|过)?[一二两三四五六几\d]+次|支架|搭桥|移植|开(?:过|了)?刀|放过?疗"
    r"|胰岛素|降[压糖脂](?:药|片)|止痛(?:针|药)|血糖|尿糖|尿毒|血压高|高压病|病危|绝症|(?:那个|怪|重|老)病|得了?不好的|传染"
    r"|[咳吐便尿]血|[脑胸腹肺肾]\w{0,2}积水|坏死|长(?:了)?(?:东西|包块?|瘤|疮)|瘤|(?:半边|半个|下半)?身[子体]?(?:不遂|动不了|没知觉|瘫|僵)|半身不|瘫"
    r"|羊[儿癫]+疯|疯(?!狂|长)|发癫|神经(?:病|兮兮)|(?:脑[子壳袋]|神志|精神)[里有]{0,2}(?:有点|时常)?(?:不清|不正常|有?毛病|失常|有?问题|糊涂)|时不时打人"
    r"|麻痹|痨病?|流[产掉]|流掉|小产|(?<!田地打洒施喷)(?:喝|吃)过?农药|轻生|自杀|寻短见|想不开|戒毒|吸毒|毒瘾|酒瘾"
    r"|(?:眼睛?)[\u4e00-\u9fff]{0,4}(?:瞎|看不见|坏了)|瞎|失聪|断[了过](?:一[只条])?(?:腿|手|脚|胳膊)|(?:手|脚|腿)(?:都|也|全)?(?:烂|断|锯|残)"
    rf"|(?:{_ORGAN})(?:里头?|上|里面|脏)?(?:有|长|生|放|装|换|切|摘|烂|出)(?:了|过)?(?:个|一个)?(?:洞|病|瘤|东西|毛病|问题|水|支|起搏|石|炎|了)"
    rf"|(?:{_ORGAN})(?:不好|有病|衰竭|坏了|硬化|发炎|疼得|痛得)|[切割摘]掉?(?:了)?(?:{_ORGAN})|要切"
)
# Whoever writes of a body writes of somebody's health, whatever the illness is called here.
_BODY = re.compile(
    r"心子|心脏|[肝肺肾胃肠脾胆]|脑|神经|耳朵|眼睛|腰(?:杆|上|痛|疼)|(?:腿|脚|手|胳膊|膝盖|手指头?)(?:杆)?(?:上)?(?:断|没|少|肿|麻|烂|痛|疼|残|废)"
    r"|没得?(?:手|脚|腿)|脊|骨(?!架|料|肥|粉)|[昏晕]倒|头[昏晕]|抽[风搐]|白沫|[喘肿聋哑瞎瘸跛](?!口气)|躺起|起不来床|不会说话|疙瘩|麻子|天花|出院|住院|手术后|后遗症"
)
# Animals, plants and things that are sick or treated; nobody's illness.
_NOT_SICK = re.compile(
    r"褥疮|血压计|血糖仪|残疾证年审|兽医|(?:牦牛|牛|羊|猪|鸡|马|果树|苹果树|树|苗)[\u4e00-\u9fff]{0,4}(?:病|炎|瘟)"
    r"|(?:水泥|木|铁|钢|灯|货)支架|支架(?:棚|台|床)|瘫(?:塌|了半边墙)|(?:机|泵|车|路|网|线|电)[\u4e00-\u9fff]{0,4}瘫痪?|瘫痪?的(?:机|泵|车|水|电)|(?:水|电|房|门|灯|路|管)[\u4e00-\u9fff]{0,3}(?:坏死|积水|移植)|积水(?:池|坑|塘)|移植(?:苗|树)"
    r"|传染(?:疫|性胸)"
)


def illness(draft: Draft) -> Iterator[Finding]:
    """An illness or a grade of disability by its name: the public is told the kind of need, never the illness."""
    for where, text in draft.texts():
        said = _NOT_SICK.sub("", closed(text))
        word = next((word for word in _SICK if word in said), None)
        found = word or next((match.group() for p in (_SICK_PATTERN, _EFFECT) if (match := p.search(said))), None)
        found = found or word_list("illness").search(said)
        if found:
            grave = Severity.FLAG if draft.is_village_need else Severity.REFUSE
            yield Finding("illness", grave, "Take the illness out of the text: “%(word)s”.", where, {"word": found})
        elif body := _BODY.search(_NO_BODY.sub("", said)):
            message = "“%(word)s” speaks of somebody's body or health."
            yield Finding("body", Severity.FLAG, message, where, {"word": body.group()})
