"""What the statistics page and the disclosure page show of one cohort: rates, map, months, bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from marketplace.core.divisions import Level
from marketplace.db.clock import china_day
from marketplace.regions.queries import list_level, names_of
from marketplace.statistics.queries import Cohort, Rates, cells_of, rates_in_grid
from marketplace.web.statistics.asked import start_of
from marketplace.web.statistics.charts import (
    Bar,
    CountyRow,
    MonthLines,
    Tile,
    bars_height,
    county_bars,
    month_lines,
    months_between,
    tile_map,
)

_MOST_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Picture:
    """A cohort in figures and charts."""

    rates: Rates
    counties: tuple[CountyRow, ...]
    tiles: tuple[Tile, ...]
    bars: tuple[Bar, ...]
    bars_height: int
    months: MonthLines


def picture_of(cohort: Cohort, *, first: datetime | None = None) -> Picture:
    """Rates with the counties and months of a cohort, from ``first`` or over the last twelve months; one count."""
    months = _months(cohort, first)
    grid = rates_in_grid(cohort, [start_of(month) for month in months])
    by_county: dict[str, Rates] = {}
    by_part = [Rates()] * (len(months) + 1)
    for (county, part), rates in grid.items():
        by_county[county] = by_county.get(county, Rates()) + rates
        by_part[part] += rates
    counties = _county_rows(cohort, by_county)
    bars = county_bars(counties)
    month_cells = cells_of({month.isoformat(): part for month, part in zip(months, by_part[1:], strict=True)})
    return Picture(
        rates=sum(by_part, Rates()),
        counties=counties,
        tiles=tile_map(counties),
        bars=bars,
        bars_height=bars_height(bars),
        months=month_lines(months, month_cells),
    )


def _county_rows(cohort: Cohort, found: Mapping[str, Rates]) -> tuple[CountyRow, ...]:
    every = [division.code for division in list_level(Level.COUNTY, area=cohort.area[:6])]
    names = names_of(every)
    cells = cells_of({code: found.get(code, Rates()) for code in every})
    return tuple(CountyRow(cell.key, names[cell.key], cell.pledged, cell.published) for cell in cells)


def _months(cohort: Cohort, first: datetime | None) -> list[date]:
    last = china_day(cohort.as_of)
    begins = first or cohort.since
    start = china_day(begins) if begins else last.replace(year=last.year - 1, day=1)
    return months_between(start, last, most=_MOST_MONTHS)
