"""A need that is still being written: who may go on with it, which step comes next, what is still missing."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, new_code
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.kinds import Urgency
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.once import insert_once
from marketplace.needs import policy
from marketplace.needs.models import MONEY_UNIT, Need
from marketplace.needs.queries import get_consent, get_need

# What the client key of a need from a spreadsheet begins with.
SHEET_KEY = "sheet-"
EDITABLE = (NeedState.DRAFT, NeedState.RETURNED)


class Step(StrEnum):
    """The steps of posting, in order; a village's own need asks nobody's agreement."""

    WHO = "who"
    WHAT = "what"
    HOW_MUCH = "how-much"
    WHY = "why"
    AGREE = "agree"
    CHECK = "check"


def begin_draft(client_key: str, *, division: str, household_id: int | None, by: Actor, now: datetime) -> Need:
    """A new draft, or the one that this client key made before, also where both are sent at the same moment.

    The caller has made sure that ``by`` may post there. Conflict where the key was used for something else.
    """
    if not client_key or len(client_key) > 64:
        raise Invalid("The form is out of date. Open it again.", field="client_key")
    values = {
        "code": new_code(Prefix.NEED),
        "household_id": household_id,
        "division_code": division,
        "state": NeedState.DRAFT,
        "title": "",
        "story": "",
        "urgency": Urgency.NORMAL,
        "value_fen": 0,
        "pledged_fen": 0,
        "helped_before": False,
        "poster_id": by.user_id,
        "client_key": client_key,
        "step": Step.WHAT,
        "created_at": now,
    }
    is_new = insert_once(db.session, Need, key=["client_key"], values=values)
    need = db.session.scalars(sa.select(Need).where(Need.client_key == client_key)).one()
    if (need.poster_id, need.division_code, need.household_id) != (by.user_id, division, household_id):
        raise Conflict("This form was sent before for something else. Open it again.")
    if is_new:
        audit.record(by, "need.start", subject="need", subject_id=need.id, at=now, division=division)
    return need


def get_draft(code: str, *, by: Actor) -> Need:
    """The draft or returned need that ``by`` may go on with."""
    need = get_need(code, actor=by)
    policy.ensure_can_edit(by, need)
    if need.state not in EDITABLE:
        raise Conflict("This need has been sent: it can no longer be changed.")
    return need


def missing_step(need: Need) -> Step | None:
    """The first step that a draft still lacks something of, or None when it can be sent."""
    if not need.lines:
        return Step.WHAT
    if need.value_fen == 0 and any(line.unit == MONEY_UNIT for line in need.lines):
        return Step.HOW_MUCH
    if not need.title or need.step in (Step.WHO, Step.WHAT, Step.HOW_MUCH):
        return Step.HOW_MUCH
    if not need.story:
        return Step.WHY
    if need.household_id is not None and get_consent(need) is None:
        return Step.AGREE
    return None


def go_on(need: Need, step: Step) -> None:
    """Remember how far the draft has come; going back to change something does not lose the later steps."""
    order = list(Step)
    if need.step not in order or order.index(Step(need.step)) < order.index(step):
        need.step = step
    db.session.flush()
