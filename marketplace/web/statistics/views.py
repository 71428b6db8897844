"""Statistics: the nested rates with fraction, cohort and day, and the codes behind each number."""

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.codes import parse_code
from marketplace.core.errors import NotFound
from marketplace.core.kinds import NeedCategory, SupportKind, find_member
from marketplace.db.clock import utc_now
from marketplace.regions.queries import names_of
from marketplace.statistics import queries
from marketplace.statistics.queries import Step
from marketplace.statistics.rates import SMALLEST_CELL
from marketplace.web.guard import public
from marketplace.web.statistics.asked import ALL_KINDS, asked_of, place_choices
from marketplace.web.statistics.pages import picture_of

bp = Blueprint("statistics", __name__)
_CODES_A_PAGE = 120


@bp.get("/statistics")
@public
def index() -> ResponseReturnValue:
    """The figures of one cohort; without a question those of money needs in the whole area, as of now."""
    now = utc_now()
    asked = asked_of(request.args, home=_home())
    cohort = asked.cohort(now)
    found = picture_of(cohort)
    by_category = queries.rates_by_category(cohort)
    return render_template(
        "statistics/index.html",
        asked=asked,
        as_of=cohort.as_of,
        place=names_of([asked.place])[asked.place],
        page=found,
        is_small=0 < found.rates.published < SMALLEST_CELL,
        categories=queries.cells_of({category.value: rates for category, rates in by_category.items()}),
        category_of=NeedCategory,
        waiting=queries.waiting_of(cohort),
        reach=queries.coverage(asked.place, as_of=cohort.as_of),
        channels=queries.channels(as_of=cohort.as_of),
        steps=list(Step),
        places=place_choices(_home(), asked.area),
        kinds=list(SupportKind),
        all_kinds=ALL_KINDS,
        all_categories=list(NeedCategory),
        codes_link=lambda step, area="": asked.codes_link(step, now=now, area=area),
    )


@bp.get("/statistics/codes")
@public
def codes() -> ResponseReturnValue:
    """The need codes behind one number."""
    step = find_member(Step, request.args.get("step", Step.PUBLISHED.value))
    if step is None:
        raise NotFound("There is no such figure.")
    now = utc_now()
    asked = asked_of(request.args, home=_home())
    cohort = asked.cohort(now)
    after = parse_code(request.args.get("after", ""))
    found = queries.codes_of(cohort, step, after=after[1] if after else "", size=_CODES_A_PAGE + 1)
    shown = found[:_CODES_A_PAGE]
    more = len(found) > _CODES_A_PAGE
    return render_template(
        "statistics/codes.html",
        asked=asked,
        as_of=cohort.as_of,
        place=names_of([asked.place])[asked.place],
        step=step,
        count=queries.rates_of(cohort).of(step),
        codes=shown,
        next_url=asked.link("/statistics/codes", step=step.value, after=shown[-1]) if more else "",
        back_url=asked.link("/statistics"),
    )


def _home() -> str:
    home: str = current_app.config["SETTINGS"].home_division
    return home
