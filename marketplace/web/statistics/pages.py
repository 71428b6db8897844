"""What the statistics page and the disclosure page show of one cohort: rates, map, months, bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from marketplace.core.divisions import Level
from marketplace.db.clock import china_day
from marketplace.regions.queries import list_level, names_of
from marketplace.statistics.queries import Cohort, Rates, cells_of, rates_between, rates_by_county, rates_of
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
    """Rates with the counties and months of a cohort, from ``first`` or the last twelve months, in four queries."""
    rates = rates_of(cohort)
    counties = _counties(cohort)
    bars = county_bars(counties)
    return Picture(
        rates=rates,
        counties=counties,
        tiles=tile_map(counties),
        bars=bars,
        bars_height=bars_height(bars),
        months=_months(cohort, first),
    )


def _counties(cohort: Cohort) -> tuple[CountyRow, ...]:
    found: Mapping[str, Rates] = rates_by_county(cohort)
    every = [division.code for division in list_level(Level.COUNTY, area=cohort.area[:6])]
    names = names_of(every)
    cells = cells_of({code: found.get(code, Rates()) for code in every})
    return tuple(CountyRow(cell.key, names[cell.key], cell.pledged, cell.published) for cell in cells)


def _months(cohort: Cohort, first: datetime | None) -> MonthLines:
    last = china_day(cohort.as_of)
    begins = first or cohort.since
    start = china_day(begins) if begins else last.replace(year=last.year - 1, day=1)
    months = months_between(start, last, most=_MOST_MONTHS)
    rates = rates_between(cohort, [start_of(month) for month in months])
    cells = cells_of({month.isoformat(): part for month, part in zip(months, rates, strict=True)})
    return month_lines(months, cells)
