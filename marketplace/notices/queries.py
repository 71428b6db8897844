"""Read notices: what the public may see of them, what staff of the area see, what is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from marketplace.core.actor import Actor
from marketplace.core.codes import parse_code
from marketplace.core.divisions import CODE_LENGTH, Level, at_level
from marketplace.core.errors import NotFound
from marketplace.core.kinds import StatusMove
from marketplace.core.masking import notice_name
from marketplace.core.permissions import Permission
from marketplace.core.workflow import HouseholdStatus, NeedState, NoticeState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.households.models import Household, Member, ProposalState, StatusProposal
from marketplace.households.queries import in_areas
from marketplace.households.rows import HEAD, MemberRow
from marketplace.needs.models import Need
from marketplace.notices import policy
from marketplace.notices.models import BoardPhoto, Notice, NoticeEntry, NoticeKind

PAGE_SIZE = 30
_HIDDEN = "There is nothing here that you may see."
_ADULT = 18
_LOADED = (
    selectinload(Notice.entries).selectinload(NoticeEntry.proposal).selectinload(StatusProposal.household),
    selectinload(Notice.entries).selectinload(NoticeEntry.need).selectinload(Need.lines),
    selectinload(Notice.boards).selectinload(BoardPhoto.photo),
)


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """A line as everybody may read it: a code, and what is to change; never a name, never a village."""

    id: int
    code: str
    move: StatusMove | None
    status_after: HouseholdStatus | None
    title: str
    is_struck: bool


@dataclass(frozen=True, slots=True)
class PublicBoard:
    """That the board was photographed, when, and the digest of the archived photo."""

    taken_on: date
    sha256: str


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A posted notice as everybody may read it."""

    code: str
    kind: NoticeKind
    township: str
    state: NoticeState
    days: int
    posted_on: date
    ends_on: date
    closed_on: date | None
    is_held: bool
    has_names: bool
    entries: list[PublicEntry]
    boards: list[PublicBoard]

    def days_left(self, today: date) -> int:
        """Days that it still hangs, today among them; 0 after its end."""
        return max(0, (self.ends_on - today).days + 1) if self.state is NoticeState.OPEN else 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list; ``after`` is the code from which the next one goes on, None at the end."""

    notices: list[PublicNotice]
    after: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The changes of a village that still need a notice."""

    division_code: str
    proposals: list[StatusProposal]


def get_notice(code: str, *, actor: Actor) -> Notice:
    """A notice with its lines and photos by its code; NotFound outside the actor's area."""
    notice = _find(code)
    if notice is None:
        raise NotFound(_HIDDEN)
    policy.ensure_can_read(actor, notice.division_code)
    return notice


def get_public_notice(code: str) -> PublicNotice:
    """A posted notice by its code as people type it; NotFound for one that was never posted."""
    notice = _find(code)
    if notice is None or notice.posted_at is None:
        raise NotFound(_HIDDEN)
    return _public(notice)


def names_on(code: str, *, today: date) -> tuple[Notice, dict[int, str]] | None:
    """The masked names of a notice that shows them, by entry; None once its last day is over.

    NotFound where there never was such a page. Whoever is under 18 has no name here.
    """
    notice = _find(code)
    if notice is None or not notice.shows_names or notice.posted_at is None:
        raise NotFound(_HIDDEN)
    if notice.state is not NoticeState.OPEN or notice.ends_on is None or notice.ends_on < today:
        return None
    return notice, masked_names(notice, today=today)


def masked_names(notice: Notice, *, today: date) -> dict[int, str]:
    """The heads' names as a village notice writes them, by entry; of somebody under 18 nothing."""
    households = {e.proposal.household_id: e.id for e in notice.entries if e.proposal is not None}
    heads = sa.select(Member).where(Member.household_id.in_(households), Member.relation == HEAD)
    names: dict[int, str] = {}
    for head in db.session.scalars(heads):
        age = MemberRow(head.person_no, head.name, head.id_number, head.relation).age_on(today)
        if age is None or age >= _ADULT:
            names[households[head.household_id]] = notice_name(head.name, has_surname=head.ethnicity == "汉族")
    return names


def list_public_notices(*, area: str = "", after: str | None = None, limit: int = PAGE_SIZE) -> Page:
    """Posted notices of an area, those that hang first, then the latest; ``area`` is significant digits."""
    rank = sa.case((Notice.state == NoticeState.OPEN, 1), else_=0)
    chosen = sa.select(Notice).where(Notice.posted_at.is_not(None), _in_areas([area])).options(*_LOADED)
    last = _find(after) if after else None
    if last is not None:
        chosen = chosen.where(sa.tuple_(rank, Notice.id) < (int(last.state is NoticeState.OPEN), last.id))
    found = list(db.session.scalars(chosen.order_by(rank.desc(), Notice.id.desc()).limit(limit + 1)))
    rows = [_public(notice) for notice in found[:limit]]
    return Page(rows, rows[-1].code if len(found) > limit else None)


