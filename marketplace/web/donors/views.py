"""Pages of donors: register, my help, one of my pledges, the public page. Importing it registers the rest too."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.models import User
from marketplace.core.errors import NotFound
from marketplace.core.permissions import Permission
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.donors import queries, service
from marketplace.fulfilment.follow_up import follow_ups_of
from marketplace.fulfilment.queries import given_back_of
from marketplace.fulfilment.thanks import thanks_for
from marketplace.grievances.fraud_queries import told_about
from marketplace.grievances.queries import upheld_about
from marketplace.ledger.queries import balances_of
from marketplace.needs.pausing import find_pause
from marketplace.needs.rechecking import is_disputed
from marketplace.pledges import service as pledges
from marketplace.pledges.conditions import conditions_of, may_propose
from marketplace.pledges.queries import PLEDGE, get_own_pledge, list_named_gifts, list_pledges_of_donor
from marketplace.regions.queries import place_name
from marketplace.web.donors import offers as _offers  # noqa: F401  (registers its views)
from marketplace.web.donors import wishes as _wishes  # noqa: F401
from marketplace.web.donors.blueprint import bp
from marketplace.web.donors.forms import GiftVisibilityForm, RegisterForm, TokenForm
from marketplace.web.donors.story import events_of, how_to, public_gift, row_of, sums_of
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, public, requires
from marketplace.web.matching.showing import needs_shown_to
from marketplace.web.security import limiter
from marketplace.web.signing_in import own_target, sign_in

__all__ = ["bp"]
_NOTHING_HERE = "There is nothing here that you may see."


@bp.get("/register")
@public
def register() -> ResponseReturnValue:
    """Who wants to give: a person, a firm, an organisation."""
    if current_actor().donor_id is not None:
        return redirect(own_target(request.args.get("next"), default=url_for(".mine")), 303)
    form = RegisterForm(data={"next": request.args.get("next", "")})
    return _register_page(form.offer(request.args.get("as", ""), has_account=current_user.is_authenticated))


@bp.post("/register")
@public
@limiter.limit("30 per hour")
def make_donor() -> ResponseReturnValue:
    """Register, sign in, and go on to where the reader came from."""
    form = RegisterForm()
    form.offer(form.kind.data or "", has_account=current_user.is_authenticated)
    if form.validate_on_submit():
        with form_errors(form):
            user = _register(form)
            sign_in(user)
            flash(_("You are registered. Thank you for wanting to help."))
            return redirect(own_target(form.next.data, default=url_for(".mine")), 303)
    return _register_page(form), 422


def _register(form: RegisterForm) -> User:
    user_id = current_user.id if current_user.is_authenticated else None
    home = current_app.config["SETTINGS"].home_division
    with transaction() as session:
        user = session.get_one(User, user_id) if user_id is not None else None
        donor = service.register_donor(form.said(), user=user, home_division=home, now=utc_now())
        return session.get_one(User, donor.user_id)


def _register_page(form: RegisterForm) -> str:
    return render_template("donors/register.html", form=form)


@bp.get("/my")
@requires(Permission.PLEDGE_MAKE)
def mine() -> ResponseReturnValue:
    """What is due, what I pledged, what came of it."""
    actor = current_actor()
    if actor.donor_id is None:
        return redirect(url_for(".register"), 303)
    made = list_pledges_of_donor(actor.donor_id)
    ids = [pledge.id for pledge in made]
    thanks, told, given_back = thanks_for(ids), told_about(ids), given_back_of(ids)
    rows = [
        row_of(
            pledge,
            place=place_name(pledge.need.division_code),
            thanks=thanks.get(pledge.id),
            told_at=told.get(pledge.id),
            given_back=given_back.get(pledge.id, ()),
        )
        for pledge in made
    ]
    return render_template(
        "donors/mine.html",
        rows=rows,
        donor=queries.get_own_donor(actor),
        suggested=needs_shown_to(actor),
        token=TokenForm(),
    )


@bp.get("/my/pledges/<code>")
@requires(Permission.PLEDGE_MAKE)
def pledge(code: str) -> ResponseReturnValue:
    """One of my pledges, from promise to feedback."""
    found = get_own_pledge(code, actor=current_actor())
    thanks = thanks_for([found.id]).get(found.id)
    told_at = told_about([found.id]).get(found.id)
    conditions, given_back = conditions_of(found.id), given_back_of([found.id]).get(found.id, [])
    return render_template(
        "donors/pledge.html",
        pledge=found,
        row=row_of(
            found,
            place=place_name(found.need.division_code),
            thanks=thanks,
            told_at=told_at,
            given_back=given_back,
        ),
        events=events_of(
            found,
            thanks,
            follow_ups_of([found.need_id]).get(found.need_id, ()),
            stopped_at=told_at,
            given_back=given_back,
        ),
        sums=sums_of(found, balances_of(PLEDGE, found.id)),
        how_to=how_to(found),
        pause=find_pause(found.need),
        is_disputed=is_disputed(found.need),
        upheld=upheld_about(found.need),
        conditions=conditions,
        may_propose=may_propose(found, conditions),
        form=GiftVisibilityForm(data={"shows_name": found.shows_name, "shows_amount": found.shows_amount}),
        token=TokenForm(),
    )


@bp.post("/my/pledges/<code>/cancel")
@requires(Permission.PLEDGE_MAKE)
def cancel(code: str) -> ResponseReturnValue:
    """Take a promise back before anything has arrived."""
    with transaction():
        pledges.cancel_pledge(code, by=current_actor(), now=utc_now())
    flash(_("The pledge is taken back. What you had pledged is open to others again."))
    return redirect(url_for(".pledge", code=code), 303)


@bp.post("/my/pledges/<code>/visibility")
@requires(Permission.PLEDGE_MAKE)
def show_or_hide(code: str) -> ResponseReturnValue:
    """Name and amount of one gift in public, each by itself."""
    form = GiftVisibilityForm()
    with transaction():
        pledges.set_visibility(
            code,
            shows_name=form.shows_name.data,
            shows_amount=form.shows_amount.data,
            by=current_actor(),
            now=utc_now(),
        )
    flash(_("Saved. The public pages show it from now on."))
    return redirect(url_for(".pledge", code=code), 303)


@bp.get("/donors/<code>")
@public
def page(code: str) -> ResponseReturnValue:
    """The public page of a donor who asked for one."""
    donor = queries.find_public_donor(code)
    if donor is None:
        raise NotFound(_NOTHING_HERE)
    gifts = [public_gift(gift) for gift in list_named_gifts(donor.code)]
    return render_template("donors/page.html", donor=donor, gifts=gifts)
