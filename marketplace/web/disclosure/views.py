"""Disclosure: totals, statement, channels, every donation with its use, and one page for each gift."""

from flask import Blueprint, Response, current_app, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from marketplace.core.codes import parse_code
from marketplace.core.errors import NotFound
from marketplace.db.clock import utc_now
from marketplace.disclosure import queries
from marketplace.disclosure.queries import Standing
from marketplace.pairings.queries import channel_totals
from marketplace.regions.queries import names_of
from marketplace.statistics.queries import Step, coverage, make_cohort
from marketplace.web.disclosure import wording
from marketplace.web.disclosure.asked import Asked, asked_of
from marketplace.web.disclosure.export import csv_lines
from marketplace.web.disclosure.story import stations_of
from marketplace.web.guard import public
from marketplace.web.security import search_limit
from marketplace.web.statistics.asked import Asked as Figures
from marketplace.web.statistics.asked import place_choices
from marketplace.web.statistics.pages import picture_of, seen_around

bp = Blueprint("disclosure", __name__)


@bp.get("/disclosure")
@public
@search_limit
def index() -> ResponseReturnValue:
    """What was given and where it went, for a place and a period."""
    now = utc_now()
    asked = _asked()
    period = asked.period(now)
    listed = queries.list_gifts(asked.filters(now), request.args.get("after", ""), now=now)
    cohort = make_cohort(asked.place, as_of=period.until, since=period.since)
    figures = Figures(home=asked.home, area=asked.area, since=period.first_day, as_of=period.last_day)
    return render_template(
        "disclosure/index.html",
        asked=asked,
        period=period,
        place=names_of([asked.place])[asked.place],
        statement=queries.statement_of(period),
        reports=queries.reports_of(period),
        channels=channel_totals(period.until),
        page=picture_of(cohort, seen_around(cohort)),
        reach=coverage(asked.place, as_of=period.until),
        steps=list(Step),
        codes_link=lambda step: figures.codes_link(step, now=now),
        gifts=listed.gifts,
        totals=queries.totals_of_gifts(asked.filters(now), now=now),
        next_url=asked.link("/disclosure", after=listed.next_cursor) + "#gifts" if listed.next_cursor else "",
        csv_url=asked.link("/disclosure.csv"),
        statistics_url=figures.link("/statistics"),
        places=place_choices(asked.home, asked.area),
        standings=list(Standing),
        words=wording,
    )


@bp.get("/disclosure.csv")
@public
@search_limit
def export() -> ResponseReturnValue:
    """The list of the same filter as a file."""
    now = utc_now()
    filters = _asked().filters(now)
    lines = csv_lines(queries.all_gifts(filters, now=now))
    response = Response(stream_with_context(lines), mimetype="text/csv")
    name = f"jiedui-gifts-{filters.period.first_day:%Y%m%d}-{filters.period.last_day:%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.get("/disclosure/<code>")
@public
def gift(code: str) -> ResponseReturnValue:
    """One gift from promise to confirmation."""
    parsed = parse_code(code)
    if parsed is None:
        raise NotFound("There is no gift with this code.")
    found = queries.get_gift(parsed[1], now=utc_now())
    return render_template(
        "disclosure/gift.html", gift=found, giver=wording.giver_word(found.giver), stations=stations_of(found)
    )


def _asked() -> Asked:
    return asked_of(request.args, home=current_app.config["SETTINGS"].home_division)