def list_desk_notices(actor: Actor, *, limit: int = 100) -> list[Notice]:
    """Notices of the actor's area: held ones first, then what is to be posted, what hangs, what is over."""
    order = sa.case(
        (sa.and_(Notice.state != NoticeState.CLOSED, Notice.open_objections > 0), 0),
        (Notice.state == NoticeState.PLANNED, 1),
        (Notice.state == NoticeState.OPEN, 2),
        else_=3,
    )
    chosen = sa.select(Notice).where(_in_areas(actor.areas(Permission.HOUSEHOLD_READ))).options(*_LOADED)
    return list(db.session.scalars(chosen.order_by(order, Notice.id.desc()).limit(limit)))


def count_to_post(actor: Actor) -> int:
    """Notices that wait for somebody of the actor's area to post them."""
    chosen = sa.select(sa.func.count()).select_from(Notice)
    chosen = chosen.where(_in_areas(actor.areas(Permission.NOTICE_POST)), Notice.state == NoticeState.PLANNED)
    return db.session.scalar(chosen) or 0


def waiting_for_notice(actor: Actor) -> list[Waiting]:
    """Pending changes that stand on no notice, by village."""
    standing = sa.select(NoticeEntry.proposal_id).join(NoticeEntry.notice)
    standing = standing.where(NoticeEntry.proposal_id.is_not(None), Notice.state != NoticeState.CLOSED)
    chosen = (
        sa.select(StatusProposal)
        .join(StatusProposal.household)
        .where(
            StatusProposal.state == ProposalState.PENDING,
            StatusProposal.id.not_in(standing),
            in_areas(actor.areas(Permission.NOTICE_PLAN)),
        )
        .options(selectinload(StatusProposal.household))
        .order_by(Household.division_code, StatusProposal.id)
    )
    found = db.session.scalars(chosen)
    return [Waiting(code, list(rows)) for code, rows in groupby(found, key=lambda p: p.household.division_code)]


def postable_needs(division: str) -> list[Need]:
    """Submitted needs of a village that stand on no notice."""
    standing = sa.select(NoticeEntry.need_id).join(NoticeEntry.notice)
    standing = standing.where(NoticeEntry.need_id.is_not(None), Notice.state != NoticeState.CLOSED)
    chosen = sa.select(Need).where(
        Need.division_code == division, Need.state == NeedState.SUBMITTED, Need.id.not_in(standing)
    )
    return list(db.session.scalars(chosen.order_by(Need.submitted_at, Need.id)))


def find_running_notice(need: Need) -> Notice | None:
    """The notice on which a need is to be posted or hangs, or None."""
    chosen = sa.select(Notice).join(Notice.entries)
    return db.session.scalar(chosen.where(NoticeEntry.need_id == need.id, Notice.state != NoticeState.CLOSED))


def find_notice_of(proposal: StatusProposal) -> Notice | None:
    """The latest notice on which a proposed change stands, or None."""
    chosen = sa.select(Notice).join(Notice.entries).where(NoticeEntry.proposal_id == proposal.id)
    return db.session.scalar(chosen.order_by(Notice.id.desc()).limit(1))


def due_notices(now: datetime) -> list[int]:
    """Notices whose last day is over and that nothing holds, in the order in which they were planned."""
    chosen = sa.select(Notice.id).where(
        Notice.state == NoticeState.OPEN, Notice.open_objections == 0, Notice.ends_on < china_day(now)
    )
    return list(db.session.scalars(chosen.order_by(Notice.id)))


def _find(code: str) -> Notice | None:
    parsed = parse_code(code)
    if parsed is None:
        return None
    return db.session.scalar(sa.select(Notice).where(Notice.code == parsed[1]).options(*_LOADED))


def _public(notice: Notice) -> PublicNotice:
    assert notice.posted_at is not None
    assert notice.ends_on is not None
    return PublicNotice(
        code=notice.code,
        kind=notice.kind,
        township=at_level(notice.division_code, Level.TOWNSHIP),
        state=notice.state,
        days=notice.days,
        posted_on=china_day(notice.posted_at),
        ends_on=notice.ends_on,
        closed_on=china_day(notice.closed_at) if notice.closed_at else None,
        is_held=notice.open_objections > 0,
        has_names=notice.shows_names,
        entries=[_public_entry(entry) for entry in notice.entries],
        boards=[PublicBoard(china_day(board.taken_at), board.sha256.hex()) for board in notice.boards],
    )


def _public_entry(entry: NoticeEntry) -> PublicEntry:
    if entry.proposal is not None:
        proposal = entry.proposal
        is_struck = proposal.state is ProposalState.DROPPED
        return PublicEntry(entry.id, proposal.household.code, proposal.move, proposal.status_after, "", is_struck)
    assert entry.need is not None
    need = entry.need
    is_struck = need.state in (NeedState.SUSPENDED, NeedState.REJECTED, NeedState.WITHDRAWN, NeedState.RETURNED)
    # A need that was taken back is gone from every public page, from its notice too (R-P5).
    is_hidden = need.hidden_at is not None
    title = "" if is_hidden or need.state is NeedState.WITHDRAWN else need.title
    return PublicEntry(entry.id, "" if is_hidden else need.code, None, None, title, is_struck or is_hidden)


def _in_areas(areas: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *(Notice.division_code.between(*_range(area)) for area in areas))


def _range(area: str) -> tuple[str, str]:
    return area.ljust(CODE_LENGTH, "0"), area.ljust(CODE_LENGTH, "9")
