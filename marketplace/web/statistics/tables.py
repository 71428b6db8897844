"""Tables of the statistics page, made once and shown twice: on the page and, cell for cell, in its CSV (E2)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from marketplace.core.kinds import Labelled
from marketplace.core.money import percent
from marketplace.statistics.cube import Row
from marketplace.statistics.effects import Effect
from marketplace.statistics.gaps import Gap, GapRow
from marketplace.statistics.gifts import KeptRow, PlaceRow
from marketplace.statistics.intervals import wilson
from marketplace.statistics.queries import ChannelTotals, Rates, Step, Waiting
from marketplace.statistics.value import Purpose, Quarter
from marketplace.web.filters import number, term, wan
from marketplace.web.i18n import say as _
from marketplace.web.statistics.charts import MonthRow

L = TypeVar("L", bound=Labelled)


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as it is written, and where the codes behind it are listed."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what it is about, and its figures; none where so few stand behind them that they are not shown."""

    head: Cell
    cells: tuple[Cell, ...]
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with the heading of each column; the first column heads the rows."""

    name: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


# A question about one part of the whole, as (address of the codes behind a step) or (address of the page).
Link = Callable[[str], str]
CodesLink = Callable[[str, Step], str]


def share_words(part: int, whole: int) -> str:
    """``77.0 %``."""
    return f"{percent(part, whole)} %"


def interval_words(part: int, whole: int) -> str:
    """``72.0–81.3 %``."""
    found = wilson(part, whole)
    return f"{found.words} %" if found else "–"


def correction_words() -> dict[str, str]:
    """The name of each count that can be corrected."""
    beside = {
        "withdrawn": _("Withdrawn before any pledge, not counted"),
        "expired": _("Ran out without a match"),
        "suspended": _("Of these suspended"),
    }
    return {**{step.value: term(step) for step in Step}, **beside}


def steps_table(rates: Rates) -> Table:
    """The nested rates of the question itself."""
    lines = [
        Line(
            Cell(term(step)),
            (
                Cell(f"{number(rates.of(step))} / {number(rates.published)}"),
                Cell(share_words(rates.of(step), rates.published)),
                Cell(interval_words(rates.of(step), rates.published)),
            ),
        )
        for step in Step
    ]
    beside = [
        (_("Waiting"), rates.waiting),
        (_("Of these suspended"), rates.suspended),
        (_("Ran out without a match"), rates.expired),
        (_("Withdrawn before any pledge, not counted"), rates.withdrawn),
    ]
    lines += [Line(Cell(words), (Cell(number(count)), Cell(""), Cell(""))) for words, count in beside]
    return Table("steps", _("How far needs have come"), (_("Step"), _("Needs"), _("Share"), _interval()), tuple(lines))


def rates_table(
    name: str,
    title: str,
    head: str,
    rows: Iterable[tuple[str, Row]],
    *,
    whole: Rates | None,
    link: Link,
    codes: CodesLink,
) -> Table:
    """Nested rates by some part of the whole; ``rows`` have the words for each key."""
    columns = (head, *(term(step) for step in Step), _interval(), _("Match success rate"))
    lines = [_rates_line(Cell(words, link(row.key)), row.key, row.rates, codes) for words, row in rows]
    if whole is not None:
        lines.append(_rates_line(Cell(_("Sum")), "", whole, codes, is_sum=True))
    return Table(name, title, columns, tuple(lines))


def _rates_line(head: Cell, key: str, rates: Rates | None, codes: CodesLink, *, is_sum: bool = False) -> Line:
    if rates is None:
        return Line(head, ())
    cells = [Cell(number(rates.of(step)), codes(key, step) if rates.of(step) else "") for step in Step]
    shares = (interval_words(rates.pledged, rates.published), share_words(rates.pledged, rates.published))
    return Line(head, (*cells, *map(Cell, shares)), is_sum)


def waiting_table(found: Waiting) -> Table:
    """Time to match, with open needs censored."""
    median = _("not yet") if found.median_days is None else number(found.median_days)
    lines = [
        Line(Cell(_("Needs, of which pledged")), (Cell(f"{number(found.matched)} / {number(found.needs)}"),)),
        Line(Cell(_("Still open or ended, counted as watched so far")), (Cell(number(found.needs - found.matched)),)),
        Line(Cell(_("Half are pledged after (days)")), (Cell(median),)),
    ]
    lines += [Line(Cell(_("Within %(days)s days", days=days)), (Cell(tenths_words(t)),)) for days, t in found.within]
    return Table("waiting", _("How long needs wait for a pledge"), (_("Measure"), _("Value")), tuple(lines))


def tenths_words(tenths: int | None) -> str:
    """Tenths of a percent."""
    return _("nobody has been watched that long") if tenths is None else f"{tenths // 10}.{tenths % 10} %"


def donors_table(rows: Iterable[KeptRow]) -> Table:
    """How far pledges come, by who gives."""
    columns = (
        _("Who gives"),
        _("Pledges"),
        _("Ended without arriving"),
        _("Delivered"),
        _("Confirmed"),
        _("At arm's length"),
        _interval(),
        _("Confirmed, share"),
    )
    lines = []
    for row in rows:
        k = row.kept
        cells: tuple[Cell, ...] = ()
        if k is not None:
            counts = [number(n) for n in (k.made, k.lapsed, k.delivered, k.confirmed, k.arms_length)]
            shares = (interval_words(k.confirmed, k.made), share_words(k.confirmed, k.made))
            cells = tuple(map(Cell, (*counts, *shares)))
        lines.append(Line(Cell(term(row.donor_type)), cells))
    return Table("donors", _("Pledges by who gives"), columns, tuple(lines))


def places_table(rows: Iterable[PlaceRow]) -> Table:
    """What came of suggestions, by the place at which they were shown."""
    columns = (
        _("Place in the list"),
        _("Shown"),
        _("Opened"),
        _("Pledged"),
        _("Delivered"),
        _("Confirmed"),
        _interval(),
        _("Pledged of shown"),
    )
    lines = []
    for row in rows:
        p = row.place
        cells: tuple[Cell, ...] = ()
        if p is not None:
            seen = [number(p.shown), number(p.opened)] if row.first else ["–", "–"]
            counts = [number(n) for n in (p.pledged, p.delivered, p.confirmed)]
            shares = [interval_words(min(p.pledged, p.shown), p.shown), share_words(p.pledged, p.shown)]
            cells = tuple(map(Cell, (*seen, *counts, *(shares if row.first else ("–", "–")))))
        lines.append(Line(Cell(_place_words(row)), cells))
    return Table("places", _("Suggestions by their place in the list"), columns, tuple(lines))


def _place_words(row: PlaceRow) -> str:
    if row.first is None:
        return _("Not suggested: found by the donor")
    return str(row.first) if row.first == row.last else f"{row.first}–{row.last}"


def effects_table(rows: Iterable[Effect]) -> Table:
    """What households say later."""
    columns = (
        _("After the delivery"),
        _("Due"),
        _("Answered"),
        _("Still of use"),
        _("Still needed"),
        _("Answered by the household itself"),
        _interval(),
        _("Of use, share of the answers"),
    )
    lines = [
        Line(
            Cell(_("%(days)s days", days=e.days)),
            tuple(
                Cell(text)
                for text in (
                    *(number(n) for n in (e.due, e.answered, e.useful, e.needed, e.by_household)),
                    interval_words(e.useful, e.answered),
                    share_words(e.useful, e.answered),
                )
            ),
        )
        for e in rows
    ]
    return Table("effects", _("Months later: of use, still needed"), columns, tuple(lines))


def drift_table(quarters: Iterable[Quarter]) -> Table:
    """Where the worth of pledged needs goes, quarter by quarter."""
    columns = (_("Quarter"), _("Needs"), *(term(purpose) for purpose in Purpose), *(_share_of(p) for p in Purpose))
    lines = []
    for quarter in quarters:
        cells: tuple[Cell, ...] = ()
        if quarter.pledged_fen is not None:
            fen = quarter.pledged_fen
            total = sum(fen.values())
            worth = [wan(fen[purpose]) for purpose in Purpose]
            shares = [share_words(fen[purpose], total) for purpose in Purpose]
            cells = tuple(map(Cell, (number(quarter.needs), *worth, *shares)))
        lines.append(Line(Cell(quarter.name), cells))
    return Table("drift", _("What help is for: worth of pledged needs (10,000 yuan)"), columns, tuple(lines))


def _share_of(purpose: Purpose) -> str:
    return _("%(what)s, share", what=term(purpose))


def months_table(months: Iterable[MonthRow]) -> Table:
    """Needs by month of publication."""
    columns = (_("Month"), _("Matched"), _("Published"))
    lines = [
        Line(
            Cell(row.month),
            ()
            if row.published is None or row.pledged is None
            else (Cell(number(row.pledged)), Cell(number(row.published))),
        )
        for row in months
    ]
    return Table("months", _("By month"), columns, tuple(lines))


def channels_table(rows: Iterable[ChannelTotals]) -> Table:
    """Money of the channels, in ten thousands of yuan."""
    columns = (_("Channel"), _("Agreed"), _("Arrived"), _("Projects"), _("Arrival rate"))
    lines = [
        Line(
            Cell(term(row.channel)),
            (
                Cell(wan(row.agreed_fen)),
                Cell(wan(row.received_fen)),
                Cell(number(row.projects)),
                Cell(share_words(row.received_fen, row.agreed_fen)),
            ),
        )
        for row in rows
    ]
    return Table("channels", _("Five channels: how much of what was agreed arrived"), columns, tuple(lines))


def gap_table(name: str, title: str, head: str, rows: Sequence[tuple[str, GapRow]], *, whole: Gap, link: Link) -> Table:
    """Who is still waiting; each row leads to its open needs."""
    columns = (
        head,
        _("Worth, yuan"),
        _("Half wait longer than (days)"),
        _("Waiting over 90 days"),
        _("Shown to donors and passed over"),
        _("Open needs"),
    )
    lines = [Line(Cell(words, link(row.key)), _gap_cells(row.gap)) for words, row in rows]
    lines.append(Line(Cell(_("All together")), _gap_cells(whole), is_sum=True))
    return Table(name, title, columns, tuple(lines))


def _gap_cells(gap: Gap | None) -> tuple[Cell, ...]:
    if gap is None:
        return ()
    numbers = (gap.value_fen // 100, gap.median_days, gap.waiting_long, gap.passed_over, gap.needs)
    return tuple(Cell(number(n)) for n in numbers)


def _interval() -> str:
    return _("%(percent)s %% interval", percent=95)
