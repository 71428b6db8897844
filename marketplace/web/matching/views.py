"""Pages of matching: the donors suggested for a need, for who reviews it."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.actor import ensure_can
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import service
from marketplace.matching.adopted import find_chance
from marketplace.matching.queries import find_last_run
from marketplace.needs import queries as needs
from marketplace.web.forms import BaseForm
from marketplace.web.guard import current_actor, requires
from marketplace.web.matching.showing import donors_shown_for

bp = Blueprint("matching", __name__)


@bp.get("/desk/needs/<code>/donors")
@requires(Permission.MATCH_READ)
def donors(code: str) -> ResponseReturnValue:
    """Who could help with this need, and why."""
    actor = current_actor()
    need = needs.get_need(code, actor=actor)
    ensure_can(actor, Permission.MATCH_READ, need.division_code)
    chance = find_chance(need.id)
    return render_template(
        "matching/donors.html",
        need=need,
        of_ten=None if chance is None else round(10 * chance),
        is_open=need.state is NeedState.PUBLISHED,
        suggested=donors_shown_for(need.id),
        last_run=find_last_run(),
        form=BaseForm(),
        may_rank=actor.can(Permission.NEED_REVIEW, need.division_code),
    )


@bp.post("/desk/needs/<code>/donors")
@requires(Permission.NEED_REVIEW)
def rank(code: str) -> ResponseReturnValue:
    """Rank the donors for this need again."""
    actor = current_actor()
    need = needs.get_need(code, actor=actor)
    ensure_can(actor, Permission.NEED_REVIEW, need.division_code)
    need_id, now = need.id, utc_now()
    service.warm_up(now=now, is_fresh=True)
    with transaction():
        service.rerank_need(need_id, now=now)
    flash(_("Ranked again."))
    return redirect(url_for(".donors", code=need.code), 303)
