"""What the first page shows: one ledger page of figures, who has waited longest, where people are missing."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.disclosure.queries import GiftFilters, PublicGift, list_gifts, make_period
from marketplace.needs.queries import NeedFilters, PublicNeed, Sort, list_public_needs
from marketplace.regions.queries import names_of
from marketplace.statistics.hiding import hidden_of
from marketplace.statistics.queries import (
    Coverage,
    Rates,
    count_donors,
    coverage,
    make_cohort,
    rates_by_county,
)

_CARDS = 3
_COUNTIES = 4
_GIFTS = 3


@dataclass(frozen=True, slots=True)
class CountyRow:
    """One county's money needs; ``code`` is empty for the rest and for the total."""

    code: str
    name: str
    waiting: int
    pledged: int
    published: int


@dataclass(frozen=True, slots=True)
class FrontPage:
    """All figures of the first page, each as of ``as_of``."""

    as_of: datetime
    place: str
    reach: Coverage
    donors: int
    longest: list[PublicNeed]
    open_needs: int
    gifts: tuple[PublicGift, ...]
    # The counties with the most needs that wait, then all the others together.
    counties: list[CountyRow]
    others: CountyRow | None
    # How many counties stand behind ``others``.
    other_count: int
    total: CountyRow


def front_page(home: str, *, now: datetime) -> FrontPage:
    """The first page of a deployment that serves the division ``home`` (12 digits)."""
    by_county = rates_by_county(make_cohort(home, as_of=now))
    names = names_of([home, *by_county])
    rows = sorted(
        (_row(code, names[code], rates) for code, rates in by_county.items()), key=lambda r: (-r.waiting, r.code)
    )
    # Counties with few needs are never shown apart (P2).
    hidden = hidden_of({code: rates.published for code, rates in by_county.items()})
    first = [row for row in rows if row.code not in hidden][:_COUNTIES]
    rest = [row for row in rows if row not in first]
    waiting = list_public_needs(NeedFilters(sort=Sort.WAITING), now=now, size=_CARDS)
    return FrontPage(
        as_of=now,
        place=names[home],
        reach=coverage(home, as_of=now),
        donors=count_donors(as_of=now),
        longest=waiting.cards,
        open_needs=waiting.counts.open_in_all,
        gifts=list_gifts(GiftFilters(make_period(now=now, area=home)), now=now, size=_GIFTS).gifts,
        counties=first,
        others=_sum(rest) if rest else None,
        other_count=len(rest),
        total=_sum(rows),
    )


def _row(code: str, name: str, rates: Rates) -> CountyRow:
    return CountyRow(code, name, rates.waiting, rates.pledged, rates.published)


def _sum(rows: list[CountyRow]) -> CountyRow:
    return CountyRow("", "", sum(r.waiting for r in rows), sum(r.pledged for r in rows), sum(r.published for r in rows))
