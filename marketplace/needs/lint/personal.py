"""Numbers, contacts, schools and addresses in a free text that would lead to a person (R-P1)."""

import re
from collections.abc import Iterator

from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import numbers_told, plain, with_digits
from marketplace.needs.lint.vocabulary import either

_NUM = r"[一二三四五六七八九十百\d]+"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_ID = re.compile(
    r"(?<!\d)[1-9]\d{16}[\dx](?!\d)|(?<!\d)\d{15}(?!\d)|(?<!\d)\d{20}(?:\d\d)?(?!\d)"
    r"|(?:身份证|身分证|证件|证号|残疾证|残疾人证)(?:号码?|尾号|后[四4六6]位)?\D{0,6}\d{4,}"
    rf"|(?:{either('numbers', 'called')})码?[是为:]?[a-z]{{0,4}}\d{{4,}}"
)
_CARD = re.compile(
    r"(?<!\d)\d{16,19}(?!\d)"
    r"|(?:卡号?|账号|帐号|账户|存折号?|一卡通|银联|[农工建中邮][行储](?:卡|银行)?)\D{0,4}\d{8,}|\d{8,}\D{0,2}是\S{0,3}卡"
)
_PHONE = re.compile(
    r"(?<!\d)(?:86)?1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}\d{7,8}(?!\d)"
    r"|(?:电话|手机|座机|联系方式|tel)(?:号码?)?\D{0,8}\d{7,}"
    r"|(?:尾号|尾数|[末后][四五六4-6]位)[是为:]?[\d零〇幺一二三四五六七八九]{3,}"
)
# Numbers told bit by bit: "dial 138 first, then 0000, 0000 at the end".
_TELLS_NUMBER = re.compile(r"号码|拨打?|打[这我]|尾号|末尾|倒着")
_TOLD = re.compile(r"1[3-9]\d{9}|[1-9]\d{16}[\dx]?|\d{8}[3-9]1")
_PLATE = re.compile(
    rf"[{_PROVINCES}]\s?[a-z][·•\-—.\s]?(?=[a-z\s]*\d)[a-z0-9](?:\s?[a-z0-9]){{3,5}}[警学挂]?(?![a-z0-9])"
    rf"|(?:车牌|车号|牌照)号?\D{{0,4}}?[{_PROVINCES}]?[a-z]"
)
_CHAT_NAME = (
    r"(?:[微薇威维徽卫危v][\s.]?(?:信|芯|星|❤|♥|心(?!理))|微\s?[❤♥]|vx|wechat|\bwx|qq"
    r"|扣扣|企鹅|支付宝|抖音|快手|小红书|绿泡泡|钉钉)"
)
_CHAT = re.compile(
    rf"{_CHAT_NAME}\s*(?:号|账号|id)?\s*[:是为叫]?\s*[a-z0-9_\-]{{5,}}|{_CHAT_NAME}(?:号|账号|同号|搜)|(?:加|我)[a-z]{{1,2}}[:：]?[a-z0-9_\-]{{5,}}"
)
_CONTACT = re.compile(
    rf"加(?:我|本人)?(?:的)?{_CHAT_NAME}|个人微信|收款码|加(?:我)?[vq扣微](?![号信博])|微x|(?:号|@|:)\s*[a-z][a-z_]*[a-z0-9_\-]{{4,}}|直播(?:间|号)"
    rf"|邮箱|发邮件|电邮|艾特|加我[,，]?\s*[a-z0-9_\-]{{5,}}"
    r"|加[a-z]{1,2}:|搜\s?[a-z]{4,}\d+"
    r"|[a-z0-9._%+-]+(?:@|\s+at\s+)[a-z0-9-]+(?:\.|\s+dot\s+)[a-z]{2,}"
)
_SCHOOL = re.compile(
    r"(?:[一二三四五六七八九\d]年级|[初高][一二三123])[(（]?[一二三四五六七八九十\d]{1,2}[)）]?班"
    r"|(?:大|中|小|学前)班(?!车)|[\u4e00-\u9fff]{1,8}(?:小学|中学|初中部|中心校|完小|村小|幼儿园|寄宿制学校|职中|职高)"
    r"(?:部)?[一二三四五六七八九\d初高住念读就]"
    r"|(?:读|就读(?:于)?|念|上|考[进上]|在)[\u4e00-\u9fff]{0,10}(?:小学|中学|高中|完小|村小|中心校|幼儿园|职中)"
    r"|(?:小学|中学|中心校|职中|康[南北][\u4e00-\u9fff]{0,4}中)[\u4e00-\u9fff]{0,3}[一二三四五六七八九\d]年级"
    r"|[\u4e00-\u9fff]{2,6}(?:职中|中学|中)[初高]?[一二三四五六七八九\d]{1,2}(?:年级)?[一二三四五六七八九\d]?班"
    r"|(?:县|州|镇|乡)?[一二三四五六七八九]中\d年级|班主任|[\u4e00-\u9fff]{2,8}职中\S{0,3}班"
    r"|\d{2,4}级[\d一二三四五六七八九十]{1,2}班|[一二三四五六七八九][(][一二三四五六七八九\d]{1,2}[)]班?"
)
_LIVES = "(?:住|家在|家就在|我家|房子在|屋在|送上来|送到|寄到|寄|放到|拿到)"
_BESIDE = (
    f"(?:对面|对门|背后|后头|后面|旁边|隔壁|楼[上下]|坡[上下]|坎[上下]|桥头|左手|右手|拐[弯角第]"
    f"|[东西南北]头|宿舍[^。;,]{{0,3}}楼|往[上下东西南北里前]走|那[家户排]|第{_NUM}[间家户排])"
)
_ADDRESS = re.compile(
    rf"(?:组|社|队|村|路|街|巷子?|号|院|栋|幢)\s*{_NUM}\s*号|{_NUM}(?:组|社){_NUM}号"
    rf"|[\u4e00-\u9fff]村[第]?{_NUM}(?:村民)?(?:小组|组|社|队)|(?:住|住在){_NUM}[组社队]|{_NUM}组{_NUM}号"
    rf"|门牌(?:号|是|:|\d)|门牌[^。;,!?]{{0,10}}(?:{_NUM}|[壹贰叁肆伍陆柒捌玖拾])号|第?{_NUM}排第?{_NUM}[号家户间栋]|[a-z]区第?{_NUM}[排栋幢号]|{_NUM}号(?:板房|活动房|帐篷|宅|院)|{_NUM}(?:栋|幢|号楼){_NUM}(?:单元|室|号)?|{_NUM}单元{_NUM}"
    r"|(?:家?住址|家庭住址|收货地址|地址)[是:]?|(?:寄到|家住|住在|家在|我家在)[\u4e00-\u9fff]{2,14}(?:村|组|社|镇|乡|街|路|小区|岭)"
    rf"|(?:住|在)[\u4e00-\u9fff]{{1,6}}村{_NUM}?[组队社]|村{_NUM}队|第{_NUM}(?:村民)?小?组"
    rf"|\d{{2,3}}\.\d{{3,}}\D{{1,3}}\d{{2,3}}\.\d{{3,}}|{_NUM}[组社队].{{0,6}}那?[家户]"
    # Where somebody lives, told by what stands around it.
    rf"|{_LIVES}[^。;!?]{{0,12}}?{_BESIDE}|{_BESIDE}[^。;!?,]{{0,6}}(?:住|那[家户])|(?:超市|商店|茶馆|饭店|诊所|药店)楼上"
)
_PERSONAL = (
    ("id_number", _ID, "Take the ID number out of the text."),
    ("card", _CARD, "Take the bank card number out of the text."),
    ("phone", _PHONE, "Take the phone number out of the text."),
    ("plate", _PLATE, "Take the number plate out of the text."),
    ("chat", _CHAT, "Take the WeChat or QQ number out of the text."),
    ("contact", _CONTACT, "Take the way to contact a person out of the text: donors reach you through this site."),
    ("school", _SCHOOL, "Take school and class out of the text."),
    ("address", _ADDRESS, "Take the address out of the text: the township is shown by itself."),
)
_SPOKEN = {"plate", "chat", "contact", "school", "address"}


def personal_data(draft: Draft) -> Iterator[Finding]:
    """Each kind of personal number, contact, school or address once, however its digits are written."""
    for where, text in draft.texts():
        if any(_TOLD.search(told) and len(told) < 24 for told in numbers_told(text, after=_TELLS_NUMBER)):
            yield Finding("phone", Severity.REFUSE, "Take the phone number out of the text.", where)
        numbers, words = with_digits(text), plain(text)
        # A card number is also looked for in what an ID number was cut out of: each is named once.
        for rule, pattern, message in _PERSONAL:
            if pattern.search(words if rule in _SPOKEN else numbers):
                numbers = pattern.sub("#", numbers)
                yield Finding(rule, Severity.REFUSE, message, where)
