"""The pages of posting: who, what, how much, why, the household's agreement, check and send, its slip."""

import secrets
from datetime import date
from typing import IO, Any

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from marketplace.core.errors import Conflict
from marketplace.core.kinds import NeedCategory, SupportKind, Urgency, find_member
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import china_day, utc_now
from marketplace.needs import catalogue, policy, queries, service
from marketplace.needs.bands import bands_for
from marketplace.needs.checking import lint_of
from marketplace.needs.consent_texts import CONSENT_TEXT, consent_texts
from marketplace.needs.desk import household_codes, list_askers, list_villages
from marketplace.needs.drafts import EDITABLE, missing_step
from marketplace.needs.models import CatalogueItem, ConsentHow, Need
from marketplace.needs.overriding import list_overrides
from marketplace.needs.repeating import list_earlier, list_templates
from marketplace.needs.service import ConsentGiven, OwnItem, Reason, Step
from marketplace.web.filters import term
from marketplace.web.forms import form_errors
from marketplace.web.guard import current_actor, requires
from marketplace.web.needs.amounts import amounts_of
from marketplace.web.needs.blueprint import bp
from marketplace.web.needs.forms import (
    VILLAGE_MARK,
    ActForm,
    AgreeForm,
    CheckForm,
    WhatForm,
    WhoForm,
    WhyForm,
    amounts_form,
)
from marketplace.web.needs.overrides import overrides_in, questions
from marketplace.web.needs.remarks import remarks_of
from marketplace.web.needs.slips import keep_slips, kept_slips

_POSTS = requires(Permission.NEED_POST, Permission.OWN_NEED_CONFIRM)
_COLD_MONTHS = frozenset({9, 10, 11, 12, 1, 2, 3})
_SHOWN_HOUSEHOLDS = 60
_SHOWN_ITEMS = 12


