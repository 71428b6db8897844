"""The household's agreement (同意): given for each purpose by itself, and taken back as easily."""

from dataclasses import dataclass
from datetime import datetime
from typing import IO

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.workflow import NEED_MOVES, NeedState
from marketplace.db import db
from marketplace.db.search import remove_need
from marketplace.media.models import Photo
from marketplace.media.service import hide_photo, store_photo
from marketplace.needs import policy
from marketplace.needs.consent_texts import CONSENT_TEXT
from marketplace.needs.drafts import Step, get_draft, go_on
from marketplace.needs.models import (
    Consent,
    ConsentHow,
    ConsentPurpose,
    Need,
    NeedPhoto,
    Purpose,
    WithdrawnBy,
)
from marketplace.needs.queries import get_consent, head_name


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """How the household agreed; nobody named is its head. ``receiver`` is an enterprise that may have the details."""

    how: ConsentHow | None
    given_by: str = ""
    witness: str = ""
    receiver: str = ""


def give_consent(
    code: str, *, given: ConsentGiven, signature: IO[bytes] | None = None, by: Actor, now: datetime
) -> Consent:
    """Record the agreement to a draft under the text in force; a new one takes the place of an earlier one.

    ``signature`` is a photo of the signed paper; it is never public.
    """
    need = get_draft(code, by=by)
    if need.household_id is None:
        raise Conflict("A village's own need asks for no household's agreement.")
    _ensure_complete(need, given, by=by)
    consent = get_consent(need) or Consent(need_id=need.id)
    consent.given_by = (given.given_by.strip() or head_name(need))[:60]
    consent.how = given.how or ConsentHow.SIGNED
    consent.witness = given.witness.strip()[:60]
    consent.text_version = CONSENT_TEXT
    consent.given_at = now
    consent.recorded_by = by.user_id or 0
    if signature is not None:
        consent.photo_id = store_photo(signature, division=need.division_code, caption="", by=by, now=now).id
    receiver = " ".join(given.receiver.split())[:120]
    taken_back = [purpose for purpose in consent.purposes if purpose.withdrawn_at is not None]
    consent.purposes = [*taken_back, ConsentPurpose(purpose=Purpose.PUBLICATION, given_at=now)]
    if receiver:
        consent.purposes.append(ConsentPurpose(purpose=Purpose.ENTERPRISE, receiver=receiver, given_at=now))
    db.session.add(consent)
    db.session.flush()
    audit.record(
        by,
        "consent.give",
        subject="need",
        subject_id=need.id,
        at=now,
        division=need.division_code,
        how=consent.how.value,
        version=consent.text_version,
        purposes=[purpose.purpose.value for purpose in consent.purposes],
    )
    go_on(need, Step.CHECK)
    return consent


def withdraw_consent(need: Need, *, purpose: Purpose, how: WithdrawnBy, by: Actor, now: datetime) -> Need:
    """Take the agreement to one purpose back (R-P5). The caller has made sure who asks: by slip, account or staff.

    Without publication the need leaves every public page at once; where nobody has pledged it is withdrawn too.
    """
    if how is not WithdrawnBy.SLIP:
        policy.ensure_can_edit(by, need)
    consent = get_consent(need)
    active = [p for p in (consent.purposes if consent else []) if p.purpose is purpose and p.withdrawn_at is None]
    if not active:
        raise Conflict("This agreement has been taken back already.")
    for row in active:
        row.withdrawn_at, row.withdrawn_how, row.withdrawn_by = now, how, by.user_id
    if purpose is Purpose.PUBLICATION:
        _hide(need, by=by, now=now)
    db.session.flush()
    audit.record(
        by,
        "consent.withdraw",
        subject="need",
        subject_id=need.id,
        at=now,
        division=need.division_code,
        purpose=purpose.value,
        how=how.value,
    )
    return need


def _ensure_complete(need: Need, given: ConsentGiven, *, by: Actor) -> None:
    if given.how is None:
        raise Invalid("Choose how they agreed.", field="how")
    if given.how is ConsentHow.SPOKEN and not given.witness.strip():
        raise Invalid("Spoken agreement needs a witness: write the name.", field="witness")
    if given.how is ConsentHow.OWN_ACCOUNT and need.household_id != by.household_id:
        raise Invalid("Only the household itself can agree by its own account.", field="how")


def _hide(need: Need, *, by: Actor, now: datetime) -> None:
    need.hidden_at = now
    remove_need(db.session, need.id)
    attached = sa.select(NeedPhoto.photo_id).where(NeedPhoto.need_id == need.id)
    for photo in db.session.scalars(sa.select(Photo).where(Photo.id.in_(attached))):
        hide_photo(photo, by=by, now=now)
    may_end = (need.state, "withdraw") in NEED_MOVES and not any(line.pledged for line in need.lines)
    if may_end:
        # Asked for in one statement, so that a pledge made at this moment is not lost.
        ended = sa.update(Need).where(Need.id == need.id, Need.state == need.state, Need.pledged_fen == 0)
        db.session.flush()
        db.session.execute(ended.values(state=NeedState.WITHDRAWN, closed_at=now))
        db.session.expire(need)
