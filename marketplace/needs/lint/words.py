"""Luxury, forbidden and brand words, complaints, and signs that are no words."""

import re
from collections.abc import Iterator

from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import closed, plain

# Written for the usual pretexts, not to be complete: a person decides.
_LUXURY = re.compile(
    r"跑步机|按摩椅|游戏机|游戏本|电竞|单反|相机(?!架)|无人机|平衡车|名牌|奢侈|最新款|高档|豪华|手表|首饰|金项链|钻戒|戒指|貂皮|皮草"
    r"|轿车|小汽车|越野车|suv|跑车|房车|商品房|别墅|城里(?:要)?一?套房|买房|楼房一套|家庭影院|大彩电|[5-9]\d寸"
    r"|旅游|出国|度假|健身(?!器材)|整容|美容|化妆品|香水|宠物|ktv|投影家庭|智能手表|耳机"
    r"|跑步(?:用)?的?机|首付|按揭|房贷|套[二三四](?!十)|(?:想|要|求)[^。;,]{0,4}(?:一部|个|台)?苹果(?![树苗园箱干汁]|种)|水果机|最新(?:的那|[^。;,]{0,4}手机)|折叠(?:屏)?手机|艇|藏獒|宠物|去[\u4e00-\u9fff]{1,6}[耍玩]|耳环|项链|手镯|锻炼身?体?(?:用)?|[欧劳]米|欧米茄|劳力士|金[戒耳项]"
)
_FORBIDDEN = re.compile(
    r"(?<![酿料])酒(?!糟|曲|精|厂|坊|店|席令)|老?白干|二锅头|威士忌|白兰地|五粮|啤的|白的[一二两三\d]|\bxo|x\.?o(?=一?瓶)|烟酒|[纸叶]子?烟(?![管囱道])|香烟|卷烟|抽烟|[一二两三四五六七八九十几\d]+[条包盒][\u4e00-\u9fff]{0,4}烟(?![管囱])"
    r"|彩票|赌|麻将|打牌|牌债|老虎机|还债|还赌|网贷|高利贷|借贷宝|彩礼|随礼|礼金|办婚礼|摆酒"
    r"|手续费|介绍费|先转|保证金|刷单|返现|垫付|垫资|解冻金|发个?红包|给个?红包"
    r"|管制刀|匕首|枪|弹药|(?<!强)弩|炸药(?!库)|雷管|鞭炮|烟花|爆竹|吸毒|毒品|大麻|鹿茸|麝香|熊胆|虎骨|象牙|野生动物|迷药"
    r"|送(?:人|礼|领导|干部)|请客|捕鸟|捕兽|打猎|猎[枪物捕杀]|獐|麂|偷猎|止痛针|头[疼痛]粉|壮阳|保健品|伟哥|泡水喝?$|鹿[鞭角]|[藏腰长短]刀(?!豆)|茅子|佛像|鎏金|[捐修供][^。;,]{0,4}(?:庙|寺|佛)"
    r"|[一二两三四五六七八九十几\d]条(?:阿诗玛|红塔山|中华|玉溪|黄鹤楼|软云)"
)
_BRANDS = re.compile(
    r"某品牌|苹果(?:手机|平板|电脑)|iphone|ipad|华为|小米(?:手机|电视|平板|手环)|红米|荣耀(?:手机|平板)|oppo|vivo|三星|魅族|一加手机|联想|戴尔"
    r"|波司登|耐克|阿迪|安踏|李宁|特步|匹克|361度|鸿星尔克|回力|始祖鸟|北面|探路者|骆驼牌|优衣库|雅鹿|南极人|恒源祥"
    r"|海尔|美的(?=[电空冰洗热取压油])|格力|海信|tcl|创维|长虹|康佳|西门子|松下|索尼|戴森|九阳|苏泊尔|奥克斯|志高|容声|小天鹅"
    r"|茅台|五粮液|中华烟|玉溪烟|云烟|伊利|蒙牛|金龙鱼|福临门|立白|雅迪|爱玛(?=[电车])|台铃|五菱|大疆"
)
_COMPLAINT = re.compile(r"举报|不公平|村干部|贪污|上访|投诉|优亲厚友")
_SIGNS = re.compile(r"<[a-z/!]|^\s*[=+@]|;\s*--|\{\{|\$\{|https?://|www\.|javascript:")
_LISTS = (
    ("luxury", _LUXURY, "“%(word)s” sounds like more than a household needs."),
    ("forbidden", _FORBIDDEN, "“%(word)s” is nothing that may be asked for here."),
    ("brand", _BRANDS, "“%(word)s” names a brand: write what it is for instead."),
    ("complaint", _COMPLAINT, "“%(word)s” sounds like a complaint: it belongs to the hotline, not here."),
)


def words_to_look_at(draft: Draft) -> Iterator[Finding]:
    """Luxury, forbidden and brand words, and complaints that are no need."""
    text = "，".join(closed(part) for part in (draft.story, *(line.name for line in draft.lines)))
    for rule, pattern, message in _LISTS:
        found = pattern.search(text)
        if found:
            yield Finding(rule, Severity.FLAG, message, "story", {"word": found.group()})


def odd_signs(draft: Draft) -> Iterator[Finding]:
    """Markup, formulas and addresses of the web: harmless here, where all text is escaped, but no reason for help."""
    for where, text in draft.texts():
        if _SIGNS.search(plain(text)):
            yield Finding(
                "odd_signs", Severity.FLAG, "Take code and web addresses out of the text: plain words only.", where
            )
