"""Made-up names: Tibetan given names of two parts, Han names, and names of units that say they are not real."""

from random import Random

from marketplace.core.kinds import DonorType

# Widely shared syllable pairs; any two make a plausible name, so none points to a person.
TIBETAN_MALE = (
    "扎西",
    "次仁",
    "多吉",
    "尼玛",
    "洛绒",
    "丹增",
    "仁青",
    "格桑",
    "罗布",
    "索朗",
    "阿布",
    "四郎",
    "达瓦",
    "泽仁",
    "降措",
    "呷绒",
)
TIBETAN_FEMALE = (
    "卓玛",
    "拉姆",
    "央金",
    "曲珍",
    "德吉",
    "白玛",
    "志玛",
    "措姆",
    "拥忠",
    "次姆",
    "仁措",
    "玉珍",
    "格绒",
    "巴姆",
    "青措",
    "康珠",
)
HAN_SURNAMES = ("王", "李", "张", "刘", "陈", "杨", "赵", "周", "吴", "徐", "罗", "何", "高", "马", "郭", "欧阳")
HAN_GIVEN_MALE = ("志", "强", "明", "华", "军", "平", "建", "国", "林", "海", "波", "勇")
HAN_GIVEN_FEMALE = ("秀", "英", "芳", "兰", "玲", "霞", "燕", "丽", "琼", "萍", "梅", "珍")
SECTORS = ("商贸", "建筑", "食品", "医药", "旅游", "农牧", "物流", "能源", "教育", "纺织")

_UNIT_WORDS = {
    DonorType.PRIVATE_FIRM: "公司",
    DonorType.STATE_FIRM: "国有公司",
    DonorType.CHAMBER: "商会",
    DonorType.FOUNDATION: "基金会",
    DonorType.CHARITY: "慈善会",
    DonorType.PUBLIC_UNIT: "机关",
    DonorType.UNIVERSITY: "高校",
    DonorType.MILITARY: "部队",
    DonorType.PARTY: "党派支部",
    DonorType.RELIGIOUS: "宗教团体",
    DonorType.EAST_WEST: "协作单位",
    DonorType.OVERSEAS: "海外社团",
}


def tibetan_name(rng: Random, *, is_male: bool) -> str:
    """Two parts without a surname, such as 扎西次仁; now and then one part alone."""
    first = rng.choice(TIBETAN_MALE if is_male else TIBETAN_MALE + TIBETAN_FEMALE)
    second = rng.choice(TIBETAN_MALE if is_male else TIBETAN_FEMALE)
    return second if rng.random() < 0.05 else first + second


def han_name(rng: Random, *, is_male: bool, surname: str = "") -> str:
    """A surname and one or two characters."""
    given = HAN_GIVEN_MALE if is_male else HAN_GIVEN_FEMALE
    return (surname or rng.choice(HAN_SURNAMES)) + "".join(rng.choice(given) for _ in range(rng.choice((1, 2, 2))))


def unit_name(rng: Random, *, donor_type: DonorType, number: int) -> str:
    """A unit's name that cannot be taken for a real one: 演示商贸公司 0123."""
    sector = rng.choice(SECTORS) if donor_type in {DonorType.PRIVATE_FIRM, DonorType.STATE_FIRM} else ""
    return f"演示{sector}{_UNIT_WORDS[donor_type]} {number:04d}"
