"""Write notices: plan, post with a photo of the board, hold while somebody objects, close and let take effect."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import IO, Any, cast

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, new_code
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.kinds import StatusMove
from marketplace.core.workflow import NOTICE_MOVES, NeedState, NoticeState, next_state
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.households.models import ProposalState, StatusProposal
from marketplace.households.service import apply_proposal, drop_proposal
from marketplace.media.queries import photo_path
from marketplace.media.service import store_photo
from marketplace.needs.models import Need
from marketplace.notices import policy
from marketplace.notices.models import (
    ENTRY_DAYS,
    LONGEST_DAYS,
    SHORTEST_DAYS,
    BoardPhoto,
    Notice,
    NoticeEntry,
    NoticeKind,
)
from marketplace.notices.queries import find_running_notice, get_notice

# A need is posted before its review is over, or while it is public.
_POSTABLE_NEEDS = frozenset({NeedState.SUBMITTED, NeedState.PUBLISHED})
# Who becomes entitled to help hangs longer than who leaves or is watched.
_ENTRIES = frozenset({StatusMove.ENTER, StatusMove.REENTER})
_NOTHING = "Choose at least one line for the notice."


def plan_notice(
    *,
    division: str,
    days: int,
    proposals: Sequence[StatusProposal] = (),
    needs: Sequence[Need] = (),
    shows_names: bool = False,
    by: Actor,
    now: datetime,
) -> Notice:
    """Plan a notice of one village: of changes of status, or of needs. Nothing is public before it is posted.

    Raises Invalid for fewer than SHORTEST_DAYS (for an entry into the register ENTRY_DAYS, R-V4) or without lines,
    Conflict where a line stands on a notice already.
    """
    policy.ensure_can_plan(by, division)
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        raise Invalid("A notice hangs for 5 to 60 days.", field="days")
    if days < ENTRY_DAYS and any(proposal.move in _ENTRIES for proposal in proposals):
        raise Invalid("A notice about an entry into the register hangs for at least 7 days.", field="days")
    if not proposals and not needs:
        raise Invalid(_NOTHING, field="lines")
    if proposals and needs:
        raise Invalid("Changes of status and needs stand on notices of their own.", field="lines")
    for proposal in proposals:
        _check_proposal(proposal, division)
    for need in needs:
        _check_need(need, division)
    notice = Notice(
        code=new_code(Prefix.NOTICE),
        kind=NoticeKind.STATUS if proposals else NoticeKind.NEED,
        division_code=division,
        days=days,
        shows_names=shows_names and bool(proposals),
        state=NoticeState.PLANNED,
        open_objections=0,
        planned_by=by.user_id,
        planned_at=now,
    )
    notice.entries = [
        *(NoticeEntry(position=n, proposal_id=proposal.id) for n, proposal in enumerate(proposals, start=1)),
        *(NoticeEntry(position=n, need_id=need.id) for n, need in enumerate(needs, start=1)),
    ]
    db.session.add(notice)
    db.session.flush()
    _record(by, "plan", notice, now=now)
    return notice


def post_notice(code: str, *, photo: IO[bytes], by: Actor, now: datetime) -> Notice:
    """The notice hangs on the board, as its photo shows: it is public, and its days count from today."""
    notice = get_notice(code, actor=by)
    policy.ensure_can_post(by, notice.division_code)
    next_state(NOTICE_MOVES, notice.state, "post")
    if not any(_is_alive(entry) for entry in notice.entries):
        raise Conflict("Nothing on this notice is pending any more: take it back.")
    _keep_board(notice, photo, by=by, now=now)
    ends_on = china_day(now) + timedelta(days=notice.days)
    _move(notice, "post", posted_by=by.user_id, posted_at=now, ends_on=ends_on)
    _record(by, "post", notice, now=now)
    return notice


def add_board_photo(code: str, *, photo: IO[bytes], by: Actor, now: datetime) -> BoardPhoto:
    """One more photo of the board, for example of its last day."""
    notice = get_notice(code, actor=by)
    policy.ensure_can_post(by, notice.division_code)
    if notice.posted_at is None:
        raise Conflict("This notice has not been posted yet.")
    board = _keep_board(notice, photo, by=by, now=now)
    _record(by, "photo", notice, now=now)
    return board


def withdraw_notice(code: str, *, by: Actor, now: datetime) -> Notice:
    """Take back a notice that was never posted; its lines may stand on another one."""
    notice = get_notice(code, actor=by)
    policy.ensure_can_plan(by, notice.division_code)
    _move(notice, "withdraw", closed_at=now)
    _record(by, "withdraw", notice, now=now)
    return notice


def close_notice(notice_id: int, *, by: Actor, now: datetime) -> list[StatusProposal]:
    """End a notice whose last day is over and let its changes take effect; returns those that did.

    One UPDATE asks for everything that has to hold, so that an objection at the same moment comes before or after:
    Conflict where the notice still hangs, is held, or is closed already.
    """
    closing = sa.update(Notice).where(
        Notice.id == notice_id,
        Notice.state == NoticeState.OPEN,
        Notice.open_objections == 0,
        Notice.ends_on < china_day(now),
    )
    if not _changed(closing.values(state=NoticeState.CLOSED, closed_at=now)):
        raise Conflict("This notice still hangs, or somebody has objected to it.")
    notice = db.session.get_one(Notice, notice_id, populate_existing=True)
    _record(by, "close", notice, now=now)
    waiting = [entry.proposal for entry in notice.entries if entry.proposal is not None]
    return [proposal for proposal in waiting if apply_proposal(proposal, by=by, now=now)]


def hold_notice(notice_id: int) -> bool:
    """Count one more open objection; False where the notice is over, so that nothing waits for it any more."""
    holding = sa.update(Notice).where(Notice.id == notice_id, Notice.state != NoticeState.CLOSED)
    return _changed(holding.values(open_objections=Notice.open_objections + 1))


def release_notice(notice_id: int) -> None:
    """Count one open objection less."""
    _changed(sa.update(Notice).where(Notice.id == notice_id).values(open_objections=Notice.open_objections - 1))


def strike_entry(entry: NoticeEntry, *, reason: str, by: Actor, now: datetime) -> None:
    """An objection to this line was right: its change never takes effect. A need is its own subject's to stop."""
    if entry.proposal is not None and entry.proposal.state is ProposalState.PENDING:
        drop_proposal(entry.proposal, reason=reason, by=by, now=now)


