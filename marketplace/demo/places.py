"""The real places that the synthetic households are spread over."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import sqlalchemy as sa

from marketplace.core.divisions import Level, at_level
from marketplace.db import db
from marketplace.demo.facts import POOR_VILLAGES
from marketplace.regions.models import Division

# The village where the demonstration accounts work: the first rural one of Luoxu township in Shiqu county.
STAGE_COUNTY = "513332000000"
STAGE_TOWNSHIP_NAME = "洛须镇"
STAGE_HOUSEHOLDS = 24
# Below lie the residents' committees of towns.
_FIRST_VILLAGE_COMMITTEE = "200"
_POOR_WEIGHT = 3
# Counties below the Zheduo pass, where many names are Han.
HAN_COUNTIES = frozenset({"513301000000", "513322000000", "513324000000", "513323000000"})


@dataclass(frozen=True, slots=True)
class Places:
    """Every division in use, by level, in the order of codes."""

    names: dict[str, str]
    villages: tuple[str, ...]
    townships: tuple[str, ...]
    counties: tuple[str, ...]
    stage: str

    def words(self, code: str) -> str:
        """County and township of a division, such as 石渠县洛须镇."""
        levels = (Level.COUNTY, Level.TOWNSHIP)
        return "".join(dict.fromkeys(self.names[at_level(code, level)] for level in levels))


def read_places() -> Places:
    """The tree as imported."""
    rows = db.session.execute(sa.select(Division.code, Division.name, Division.level).order_by(Division.code)).all()
    by_level = {level: tuple(row.code for row in rows if row.level is level) for level in Level}
    names = {row.code: row.name for row in rows}
    villages = by_level[Level.VILLAGE]
    return Places(
        names=names,
        villages=villages,
        townships=by_level[Level.TOWNSHIP],
        counties=by_level[Level.COUNTY],
        stage=_find_stage(names, villages),
    )


def spread(places: Places, *, total: int, rng: Random) -> dict[str, int]:
    """How many households each village has: every township is used, then every village, then by weight."""
    counts: Counter[str] = Counter({places.stage: min(STAGE_HOUSEHOLDS, total)})
    _fill(counts, _one_per_township(places, rng=rng), total=total)
    _fill(counts, rng.sample(places.villages, k=len(places.villages)), total=total)
    poor = set(rng.sample(places.villages, k=POOR_VILLAGES))
    weights = [rng.uniform(0.5, 1.5) * (_POOR_WEIGHT if village in poor else 1) for village in places.villages]
    counts.update(rng.choices(places.villages, weights=weights, k=total - counts.total()))
    return {village: counts[village] for village in places.villages if counts[village]}


def _find_stage(names: dict[str, str], villages: Sequence[str]) -> str:
    for village in villages:
        township = at_level(village, Level.TOWNSHIP)
        is_rural = village[9:] >= _FIRST_VILLAGE_COMMITTEE
        if is_rural and at_level(village, Level.COUNTY) == STAGE_COUNTY and names[township] == STAGE_TOWNSHIP_NAME:
            return village
    raise LookupError(f"the divisions hold no {STAGE_TOWNSHIP_NAME} in {STAGE_COUNTY}")


def _one_per_township(places: Places, *, rng: Random) -> list[str]:
    by_township: dict[str, list[str]] = {}
    for village in places.villages:
        by_township.setdefault(at_level(village, Level.TOWNSHIP), []).append(village)
    return [rng.choice(villages) for villages in by_township.values()]


def _fill(counts: Counter[str], villages: Sequence[str], *, total: int) -> None:
    """Give one household to each village without any, as far as ``total`` reaches."""
    for village in villages:
        if counts.total() >= total:
            return
        if not counts[village]:
            counts[village] = 1
