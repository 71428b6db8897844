"""The drift check: is help going to small and easy needs, away from schooling, houses and a living?"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from marketplace.core.kinds import Labelled, NeedCategory
from marketplace.db.clock import china_day
from marketplace.statistics.hiding import hidden_of
from marketplace.statistics.seen import SeenNeed


class Purpose(Labelled):
    """What a need is good for, in three groups of categories."""

    DAILY = "daily", "日常生活"
    HARDSHIP = "hardship", "大病大事"
    LASTING = "lasting", "长远"


_C = NeedCategory
PURPOSES = {
    **dict.fromkeys((_C.DLY, _C.WRM, _C.CAR), Purpose.DAILY),
    **dict.fromkeys((_C.MED, _C.DIS, _C.DST, _C.LAW), Purpose.HARDSHIP),
    **dict.fromkeys((_C.EDU, _C.HOU, _C.IND, _C.JOB, _C.PUB, _C.TRN), Purpose.LASTING),
}


@dataclass(frozen=True, slots=True)
class Quarter:
    """One quarter of publication: worth of the needs that are pledged, by purpose, in fen; None where so few are."""

    first: date
    needs: int
    pledged_fen: dict[Purpose, int] | None

    @property
    def name(self) -> str:
        """``2018 Q3``."""
        return f"{self.first.year} Q{(self.first.month + 2) // 3}"


def drift_of(seen: Iterable[SeenNeed], *, most: int = 8) -> list[Quarter]:
    """The latest quarters of these needs, oldest first, with the worth of those pledged by purpose."""
    quarters: defaultdict[date, list[SeenNeed]] = defaultdict(list)
    for need in seen:
        if need.pledged:
            quarters[_quarter(china_day(need.published_at))].append(need)
    hidden = hidden_of({first.isoformat(): len({n.whose for n in some}) for first, some in quarters.items()})
    chosen = sorted(quarters)[-most:]
    return [Quarter(q, len(quarters[q]), None if q.isoformat() in hidden else _worth(quarters[q])) for q in chosen]


def _worth(needs: Iterable[SeenNeed]) -> dict[Purpose, int]:
    sums = dict.fromkeys(Purpose, 0)
    for need in needs:
        sums[PURPOSES[need.category]] += need.value_fen
    return sums


def _quarter(day: date) -> date:
    return day.replace(month=day.month - (day.month - 1) % 3, day=1)
