"""What points to one household registered twice (重复迹象): a common number, a person, a house."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import combinations

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.core.divisions import CODE_LENGTH, Level, at_level
from marketplace.core.identity import birth_date
from marketplace.core.text import pinyin
from marketplace.db import db
from marketplace.households.addresses import Address, read_address
from marketplace.households.models import Household, Member
from marketplace.regions.queries import names_of

# A number that more households share is looked at as one case; each pair of a smaller group by itself.
MOST_SHARING = 20
Pair = tuple[int, int]


def sharing(column: InstrumentedAttribute[bytes | None], area: str) -> Iterable[Pair]:
    """Pairs of households with the same value in a blind index."""
    shared = (
        sa.select(column).where(column.is_not(None)).group_by(column).having(sa.func.count().between(2, MOST_SHARING))
    )
    groups: dict[bytes, list[int]] = defaultdict(list)
    for household_id, index in db.session.execute(
        sa.select(Household.id, column).where(column.in_(shared), _lies_in(area))
    ):
        groups[bytes(index or b"")].append(household_id)
    for ids in groups.values():
        yield from combinations(sorted(ids), 2)


def same_people(area: str) -> Iterable[Pair]:
    """Pairs of households of one village with a person of the same sounding name and year of birth.

    ID numbers are deciphered only where two names of a village sound the same.
    """
    named: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    members = (
        sa.select(Member.id, Member.name, Household.id, Household.division_code)
        .join(Household, Household.id == Member.household_id)
        .where(_lies_in(area))
    )
    for member_id, name, household_id, village in db.session.execute(members):
        named[(village, pinyin(name) or name)].append((household_id, member_id))
    alike = [people for people in named.values() if len({household for household, _ in people}) > 1]
    wanted = [member_id for people in alike for _, member_id in people]
    years: dict[int, int | None] = {}
    for start in range(0, len(wanted), 5_000):
        part = sa.select(Member.id, Member.id_number).where(Member.id.in_(wanted[start : start + 5_000]))
        for member_id, number in db.session.execute(part):
            born = birth_date(number)
            years[member_id] = born.year if born else None
    found = set()
    for people in alike:
        for (one, first), (two, second) in combinations(people, 2):
            if one != two and years[first] is not None and years[first] == years[second]:
                found.add((min(one, two), max(one, two)))
    return found


def same_addresses(area: str) -> Iterable[Pair]:
    """Pairs of households of one village that are registered in the same house, however it is written (fraud 8).

    A village or a group alone is no house, and a house of very many households is a gap in the register.
    """
    named = sa.select(Household.id, Household.division_code, Household.group_name)
    rows = db.session.execute(named.where(Household.group_name != "", _lies_in(area))).all()
    within = _divisions_of({village for _, village, _ in rows})
    houses: dict[tuple[str, tuple[int, ...]], list[tuple[int, Address]]] = defaultdict(list)
    for household_id, village, text in rows:
        address = read_address(text, within=within[village])
        if address is not None:
            houses[(village, address.numbers)].append((household_id, address))
    for homes in houses.values():
        if len(homes) > MOST_SHARING:
            continue
        for (one, first), (two, second) in combinations(homes, 2):
            if first.is_like(second):
                yield min(one, two), max(one, two)


def _divisions_of(villages: Collection[str]) -> dict[str, list[str]]:
    """The names of the county, the township and the village itself, for each of these villages."""
    levels = (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE)
    codes = {village: [at_level(village, level) for level in levels] for village in villages}
    names = names_of({code for each in codes.values() for code in each})
    return {village: [names[code] for code in each] for village, each in codes.items()}


def _lies_in(area: str) -> sa.ColumnElement[bool]:
    if not area:
        return sa.true()
    return Household.division_code.between(area.ljust(CODE_LENGTH, "0"), area.ljust(CODE_LENGTH, "9"))
