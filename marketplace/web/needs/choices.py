"""The choices of the public list as addresses: read from the query string and written back to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from marketplace.core.divisions import Level, at_level, is_code, level_of, significant
from marketplace.core.kinds import NeedCategory, SupportKind, Urgency, find_member
from marketplace.needs.filters import Band, NeedFilters, Sort, Standing
from marketplace.regions import queries as regions
from marketplace.web.filters import term

_LONG_WAIT, _NEVER = "wait", "never"


@dataclass(frozen=True, slots=True)
class Choice:
    """A word with the address that it leads to."""

    word: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """A place that the list can be narrowed to, with the needs that wait there."""

    code: str
    name: str
    count: int | None
    is_below: bool
    chosen: bool


def filters_of(args: "MultiDict[str, str]") -> NeedFilters:
    """What an address asks for; what cannot be read is left out."""
    area = args.get("area", "")
    words = " ".join(args.get("q", "").split())[:100]
    sort = next((s for s in Sort if s.value == args.get("sort")), Sort.RELEVANCE if words else Sort.WAITING)
    categories = [find_member(NeedCategory, code) for code in args.getlist("c")]
    wishes = args.getlist("p")
    return NeedFilters(
        area=area if is_code(area) else None,
        categories=tuple(dict.fromkeys(category for category in categories if category is not None)),
        kind=find_member(SupportKind, args.get("kind")),
        band=find_member(Band, args.get("m")),
        urgency=find_member(Urgency, args.get("u")),
        standing=find_member(Standing, args.get("s")) or Standing.OPEN,
        waits_long=_LONG_WAIT in wishes,
        never_helped=_NEVER in wishes,
        words=words,
        sort=sort if words or sort is not Sort.RELEVANCE else Sort.WAITING,
    )


def link_to(filters: NeedFilters, *, after: str | None = None) -> str:
    """The address of the list with these filters; defaults are left out."""
    pairs = [*_pairs(filters), *([("after", after)] if after else [])]
    return f"/needs?{urlencode(pairs)}" if pairs else "/needs"


def kept_of(filters: NeedFilters) -> list[tuple[str, str]]:
    """What the search field keeps beside new words: every filter, but not the order."""
    return _pairs(replace(filters, words="", sort=Sort.WAITING))


def _pairs(filters: NeedFilters) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = [("q", filters.words)] if filters.words else []
    pairs += [("area", filters.area)] if filters.area else []
    pairs += [("c", category.value) for category in filters.categories]
    pairs += [("kind", filters.kind.value)] if filters.kind else []
    pairs += [("m", filters.band.value)] if filters.band else []
    pairs += [("u", filters.urgency.value)] if filters.urgency else []
    pairs += [("s", filters.standing.value)] if filters.standing is not Standing.OPEN else []
    pairs += [("p", _LONG_WAIT)] if filters.waits_long else []
    pairs += [("p", _NEVER)] if filters.never_helped else []
    if filters.sort is not (Sort.RELEVANCE if filters.words else Sort.WAITING):
        pairs.append(("sort", filters.sort.value))
    return pairs


def chips_of(filters: NeedFilters) -> list[Choice]:
    """One chip for each filter in force, leading to the list without it."""
    chips = [(filters.words, {"words": "", "sort": Sort.WAITING})] if filters.words else []
    found: list[tuple[str, dict[str, Any]]] = [*chips]
    if filters.area:
        found.append((regions.place_name(filters.area), {"area": None}))
    for category in filters.categories:
        found.append((term(category), {"categories": tuple(c for c in filters.categories if c is not category)}))
    if filters.kind:
        found.append((term(filters.kind), {"kind": None}))
    if filters.band:
        found.append((band_word(filters.band), {"band": None}))
    if filters.urgency:
        found.append((term(filters.urgency), {"urgency": None}))
    if filters.standing is not Standing.OPEN:
        found.append((standing_word(filters.standing), {"standing": Standing.OPEN}))
    if filters.waits_long:
        found.append((_("Waiting for over 30 days"), {"waits_long": False}))
    if filters.never_helped:
        found.append((_("Never helped before"), {"never_helped": False}))
    return [Choice(word, link_to(replace(filters, **without))) for word, without in found]


def sorts_of(filters: NeedFilters) -> list[Choice]:
    """The orders of the list."""
    words = {
        Sort.RELEVANCE: _("Best match"),
        Sort.WAITING: _("Longest waiting"),
        Sort.SMALL: _("Smallest amount"),
        Sort.NEWEST: _("Newest"),
    }
    offered = [sort for sort in words if filters.words or sort is not Sort.RELEVANCE]
    return [Choice(words[sort], link_to(replace(filters, sort=sort)), filters.sort is sort) for sort in offered]


def area_choices(filters: NeedFilters, *, home: str, counts: Mapping[str, int]) -> list[AreaChoice]:
    """All counties; below the chosen one also its townships."""
    chosen = filters.area or ""
    county = at_level(chosen, Level.COUNTY) if chosen else ""
    found = []
    for division in regions.list_level(Level.COUNTY, area=significant(home)):
        found.append(
            AreaChoice(division.code, division.name, counts.get(division.code, 0), False, division.code == chosen)
        )
        if division.code == county:
            below = [child for child in regions.list_children(county) if level_of(child.code) is Level.TOWNSHIP]
            found += [AreaChoice(child.code, child.name, None, True, child.code == chosen) for child in below]
    return found


def band_word(band: Band) -> str:
    """A band of amounts in the reader's language."""
    words: dict[Band, str] = {
        Band.UP_TO_500: _("Up to 500 yuan"),
        Band.UP_TO_2000: _("500 – 2,000 yuan"),
        Band.ABOVE_2000: _("Above 2,000 yuan"),
    }
    return words[band]


def standing_word(standing: Standing) -> str:
    """A group of states in the reader's language."""
    words: dict[Standing, str] = {
        Standing.OPEN: _("Waiting for a pledge"),
        Standing.COVERED: _("Pledged, on its way"),
        Standing.DONE: _("Delivered"),
    }
    return words[standing]
