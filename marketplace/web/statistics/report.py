"""The whole statistics page of one question: its figures, its charts, and its tables in the order of the page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from marketplace.core.divisions import DIGITS, Level
from marketplace.core.kinds import Labelled, NeedCategory, SupportKind
from marketplace.db.clock import china_day
from marketplace.regions.queries import names_of
from marketplace.statistics import queries
from marketplace.statistics.cube import Cube, Row, cube_of
from marketplace.statistics.degrees import Fraction, activity_of, precision_of
from marketplace.statistics.effects import effects_of
from marketplace.statistics.gaps import GapRow, gaps_of
from marketplace.statistics.gifts import kept_by_donor_type, kept_by_place
from marketplace.statistics.hiding import ANY
from marketplace.statistics.queries import ChannelTotals, Cohort, Coverage, Step, Waiting
from marketplace.statistics.seen import SeenNeed, of_question
from marketplace.statistics.snapshots import Correction, Kept, corrections_of, find_snapshot
from marketplace.statistics.value import Quarter, drift_of
from marketplace.statistics.waiting import waiting_among
from marketplace.web.filters import day, number, term
from marketplace.web.i18n import say as _
from marketplace.web.statistics.asked import Asked
from marketplace.web.statistics.charts import Curve, Stack, drift_stacks, waiting_curve
from marketplace.web.statistics.pages import Picture, county_of, county_rows, picture_of, rates_in, seen_around
from marketplace.web.statistics.tables import (
    Table,
    channels_table,
    donors_table,
    drift_table,
    effects_table,
    gap_table,
    months_table,
    places_table,
    rates_table,
    steps_table,
    waiting_table,
)

L = TypeVar("L", bound=Labelled)
_COUNTY = DIGITS[Level.COUNTY]
ACTIVE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows; ``tables`` by name, in order."""

    asked: Asked
    as_of: datetime
    place: str
    picture: Picture
    tables: dict[str, Table]
    waiting: Waiting
    curve: Curve
    stacks: tuple[Stack, ...]
    reach: Coverage
    activity: Fraction
    precision: Fraction
    channels: list[ChannelTotals]
    # The snapshot that the rates were taken from, and what is counted otherwise today.
    kept: Kept | None
    corrections: list[Correction]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Of what, of where, of when."""
        kind = self.asked.support_kind
        since = [(_("Published from"), day(self.asked.since))] if self.asked.since else []
        return [
            (_("Area"), self.place),
            (_("Kind of help"), term(kind) if kind else _("All kinds of help")),
            (_("Category"), term(self.asked.category) if self.asked.category else _("All categories")),
            *since,
            (_("As of"), day(self.as_of)),
            (_("Registered households"), number(self.reach.registered)),
            (_("Households with a published need"), number(self.reach.with_need)),
            (_("Activity"), _written(self.activity)),
            (_("Participation"), _written(Fraction(self.reach.with_need, self.reach.registered))),
            (_("Precision"), _written(self.precision)),
        ]


def report_of(asked: Asked, *, now: datetime) -> Report:
    """Count everything once; the rates of a day that was kept are told as they were kept."""
    cohort = asked.cohort(now)
    kept = _kept(asked, cohort, now=now)
    seen = seen_around(cohort)
    counted = of_question(seen, cohort)
    cube = kept.cube if kept else cube_of(seen)
    picture = picture_of(cohort, seen, cube=cube)
    quarters = drift_of(counted)
    waiting = waiting_among(counted, as_of=cohort.as_of)
    tables = _tables(asked, cohort, cube, picture, waiting, quarters, counted, now=now)
    money = kept.channel_totals if kept else queries.channels(as_of=cohort.as_of)
    tables.append(channels_table(money))
    return Report(
        asked=asked,
        as_of=cohort.as_of,
        place=names_of([asked.place])[asked.place],
        picture=picture,
        tables={table.name: table for table in tables},
        waiting=waiting,
        curve=waiting_curve(waiting.curve),
        stacks=drift_stacks(quarters),
        reach=kept.reach(cohort.area) if kept else queries.coverage(asked.place, as_of=cohort.as_of),
        activity=activity_of(since=cohort.as_of - timedelta(days=ACTIVE_DAYS), as_of=cohort.as_of),
        precision=precision_of(counted),
        channels=money,
        kept=kept,
        corrections=_corrections(cohort, picture, kept, seen),
    )


def _written(fraction: Fraction) -> str:
    return f"{fraction.part} / {fraction.whole}"


def _kept(asked: Asked, cohort: Cohort, *, now: datetime) -> Kept | None:
    is_whole_day = asked.as_of is not None and asked.since is None and asked.as_of < china_day(now)
    return find_snapshot(asked.as_of) if is_whole_day and asked.as_of and len(cohort.area) <= _COUNTY else None


def _corrections(cohort: Cohort, picture: Picture, kept: Kept | None, seen: Sequence[SeenNeed]) -> list[Correction]:
    if kept is None or picture.is_small:
        return []
    now_counted = rates_in(cube_of(seen), cohort, seen)
    return corrections_of(picture.rates, now_counted) if now_counted is not None else []


def _tables(
    asked: Asked,
    cohort: Cohort,
    cube: Cube,
    picture: Picture,
    waiting: Waiting,
    quarters: list[Quarter],
    counted: Sequence[SeenNeed],
    *,
    now: datetime,
) -> list[Table]:
    if picture.is_small or not picture.rates.published:
        return []
    links = _Links(asked, now)
    found = [steps_table(picture.rates), waiting_table(waiting)]
    if len(cohort.area) <= _COUNTY:
        found += _rates_tables(cohort, cube, picture, links)
    gaps = gaps_of(counted, as_of=cohort.as_of)
    found += [
        months_table(picture.months.rows),
        donors_table(kept_by_donor_type(cohort)),
        places_table(kept_by_place(cohort)),
        effects_table(effects_of(counted, as_of=cohort.as_of)),
        drift_table(quarters),
    ]
    if gaps.whole.needs:
        counties = _county_gaps(gaps.by_county)
        categories = _worded(NeedCategory, gaps.by_category)
        titles = (_("Who still waits, by county"), _("Who still waits, by category"))
        if len(cohort.area) < _COUNTY:
            row = gap_table("gap_county", titles[0], _("County"), counties, whole=gaps.whole, link=links.open_in)
            found.append(row)
        found.append(
            gap_table("gap_category", titles[1], _("Category"), categories, whole=gaps.whole, link=links.open_of)
        )
    return found


def _rates_tables(cohort: Cohort, cube: Cube, picture: Picture, links: "_Links") -> list[Table]:
    whole, county = picture.rates, county_of(cohort)
    kind, category = cohort.kind or ANY, cohort.category or ANY
    found = []
    if county is ANY:
        rows = county_rows(cohort, cube)
        found.append(
            rates_table(
                "counties",
                _("By county"),
                _("County"),
                rows,
                whole=whole,
                link=links.to_area,
                codes=links.codes_of_area,
            )
        )
    if category is ANY:
        of_category = _worded(NeedCategory, cube.by_category(county=county, kind=kind))
        title, head = _("By category"), _("Category")
        found.append(
            rates_table(
                "categories",
                title,
                head,
                of_category,
                whole=whole,
                link=links.to_category,
                codes=links.codes_of_category,
            )
        )
    of_kind = _worded(SupportKind, cube.by_kind(county=county, category=category))
    every = cube.rates(county=county, category=category)
    title, head = _("By kind of help, all kinds"), _("Kind of help")
    found.append(rates_table("kinds", title, head, of_kind, whole=every, link=links.to_kind, codes=links.codes_of_kind))
    return found


R = TypeVar("R", Row, GapRow)


def _worded(kind: type[L], rows: Iterable[R]) -> list[tuple[str, R]]:
    """Rows with the term of their key."""
    words = {member.value: term(member) for member in kind}
    return [(words[row.key], row) for row in rows]


def _county_gaps(rows: Iterable[GapRow]) -> list[tuple[str, GapRow]]:
    ordered = list(rows)
    names = names_of([f"{row.key:0<12}" for row in ordered])
    return [(names[f"{row.key:0<12}"], row) for row in ordered]


@dataclass(frozen=True, slots=True)
class _Links:
    """Where each row and each figure leads: the same question about a part, the codes behind it, the open needs."""

    asked: Asked
    now: datetime

    def to_area(self, key: str) -> str:
        return self.asked.link("/statistics", area=f"{key:0<12}")

    def to_category(self, key: str) -> str:
        return self.asked.link("/statistics", category=key)

    def to_kind(self, key: str) -> str:
        return self.asked.link("/statistics", kind=key)

    def codes_of_area(self, key: str, step: Step) -> str:
        return self.asked.codes_link(step, now=self.now, area=f"{key:0<12}" if key else "")

    def codes_of_category(self, key: str, step: Step) -> str:
        return self.asked.codes_link(step, now=self.now, category=key)

    def codes_of_kind(self, key: str, step: Step) -> str:
        return self.asked.codes_link(step, now=self.now, kind=key or "all")

    def open_in(self, key: str) -> str:
        category = f"&category={self.asked.category.value}" if self.asked.category else ""
        return f"/needs?area={key:0<12}{category}"

    def open_of(self, key: str) -> str:
        return f"/needs?category={key}" + (f"&area={self.asked.area}" if self.asked.area else "")
