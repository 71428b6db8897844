"""Posting on behalf (代发): who, what, how much, why, send; each step is kept as a draft."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.codes import new_slip_code
from marketplace.core.divisions import Level, level_of
from marketplace.core.errors import Conflict, Invalid, NotFound
from marketplace.core.kinds import NeedCategory, SupportKind, Urgency
from marketplace.core.money import LARGEST_FEN
from marketplace.core.workflow import NEED_MOVES, NeedState, next_state
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.households.duplicates import kept_instead_of
from marketplace.households.models import Household
from marketplace.media.models import Photo
from marketplace.media.pictures import LARGEST_UPLOAD
from marketplace.media.service import store_photo
from marketplace.needs import policy
from marketplace.needs.catalogue import items_by_code, items_by_id
from marketplace.needs.checking import lint_of, raise_refusals
from marketplace.needs.drafts import Step, begin_draft, get_draft, go_on, missing_step
from marketplace.needs.lines import lines_of, retitle, set_lines
from marketplace.needs.lint import LONGEST_STORY
from marketplace.needs.marking import mark_need
from marketplace.needs.models import MONEY_UNIT, Need, NeedLine, NeedPhoto, OverrideReason, OverrideStage
from marketplace.needs.overriding import override_findings
from marketplace.needs.queries import get_need
from marketplace.needs.slips import SLIP_STATES, slip_index
from marketplace.needs.wording import value_of

MOST_LINES = 12
MOST_PHOTOS = 6
LARGEST_QUANTITY = 100_000
# What is bought has a price; time, places and lessons may have none.
_PRICED = (SupportKind.GOODS, SupportKind.PURCHASE)


@dataclass(frozen=True, slots=True)
class OwnItem:
    """Something that the catalogue does not have, in the clerk's words."""

    name: str
    kind: SupportKind
    category: NeedCategory
    unit: str


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of a line: a quantity and a unit price in fen; a money line has the amount as quantity."""

    quantity: int
    unit_price_fen: int = 1


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is needed and how soon."""

    story: str
    urgency: Urgency = Urgency.NORMAL
    needed_by: date | None = None


def start_need(*, household_code: str | None, village: str | None, client_key: str, by: Actor, now: datetime) -> Need:
    """Begin a draft for a household, or for a village itself. The same client key again returns the same draft."""
    household = _household(household_code) if household_code else None
    division = household.division_code if household else _village(village)
    policy.ensure_can_post(by, division, household_id=household.id if household else None)
    stays = kept_instead_of(household.id) if household else None
    if stays is not None:
        raise Conflict("This household is registered twice: post for %(code)s.", code=stays)
    return begin_draft(client_key, division=division, household_id=household.id if household else None, by=by, now=now)


def choose_items(
    code: str, *, items: Sequence[str], own: OwnItem | None = None, is_done: bool = True, by: Actor, now: datetime
) -> Need:
    """Make the draft's catalogue lines those items (by code); what was there keeps its quantity and price.

    ``own`` adds a line in the clerk's words. ``is_done`` False keeps the ticks while the clerk goes on looking.
    """
    need = get_draft(code, by=by)
    chosen = {item.id: item for item in items_by_code(items)}
    kept = [line for line in need.lines if line.item_id is None or line.item_id in chosen]
    present = {line.item_id for line in kept}
    added = [item for item in chosen.values() if item.id not in present]
    lines = [*kept, *lines_of(added, area=need.division_code)]
    if own is not None:
        lines.append(_own_line(own))
    if is_done and not lines:
        raise Invalid("Choose at least one item.", field="items")
    if len(lines) > MOST_LINES:
        raise Invalid("Choose at most %(most)s items for one need.", field="items", most=MOST_LINES)
    set_lines(need, lines)
    need.category = _category(need, own)
    if is_done:
        go_on(need, Step.HOW_MUCH)
    return need


def drop_line(code: str, *, position: int, by: Actor, now: datetime) -> Need:
    """Take one line off a draft."""
    need = get_draft(code, by=by)
    set_lines(need, [line for line in need.lines if line.position != position])
    return need


