"""Public pages of places: names, what lies above and below, how many needs were met, who waits."""

from dataclasses import dataclass

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.divisions import Level, ancestors, at_level
from marketplace.db.clock import utc_now
from marketplace.needs.queries import NeedFilters, list_public_needs
from marketplace.regions import queries
from marketplace.regions.models import Division
from marketplace.statistics.queries import coverage, need_rates
from marketplace.statistics.rates import SMALLEST_CELL, Rates
from marketplace.web.guard import public

bp = Blueprint("divisions", __name__)

_NEEDS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a place; None where so few households stand behind one that they could be guessed."""

    households: int | None
    rates: Rates | None


@bp.get("/divisions")
@public
def index() -> ResponseReturnValue:
    """The whole area that this site serves."""
    division = queries.find_division(current_app.config["SETTINGS"].home_division)
    if division is None:
        return render_template("divisions/empty.html")
    return _page(division)


@bp.get("/divisions/<code>")
@public
def show(code: str) -> ResponseReturnValue:
    """One place; an old code leads to the present one."""
    division = queries.get_division(code)
    if division.code != code:
        return redirect(url_for(".show", code=division.code), 301)
    return _page(division)


def _page(division: Division) -> str:
    # A village is too small for figures of its own: its page shows its township's.
    counted = at_level(division.code, Level.TOWNSHIP)
    above = [code for code in ancestors(division.code)[:-1] if queries.find_division(code) is not None]
    children = queries.list_children(division.code)
    page = list_public_needs(NeedFilters(area=counted), now=utc_now(), size=_NEEDS_SHOWN)
    return render_template(
        "divisions/show.html",
        division=division,
        name=queries.names_of([division.code])[division.code],
        above=[(code, name) for code, name in queries.names_of(above).items()],
        aliases=queries.list_aliases(division.code),
        below=queries.count_below(division.code),
        children=[(child.code, name) for child, name in zip(children, _names(children), strict=True)],
        counted=counted,
        counted_name=queries.place_name(counted),
        figures=_figures(counted),
        cards=page.cards,
    )


def _names(divisions: list[Division]) -> list[str]:
    names = queries.names_of([division.code for division in divisions])
    return [names[division.code] for division in divisions]


def _figures(code: str) -> Figures:
    now = utc_now()
    reach = coverage(code, as_of=now)
    rates = need_rates(code, as_of=now, kind=None)
    return Figures(
        households=None if 0 < reach.registered < SMALLEST_CELL else reach.registered,
        rates=None if 0 < reach.with_need < SMALLEST_CELL else rates,
    )
