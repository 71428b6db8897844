"""Chinese text for search and matching: one normal form, bigrams, words, synonyms and pinyin."""

import re
import unicodedata
from functools import cache, lru_cache

import rjieba
from opencc import OpenCC

# Words that mean the same to a donor who searches; the first of each row stands for all.
SYNONYMS = (
    ("棉被", "被子", "被褥", "床褥", "铺盖", "棉絮"),
    ("学费", "助学", "上学", "学杂费", "生活费"),
    ("取暖炉", "炉子", "取暖器", "火炉", "暖炉", "牛粪炉", "铁皮炉", "电热毯"),
    ("棉衣", "冬衣", "羽绒服", "棉袄", "棉服"),
    ("务工", "找工作", "打工", "就业", "外出务工"),
    ("牦牛", "牛犊", "母牦牛"),
    ("饮水", "打井", "自来水", "人畜饮水", "水管"),
    ("危房", "房屋加固", "漏雨", "修房", "加固", "开裂", "倒塌"),
    ("太阳能", "光伏", "太阳能灯"),
    ("志愿者", "志愿服务", "支教", "义诊"),
    ("轮椅", "手推轮椅"),
    ("采购", "销售", "代销", "滞销", "消费帮扶", "收购", "订单"),
)
_SAME = {word: row[0] for row in SYNONYMS for word in row}

_CJK = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z0-9]+")
_TIBETAN = re.compile(r"[\u0f0b\u0f40-\u0fbc]+")
# Between the syllables of Tibetan words, which stand without spaces.
_TSHEG = "\u0f0b"
LONGEST_TEXT = 10_000


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def normal_form(text: str) -> str:
    """NFKC, lower case, simplified characters, single spaces; at most LONGEST_TEXT characters."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).lower()
    simplified: str = _to_simplified().convert(folded)
    return " ".join(simplified.split())


def bigrams(text: str) -> list[str]:
    """Overlapping pairs of each Chinese run in a normal form; a run of one character stands alone."""
    return [run[i : i + 2] for run in _CJK.findall(text) for i in (range(len(run) - 1) if len(run) > 1 else range(1))]


def syllable_pairs(text: str) -> list[str]:
    """Overlapping pairs of syllables of each Tibetan run, joined; a run of one syllable stands alone."""
    runs = [[s for s in run.split(_TSHEG) if s] for run in _TIBETAN.findall(text)]
    return ["".join(run[i : i + 2]) for run in runs if run for i in range(max(1, len(run) - 1))]


def words(text: str) -> list[str]:
    """Segmented words of two characters or more, each synonym replaced by its first form."""
    found = [w for w in rjieba.cut(text) if len(w) > 1 and _CJK.fullmatch(w)]
    return [_SAME.get(word, word) for word in found]


@lru_cache(maxsize=200_000)
def pinyin(word: str) -> str:
    """Toneless pinyin in one piece: ``棉被`` -> ``mianbei``; the first word of a process takes a third of a second."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - 50 MB of tables that most processes never look into

    return "".join(lazy_pinyin(word, style=Style.NORMAL, errors="ignore"))


def index_tokens(text: str) -> list[str]:
    """Everything that a text can be found by: bigrams, words, their synonyms' first form, pinyin, Latin, Tibetan."""
    normal = normal_form(text)
    pairs, found = bigrams(normal), words(normal)
    same = [first for word, first in _SAME.items() if word in normal]
    spoken = ["py" + pinyin(w) for w in {*pairs, *found} if len(w) > 1]
    return sorted({*pairs, *found, *same, *spoken, *_LATIN.findall(normal), *syllable_pairs(normal)})


def query_tokens(text: str) -> list[list[str]]:
    """Per word of a query, the tokens of which any may be found; typing pinyin or a homophone still finds it."""
    groups: list[list[str]] = []
    for term in normal_form(text).split():
        if _CJK.search(term):
            pairs = bigrams(term)
            same = [_SAME[term]] if term in _SAME else []
            spoken = ["py" + pinyin(pair) for pair in pairs if len(pair) > 1]
            groups.append(list(dict.fromkeys([*same, *pairs, *spoken])))
        else:
            groups += [[pair] for pair in dict.fromkeys(syllable_pairs(term))]
            plain = _LATIN.findall(term)
            if plain:
                groups.append(list(dict.fromkeys([*plain, *("py" + p for p in plain if p.isalpha())])))
    return groups