def set_amounts(code: str, *, amounts: Mapping[int, Amount], by: Actor, now: datetime) -> Need:
    """Set quantity and unit price of each line (by its position); every line must be there."""
    need = get_draft(code, by=by)
    for line in need.lines:
        amount = amounts.get(line.position)
        if amount is None or not 0 < amount.quantity <= _most(line):
            raise Invalid(
                "%(name)s: write how many, as a number above 0.", field=f"line-{line.position}", name=line.name
            )
        if not 0 <= amount.unit_price_fen <= LARGEST_FEN:
            raise Invalid("%(name)s: the price is not possible.", field=f"line-{line.position}", name=line.name)
        if amount.unit_price_fen == 0 and line.kind in _PRICED:
            raise Invalid("%(name)s: write what one costs, as a number.", field=f"line-{line.position}", name=line.name)
        line.quantity = amount.quantity
        line.unit_price_fen = 1 if line.unit == MONEY_UNIT else amount.unit_price_fen
    if value_of(need.lines) > LARGEST_FEN:
        raise Invalid("All items together are worth more than can be recorded.", field="line-0")
    retitle(need)
    raise_refusals([finding for finding in lint_of(need, now=now) if finding.field != "story"])
    go_on(need, Step.WHY)
    return need


def give_reason(code: str, *, reason: Reason, by: Actor, now: datetime) -> Need:
    """Set why it is needed and how soon; refuses a text that would not be sent on."""
    need = get_draft(code, by=by)
    need.story = _story(reason.story)
    need.urgency = reason.urgency
    need.needed_by = reason.needed_by
    if reason.needed_by is not None and reason.needed_by < china_day(now):
        raise Invalid("The day by which it is needed has passed: choose a later one.", field="needed_by")
    raise_refusals([finding for finding in lint_of(need, now=now) if finding.field == "story"])
    go_on(need, Step.CHECK if need.household_id is None else Step.AGREE)
    return need


def add_photo(code: str, *, stream: IO[bytes], caption: str, by: Actor, now: datetime) -> Photo:
    """Add a photo of the thing or the place; the public sees it only once a reviewer has looked.

    The same file sent again, after a connection that broke, is the photo that is there.
    """
    need = get_draft(code, by=by)
    upload = stream.read(LARGEST_UPLOAD + 1)
    again = _same_photo(need, upload)
    if again is not None:
        return again
    if len(need.photos) >= MOST_PHOTOS:
        raise Invalid("A need has at most %(most)s photos.", field="photo", most=MOST_PHOTOS)
    photo = store_photo(io.BytesIO(upload), division=need.division_code, caption=caption, by=by, now=now)
    db.session.add(NeedPhoto(need_id=need.id, photo_id=photo.id))
    db.session.flush()
    db.session.expire(need, ["photos"])
    return photo


def drop_photo(code: str, *, token: str, by: Actor, now: datetime) -> Need:
    """Take a photo off a draft."""
    need = get_draft(code, by=by)
    wanted = db.session.scalar(sa.select(Photo.id).where(Photo.token == token))
    need.photos = [photo for photo in need.photos if photo.photo_id != wanted]
    db.session.flush()
    return need


