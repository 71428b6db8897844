"""Pages of matching: the donors suggested for a need, for who reviews it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.actor import ensure_can
from marketplace.core.codes import Prefix, parse_code
from marketplace.core.errors import NotFound
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import service
from marketplace.matching.adopted import adopted_model, find_chance
from marketplace.matching.engine.lists import Policy
from marketplace.matching.queries import find_last_run
from marketplace.needs import queries as needs
from marketplace.web.forms import BaseForm
from marketplace.web.guard import current_actor, public, requires
from marketplace.web.i18n import say
from marketplace.web.matching.method import shares_of, weights_of
from marketplace.web.matching.showing import ShownJudgement, donors_shown_for, judgement_shown

bp = Blueprint("matching", __name__)


@bp.get("/desk/needs/<code>/donors")
@requires(Permission.MATCH_READ)
def donors(code: str) -> ResponseReturnValue:
    """Who could help with this need, and why."""
    actor = current_actor()
    need = needs.get_need(code, actor=actor)
    ensure_can(actor, Permission.MATCH_READ, need.division_code)
    chance = find_chance(need.id)
    asked = request.args.get("donor", "").strip()
    judged, problem = _judged(need.code, asked) if asked else (None, "")
    return render_template(
        "matching/donors.html",
        need=need,
        of_ten=None if chance is None else round(10 * chance),
        is_open=need.state is NeedState.PUBLISHED,
        suggested=donors_shown_for(need.id),
        last_run=find_last_run(),
        asked=asked,
        judged=judged,
        problem=problem,
        form=BaseForm(),
        may_rank=actor.can(Permission.NEED_REVIEW, need.division_code),
    )


@bp.get("/how-we-match")
@public
def method() -> ResponseReturnValue:
    """How suggestions are made: what counts and how much, what is kept for the worst off, what is never used."""
    last, model = find_last_run(), adopted_model()
    return render_template(
        "matching/method.html", weights=weights_of(model), shares=shares_of(Policy()), model=model, last_run=last
    )


@bp.post("/desk/needs/<code>/donors")
@requires(Permission.NEED_REVIEW)
def rank(code: str) -> ResponseReturnValue:
    """Rank the donors for this need again."""
    actor = current_actor()
    need = needs.get_need(code, actor=actor)
    ensure_can(actor, Permission.NEED_REVIEW, need.division_code)
    need_id, now = need.id, utc_now()
    service.warm_up(is_fresh=True)
    with transaction():
        service.rerank_need(need_id, now=now)
    flash(_("Ranked again."))
    return redirect(url_for(".donors", code=need.code), 303)


def _judged(code: str, asked: str) -> tuple[ShownJudgement | None, str]:
    """Why this donor, or why not; or a sentence that says what to change."""
    parsed = parse_code(asked)
    if parsed is None or parsed[0] is not Prefix.DONOR:
        return None, _("%(typed)s is not a donor's code: it reads AX-XXXXXX-00.", typed=asked)
    try:
        return judgement_shown(code, donor_code=parsed[1]), ""
    except NotFound as error:
        return None, str(say(error.message, **error.params))
