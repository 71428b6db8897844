"""Coordinates of the drawn charts: a tile map of counties, lines by month, bars by county."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.core.money import percent
from marketplace.regions.places import stem_of
from marketplace.statistics.queries import Cell, Rates
from marketplace.statistics.value import Purpose, Quarter

# Column and row of each county of Ganzi, roughly as they lie on the land.
_TILES: Mapping[str, tuple[int, int]] = {
    "513301": (3, 3),
    "513322": (4, 3),
    "513323": (4, 2),
    "513324": (3, 4),
    "513325": (2, 3),
    "513326": (3, 2),
    "513327": (2, 2),
    "513328": (1, 1),
    "513329": (1, 2),
    "513330": (0, 1),
    "513331": (0, 2),
    "513332": (0, 0),
    "513333": (2, 1),
    "513334": (1, 3),
    "513335": (0, 3),
    "513336": (1, 4),
    "513337": (2, 4),
    "513338": (0, 4),
}
_TILE_WIDTH, _TILE_HEIGHT = 68, 62
# Lower bounds of the four steps of the tile map, in percent.
STEPS = ((85, "q4"), (75, "q3"), (65, "q2"), (0, "q1"))
_LEFT, _RIGHT, _TOP, _BOTTOM = 28, 316.2, 18, 190
_BAR_LEFT, _BAR_WIDTH, _BAR_PITCH = 64, 190, 27
_STACK_LEFT, _STACK_WIDTH = 76, 200


@dataclass(frozen=True, slots=True)
class Tile:
    """One county; ``text`` is its fraction, empty where so few may not be shown."""

    x: float
    y: float
    step: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis with its label; ``text`` is empty where no label fits."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a line."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One month in the table beside the lines."""

    month: str
    pledged: int | None
    published: int | None


@dataclass(frozen=True, slots=True)
class MonthLines:
    """Two lines over months; months whose counts may not be shown leave no mark."""

    published: tuple[Mark, ...]
    pledged: tuple[Mark, ...]
    months: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    rows: tuple[MonthRow, ...]

    @property
    def published_line(self) -> str:
        """Points of the line, as SVG writes them."""
        return _points(self.published)

    @property
    def pledged_line(self) -> str:
        """Points of the line, as SVG writes them."""
        return _points(self.pledged)


@dataclass(frozen=True, slots=True)
class Bar:
    """One county's bar: what is published, and the part of it that is pledged."""

    y: float
    name: str
    whole: float
    part: float
    text: str


@dataclass(frozen=True, slots=True)
class CountyRow:
    """One county in the table beside map and bars; None where so few may not be shown."""

    code: str
    name: str
    pledged: int | None
    published: int | None


def tile_map(rows: Sequence[CountyRow]) -> tuple[Tile, ...]:
    """A tile for each county whose place is known; nothing at all unless every county's is."""
    if not rows or any(row.code[:6] not in _TILES for row in rows):
        return ()
    return tuple(_tile(row) for row in rows)


def county_bars(rows: Sequence[CountyRow]) -> tuple[Bar, ...]:
    """A bar for each county with needs, the longest first."""
    shown = sorted((row for row in rows if row.published), key=lambda row: (-(row.published or 0), row.code))
    most = max((row.published or 0 for row in shown), default=1)
    return tuple(
        Bar(
            y=4 + _BAR_PITCH * position,
            name=row.name,
            whole=_tenth((row.published or 0) * _BAR_WIDTH / most),
            part=_tenth((row.pledged or 0) * _BAR_WIDTH / most),
            text=f"{row.pledged} / {row.published}",
        )
        for position, row in enumerate(shown)
    )


def bars_height(bars: Sequence[Bar]) -> int:
    """How tall the drawing is."""
    return 10 + _BAR_PITCH * len(bars)


