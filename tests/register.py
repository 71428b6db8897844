"""Spreadsheets of the register for tests: a valid household by default, a test names only what it changes."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from openpyxl import Workbook

from marketplace.core.identity import id_check_digit
from marketplace.core.kinds import ExitAttribute, PovertyAttribute, PovertyCause
from marketplace.households.columns import PROFILE
from marketplace.households.rows import HouseholdRow, MemberRow
from marketplace.needs.sheet import COLUMNS
from tests.factories import TREE

NUMBER = f"{TREE.village}0001"
_serials = count(1)

Cells = Mapping[str, object]

# A reason that nothing in the lint stops at.
STORY = "家里五口人只有两床旧被，老人夜里常常冻醒。"


def id_of(*, born: str = "19800506", man: bool = True) -> str:
    """A well-formed ID number of a division that does not exist; each one is new."""
    serial = next(_serials)
    first17 = f"9999{serial // 500:02d}{born}{serial % 500 * 2 + man:03d}"
    return first17 + id_check_digit(first17)


def person(relation: str = "户主", **cells: object) -> dict[str, object]:
    """A row of the register: the head of a household in TREE.village, unless it says otherwise."""
    return {
        "县": "石渠县",
        "乡": "洛须镇",
        "行政村": "温拖村",
        "自然村": "一组",
        "户编号": NUMBER,
        "人编号": "",
        "姓名": "扎西次仁",
        "证件号码": id_of(man=relation != "配偶"),
        "人数": "",
        "与户主关系": relation,
        "民族": "藏族",
        "文化程度": "小学",
        "在校生状况": "非在校",
        "健康状况": "长期慢性病" if relation == "户主" else "健康",
        "劳动技能": "普通劳动力",
        "务工状况": "",
        "务工时间(月)": "0",
        "参加大病医疗": "是",
        "脱贫属性": "未脱贫",
        "贫困户属性": "一般贫困户",
        "主要致贫原因": "因病",
        "危房户": "否",
        "饮水安全": "是",
        "饮水困难": "否",
        "人均纯收入": "2736.50",
        "联系电话": "13900000001",
        **cells,
    }


def household(*, number: str = NUMBER, others: Sequence[Cells] = (), **cells: object) -> list[dict[str, object]]:
    """A head and a spouse, and whoever else is given; ``cells`` are the head's, a place is everybody's."""
    place = {column: cells[column] for column in ("县", "乡", "行政村") if column in cells}
    rows = [person(户编号=number, **cells), person("配偶", 姓名="卓玛", 户编号=number, **place), *map(dict, others)]
    return [{**row, "人编号": row["人编号"] or f"{number}{at:02d}"} for at, row in enumerate(rows, start=1)]


def csv_bytes(rows: Iterable[Cells], *, columns: Sequence[str] = PROFILE, encoding: str = "utf-8") -> bytes:
    """The rows as a CSV with these columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return out.getvalue().encode(encoding)


def xlsx_bytes(rows: Iterable[Cells], *, columns: Sequence[str] = PROFILE, above: Sequence[str] = ()) -> bytes:
    """The rows as a workbook; ``above`` are lines of title before the header."""
    book = Workbook()
    sheet = book.active
    for line in above:
        sheet.append([line])
    sheet.append(list(columns))
    for row in rows:
        sheet.append([row.get(column, "") for column in columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def number_row(
    serial: str,
    *,
    name: str = "扎西",
    born: str = "19750101",
    number: str = "",
    village: str = TREE.village,
    phone: str | None = None,
    account: str | None = None,
) -> HouseholdRow:
    """A household of one person as the register's own values, for tests that write it directly."""
    registry_no = f"{village}88{serial:0>4}"
    member = MemberRow(f"{registry_no}01", name, number or id_of(born=born), "户主")
    return HouseholdRow(
        registry_no=registry_no,
        division_code=village,
        head_name=name,
        attribute=PovertyAttribute.GENERAL,
        exit_attribute=ExitAttribute.POOR,
        main_cause=PovertyCause.ILLNESS,
        members=(member,),
        phone=phone,
        bank_account=account,
    )


def need_row(number: int, who: str, item: str = "棉被（3 公斤，双人）", quantity: str = "2", **cells: str) -> list[str]:
    """One row of the sheet of needs, complete and signed for where nothing else is said."""
    said = {
        "序号": str(number),
        "户号": who,
        "物品": item,
        "数量": quantity,
        "理由": STORY,
        "保证属实": "是",
        "同意方式": "签字",
    }
    return [{**said, **cells}.get(column, "") for column in COLUMNS]
