"""The place names that a need may be found by and shown with: county and township, never the village."""

from collections.abc import Iterable

import sqlalchemy as sa

from marketplace.core.divisions import DIGITS, Level, at_level, level_of
from marketplace.db import db
from marketplace.regions.models import Division, DivisionAlias


def public_codes(code: str) -> list[str]:
    """The county's and the township's code above a division, as far down as the division itself."""
    levels = [level for level in (Level.COUNTY, Level.TOWNSHIP) if DIGITS[level] <= DIGITS[level_of(code)]]
    return [at_level(code, level) for level in levels]


def public_places(codes: Iterable[str]) -> dict[str, list[str]]:
    """For each division code, the present and former names of its county and township."""
    chains = {code: public_codes(code) for code in codes}
    wanted = {code for chain in chains.values() for code in chain}
    if not wanted:
        return {code: [] for code in chains}
    names: dict[str, list[str]] = {}
    present = sa.select(Division.code, Division.name).where(Division.code.in_(wanted))
    former = sa.select(DivisionAlias.code, DivisionAlias.old_name).where(
        DivisionAlias.code.in_(wanted), DivisionAlias.level != Level.VILLAGE
    )
    for code, name in [*db.session.execute(present), *db.session.execute(former)]:
        names.setdefault(code, []).append(name)
    return {code: [name for part in chain for name in names.get(part, [])] for code, chain in chains.items()}
