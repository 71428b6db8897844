"""Statistics: the nested rates with fraction, cohort and day, and the codes behind each number."""

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.codes import parse_code
from marketplace.core.errors import NotFound
from marketplace.core.kinds import NeedCategory, SupportKind, find_member
from marketplace.db.clock import china_day, utc_now
from marketplace.regions.queries import names_of
from marketplace.statistics import queries
from marketplace.statistics.cube import cube_of
from marketplace.statistics.queries import Rates, Step
from marketplace.web.guard import public
from marketplace.web.security import search_limit
from marketplace.web.statistics.asked import ALL_KINDS, asked_of, place_choices
from marketplace.web.statistics.export import csv_of
from marketplace.web.statistics.pages import rates_in, seen_around
from marketplace.web.statistics.report import ACTIVE_DAYS, report_of
from marketplace.web.statistics.tables import correction_words

bp = Blueprint("statistics", __name__)
_CODES_A_PAGE = 120


@bp.get("/statistics")
@public
def index() -> ResponseReturnValue:
    """The figures of one cohort; without a question those of money needs in the whole area, as of now."""
    now = utc_now()
    asked = asked_of(request.args, home=_home())
    return render_template(
        "statistics/index.html",
        asked=asked,
        report=report_of(asked, now=now),
        places=place_choices(_home(), asked.area),
        kinds=list(SupportKind),
        all_kinds=ALL_KINDS,
        all_categories=list(NeedCategory),
        active_days=ACTIVE_DAYS,
        correction_words=correction_words(),
        steps=list(Step),
        codes_link=lambda step: asked.codes_link(step, now=now),
        csv_url=asked.link("/statistics.csv"),
    )


@bp.get("/statistics.csv")
@public
@search_limit
def export() -> ResponseReturnValue:
    """The tables of the page as a file: what is shown, no more and no less (E2)."""
    now = utc_now()
    report = report_of(asked_of(request.args, home=_home()), now=now)
    response = Response(csv_of(report.facts, report.tables.values()), mimetype="text/csv")
    name = f"jiedui-statistics-{china_day(report.as_of):%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.get("/statistics/codes")
@public
def codes() -> ResponseReturnValue:
    """The need codes behind one number; none where the number itself may not be shown."""
    step = find_member(Step, request.args.get("step", Step.PUBLISHED.value))
    if step is None:
        raise NotFound("There is no such figure.")
    now = utc_now()
    asked = asked_of(request.args, home=_home())
    cohort = asked.cohort(now)
    seen = seen_around(cohort)
    rates = rates_in(cube_of(seen), cohort, seen)
    after = parse_code(request.args.get("after", ""))
    found = []
    if rates is not None:
        found = queries.codes_of(cohort, step, after=after[1] if after else "", size=_CODES_A_PAGE + 1)
    shown = found[:_CODES_A_PAGE]
    more = len(found) > _CODES_A_PAGE
    return render_template(
        "statistics/codes.html",
        asked=asked,
        as_of=cohort.as_of,
        place=names_of([asked.place])[asked.place],
        step=step,
        is_small=rates is None,
        count=(rates or Rates()).of(step),
        codes=shown,
        next_url=asked.link("/statistics/codes", step=step.value, after=shown[-1]) if more else "",
        back_url=asked.link("/statistics"),
    )


def _home() -> str:
    home: str = current_app.config["SETTINGS"].home_division
    return home
