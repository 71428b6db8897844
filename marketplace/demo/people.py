"""Made-up households that the quality rules find nothing wrong with; their ID numbers are of no county."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import ExitAttribute, PovertyAttribute, PovertyCause
from marketplace.core.workflow import HouseholdStatus
from marketplace.demo import impossible, names
from marketplace.demo.facts import AS_OF
from marketplace.demo.places import HAN_COUNTIES
from marketplace.households.service import HouseholdRow, MemberRow

WORKING_AGES = range(16, 66)
SCHOOL_AGES = range(6, 24)
REGISTERED = datetime(2014, 6, 1, 2, 0, tzinfo=UTC)
_DAYS_A_YEAR = 365
_MALE, _FEMALE = True, False
_HEALTHY = "健康"
_UNWELL = "长期慢性病"
_VERY_ILL = "患有大病"
_DISABLED = "残疾"
_ABLE = ("普通劳动力", "普通劳动力", "普通劳动力", "技能劳动力")
_LITTLE_ABLE = "弱劳动力或半劳动力"
_UNABLE = "丧失劳动力"
_NO_LABOUR = "无劳动力"
_WORK_PLACES = ("乡（镇）内", "乡外县内", "县外省内", "省外")
_GRADES = ("七年级", "八年级", "九年级")
_CAUSES = (
    (PovertyCause.ILLNESS, 22),
    (PovertyCause.DISABILITY, 8),
    (PovertyCause.SCHOOLING, 8),
    (PovertyCause.DISASTER, 4),
    (PovertyCause.LAND, 6),
    (PovertyCause.WATER, 2),
    (PovertyCause.SKILL, 18),
    (PovertyCause.LABOUR, 10),
    (PovertyCause.FUNDS, 14),
    (PovertyCause.ROADS, 5),
    (PovertyCause.DRIVE, 2),
    (PovertyCause.OTHER, 1),
)


@dataclass(slots=True)
class _Person:
    relation: str
    age: int
    is_male: bool
    health: str = _HEALTHY
    labour: str = ""
    education: str = ""
    school: str = ""
    work_place: str = ""
    work_months: int | None = None


@dataclass(slots=True)
class Registrar:
    """Hands out what must be unique: register numbers and ID numbers."""

    rng: Random
    born: Counter[date] = field(default_factory=Counter)
    serials: Counter[str] = field(default_factory=Counter)

    def id_number(self, age: int, *, is_male: bool, disability: str = "") -> str:
        """An impossible ID number of somebody who is ``age`` now."""
        days = age * _DAYS_A_YEAR + age // 4 + self.rng.randrange(_DAYS_A_YEAR)
        born = (AS_OF - timedelta(days=days)).date()
        serial = self.born[born]
        self.born[born] += 1
        return impossible.id_number(born, serial=serial, is_male=is_male) + disability

    def registry_no(self, village: str) -> str:
        """The village's code and a running number of four digits."""
        self.serials[village] += 1
        return f"{village}{self.serials[village]:04d}"


def households(counts: dict[str, int], *, rng: Random, registrar: Registrar) -> Iterator[HouseholdRow]:
    """Households of each village, with members, in the order of villages."""
    number = 0
    for village, count in counts.items():
        for _ in range(count):
            number += 1
            yield _household(village, number=number, rng=rng, registrar=registrar)


def _household(village: str, *, number: int, rng: Random, registrar: Registrar) -> HouseholdRow:
    attribute = _attribute(rng)
    cause = rng.choices([c for c, _ in _CAUSES], weights=[w for _, w in _CAUSES])[0]
    people = _family(attribute, rng=rng)
    _give_cause(people, cause, rng=rng)
    for person in people:
        _give_work(person, rng=rng)
    exited = rng.random() < 0.55
    is_han = at_level(village, Level.COUNTY) in HAN_COUNTIES and rng.random() < 0.6
    registry_no = registrar.registry_no(village)
    members = _members(people, registry_no=registry_no, is_han=is_han, rng=rng, registrar=registrar)
    return HouseholdRow(
        registry_no=registry_no,
        division_code=village,
        group_name=f"{rng.choice('一二三四')}组",
        head_name=members[0].name,
        status=HouseholdStatus.EXITED if exited else HouseholdStatus.REGISTERED,
        attribute=attribute,
        exit_attribute=ExitAttribute.EXITED if exited else ExitAttribute.POOR,
        main_cause=cause,
        unsafe_house=rng.random() < 0.08,
        safe_water=(has_water := rng.random() < 0.9),
        scarce_water=not has_water,
        income_fen=rng.randrange(1_800, 3_300 if not exited else 9_000) * 100,
        phone=impossible.phone(impossible.HOUSEHOLD_PHONES + number) if rng.random() < 0.7 else None,
        registered_at=REGISTERED + timedelta(days=rng.randrange(900)),
        status_since=date(rng.choice((2016, 2017)), 12, 31) if exited else None,
        members=members,
    )


