"""A household under the quality rules: what the checks ask of it and of its members."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property

from marketplace.core.identity import is_male
from marketplace.households.rows import HouseholdRow, MemberRow

WORKERS = frozenset({"普通劳动力", "技能劳动力", "弱劳动力或半劳动力"})
NO_LABOUR = frozenset({"丧失劳动力", "无劳动力"})
ID_LENGTHS = (18, 20, 22)
_NOT_AT_SCHOOL = frozenset({"", "非在校", "非在校生", "无", "否"})
_NOT_WORKING = frozenset({"", "无", "未务工", "否"})
_NEAR = ("乡(镇)内", "乡镇内", "乡内", "镇内", "其他")


class Case:
    """A household under the rules, on a day; ``duplicates`` are members whose ID number stands elsewhere too."""

    def __init__(
        self,
        household: HouseholdRow,
        *,
        on: date,
        duplicates: frozenset[int] = frozenset(),
        officer_is_registered: bool = False,
    ) -> None:
        self.household = household
        self.members = household.members
        self.on = on
        self.duplicates = duplicates
        self.officer_is_registered = officer_is_registered

    @cached_property
    def ages(self) -> list[int | None]:
        """Full years of each member; None where the ID number does not tell."""
        return [member.age_on(self.on) for member in self.members]

    def aged(self, low: int, high: int) -> Iterator[tuple[int, MemberRow]]:
        """Members of ``low`` to ``high`` years, with their position."""
        for at, (member, age) in enumerate(zip(self.members, self.ages, strict=True)):
            if age is not None and low <= age <= high:
                yield at, member

    def cell(self, column: str) -> str:
        """A cell of the head's row in a column that is checked but not kept."""
        return self.household.extra.get(column, "")

    def number(self, column: str) -> Decimal:
        """The same as a number; what is empty or unreadable counts as zero."""
        return _number(self.cell(column))


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a rule is broken; a fault may bring its own sentence and parameters."""

    member: int | None = None
    field: str | None = None
    message: str | None = None


def is_student(member: MemberRow) -> bool:
    """True where the register says that the person is at school."""
    return member.school_status not in _NOT_AT_SCHOOL


def is_disabled(member: MemberRow) -> bool:
    """True by the register's health, or by a disability card's number."""
    return "残" in member.health or len(member.id_number) > ID_LENGTHS[0]


def works(member: MemberRow) -> bool:
    return member.work_place not in _NOT_WORKING


def is_away(member: MemberRow) -> bool:
    return works(member) and not member.work_place.startswith(_NEAR)


def sex_of(member: MemberRow) -> bool | None:
    """True for a man by digit 17 of the ID number."""
    return is_male(member.id_number) if len(member.id_number) in ID_LENGTHS and member.id_number[16].isdigit() else None


def month_of(text: str) -> int | None:
    """Months since year 0 of ``202103``, ``2021-03`` or ``2021年3月``; None for anything else."""
    digits = [part for part in text.replace("年", "-").replace("月", "").replace("/", "-").split("-") if part]
    if len(digits) == 1 and len(digits[0]) >= len("202103"):
        digits = [digits[0][:4], digits[0][4:6]]
    if len(digits) < 2 or not all(part.isdecimal() for part in digits[:2]) or not 1 <= int(digits[1]) <= 12:
        return None
    return int(digits[0]) * 12 + int(digits[1]) - 1


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