def ensure_may_be_published(need: Need) -> None:
    """Conflict where the need is to be posted, or hangs, on a notice of its village (R-V4)."""
    notice = find_running_notice(need)
    if notice is not None and notice.state is NoticeState.PLANNED:
        raise Conflict("This need is to be posted on the village's board first.")
    if notice is not None:
        raise Conflict("This need hangs on the village's board: it can be published after the notice is over.")


def _check_proposal(proposal: StatusProposal, division: str) -> None:
    if proposal.household.division_code != division or proposal.state is not ProposalState.PENDING:
        raise Invalid(_NOTHING, field="lines")
    if _is_on_notice(NoticeEntry.proposal_id == proposal.id):
        raise Conflict("One of these lines stands on a notice already. Reload the page.")


def _check_need(need: Need, division: str) -> None:
    if need.division_code != division or need.state not in _POSTABLE_NEEDS:
        raise Invalid(_NOTHING, field="lines")
    if find_running_notice(need) is not None:
        raise Conflict("One of these lines stands on a notice already. Reload the page.")


def _is_on_notice(which: sa.ColumnElement[bool]) -> bool:
    chosen = sa.select(NoticeEntry.id).join(NoticeEntry.notice).where(which, Notice.state != NoticeState.CLOSED)
    return db.session.scalar(chosen.limit(1)) is not None


def _is_alive(entry: NoticeEntry) -> bool:
    if entry.proposal is not None:
        return entry.proposal.state is ProposalState.PENDING
    return entry.need is not None and entry.need.state in _POSTABLE_NEEDS


def _keep_board(notice: Notice, photo: IO[bytes], *, by: Actor, now: datetime) -> BoardPhoto:
    stored = store_photo(photo, division=notice.division_code, caption="", by=by, now=now)
    digest = hashlib.sha256(photo_path(stored).read_bytes()).digest()
    board = BoardPhoto(notice_id=notice.id, photo_id=stored.id, sha256=digest, taken_by=by.user_id, taken_at=now)
    db.session.add(board)
    db.session.flush()
    return board


def _move(notice: Notice, move: str, **values: Any) -> None:
    """Make the move only from the state that was read; whoever is second gets a Conflict."""
    before = notice.state
    values["state"] = next_state(NOTICE_MOVES, before, move)
    statement = sa.update(Notice).where(Notice.id == notice.id, Notice.state == before)
    if move == "withdraw":
        statement = statement.where(Notice.open_objections == 0)
    if not _changed(statement.values(**values)):
        raise Conflict("Somebody else has just decided on this. Reload the page.")
    db.session.refresh(notice)


def _changed(statement: sa.Update) -> bool:
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    return bool(cast("sa.CursorResult[Any]", result).rowcount)


def _record(by: Actor, act: str, notice: Notice, *, now: datetime) -> None:
    audit.record(by, f"notice.{act}", subject="notice", subject_id=notice.id, at=now, division=notice.division_code)
