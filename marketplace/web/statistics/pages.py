"""What the statistics page and the disclosure page show of one cohort: rates, map, months, bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from marketplace.core.divisions import DIGITS, Level
from marketplace.db.clock import china_day
from marketplace.regions.queries import list_level, names_of
from marketplace.statistics.cube import Cube, Row, cube_of, shown_rates
from marketplace.statistics.hiding import ANY
from marketplace.statistics.queries import Cohort, Rates
from marketplace.statistics.seen import SeenNeed, cells_by_part, of_question, seen_needs
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
_COUNTY = DIGITS[Level.COUNTY]


@dataclass(frozen=True, slots=True)
class Picture:
    """A cohort in figures and charts; all of it is empty where so few may not be shown."""

    rates: Rates
    is_small: bool
    counties: tuple[CountyRow, ...]
    tiles: tuple[Tile, ...]
    bars: tuple[Bar, ...]
    bars_height: int
    months: MonthLines


def seen_around(cohort: Cohort) -> list[SeenNeed]:
    """All needs of the area of a cohort, or of the county that it lies in, of every kind and category."""
    return seen_needs(Cohort(as_of=cohort.as_of, area=cohort.area[:_COUNTY], kind=None, since=cohort.since))


def picture_of(
    cohort: Cohort, seen: Sequence[SeenNeed], *, first: datetime | None = None, cube: Cube | None = None
) -> Picture:
    """Rates with the counties and months of a cohort, from ``first`` or over the last twelve months.

    ``seen`` are the needs of seen_around; ``cube`` their counts, where these are not to be counted again.
    """
    cube = cube or cube_of(seen)
    rates = rates_in(cube, cohort, seen)
    counties = _county_rows(cohort, cube)
    bars = county_bars(counties)
    months = _months(cohort, first)
    cells = cells_by_part(of_question(seen, cohort), [start_of(month) for month in months])[1:]
    return Picture(
        rates=rates or Rates(),
        is_small=rates is None,
        counties=counties,
        tiles=tile_map(counties),
        bars=bars,
        bars_height=bars_height(bars),
        months=month_lines(months, cells),
    )


def rates_in(cube: Cube, cohort: Cohort, seen: Iterable[SeenNeed]) -> Rates | None:
    """The counts of a cohort where they may be shown."""
    if len(cohort.area) > _COUNTY:
        around = of_question(seen, replace(cohort, area=""), with_withdrawn=True)
        return shown_rates(around, cohort.area)
    return cube.rates(county=county_of(cohort), category=cohort.category or ANY, kind=cohort.kind or ANY)


def county_of(cohort: Cohort) -> str:
    """The county that is asked about, or ANY for all of them."""
    return cohort.area if len(cohort.area) == _COUNTY else ANY


def county_rows(cohort: Cohort, cube: Cube) -> list[tuple[str, Row]]:
    """Name and counts of every county of the area."""
    every = [division.code for division in list_level(Level.COUNTY, area=cohort.area[:_COUNTY])]
    names = names_of(every)
    rows = cube.by_county([code[:_COUNTY] for code in every], category=cohort.category or ANY, kind=cohort.kind or ANY)
    return [(names[code], row) for code, row in zip(every, rows, strict=True)]


def _county_rows(cohort: Cohort, cube: Cube) -> tuple[CountyRow, ...]:
    return tuple(
        CountyRow(
            f"{row.key:0<12}",
            name,
            row.rates.pledged if row.rates else None,
            row.rates.published if row.rates else None,
        )
        for name, row in county_rows(cohort, cube)
    )


def _months(cohort: Cohort, first: datetime | None) -> list[date]:
    last = china_day(cohort.as_of)
    begins = first or cohort.since
    start = china_day(begins) if begins else last.replace(year=last.year - 1, day=1)
    return months_between(start, last, most=_MOST_MONTHS)
