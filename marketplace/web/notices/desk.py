"""The desk's notices: what waits for one, plan, print the board, post it with a photo, see what holds it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.core.actor import ensure_can
from marketplace.core.divisions import Level
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.grievances.queries import objections_to
from marketplace.households.models import StatusProposal
from marketplace.needs.models import Need
from marketplace.notices import queries, service
from marketplace.notices.models import Notice
from marketplace.regions.queries import get_division, place_name
from marketplace.web.filters import term
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.notices.blueprint import bp
from marketplace.web.notices.forms import BoardForm, PlanForm

_PLANS = requires(Permission.NOTICE_PLAN)
_POSTS = requires(Permission.NOTICE_POST)
_UNPROCESSABLE = 422
# Lines of a plan by what they stand for: s12 is a change of status, n12 a need.
_CHANGE, _NEED = "s", "n"


@bp.get("/desk/notices")
@requires(Permission.HOUSEHOLD_READ)
def desk_index() -> ResponseReturnValue:
    """Notices of the area, what is held first, and the villages whose changes wait for one."""
    actor = current_actor()
    notices = queries.list_desk_notices(actor)
    waiting = queries.waiting_for_notice(actor)
    villages = {notice.division_code for notice in notices} | {group.division_code for group in waiting}
    places = {code: place_name(code, Level.VILLAGE) for code in villages}
    return render_template("notices/desk.html", notices=notices, waiting=waiting, places=places)


@bp.get("/desk/notices/new")
@_PLANS
def plan() -> ResponseReturnValue:
    """What of a village may go on a notice."""
    village = _village()
    return _plan_page(village, _offered(PlanForm(formdata=None), village))


@bp.post("/desk/notices/new")
@_PLANS
def make() -> ResponseReturnValue:
    """Plan the notice; then it is printed and posted."""
    village = _village()
    form = _offered(PlanForm(), village)
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                changes, needs = _lines(village)
                notice = service.plan_notice(
                    division=village,
                    days=form.days.data,
                    proposals=[row for key, row in changes.items() if key in form.lines.data],
                    needs=[row for key, row in needs.items() if key in form.lines.data],
                    shows_names=form.shows_names.data,
                    by=current_actor(),
                    now=utc_now(),
                )
                code = notice.code
            flash(_("The notice is planned. Print it, hang it up, and send a photo of the board."))
            return redirect(url_for(".desk_show", code=code), 303)
    return _plan_page(village, form), _UNPROCESSABLE


@bp.get("/desk/notices/<code>")
@requires(Permission.HOUSEHOLD_READ)
def desk_show(code: str) -> ResponseReturnValue:
    """One notice with its lines, its photos and what was objected."""
    return _page(queries.get_notice(code, actor=current_actor()), BoardForm(formdata=None))


@bp.get("/desk/notices/<code>/board")
@requires(Permission.HOUSEHOLD_READ)
def board(code: str) -> ResponseReturnValue:
    """The sheet for the village's board: A3, with the QR code of the public page and room for the stamp."""
    notice = queries.get_notice(code, actor=current_actor())
    today = china_day(utc_now())
    return render_template(
        "notices/board.html",
        notice=notice,
        village=place_name(notice.division_code, Level.VILLAGE),
        names=queries.masked_names(notice, today=today) if notice.shows_names else {},
        address=url_for(".show", code=notice.code, _external=True),
    )


@bp.post("/desk/notices/<code>/post")
@_POSTS
def post(code: str) -> ResponseReturnValue:
    """It hangs, as the photo shows."""
    form = BoardForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.post_notice(code, photo=form.photo.data.stream, by=current_actor(), now=utc_now())
            flash(_("The notice is public now, and its days count from today."))
            return redirect(url_for(".desk_show", code=code), 303)
    return _page(queries.get_notice(code, actor=current_actor()), form), _UNPROCESSABLE


@bp.post("/desk/notices/<code>/photo")
@_POSTS
def photograph(code: str) -> ResponseReturnValue:
    """One more photo of the board."""
    form = BoardForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                service.add_board_photo(code, photo=form.photo.data.stream, by=current_actor(), now=utc_now())
            flash(_("The photo is archived with its digest."))
            return redirect(url_for(".desk_show", code=code), 303)
    return _page(queries.get_notice(code, actor=current_actor()), form), _UNPROCESSABLE


@bp.post("/desk/notices/<code>/withdraw")
@_PLANS
def withdraw(code: str) -> ResponseReturnValue:
    """Take back a notice that was never posted."""
    with transaction():
        service.withdraw_notice(code, by=current_actor(), now=utc_now())
    flash(_("The notice is taken back. Its lines may go on another one."))
    return redirect(url_for(".desk_index"), 303)


def _page(notice: Notice, form: BoardForm) -> str:
    actor = current_actor()
    return render_template(
        "notices/desk_show.html",
        notice=notice,
        village=place_name(notice.division_code, Level.VILLAGE),
        objections=objections_to(notice),
        may_post=actor.can(Permission.NOTICE_POST, notice.division_code),
        may_plan=actor.can(Permission.NOTICE_PLAN, notice.division_code),
        form=form,
    )


def _village() -> str:
    village = get_division(request.args.get("village", "")).code
    ensure_can(current_actor(), Permission.NOTICE_PLAN, village)
    return village


def _lines(village: str) -> tuple[dict[str, StatusProposal], dict[str, Need]]:
    """What of a village may go on a notice, by the value of its tick."""
    waiting = [row for row in queries.waiting_for_notice(current_actor()) if row.division_code == village]
    changes = {f"{_CHANGE}{row.id}": row for group in waiting for row in group.proposals}
    return changes, {f"{_NEED}{need.id}": need for need in queries.postable_needs(village)}


def _offered(form: PlanForm, village: str) -> PlanForm:
    """Every line that may go on a notice; changes are ticked from the start."""
    changes, needs = _lines(village)
    form.lines.choices = [
        *((key, f"{row.household.code} · {term(row.move)}") for key, row in changes.items()),
        *((key, f"{need.code} · {need.title}") for key, need in needs.items()),
    ]
    if not form.is_submitted():
        form.lines.data = list(changes)
    return form


def _plan_page(village: str, form: PlanForm) -> str:
    place = place_name(village, Level.VILLAGE)
    return render_template("notices/plan.html", form=form, village=village, place=place)
