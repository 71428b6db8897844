"""The second look (复查): a random tenth of approvals goes to the county, which agrees or does not.

The draw is made after the approval, from a keyed digest of its row: nobody can know it beforehand, and whoever holds
the key can draw it again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.permissions import Permission
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.types import keyring
from marketplace.needs import policy
from marketplace.needs.deciding import LONGEST_NOTE
from marketplace.needs.desk import in_areas
from marketplace.needs.models import Need, NeedReview, ReturnReason
from marketplace.needs.pausing import suspend_need
from marketplace.needs.queries import get_need
from marketplace.needs.review_models import PauseCause, Recheck

DRAWS = 10_000
# The lowest tenth of the draws is looked at again.
DRAWN_BELOW = DRAWS // 10


def draw_recheck(need: Need, review: NeedReview) -> Recheck | None:
    """Draw for an approval that has just been made; the number stays with it. A need that two approved is not drawn."""
    review.draw = draw_of(review)
    if review.draw >= DRAWN_BELOW or need.is_flagged:
        db.session.flush()
        return None
    drawn = Recheck(
        need_id=need.id,
        review_id=review.id,
        approver_id=review.reviewer_id,
        division_code=need.division_code,
        drawn_at=review.at,
    )
    db.session.add(drawn)
    db.session.flush()
    return drawn


def draw_of(review: NeedReview) -> int:
    """0 to 9,999 for an approval, the same each time for whoever holds the key."""
    digest = keyring.blind("recheck", f"{review.id}/{review.need_id}/{review.at.isoformat()}")
    return int.from_bytes(digest[:8]) % DRAWS


def decide_recheck(
    code: str, *, agrees: bool, reason: ReturnReason | None = None, note: str = "", by: Actor, now: datetime
) -> Recheck:
    """Say whether the approval was right. A disagreement pauses a need whose help is still to come, and is counted.

    Raises Conflict where somebody said so before, Invalid for a disagreement without a reason.
    """
    need = get_need(code, actor=by)
    drawn = find_recheck(need)
    policy.ensure_can_review_again(by, need)
    if drawn is None or drawn.done_at is not None:
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    policy.ensure_is_another(by, drawn.approver_id)
    if not agrees and (reason is None or not note.strip()):
        raise Invalid("Choose a reason and write what is not right.", field="note")
    _close(drawn, done_at=now, done_by=by.user_id, agrees=agrees, reason=None if agrees else reason, note=note)
    audit.record(
        by,
        "need.recheck",
        subject="need",
        subject_id=need.id,
        at=now,
        division=need.division_code,
        agrees=agrees,
        reason=reason.value if reason else None,
    )
    if not agrees and need.state in (NeedState.PUBLISHED, NeedState.PLEDGED):
        suspend_need(code, cause=PauseCause.RECHECK, note=note, by=by, now=now)
    return drawn


def find_recheck(need: Need) -> Recheck | None:
    """The last draw that fell on this need, decided or not."""
    chosen = sa.select(Recheck).where(Recheck.need_id == need.id).order_by(Recheck.id.desc()).limit(1)
    return db.session.scalar(chosen)


def list_rechecks(*, actor: Actor) -> list[tuple[Recheck, Need]]:
    """What waits for a second look by this person, the oldest first; never what he approved himself."""
    areas = actor.areas(Permission.NEED_REVIEW_AGAIN)
    if not areas:
        return []
    chosen = (
        sa.select(Recheck, Need)
        .join(Need, Need.id == Recheck.need_id)
        .where(Recheck.done_at.is_(None), Recheck.approver_id != actor.user_id, in_areas(Need.division_code, areas))
        .order_by(Recheck.drawn_at, Recheck.id)
    )
    return [(drawn, need) for drawn, need in db.session.execute(chosen)]


def list_disagreements(areas: Sequence[str], *, limit: int = 20) -> list[tuple[Recheck, Need]]:
    """Second looks that did not agree, the latest first."""
    if not areas:
        return []
    chosen = (
        sa.select(Recheck, Need)
        .join(Need, Need.id == Recheck.need_id)
        .where(Recheck.agrees.is_(False), in_areas(Need.division_code, areas))
        .order_by(Recheck.done_at.desc())
        .limit(limit)
    )
    return [(drawn, need) for drawn, need in db.session.execute(chosen)]


def _close(drawn: Recheck, **values: Any) -> None:
    values["note"] = values["note"].strip()[:LONGEST_NOTE]
    statement = sa.update(Recheck).where(Recheck.id == drawn.id, Recheck.done_at.is_(None)).values(**values)
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    if not cast("sa.CursorResult[Any]", result).rowcount:
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    db.session.expire(drawn)


def is_disputed(need: Need) -> bool:
    """True where the last second look did not agree with the approval."""
    drawn = find_recheck(need)
    return drawn is not None and drawn.agrees is False