def month_lines(months: Sequence[date], cells: Sequence[Cell]) -> MonthLines:
    """Lines over the months whose counts are given in the same order."""
    most = max((cell.published or 0 for cell in cells), default=0)
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10**6) if 4 * s >= most)
    across = [_tenth(_LEFT + (_RIGHT - _LEFT) * n / max(1, len(months) - 1)) for n in range(len(months))]

    def height(count: int) -> float:
        return _tenth(_BOTTOM - (_BOTTOM - _TOP) * count / (4 * step))

    every = max(1, (len(months) + 5) // 6)
    placed = list(zip(across, cells, strict=True))
    return MonthLines(
        published=tuple(Mark(x, height(c.published)) for x, c in placed if c.published is not None),
        pledged=tuple(Mark(x, height(c.pledged)) for x, c in placed if c.pledged is not None),
        months=tuple(
            Tick(x, f"{month.month}" if n % every == 0 else "")
            for n, (x, month) in enumerate(zip(across, months, strict=True))
        ),
        counts=tuple(Tick(height(n * step), str(n * step)) for n in range(5)),
        rows=tuple(
            MonthRow(f"{month:%Y-%m}", cell.pledged, cell.published) for month, cell in zip(months, cells, strict=True)
        ),
    )


def months_between(first: date, last: date, *, most: int = 24) -> list[date]:
    """The first days of the months from ``first`` to ``last``, the latest ``most`` of them."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(max(start, end - most + 1), end + 1)]


def sum_row(rates: Rates, name: str) -> CountyRow:
    """The total under a table."""
    return CountyRow("", name, rates.pledged, rates.published)


def _tile(row: CountyRow) -> Tile:
    column, line = _TILES[row.code[:6]]
    return Tile(
        x=column * _TILE_WIDTH + 0.5,
        y=line * _TILE_HEIGHT + 0.5,
        step=_step_of(row),
        name=stem_of(row.name),
        text=f"{row.pledged}/{row.published}" if row.published is not None else "",
    )


def _step_of(row: CountyRow) -> str:
    if not row.published:
        return "q1"
    share = 100 * (row.pledged or 0) // row.published
    return next(step for least, step in STEPS if share >= least)


def _points(marks: Sequence[Mark]) -> str:
    return " ".join(f"{mark.x},{mark.y}" for mark in marks)


def _tenth(value: float) -> float:
    return round(value, 1)


@dataclass(frozen=True, slots=True)
class Curve:
    """The share of needs pledged by each day, as a line of steps, with the labels of both axes."""

    line: str
    days: tuple[Tick, ...]
    shares: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a bar."""

    x: float
    width: float
    step: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One quarter: the parts of its worth side by side; none where so few may not be shown."""

    y: float
    name: str
    pieces: tuple[Piece, ...]
    text: str


def waiting_curve(points: Sequence[tuple[int, int]], *, most: int = 180) -> Curve:
    """Kaplan and Meier's curve, turned to grow, over ``most`` days; ``points`` are (day, tenths of a percent)."""
    shown = [(days, tenths) for days, tenths in points if days <= most]

    def across(days: int) -> float:
        return _tenth(_LEFT + (_RIGHT - _LEFT) * days / most)

    def height(tenths: int) -> float:
        return _tenth(_BOTTOM - (_BOTTOM - _TOP) * tenths / 1000)

    steps, last = [f"M{_LEFT} {height(0)}"], 0
    for days, tenths in shown:
        steps += [f"H{across(days)}", f"V{height(tenths)}"]
        last = days
    steps += [f"H{across(most)}"] if last else []
    return Curve(
        line="".join(steps),
        days=tuple(Tick(across(days), str(days)) for days in (0, 30, 60, 90, 120, 150, 180)),
        shares=tuple(Tick(height(250 * n), str(25 * n)) for n in range(5)),
    )


def drift_stacks(quarters: Sequence[Quarter]) -> tuple[Stack, ...]:
    """A bar for each quarter, as long as all the others: shares of worth by purpose."""
    return tuple(_stack(position, quarter) for position, quarter in enumerate(quarters))


def _stack(position: int, quarter: Quarter) -> Stack:
    y = 4.0 + _BAR_PITCH * position
    total = sum(quarter.pledged_fen.values()) if quarter.pledged_fen else 0
    if quarter.pledged_fen is None or not total:
        return Stack(y, quarter.name, (), "")
    pieces, x = [], float(_STACK_LEFT)
    for purpose, step in zip(Purpose, ("q3", "q2", "q4"), strict=True):
        width = quarter.pledged_fen[purpose] * _STACK_WIDTH / total
        pieces.append(Piece(_tenth(x), _tenth(width), step))
        x += width
    return Stack(y, quarter.name, tuple(pieces), f"{percent(quarter.pledged_fen[Purpose.DAILY], total)} %")