def _attribute(rng: Random) -> PovertyAttribute:
    kinds = list(PovertyAttribute)
    return rng.choices(kinds, weights=[62, 18, 3, 17])[0]


def _family(attribute: PovertyAttribute, *, rng: Random) -> list[_Person]:
    if attribute is PovertyAttribute.FIVE_GUARANTEES:
        return [_Person("户主", rng.randrange(66, 86), rng.random() < 0.6)]
    age = rng.randrange(28, 66)
    head = _Person("户主", age, rng.random() < 0.82)
    people = [head]
    if rng.random() < 0.78:
        people.append(_Person("配偶", max(22, age + rng.randrange(-5, 4)), not head.is_male))
    oldest = max(1, min(age - 20, 30))
    for _ in range(rng.choices((0, 1, 2, 3, 4), weights=(12, 28, 34, 20, 6))[0]):
        is_male = rng.random() < 0.51
        people.append(_Person("之子" if is_male else "之女", rng.randrange(0, oldest), is_male))
    if age < 58:
        for relation, is_male in (("之父", _MALE), ("之母", _FEMALE)):
            if rng.random() < 0.3:
                people.append(_Person(relation, age + rng.randrange(20, 30), is_male))
    return people


def _give_cause(people: list[_Person], cause: PovertyCause, *, rng: Random) -> None:
    """Health and school of each, so that the main cause is to be seen in the family."""
    for person in people:
        if person.age > 55 and rng.random() < 0.25:
            person.health = _UNWELL
    if cause is PovertyCause.ILLNESS:
        rng.choice(people).health = rng.choice((_UNWELL, _UNWELL, _VERY_ILL))
    elif cause is PovertyCause.DISABILITY:
        rng.choice(people).health = _DISABLED
    elif cause is PovertyCause.SCHOOLING:
        _need_a_pupil(people, rng=rng)
    for person in people:
        _give_school(person, rng=rng)


def _need_a_pupil(people: list[_Person], *, rng: Random) -> None:
    """Schooling can weigh on a family only where somebody is at school."""
    if any(p.age in range(6, 15) for p in people):
        return
    is_male = rng.random() < 0.5
    head = people[0]
    age = rng.randrange(7, 15)
    relation = ("之子" if is_male else "之女") if head.age < 60 else ("孙子" if is_male else "孙女")
    people.append(_Person(relation, age, is_male))


def _give_school(person: _Person, *, rng: Random) -> None:
    age = person.age
    if age in range(6, 12):
        person.school = "小学"
    elif age in range(12, 15):
        person.school = _GRADES[age - 12]
    elif age in range(15, 18):
        person.school = "高中" if rng.random() < 0.7 else "非在校"
    elif age in range(18, 23) and rng.random() < 0.25:
        person.school = "大专"
    elif age in SCHOOL_AGES:
        person.school = "非在校"
    elif age in range(3, 6):
        person.school = "学前"
    if person.school in {"", "非在校"} and age >= 6:
        low = ("文盲或半文盲", "文盲或半文盲", "小学")
        person.education = rng.choice(low if age > 40 else ("小学", "小学", "初中", "初中", "高中"))


def _give_work(person: _Person, *, rng: Random) -> None:
    """Labour follows age, health and school; only people with labour work away."""
    if person.age not in WORKING_AGES or person.school not in {"", "非在校"}:
        person.labour = _NO_LABOUR
        return
    if person.health == _HEALTHY:
        person.labour = rng.choice(_ABLE)
    else:
        person.labour = _LITTLE_ABLE if rng.random() < 0.6 else _UNABLE
    if person.labour in _ABLE and rng.random() < 0.4:
        person.work_place = rng.choice(_WORK_PLACES)
        person.work_months = rng.randrange(1, 12)


def _members(
    people: list[_Person], *, registry_no: str, is_han: bool, rng: Random, registrar: Registrar
) -> tuple[MemberRow, ...]:
    surname = rng.choice(names.HAN_SURNAMES)
    return tuple(
        MemberRow(
            person_no=f"{registry_no}{position:02d}",
            name=_name(person, is_han=is_han, surname=surname, rng=rng),
            id_number=registrar.id_number(
                person.age,
                is_male=person.is_male,
                disability=rng.choice("1234567") + rng.choice("1234") if person.health == _DISABLED else "",
            ),
            relation=person.relation,
            ethnicity="汉族" if is_han else "藏族",
            education=person.education,
            school_status=person.school,
            health=person.health,
            labour=person.labour,
            work_place=person.work_place,
            work_months=person.work_months,
            serious_illness_insured=True,
        )
        for position, person in enumerate(people, start=1)
    )


def _name(person: _Person, *, is_han: bool, surname: str, rng: Random) -> str:
    if not is_han:
        return names.tibetan_name(rng, is_male=person.is_male)
    # A wife and her husband's parents have surnames of their own.
    own = surname if person.relation in {"户主", "之子", "之女", "之父", "孙子", "孙女"} else ""
    return names.han_name(rng, is_male=person.is_male, surname=own)