@bp.route("/desk/needs/new", methods=["GET", "POST"])
@_POSTS
def new() -> ResponseReturnValue:
    """Step 1: for whom."""
    actor, words = current_actor(), request.values.get("q", "")
    found = list_askers(words, actor=actor)
    form = WhoForm(data={"client_key": secrets.token_urlsafe(24)})
    form.offer(found[:_SHOWN_HOUSEHOLDS], list_villages(actor=actor))
    if form.validate_on_submit():
        with form_errors(form):
            who = str(form.who.data)
            is_village = who.startswith(VILLAGE_MARK)
            with transaction():
                need = service.start_need(
                    household_code=None if is_village else who,
                    village=who.removeprefix(VILLAGE_MARK) if is_village else None,
                    client_key=form.client_key.data or "",
                    by=actor,
                    now=utc_now(),
                )
            return _to(Step.WHAT, need)
    page = render_template(
        "needs/who.html",
        form=form,
        words=words,
        households=found[:_SHOWN_HOUSEHOLDS],
        more=found[_SHOWN_HOUSEHOLDS:],
        villages=form.villages,
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/desk/needs/<code>/what", methods=["GET", "POST"])
@_POSTS
def what(code: str) -> ResponseReturnValue:
    """Step 2: tick items, look for others, or name one in own words."""
    need = _editable(code)
    form = WhatForm(data={"q": request.args.get("q", ""), "own_unit": "个", "own_kind": SupportKind.GOODS.value})
    form.offer()
    if form.validate_on_submit():
        with form_errors(form):
            looks_on = "find" in request.form or "category" in request.form
            template = request.form.get("template", type=int)
            if template is not None:
                with transaction():
                    need = service.use_template(code, template_id=template, by=current_actor(), now=utc_now())
                return _to(Step.HOW_MUCH, need)
            with transaction():
                need = service.choose_items(
                    code,
                    items=request.form.getlist("items"),
                    own=_own_item(form),
                    is_done=not looks_on,
                    by=current_actor(),
                    now=utc_now(),
                )
            if looks_on:
                looked = {"q": form.q.data} if "find" in request.form else {"c": request.form["category"]}
                return redirect(url_for(".what", code=need.code, **looked), 303)
            return _to(Step.HOW_MUCH, need)
    ticked = set(request.form.getlist("items")) if form.is_submitted() else _ticked(need)
    heading, items = _shown_items(request.values.get("q", ""), request.values.get("c"), area=need.division_code)
    picked = catalogue.items_by_code(ticked)
    page = render_template(
        "needs/what.html",
        bands=bands_for([*picked, *items], area=need.division_code),
        form=form,
        ticked=ticked,
        chosen=picked,
        own_lines=[line for line in need.lines if line.item_id is None],
        heading=heading,
        offered=[item for item in items if item.code not in ticked],
        categories=list(NeedCategory),
        earlier=[] if need.lines else list_earlier(need),
        templates=[] if need.lines else list_templates(actor=current_actor()),
        again_key=secrets.token_urlsafe(24),
        **_about(need),
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/desk/needs/<code>/how-much", methods=["GET", "POST"])
@_POSTS
def how_much(code: str) -> ResponseReturnValue:
    """Step 3: how many, at what price, beside the reference band."""
    need = _editable(code)
    if not need.lines:
        return _to(Step.WHAT, need)
    form = amounts_form(need.lines)
    if "drop" in request.form and form.validate_on_submit():
        with transaction():
            need = service.drop_line(code, position=_position(), by=current_actor(), now=utc_now())
        return _to(Step.HOW_MUCH, need)
    if form.validate_on_submit():
        with form_errors(form):
            amounts = amounts_of(form, need.lines)
            with transaction():
                need = service.set_amounts(code, amounts=amounts, by=current_actor(), now=utc_now())
            return _to(Step.WHY, need)
    items = catalogue.items_by_id({line.item_id for line in need.lines if line.item_id is not None})
    bands = bands_for(items.values(), area=need.division_code)
    page = render_template("needs/how_much.html", form=form, items=items, bands=bands, **_about(need))
    return page, 422 if form.is_submitted() else 200


@bp.route("/desk/needs/<code>/why", methods=["GET", "POST"])
@_POSTS
def why(code: str) -> ResponseReturnValue:
    """Step 4: the reason, how soon, and a photo."""
    need = _editable(code)
    if not need.lines:
        return _to(Step.WHAT, need)
    form = WhyForm(data=_reason_so_far(need))
    form.offer()
    if "drop" in request.form and form.is_submitted():
        with transaction():
            service.drop_photo(code, token=request.form["drop"], by=current_actor(), now=utc_now())
        return redirect(url_for(".why", code=need.code), 303)
    if form.validate_on_submit():
        with form_errors(form):
            # The photo first and by itself: it is not lost where the text still has to be changed.
            _keep_photo(form.photo.data, code=code, caption=form.caption.data or "")
            with transaction():
                need = service.give_reason(code, reason=_reason(form), by=current_actor(), now=utc_now())
            return _to(missing_step(need) or Step.CHECK, need)
    page = render_template(
        "needs/why.html",
        form=form,
        photos=queries.list_photos(need),
        today=china_day(utc_now()).isoformat(),
        **_about(need),
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/desk/needs/<code>/agree", methods=["GET", "POST"])
@_POSTS
def agree(code: str) -> ResponseReturnValue:
    """Step 5: the household's agreement, for each purpose by itself; one tap says how it was given."""
    need = _editable(code)
    if need.household_id is None:
        return _to(missing_step(need) or Step.CHECK, need)
    consent = queries.get_consent(need)
    form = AgreeForm(data={"witness": consent.witness if consent else ""})
    if form.validate_on_submit():
        with form_errors(form):
            given = ConsentGiven(
                how=find_member(ConsentHow, form.how.data),
                given_by=form.given_by.data or "",
                witness=form.witness.data or "",
                receiver=form.receiver.data or "",
            )
            with transaction():
                service.give_consent(
                    code, given=given, signature=_stream(form.signature.data), by=current_actor(), now=utc_now()
                )
            return _to(missing_step(need) or Step.CHECK, need)
    is_own = need.household_id == current_actor().household_id
    page = render_template(
        "needs/agree.html",
        form=form,
        sentences_read=consent_texts()[CONSENT_TEXT],
        version=CONSENT_TEXT,
        ways=[ConsentHow.OWN_ACCOUNT] if is_own else [ConsentHow.SIGNED, ConsentHow.SPOKEN],
        consent=consent,
        head=queries.head_name(need),
        **_about(need),
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/desk/needs/<code>/check", methods=["GET", "POST"])
@_POSTS
def check(code: str) -> ResponseReturnValue:
    """The last step: everything on one page, what the world will see, and send."""
    need = _own(code)
    if need.state is NeedState.SUBMITTED and request.method == "POST":
        return redirect(url_for(".status", code=need.code), 303)
    need = _editable(code)
    missing = missing_step(need)
    if missing is not None:
        return _to(missing, need)
    form = CheckForm()
    if form.validate_on_submit():
        with form_errors(form):
            with transaction():
                need, slip = service.submit_need(
                    code,
                    is_true=form.truth.data,
                    overrides=overrides_in(request.form),
                    by=current_actor(),
                    now=utc_now(),
                )
            flash(_("Sent to the township. You will have an answer within 3 working days."))
            if slip is None:
                return redirect(url_for(".status", code=need.code), 303)
            keep_slips(session, {need.code: slip}, now=utc_now())
            return redirect(url_for(".slip", code=need.code), 303)
    findings = lint_of(need, now=utc_now())
    page = render_template(
        "needs/check.html",
        form=form,
        card=queries.preview_card(need),
        consent=queries.get_consent(need),
        photos=queries.list_photos(need),
        remarks=remarks_of(findings, need=need),
        questions=questions(findings, typed=request.form, earlier=list_overrides(need)),
        **_about(need),
    )
    return page, 422 if form.is_submitted() else 200


@bp.get("/desk/needs/<code>/slip")
@_POSTS
def slip(code: str) -> ResponseReturnValue:
    """The household's slip, to be printed and handed over; its secret stands here only for ten minutes."""
    need = _own(code)
    secret = kept_slips(session, now=utc_now()).get(need.code, "")
    return render_template("needs/slip.html", need=need, secret=secret, form=ActForm(), **_household(need))


@bp.post("/desk/needs/<code>/slip")
@_POSTS
def new_slip(code: str) -> ResponseReturnValue:
    """A new secret for a lost slip; the old one no longer works."""
    with transaction():
        secret = service.reissue_slip(code, by=current_actor(), now=utc_now())
        need = queries.get_need(code, actor=current_actor())
    keep_slips(session, {need.code: secret}, now=utc_now())
    flash(_("The old slip no longer works. Print the new one."))
    return redirect(url_for(".slip", code=need.code), 303)


def _own(code: str) -> Need:
    """The need, where this person may post for its household or village."""
    need = queries.get_need(code, actor=current_actor())
    policy.ensure_can_edit(current_actor(), need)
    return need


def _editable(code: str) -> Need:
    need = _own(code)
    if need.state not in EDITABLE:
        raise Conflict("This need has been sent: it can no longer be changed.")
    return need


def _to(step: Step, need: Need) -> ResponseReturnValue:
    return redirect(url_for(f".{step.value.replace('-', '_')}", code=need.code), 303)


def _about(need: Need) -> dict[str, Any]:
    """What the head of each step's page says."""
    return {
        "need": need,
        "steps": 6 if need.household_id is not None else 5,
        "last_review": next(reversed(queries.list_reviews(need)), None),
        **_household(need),
    }


def _household(need: Need) -> dict[str, str]:
    return {"household_code": household_codes([need]).get(need.household_id or 0, "")}


def _position() -> int:
    """Which line is to go; a number that no line has leaves all as they are."""
    return request.form.get("drop", -1, type=int)


def _ticked(need: Need) -> set[str]:
    items = catalogue.items_by_id({line.item_id for line in need.lines if line.item_id is not None})
    return {item.code for item in items.values()}


def _shown_items(words: str, category: str | None, *, area: str) -> tuple[str, list[CatalogueItem]]:
    """A heading and the items to tick: those looked for, those of a category, or what the season asks for."""
    chosen = find_member(NeedCategory, category)
    if words.strip():
        return _("Found for “%(words)s”", words=words), catalogue.search_items(words, area=area)
    if chosen is not None:
        return term(chosen), catalogue.list_items(category=chosen, area=area)
    is_cold = china_day(utc_now()).month in _COLD_MONTHS
    heading = _("Often asked for in winter") if is_cold else _("Often asked for")
    return heading, catalogue.list_often_asked(winter=is_cold, most=_SHOWN_ITEMS, area=area)


def _own_item(form: WhatForm) -> OwnItem | None:
    kind, category = find_member(SupportKind, form.own_kind.data), find_member(NeedCategory, form.own_category.data)
    if not (form.own_name.data or "").strip() or kind is None or category is None:
        return None
    return OwnItem(name=form.own_name.data, kind=kind, category=category, unit=form.own_unit.data or "")


def _reason_so_far(need: Need) -> dict[str, Any]:
    return {"story": need.story, "urgency": need.urgency.value, "needed_by": need.needed_by}


def _reason(form: WhyForm) -> Reason:
    needed_by: date | None = form.needed_by.data
    return Reason(
        story=form.story.data or "",
        urgency=find_member(Urgency, form.urgency.data) or Urgency.NORMAL,
        needed_by=needed_by,
    )


def _stream(upload: FileStorage | None) -> IO[bytes] | None:
    return upload.stream if upload is not None and upload.filename else None


def _keep_photo(upload: FileStorage | None, *, code: str, caption: str) -> None:
    stream = _stream(upload)
    if stream is None:
        return
    with transaction():
        service.add_photo(code, stream=stream, caption=caption, by=current_actor(), now=utc_now())
