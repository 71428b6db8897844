"""Read divisions: by code, by parent, by the names that people write."""

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from marketplace.core.divisions import DIGITS, Level, significant
from marketplace.core.errors import NotFound
from marketplace.db import db
from marketplace.regions.models import Division, DivisionAlias
from marketplace.regions.places import ANYWHERE, places, short_name

_NOWHERE = "There is no such division."


def find_division(code: str) -> Division | None:
    """The division with this 12-digit code, or the one that took its place; None if there is neither."""
    found = db.session.get(Division, code)
    if found is not None or len(code) != DIGITS[Level.VILLAGE]:
        return found
    current = places().current_code(code)
    return db.session.get(Division, current) if current != code else None


def get_division(code: str) -> Division:
    """find_division, or NotFound."""
    division = find_division(code)
    if division is None:
        raise NotFound(_NOWHERE)
    return division


def list_children(code: str) -> list[Division]:
    """The divisions right below this one, by code."""
    chosen = sa.select(Division).where(Division.parent_code == code).order_by(Division.code)
    return list(db.session.scalars(chosen))


def list_level(level: Level, *, area: str = "") -> list[Division]:
    """All divisions of a level, by code, whose code starts with the significant digits ``area``."""
    chosen = sa.select(Division).where(Division.level == level, Division.code.startswith(area, autoescape=True))
    return list(db.session.scalars(chosen.order_by(Division.code)))


def list_aliases(code: str) -> list[DivisionAlias]:
    """The former names and codes of a division, the latest first."""
    chosen = sa.select(DivisionAlias).where(DivisionAlias.code == code)
    return sorted(db.session.scalars(chosen), key=lambda a: (a.valid_to or date.max, a.old_name), reverse=True)


def count_below(code: str) -> dict[Level, int]:
    """How many divisions of each level lie below this one."""
    chosen = sa.select(Division.level, sa.func.count()).where(
        Division.code.startswith(significant(code)), Division.code != code
    )
    return dict(db.session.execute(chosen.group_by(Division.level)).all())


def place_name(code: str, level: Level = Level.TOWNSHIP) -> str:
    """``石渠县 · 洛须镇``: the spoken name of a place, no finer than ``level``."""
    return places(holding=code).spoken(code, level)


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """The spoken own name of each code: ``洛须镇``, ``升航村``; an unknown code stands for itself."""
    wanted = list(codes)
    known = places().names
    if any(code not in known for code in wanted):
        known = places(holding=next(code for code in wanted if code not in known)).names
    return {code: short_name(known.get(code, code)) for code in wanted}


def resolve_code(*, county: str, township: str, village: str) -> str | None:
    """The code of a village by its three names, present or former; never by the village's name alone.

    Without a village the township's code. None where a name is unknown, or stands for two places.
    """
    known = places()
    found = known.find(ANYWHERE, county, Level.COUNTY)
    if found is None or not township:
        return None
    town = known.find(found, township, Level.TOWNSHIP)
    if town is None or not village:
        return town
    return known.find(town, village, Level.VILLAGE)


def resolve_place(county: str, township: str, village: str) -> Division | None:
    """resolve_code, as the division."""
    code = resolve_code(county=county, township=township, village=village)
    return None if code is None else db.session.get(Division, code)
