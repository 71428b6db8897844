"""What stands out in what clerks post, and in whom the help reaches.

Fraud rules 6, 11 and 12: five near copies for different households by one clerk within 30 days; 10 or more postings
within one hour, or any between midnight and five; a clerk's households that get more than 2.5 times the township's
mean per household; a village that gets more than 3 times its share of the households. A spreadsheet is sent in a
moment, so that its needs are no burst. A village's signal names whoever posted most of it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from rapidfuzz import fuzz, process

from marketplace.accounts.models import RoleGrant
from marketplace.core.divisions import Level, at_level, contains
from marketplace.core.permissions import STAFF_ROLES
from marketplace.core.text import normal_form
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.households.models import Household
from marketplace.needs.drafts import SHEET_KEY
from marketplace.needs.lint.repeats import LIKE_ENOUGH
from marketplace.needs.models import Need
from marketplace.needs.review_models import SignalKind
from marketplace.needs.signal_decisions import Found, bursts, found, nights, quarter

COPIES = 5
COPIES_WITHIN = timedelta(days=30)
# Fewer needs that got something say nothing of a share.
SHARE_CASES = 10
CLERK_TIMES_TEN = 25
VILLAGE_TIMES_TEN = 30


@dataclass(frozen=True, slots=True)
class Posting:
    """One need that a member of staff sent, and what it was promised so far, in fen."""

    code: str
    division: str
    poster_id: int
    household_id: int | None
    story: str
    got_fen: int
    at: datetime
    is_of_sheet: bool


def of_postings(*, since: datetime, now: datetime) -> list[Found]:
    """Bursts, nights, near copies and shares of whoever posts for others."""
    posts = _postings(since=since)
    by_hand = [post for post in posts if not post.is_of_sheet]
    return [
        *bursts(by_hand, SignalKind.POST_BURST, lambda post: post.poster_id),
        *nights(by_hand, SignalKind.POST_NIGHT, lambda post: post.poster_id),
        *_copies([post for post in posts if post.at > now - COPIES_WITHIN]),
        *_shares(posts, now=now),
    ]


def _postings(*, since: datetime) -> list[Posting]:
    is_staff = sa.exists().where(RoleGrant.user_id == Need.poster_id, RoleGrant.role.in_(STAFF_ROLES))
    chosen = (
        sa.select(
            Need.code,
            Need.division_code,
            Need.poster_id,
            Need.household_id,
            Need.story,
            Need.pledged_fen,
            Need.submitted_at.label("sent_at"),
            Need.client_key.startswith(SHEET_KEY).label("is_of_sheet"),
        )
        .where(Need.submitted_at > since, Need.state != NeedState.DRAFT, is_staff)
        .order_by(Need.submitted_at, Need.id)
    )
    return [Posting(*row[:6], row.sent_at, row.is_of_sheet) for row in db.session.execute(chosen)]


def _copies(posts: Sequence[Posting]) -> Iterator[Found]:
    """A clerk, in a month: needs whose reason nearly repeats that of another household's."""
    groups: dict[int, list[Posting]] = defaultdict(list)
    for post in posts:
        groups[post.poster_id].append(post)
    for poster, group in groups.items():
        if len(group) < COPIES:
            continue
        texts = [normal_form(post.story) for post in group]
        alike = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=LIKE_ENOUGH)
        copied = [
            post
            for post, row in zip(group, alike, strict=True)
            if any(score and other.household_id != post.household_id for score, other in zip(row, group, strict=True))
        ]
        if len(copied) >= COPIES:
            yield found(SignalKind.COPIES, poster, poster, f"{copied[-1].at:%Y-%m}", copied)


def _shares(posts: Sequence[Posting], *, now: datetime) -> Iterator[Found]:
    """Per household of the register: a clerk's villages against the township, a village against its county."""
    helped = [post for post in posts if post.got_fen]
    villages: dict[str, list[Posting]] = defaultdict(list)
    clerks: dict[int, list[Posting]] = defaultdict(list)
    for post in helped:
        villages[post.division].append(post)
        clerks[post.poster_id].append(post)
    got = {village: sum(post.got_fen for post in group) for village, group in villages.items()}
    homes = _households()
    for clerk, group in clerks.items():
        here, area = {post.division for post in group}, at_level(group[0].division, Level.TOWNSHIP)
        own = {village: sum(post.got_fen for post in group if post.division == village) for village in here}
        times = _times_ten(own, got, homes, area=area)
        if len(group) >= SHARE_CASES and times > CLERK_TIMES_TEN:
            yield found(SignalKind.CLERK_SHARE, clerk, clerk, quarter(now), group, times_ten=times)
    for village, group in villages.items():
        times = _times_ten({village: got[village]}, got, homes, area=at_level(village, Level.COUNTY))
        if len(group) >= SHARE_CASES and times > VILLAGE_TIMES_TEN:
            most = Counter(post.poster_id for post in group).most_common(1)[0][0]
            yield found(SignalKind.VILLAGE_SHARE, most, most, f"{quarter(now)} {village}", group, times_ten=times)


def _times_ten(own: Mapping[str, int], got: Mapping[str, int], homes: Mapping[str, int], *, area: str) -> int:
    """Ten times what a household of ``own`` villages got, as a multiple of the mean of the area."""
    in_area = [village for village in homes if contains(area, village)]
    here, everywhere = sum(homes.get(village, 0) for village in own), sum(homes[village] for village in in_area)
    whole = sum(got.get(village, 0) for village in in_area)
    return 10 * sum(own.values()) * everywhere // (here * whole) if here and whole else 0


def _households() -> dict[str, int]:
    counted = sa.select(Household.division_code, sa.func.count()).group_by(Household.division_code)
    return dict(db.session.execute(counted).all())
