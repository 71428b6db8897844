"""Public pages of needs: the list and one need. Importing it also registers the clerk's pages."""

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.errors import NotFound
from marketplace.core.kinds import NeedCategory, SupportKind, Urgency
from marketplace.core.workflow import NeedState
from marketplace.db.clock import utc_now
from marketplace.needs import queries
from marketplace.needs.filters import Band, Standing
from marketplace.needs.service import Seen
from marketplace.pledges.queries import gift_codes_of
from marketplace.web.guard import current_actor, public
from marketplace.web.matching.showing import reasons_shown_to
from marketplace.web.needs import again as _again  # noqa: F401  (registers its views)
from marketplace.web.needs import agreement as _agreement  # noqa: F401
from marketplace.web.needs import bulk as _bulk  # noqa: F401
from marketplace.web.needs import catalogue as _catalogue  # noqa: F401
from marketplace.web.needs import desk as _desk  # noqa: F401
from marketplace.web.needs import posting as _posting  # noqa: F401
from marketplace.web.needs import slip_batch as _slip_batch  # noqa: F401
from marketplace.web.needs import splitting as _splitting  # noqa: F401
from marketplace.web.needs.blueprint import bp
from marketplace.web.needs.choices import (
    area_choices,
    band_word,
    chips_of,
    filters_of,
    kept_of,
    link_to,
    sorts_of,
    standing_word,
)
from marketplace.web.needs.story import month_of, timeline_of
from marketplace.web.pledges.forms import form_for
from marketplace.web.security import search_limit

__all__ = ["bp"]
_GONE = 410


@bp.get("/needs")
@public
@search_limit
def index() -> ResponseReturnValue:
    """Who is waiting: filters, search, three orders."""
    filters = filters_of(request.args)
    page = queries.list_public_needs(filters, request.args.get("after"), now=utc_now())
    home = current_app.config["SETTINGS"].home_division
    return render_template(
        "needs/index.html",
        filters=filters,
        page=page,
        areas=area_choices(filters, home=home, counts=page.counts.by_county),
        chips=chips_of(filters),
        sorts=sorts_of(filters),
        kept=kept_of(filters),
        categories=list(NeedCategory),
        kinds=list(SupportKind),
        urgencies=list(Urgency),
        bands=list(Band),
        standings=list(Standing),
        band_word=band_word,
        standing_word=standing_word,
        next_url=link_to(filters, after=page.next_cursor) if page.next_cursor else "",
    )


@bp.get("/needs/<code>")
@public
def show(code: str) -> ResponseReturnValue:
    """One need as the world sees it; a withdrawn one is gone."""
    need = queries.find_public_need(code)
    if need is None:
        if queries.was_withdrawn(code):
            return render_template("needs/gone.html"), _GONE
        raise NotFound("There is nothing here that you may see.")
    card, actor = queries.public_card(need), current_actor()
    checked = queries.find_verification(need)
    return render_template(
        "needs/show.html",
        card=card,
        checked=checked,
        checked_month=month_of(checked.at) if checked else "",
        seen=[seen for seen in Seen if checked and seen.value in checked.seen],
        banded=[line for line in card.lines if line.high_fen],
        is_open=need.state is NeedState.PUBLISHED,
        record=queries.township_record(need.division_code),
        events=timeline_of(need),
        is_paused=need.state is NeedState.SUSPENDED,
        is_expired=need.state is NeedState.EXPIRED,
        gifts=gift_codes_of(need.id),
        suggested=reasons_shown_to(actor, need_id=need.id),
        pledge_form=form_for(card, actor) if need.state is NeedState.PUBLISHED else None,
    )
