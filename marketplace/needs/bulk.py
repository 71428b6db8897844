"""Write many needs at once, already in any state, for imports and the demonstration."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from marketplace.core.kinds import NeedCategory, SupportKind, Urgency
from marketplace.core.workflow import PUBLIC_NEED_STATES, NeedState
from marketplace.db import db
from marketplace.needs.consent_texts import CONSENT_TEXT
from marketplace.needs.indexing import index_new_needs
from marketplace.needs.models import (
    Consent,
    ConsentHow,
    ConsentPurpose,
    Decision,
    Need,
    NeedLine,
    NeedPhoto,
    NeedReview,
    Purpose,
    ReturnReason,
)
from marketplace.needs.slips import slip_index
from marketplace.needs.wording import kind_of, title_of, value_of


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line; a money line has unit "fen" and unit_price_fen 1, its quantity is the amount in fen."""

    name: str
    kind: SupportKind
    quantity: int
    unit: str
    unit_price_fen: int
    pledged: int = 0
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One decision; ``documents`` are the codes of what was seen."""

    reviewer_id: int
    decision: Decision
    at: datetime
    documents: tuple[str, ...] = ()
    reason: ReturnReason | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """The household's agreement."""

    given_by: str
    how: ConsentHow
    given_at: datetime
    witness: str = ""
    photo_id: int | None = None


@dataclass(frozen=True, slots=True)
class NeedRow:
    """A whole need in the state that it is to be in; times that its state asks for must be given."""

    code: str
    client_key: str
    division_code: str
    poster_id: int
    category: NeedCategory
    story: str
    lines: tuple[LineRow, ...]
    created_at: datetime
    state: NeedState = NeedState.DRAFT
    household_id: int | None = None
    urgency: Urgency = Urgency.NORMAL
    needed_by: date | None = None
    helped_before: bool = False
    consent: ConsentRow | None = None
    reviews: tuple[ReviewRow, ...] = ()
    slip_code: str | None = None
    photo_ids: tuple[int, ...] = ()
    submitted_at: datetime | None = None
    published_at: datetime | None = None
    pledged_at: datetime | None = None
    delivered_at: datetime | None = None
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None
    expires_on: date | None = None
    step: str = field(default="check")


def insert_needs(rows: Iterable[NeedRow]) -> list[Need]:
    """Insert needs with lines, consent, reviews and photos, and make the public ones findable.

    Returns them in the order of ``rows``, flushed. The database's constraints hold as for any other writer.
    """
    ordered = list(rows)
    needs = [_need(row) for row in ordered]
    db.session.add_all(needs)
    db.session.flush()
    for need, row in zip(needs, ordered, strict=True):
        db.session.add_all(_attachments(need, row))
    db.session.flush()
    index_new_needs([need for need in needs if need.state in PUBLIC_NEED_STATES])
    return needs


def _need(row: NeedRow) -> Need:
    decided = [r for r in row.reviews if r.decision is not Decision.RETURN]
    lines = [
        NeedLine(
            position=position,
            item_id=line.item_id,
            kind=line.kind,
            name=line.name,
            quantity=line.quantity,
            unit=line.unit,
            unit_price_fen=line.unit_price_fen,
            pledged=line.pledged,
        )
        for position, line in enumerate(row.lines)
    ]
    return Need(
        code=row.code,
        client_key=row.client_key,
        household_id=row.household_id,
        division_code=row.division_code,
        state=row.state,
        kind=kind_of(row.lines),
        category=row.category,
        title=title_of(row.lines),
        story=row.story,
        urgency=row.urgency,
        needed_by=row.needed_by,
        value_fen=value_of(row.lines),
        pledged_fen=sum(line.pledged * line.unit_price_fen for line in row.lines),
        helped_before=row.helped_before,
        poster_id=row.poster_id,
        reviewer_id=decided[-1].reviewer_id if decided else None,
        step=row.step,
        slip_index=slip_index(row.slip_code) if row.slip_code else None,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        published_at=row.published_at,
        pledged_at=row.pledged_at,
        delivered_at=row.delivered_at,
        confirmed_at=row.confirmed_at,
        closed_at=row.closed_at,
        expires_on=row.expires_on,
        lines=lines,
    )


def _attachments(need: Need, row: NeedRow) -> list[Consent | NeedReview | NeedPhoto]:
    attached: list[Consent | NeedReview | NeedPhoto] = [
        NeedReview(
            need_id=need.id,
            reviewer_id=review.reviewer_id,
            decision=review.decision,
            reason=review.reason,
            note=review.note,
            documents=list(review.documents),
            at=review.at,
        )
        for review in row.reviews
    ]
    attached += [NeedPhoto(need_id=need.id, photo_id=photo_id) for photo_id in row.photo_ids]
    if row.consent is not None:
        attached.append(
            Consent(
                need_id=need.id,
                given_by=row.consent.given_by,
                how=row.consent.how,
                witness=row.consent.witness,
                photo_id=row.consent.photo_id,
                text_version=CONSENT_TEXT,
                given_at=row.consent.given_at,
                recorded_by=row.poster_id,
                purposes=[ConsentPurpose(purpose=Purpose.PUBLICATION, given_at=row.consent.given_at)],
            )
        )
    return attached