def submit_need(
    code: str,
    *,
    is_true: bool,
    overrides: Mapping[str, OverrideReason] | None = None,
    with_slip: bool = True,
    by: Actor,
    now: datetime,
) -> tuple[Need, str | None]:
    """Send a complete draft for review; returns it with the household's new slip code, which is told only here.

    Without ``with_slip`` the household's slip is made later, when somebody prints it.

    ``overrides`` says by rule why the need may be sent although that rule found something.

    The poster's tick that all is true is time-stamped in the audit trail (R-V1). Sent again by accident, a need
    that waits for review is returned as it is, without another slip code.
    """
    need = get_need(code, actor=by)
    policy.ensure_can_edit(by, need)
    # Two copies of the form at once: the second waits here and then finds it sent.
    db.session.refresh(need, with_for_update=True)
    if need.state is NeedState.SUBMITTED and need.poster_id == by.user_id:
        return need, None
    state = next_state(NEED_MOVES, need.state, "submit")
    if not is_true:
        raise Invalid("Tick that everything is true: the household and you vouch for it.", field="truth")
    missing = missing_step(need)
    if missing is not None:
        raise Invalid("Something is still missing. Go through the steps again.", field=missing)
    findings = lint_of(need, now=now)
    raise_refusals(findings)
    override_findings(need, findings, reasons=overrides or {}, stage=OverrideStage.POSTING, by=by, now=now)
    slip = None
    if with_slip and need.household_id is not None and need.slip_index is None:
        slip = _new_slip(need)
    need.state = state
    need.submitted_at = now
    need.first_reviewer_id = need.first_approved_at = None
    mark_need(need, findings=findings, now=now)
    audit.record(
        by, "need.submit", subject="need", subject_id=need.id, at=now, division=need.division_code, vouched=True
    )
    return need, slip


def reissue_slip(code: str, *, by: Actor, now: datetime) -> str:
    """A new slip code for a household that lost its slip; the old one no longer works."""
    need = get_need(code, actor=by)
    policy.ensure_can_edit(by, need)
    if need.household_id is None or need.state not in SLIP_STATES:
        raise Conflict("A slip can be printed from sending until delivery, for a household's need.")
    slip = _new_slip(need)
    db.session.flush()
    audit.record(by, "need.slip", subject="need", subject_id=need.id, at=now, division=need.division_code)
    return slip


def _same_photo(need: Need, upload: bytes) -> Photo | None:
    attached = sa.select(NeedPhoto.photo_id).where(NeedPhoto.need_id == need.id)
    digest = hashlib.sha256(upload).digest()
    return db.session.scalar(sa.select(Photo).where(Photo.id.in_(attached), Photo.upload_sha256 == digest))


def _story(typed: str) -> str:
    """The text as it will stand, with single spaces; too long is said before the database would cut it."""
    story = " ".join(typed.split())
    if len(story) > LONGEST_STORY:
        raise Invalid(
            "Shorten the reason to %(most)s characters. You have written %(written)s.",
            field="story",
            most=LONGEST_STORY,
            written=len(story),
        )
    return story


def _household(code: str) -> Household:
    household = db.session.scalar(sa.select(Household).where(Household.code == code))
    if household is None:
        raise NotFound("There is nothing here that you may see.")
    return household


def _village(code: str | None) -> str:
    if not code or len(code) != 12 or not code.isdigit() or level_of(code) is not Level.VILLAGE:
        raise Invalid("Choose a household, or the village itself.", field="household")
    return code


def _category(need: Need, own: OwnItem | None) -> NeedCategory | None:
    """What the line that is worth most is for; a need of own words alone keeps what the clerk said."""
    items = items_by_id({line.item_id for line in need.lines if line.item_id is not None})
    listed = [line for line in need.lines if line.item_id in items]
    if listed:
        return items[max(listed, key=lambda line: line.value_fen).item_id or 0].category
    return own.category if own is not None else need.category


def _own_line(own: OwnItem) -> NeedLine:
    name = " ".join(own.name.split())
    if not 1 < len(name) <= 60:
        raise Invalid("Name the thing in 2 to 60 characters.", field="own_name")
    is_money = own.kind is SupportKind.MONEY
    if not is_money and not own.unit.strip():
        raise Invalid("Say what it is counted in, for example 床 or 台.", field="own_unit")
    unit = MONEY_UNIT if is_money else own.unit.strip()[:16]
    if not is_money and unit == MONEY_UNIT:
        raise Invalid("Say what it is counted in, for example 床 or 台.", field="own_unit")
    return NeedLine(item_id=None, kind=own.kind, name=name, quantity=1, unit=unit, unit_price_fen=1 if is_money else 0)


def _most(line: NeedLine) -> int:
    return LARGEST_FEN if line.unit == MONEY_UNIT else LARGEST_QUANTITY


def _new_slip(need: Need) -> str:
    slip = new_slip_code()
    need.slip_index = slip_index(slip)
    return slip
