"""Public pages of notices: the list, one notice, and masked names while the rule asks for them."""

from flask import current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.divisions import Level, contains, is_code, significant
from marketplace.db.clock import china_day, utc_now
from marketplace.grievances.queries import handled
from marketplace.notices import queries
from marketplace.regions.queries import list_children, place_name
from marketplace.web.guard import public
from marketplace.web.notices import desk as _desk  # noqa: F401  (registers its views)
from marketplace.web.notices import proposing as _proposing  # noqa: F401
from marketplace.web.notices.blueprint import bp

__all__ = ["bp"]
_GONE = 410


@bp.get("/notices")
@public
def index() -> ResponseReturnValue:
    """What hangs now and what hung before, and how complaints were handled."""
    home = current_app.config["SETTINGS"].home_division
    area = request.args.get("area", "")
    if not (is_code(area) and contains(home, area)):
        area = home
    page = queries.list_public_notices(area=significant(area), after=request.args.get("after"))
    today = china_day(utc_now())
    chosen = area if area != home else None
    return render_template(
        "notices/index.html",
        notices=page.notices,
        area=area,
        counties=list_children(home),
        today=today,
        handled=handled(today=today),
        next_url=url_for(".index", area=chosen, after=page.after) if page.after else "",
    )


@bp.get("/notices/<code>")
@public
def show(code: str) -> ResponseReturnValue:
    """One posted notice: codes and the township, never a name."""
    notice = queries.get_public_notice(code)
    return render_template("notices/show.html", notice=notice, today=china_day(utc_now()))


@bp.get("/notices/<code>/names")
@public
def names(code: str) -> ResponseReturnValue:
    """Masked names, where the rule asks for them, while the notice hangs; afterwards the page is gone (410)."""
    today = china_day(utc_now())
    found = queries.names_on(code, today=today)
    if found is None:
        response = make_response(render_template("notices/gone.html", code=code), _GONE)
    else:
        notice, masked = found
        village = place_name(notice.division_code, Level.VILLAGE)
        response = make_response(render_template("notices/names.html", notice=notice, names=masked, village=village))
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "no-store"
    return response
