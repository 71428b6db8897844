"""Made-up staff: a clerk and a supervisor for each village in use, reviewers and officers for each township."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from marketplace.accounts.bulk import UserRow, insert_users
from marketplace.core.divisions import Level, at_level, level_of
from marketplace.core.permissions import Role
from marketplace.demo import impossible, names
from marketplace.demo.facts import OPENED, PREFECTURE
from marketplace.demo.places import HAN_COUNTIES, Places

_LEVEL_ROLES = {
    Level.VILLAGE: (Role.VILLAGE_CLERK, Role.VILLAGE_SUPERVISOR),
    Level.TOWNSHIP: (Role.TOWNSHIP_REVIEWER, Role.ASSIGNED_OFFICER),
    Level.COUNTY: (Role.COUNTY_ADMIN,),
    Level.PREFECTURE: (Role.PREFECTURE_OBSERVER, Role.AUDITOR),
}


@dataclass(slots=True)
class Staff:
    """User ids by role and division."""

    posts: dict[tuple[Role, str], int] = field(default_factory=dict)

    def clerk(self, village: str) -> int:
        """Who posts for the households of a village."""
        return self.posts[Role.VILLAGE_CLERK, village]

    def supervisor(self, village: str) -> int:
        """Who looks at what the clerk of a village does."""
        return self.posts[Role.VILLAGE_SUPERVISOR, village]

    def reviewer(self, village: str) -> int:
        """Who reviews the needs of a village's township."""
        return self.posts[Role.TOWNSHIP_REVIEWER, at_level(village, Level.TOWNSHIP)]

    def officer(self, village: str) -> int:
        """Who looks after the households of a village's township."""
        return self.posts[Role.ASSIGNED_OFFICER, at_level(village, Level.TOWNSHIP)]

    def county_admin(self, village: str) -> int:
        """Who runs the county of a village."""
        return self.posts[Role.COUNTY_ADMIN, at_level(village, Level.COUNTY)]


def make_staff(
    places: Places, *, villages: Iterable[str], easy_phones: Mapping[tuple[Role, str], str], rng: Random
) -> Staff:
    """Insert the staff of the villages in use and of everything above; some posts have a phone that is easy to type."""
    divisions = sorted({division for village in villages for division in _above(village)} | {PREFECTURE})
    staff, rows = Staff(), []
    posts = [(role, d) for d in divisions for role in _LEVEL_ROLES[level_of(d)]]
    for number, (role, division) in enumerate(posts):
        phone = easy_phones.get((role, division)) or impossible.phone(impossible.STAFF_PHONES + number)
        unit = f"{places.words(division) if division != PREFECTURE else places.names[PREFECTURE]}（演示）"
        rows.append(UserRow(_name(division, rng), phone, OPENED, ((role, division),), unit))
    staff.posts = dict(zip(posts, insert_users(rows), strict=True))
    return staff


def _above(village: str) -> tuple[str, str, str]:
    return village, at_level(village, Level.TOWNSHIP), at_level(village, Level.COUNTY)


def _name(division: str, rng: Random) -> str:
    is_male = rng.random() < 0.6
    if at_level(division, Level.COUNTY) in HAN_COUNTIES and rng.random() < 0.6:
        return names.han_name(rng, is_male=is_male)
    return names.tibetan_name(rng, is_male=is_male)
