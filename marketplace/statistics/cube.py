"""All counts of needs by county, category and kind with their margins, and which of them may be shown (P2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field

from marketplace.core.divisions import DIGITS, Level
from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.statistics.hiding import ANY, Key, hidden_cells, hidden_of, with_margins
from marketplace.statistics.rates import Rates
from marketplace.statistics.seen import SeenNeed, counts_of_one, rates_among

_DIGITS = DIGITS[Level.COUNTY]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a public table; ``rates`` is None where so few may not be shown."""

    key: str
    rates: Rates | None


@dataclass(frozen=True, slots=True)
class Cube:
    """Counts by (county of 6 digits, category, kind), each of which may be ANY, and the cells that may not be shown."""

    cells: Mapping[Key, Rates]
    hidden: frozenset[Key] = frozenset()
    # What was counted, without margins: enough to make the rest again.
    leaves: Mapping[Key, Rates] = field(default_factory=dict)

    def rates(self, *, county: str = ANY, category: str = ANY, kind: str = ANY) -> Rates | None:
        """The counts of one question; None where fewer than five households stand behind it, or behind a neighbour."""
        key = (county, category, kind)
        return None if key in self.hidden else self.cells.get(key, Rates())

    def whole(self, prefix: str, *, category: str = ANY, kind: str = ANY) -> Rates:
        """The counts of all counties whose code begins so, small or not: for staff's own reports."""
        chosen = (
            rates
            for (county, of_category, of_kind), rates in self.leaves.items()
            if county.startswith(prefix) and category in (ANY, of_category) and kind in (ANY, of_kind)
        )
        return sum(chosen, Rates())

    def by_county(self, counties: Iterable[str], *, category: str = ANY, kind: str = ANY) -> list[Row]:
        """One row for each county, those without a need too."""
        return [Row(code, self.rates(county=code, category=category, kind=kind)) for code in counties]

    def by_category(self, *, county: str = ANY, kind: str = ANY) -> list[Row]:
        """One row for each category that may have a need behind it."""
        return _with_needs(Row(c.value, self.rates(county=county, category=c.value, kind=kind)) for c in NeedCategory)

    def by_kind(self, *, county: str = ANY, category: str = ANY) -> list[Row]:
        """One row for each kind of help that may have a need behind it."""
        found = ((k.value, self.rates(county=county, category=category, kind=k.value)) for k in SupportKind)
        return _with_needs(Row(key, rates) for key, rates in found)


def cube_of(seen: Iterable[SeenNeed]) -> Cube:
    """Count needs once, for every question about county, category and kind."""
    counts: defaultdict[Key, list[tuple[int, ...]]] = defaultdict(list)
    behind: defaultdict[Key, set[int]] = defaultdict(set)
    for need in seen:
        key = (need.division_code[:_DIGITS], need.category.value, need.kind.value)
        counts[key].append(counts_of_one(need))
        if not need.is_withdrawn:
            for margin in with_margins(key):
                behind[margin].add(need.whose)
    leaves = {key: Rates(*map(sum, zip(*some, strict=True))) for key, some in counts.items()}
    return Cube(summed(leaves), hidden_cells({key: len(some) for key, some in behind.items()}), leaves)


def summed(leaves: Mapping[Key, Rates]) -> dict[Key, Rates]:
    """The counts with all their margins: numerators and denominators are added, percentages never."""
    cells: defaultdict[Key, list[tuple[int, ...]]] = defaultdict(list)
    for key, rates in leaves.items():
        counts = astuple(rates)
        for margin in with_margins(key):
            cells[margin].append(counts)
    return {key: Rates(*map(sum, zip(*some, strict=True))) for key, some in cells.items()}


def _with_needs(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.rates is None or row.rates.published or row.rates.withdrawn]


def shown_rates(seen: Sequence[SeenNeed], area: str) -> Rates | None:
    """The counts of an area finer than a county (a prefix); None where so few may not be shown beside its neighbours.

    ``seen`` are the needs of its whole county.
    """
    behind: defaultdict[str, set[int]] = defaultdict(set)
    for need in seen:
        if not need.is_withdrawn:
            behind[need.division_code[: len(area)]].add(need.whose)
    hidden = hidden_of({place: len(households) for place, households in behind.items()})
    return None if area in hidden else rates_among([need for need in seen if need.division_code.startswith(area)])
