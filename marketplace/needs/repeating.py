"""What was asked for before, asked again: last winter's need of a household, or a clerk's own template."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.needs import policy
from marketplace.needs.drafts import EDITABLE, Step, begin_draft, get_draft, go_on
from marketplace.needs.lines import retitle
from marketplace.needs.models import Need, NeedLine, NeedTemplate
from marketplace.needs.queries import get_need

MOST_SHOWN = 6


def repeat_need(code: str, *, client_key: str, by: Actor, now: datetime) -> Need:
    """A new draft with the lines and the reason of an earlier need; whoever asks agrees anew, and it is reviewed anew.

    The same client key again returns the same draft.
    """
    earlier = get_need(code, actor=by)
    policy.ensure_can_edit(by, earlier)
    if earlier.state in EDITABLE or not earlier.lines:
        raise Conflict("This need has not been sent yet: go on with it instead.")
    need = begin_draft(client_key, division=earlier.division_code, household_id=earlier.household_id, by=by, now=now)
    if not need.lines:
        _copy_lines(earlier, need)
        need.category, need.story = earlier.category, earlier.story
        go_on(need, Step.CHECK if need.household_id is None else Step.AGREE)
    return need


def use_template(code: str, *, template_id: int, by: Actor, now: datetime) -> Need:
    """Give a draft the lines of one of the person's own templates; the reason is each household's own."""
    need = get_draft(code, by=by)
    template = db.session.get(NeedTemplate, template_id)
    if template is None or template.owner_id != by.user_id:
        raise NotFound("There is nothing here that you may see.")
    earlier = db.session.get_one(Need, template.need_id)
    need.lines.clear()
    db.session.flush()
    _copy_lines(earlier, need)
    need.category = earlier.category
    go_on(need, Step.HOW_MUCH)
    return need


def keep_template(code: str, *, by: Actor, now: datetime) -> bool:
    """Make a need one of the person's templates, or one no longer where it was; returns whether it is one now."""
    need = get_need(code, actor=by)
    policy.ensure_can_edit(by, need)
    kept = db.session.scalar(_own(by).where(NeedTemplate.need_id == need.id))
    if kept is not None:
        db.session.delete(kept)
    else:
        db.session.add(NeedTemplate(owner_id=by.user_id or 0, need_id=need.id, created_at=now))
    db.session.flush()
    return kept is None


def list_templates(*, actor: Actor) -> list[tuple[int, Need]]:
    """The person's own templates, newest first: each one's id and the need that it was made from."""
    rows = db.session.execute(
        sa.select(NeedTemplate.id, Need)
        .join(Need, Need.id == NeedTemplate.need_id)
        .where(NeedTemplate.owner_id == actor.user_id)
        .order_by(NeedTemplate.created_at.desc(), NeedTemplate.id.desc())
        .limit(MOST_SHOWN)
    )
    return [(row[0], row[1]) for row in rows]


def list_earlier(need: Need) -> list[Need]:
    """What the draft's household, or village, asked for before, newest first."""
    who = (
        Need.household_id == need.household_id
        if need.household_id is not None
        else sa.and_(Need.household_id.is_(None), Need.division_code == need.division_code)
    )
    asked = Need.state.not_in((NeedState.DRAFT, NeedState.RETURNED, NeedState.REJECTED))
    chosen = sa.select(Need).where(who, asked, Need.id != need.id).order_by(Need.created_at.desc(), Need.id.desc())
    return list(db.session.scalars(chosen.limit(MOST_SHOWN)))


def is_template(need: Need, *, actor: Actor) -> bool:
    """True where the person keeps this need as a template."""
    return db.session.scalar(_own(actor).where(NeedTemplate.need_id == need.id)) is not None


def _own(actor: Actor) -> sa.Select[NeedTemplate]:
    return sa.select(NeedTemplate).where(NeedTemplate.owner_id == actor.user_id)


def _copy_lines(earlier: Need, need: Need) -> None:
    need.lines = [
        NeedLine(
            position=position,
            item_id=line.item_id,
            kind=line.kind,
            name=line.name,
            quantity=line.quantity,
            unit=line.unit,
            unit_price_fen=line.unit_price_fen,
        )
        for position, line in enumerate(earlier.lines)
    ]
    retitle(need)
