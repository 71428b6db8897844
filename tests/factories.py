"""Rows for tests: valid by default, so that a test names only what matters to it.

They write models directly and commit; money events and stored photos come from the services.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from marketplace.accounts.models import RoleGrant, User
from marketplace.accounts.passwords import hash_password
from marketplace.accounts.queries import actor_of, phone_index
from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, new_code
from marketplace.core.divisions import level_of
from marketplace.core.identity import id_check_digit
from marketplace.core.kinds import (
    DonorType,
    ExitAttribute,
    NeedCategory,
    PovertyAttribute,
    PovertyCause,
    SupportKind,
)
from marketplace.core.permissions import DONOR_ROLES, Role
from marketplace.core.workflow import PUBLIC_NEED_STATES, HouseholdStatus, NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.db.types import keyring
from marketplace.donors.models import Donor, Preference
from marketplace.donors.queries import find_donor_id
from marketplace.households.models import Household, Member
from marketplace.households.queries import find_household_id
from marketplace.needs.indexing import index_public_need
from marketplace.needs.models import MONEY_UNIT, Consent, ConsentHow, ConsentPurpose, Need, NeedLine, Purpose
from marketplace.pledges.models import Pledge, PledgeLine, Way
from marketplace.regions.models import Division
from tests.settings import NOW as NOW

_numbers = count(1)


@dataclass(frozen=True)
class Tree:
    """Codes of a small piece of the real tree; ``other_*`` lie beside, never above or below."""

    prefecture: str = "513300000000"
    county: str = "513332000000"
    township: str = "513332101000"
    village: str = "513332101201"
    other_village: str = "513332101202"
    other_township: str = "513332100000"
    village_of_other_township: str = "513332100201"
    other_county: str = "513330000000"
    township_of_other_county: str = "513330100000"
    village_of_other_county: str = "513330100203"


TREE = Tree()
_DIVISIONS = (
    (TREE.prefecture, "甘孜藏族自治州", None),
    (TREE.county, "石渠县", TREE.prefecture),
    (TREE.other_county, "德格县", TREE.prefecture),
    (TREE.township, "洛须镇", TREE.county),
    (TREE.other_township, "尼呷镇", TREE.county),
    (TREE.township_of_other_county, "更庆镇", TREE.other_county),
    (TREE.village, "温拖村民委员会", TREE.township),
    (TREE.other_village, "拉空龙村民委员会", TREE.township),
    (TREE.village_of_other_township, "沙马村民委员会", TREE.other_township),
    (TREE.village_of_other_county, "西布村民委员会", TREE.township_of_other_county),
)


def make_tree() -> Tree:
    """One prefecture, two counties, three townships, four villages; made once per database."""
    with transaction() as session:
        if session.get(Division, TREE.prefecture) is None:
            for code, name, parent in _DIVISIONS:
                session.add(Division(code=code, name=name, level=level_of(code), parent_code=parent))
                session.flush()
    return TREE


def make_user(
    role: Role | None = None,
    *,
    division: str = TREE.prefecture,
    name: str = "",
    phone: str = "",
    password: str | None = None,
    **fields: Any,
) -> User:
    """A person, with one role where one is given."""
    make_tree()
    number = next(_numbers)
    phone = phone or f"199{number:08d}"
    user = User(
        name=name or f"用户{number}",
        phone=phone,
        phone_index=phone_index(phone),
        password=hash_password(password) if password else None,
        fs_uniquifier=f"uniquifier-{number}",
        created_at=NOW - timedelta(days=400),
        **fields,
    )
    with transaction() as session:
        session.add(user)
        session.flush()
        if role is not None:
            session.add(_grant(user, role, division))
    return user


def grant(user: User, role: Role, *, division: str) -> RoleGrant:
    """One more role for somebody."""
    made = _grant(user, role, division)
    with transaction() as session:
        session.add(made)
    return made


def _grant(user: User, role: Role, division: str) -> RoleGrant:
    return RoleGrant(user_id=user.id, role=role, division_code=division, granted_at=NOW - timedelta(days=400))


def actor_for(user: User) -> Actor:
    """Who the user is to the services."""
    return actor_of(user, donor_id=find_donor_id(user.id), household_id=find_household_id(user.id))


def make_actor(role: Role | None = None, *, division: str = TREE.prefecture) -> Actor:
    """A new person with a role, as the services see him."""
    return actor_for(make_user(role, division=division))


def impossible_id(number: int) -> str:
    """A well-formed ID number of a division that does not exist, for a person born in 1980."""
    first17 = f"999999{19800101 + number % 28:08d}{number % 1000:03d}"
    return first17 + id_check_digit(first17)


def make_household(
    division: str = TREE.village, *, members: int = 2, user: User | None = None, **fields: Any
) -> Household:
    """A registered household; the first member is its head."""
    make_tree()
    number = next(_numbers)
    household = Household(
        code=new_code(Prefix.HOUSEHOLD),
        registry_no=f"5133{number:014d}",
        division_code=division,
        user_id=user.id if user else None,
        member_count=members,
        **{
            "head_name": f"扎西{number}",
            "status": HouseholdStatus.REGISTERED,
            "attribute": PovertyAttribute.GENERAL,
            "exit_attribute": ExitAttribute.POOR,
            "main_cause": PovertyCause.ILLNESS,
            "income_fen": 312_000,
            "registered_at": NOW - timedelta(days=900),
            "updated_at": NOW - timedelta(days=900),
            **fields,
        },
    )
    with transaction() as session:
        session.add(household)
        session.flush()
        session.add_all(_member(household, position) for position in range(1, members + 1))
    return household


def _member(household: Household, position: int) -> Member:
    number = impossible_id(next(_numbers))
    return Member(
        household_id=household.id,
        person_no=f"{household.registry_no}{position:02d}",
        name=household.head_name if position == 1 else f"{household.head_name}之家人{position}",
        id_number=number,
        id_index=keyring.blind("id", f"{household.registry_no}-{number}"),
        relation="户主" if position == 1 else "之子",
    )


@dataclass(frozen=True)
class Line:
    """One item that a test asks for."""

    name: str = "棉被"
    quantity: int = 4
    unit: str = "床"
    unit_price_fen: int = 18_000
    kind: SupportKind = SupportKind.GOODS


def money_line(fen: int = 148_000, *, name: str = "学费") -> Line:
    """A line that asks for money, counted in fen."""
    return Line(name=name, quantity=fen, unit=MONEY_UNIT, unit_price_fen=1, kind=SupportKind.MONEY)


# The moments a need has been through, by state, in days before NOW.
_NEED_TIMES: Mapping[NeedState, Mapping[str, int]] = {
    NeedState.DRAFT: {},
    NeedState.SUBMITTED: {"submitted_at": 30},
    NeedState.RETURNED: {"submitted_at": 30},
    NeedState.REJECTED: {"submitted_at": 30, "closed_at": 29},
    NeedState.PUBLISHED: {"submitted_at": 30, "published_at": 28},
    NeedState.SUSPENDED: {"submitted_at": 30, "published_at": 28},
    NeedState.EXPIRED: {"submitted_at": 130, "published_at": 128, "closed_at": 1},
    NeedState.WITHDRAWN: {"closed_at": 20},
    NeedState.PLEDGED: {"submitted_at": 30, "published_at": 28, "pledged_at": 20},
    NeedState.DELIVERED: {"submitted_at": 30, "published_at": 28, "pledged_at": 20, "delivered_at": 10},
    NeedState.CONFIRMED: {
        "submitted_at": 30,
        "published_at": 28,
        "pledged_at": 20,
        "delivered_at": 10,
        "confirmed_at": 8,
    },
    NeedState.CLOSED: {
        "submitted_at": 30,
        "published_at": 28,
        "pledged_at": 20,
        "delivered_at": 10,
        "confirmed_at": 8,
        "closed_at": 5,
    },
}
# Different from each other, so that two needs of a test are no copies.
_STORIES = (
    "冬天夜里零下二十度，家里五口人的铺盖不够用。",
    "去年雪灾压坏了屋顶，攒的钱都修了房，御寒的东西一直没有添。",
    "搬到安置点时什么也没带上来，夜里全家挤在一起取暖过冬。",
    "牧场离公路三十公里，旧的已经破得盖不住，今年雪又来得早。",
    "老人怕冷，原来的用了十多年结了块，晒不软也补不好。",
    "夏天洪水进屋，铺的盖的全泡坏了，到现在还是借邻居的用。",
    "一家人轮着放牧，帐篷里只有一床旧毯子，霜降以后睡不着。",
)
_COVERED = frozenset({NeedState.PLEDGED, NeedState.DELIVERED, NeedState.CONFIRMED, NeedState.CLOSED})


def make_need(
    state: NeedState = NeedState.PUBLISHED,
    *,
    lines: Sequence[Line] = (Line(),),
    household: Household | None = None,
    poster: User | None = None,
    reviewer: User | None = None,
    **fields: Any,
) -> Need:
    """A household's need in any state, reviewed by somebody else where the state says so, and findable."""
    household = household or make_household()
    poster = poster or make_user(Role.VILLAGE_CLERK, division=household.division_code)
    times = {name: NOW - timedelta(days=days) for name, days in _NEED_TIMES[state].items()}
    if "published_at" in times or state in (NeedState.RETURNED, NeedState.REJECTED):
        reviewer = reviewer or make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    value = sum(line.quantity * line.unit_price_fen for line in lines)
    number = next(_numbers)
    need = Need(
        **{
            "code": new_code(Prefix.NEED),
            "household_id": household.id,
            "division_code": household.division_code,
            "state": state,
            "kind": lines[0].kind,
            "category": NeedCategory.WRM,
            "title": "、".join(_words(line) for line in lines),
            "story": _STORIES[number % len(_STORIES)],
            "value_fen": value,
            "pledged_fen": value if state in _COVERED else 0,
            "poster_id": poster.id,
            "reviewer_id": reviewer.id if reviewer else None,
            "client_key": f"need-{number}",
            "step": "check",
            "created_at": NOW - timedelta(days=131),
            "expires_on": (NOW + timedelta(days=62)).date(),
            **times,
            **fields,
        }
    )
    need.lines = [
        NeedLine(position=i, pledged=line.quantity if state in _COVERED else 0, **vars(line))
        for i, line in enumerate(lines, start=1)
    ]
    with transaction() as session:
        session.add(need)
        session.flush()
        session.add(_consent(need, household, poster))
        if state in PUBLIC_NEED_STATES:
            index_public_need(need)
    return need


def _words(line: Line) -> str:
    return line.name if line.unit == MONEY_UNIT else f"{line.name} {line.quantity} {line.unit}"


def _consent(need: Need, household: Household, poster: User) -> Consent:
    return Consent(
        need_id=need.id,
        given_by=household.head_name,
        how=ConsentHow.SPOKEN,
        witness="村委会主任",
        text_version="1",
        given_at=need.created_at,
        recorded_by=poster.id,
        purposes=[ConsentPurpose(purpose=Purpose.PUBLICATION, given_at=need.created_at)],
    )


def make_donor(
    donor_type: DonorType = DonorType.INDIVIDUAL,
    *,
    user: User | None = None,
    role: Role = Role.DONOR,
    preference: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Donor:
    """A donor with an account of the fitting role and an open preference."""
    assert role in DONOR_ROLES
    user = user or make_user(role, division=TREE.prefecture)
    number = next(_numbers)
    donor = Donor(
        **{
            "code": new_code(Prefix.DONOR),
            "user_id": user.id,
            "donor_type": donor_type,
            "name": f"爱心人士{number}",
            "joined_at": NOW - timedelta(days=100),
            **fields,
        }
    )
    donor.preference = Preference(
        **{"kinds": [], "categories": [], "areas": [], "updated_at": donor.joined_at, **(preference or {})}
    )
    with transaction() as session:
        session.add(donor)
    return donor


# The moments a pledge has been through, by state, in days before NOW.
_PLEDGE_TIMES: Mapping[PledgeState, Mapping[str, int]] = {
    PledgeState.OFFERED: {},
    PledgeState.DECLINED: {"ended_at": 19},
    PledgeState.ACCEPTED: {"accepted_at": 20},
    PledgeState.LAPSED: {"accepted_at": 20, "ended_at": 5},
    PledgeState.CANCELLED: {"accepted_at": 20, "ended_at": 19},
    PledgeState.RECEIVED: {"accepted_at": 20, "received_at": 15},
    PledgeState.DELIVERED: {"accepted_at": 20, "received_at": 15, "delivered_at": 10},
    PledgeState.CONFIRMED: {"accepted_at": 20, "received_at": 15, "delivered_at": 10, "confirmed_at": 8},
    PledgeState.REPORTED: {
        "accepted_at": 20,
        "received_at": 15,
        "delivered_at": 10,
        "confirmed_at": 8,
        "reported_at": 6,
    },
}
_ENDED = frozenset({PledgeState.DECLINED, PledgeState.LAPSED, PledgeState.CANCELLED})


def make_pledge(
    state: PledgeState = PledgeState.ACCEPTED,
    *,
    need: Need | None = None,
    donor: Donor | None = None,
    quantities: Mapping[int, int] | None = None,
    **fields: Any,
) -> Pledge:
    """A pledge of all that a need asks for, or of ``quantities`` by line id; the need follows.

    No ledger entry is written: a test about money makes its pledge with the service.
    """
    donor = donor or make_donor()
    need = need or make_need()
    with transaction() as session:
        need = session.get_one(Need, need.id)
        wanted = dict(quantities) if quantities else {line.id: line.quantity for line in need.lines}
        value = sum(wanted.get(line.id, 0) * line.unit_price_fen for line in need.lines)
        pledge = Pledge(
            **{
                "code": new_code(Prefix.GIFT),
                "need_id": need.id,
                "donor_id": donor.id,
                "state": state,
                "kind": need.lines[0].kind,
                "value_fen": value,
                "way": Way.CHARITY if need.lines[0].kind is SupportKind.MONEY else Way.SHIP,
                "at_arms_length": True,
                "client_key": f"pledge-{next(_numbers)}",
                "created_at": NOW - timedelta(days=20),
                "expires_at": NOW + timedelta(days=10),
                **{name: NOW - timedelta(days=days) for name, days in _PLEDGE_TIMES[state].items()},
                **fields,
            }
        )
        holds_nothing = state in _ENDED or state is PledgeState.OFFERED
        pledge.lines = [
            PledgeLine(line_id=line_id, quantity=quantity, released=quantity if holds_nothing else 0)
            for line_id, quantity in wanted.items()
        ]
        session.add(pledge)
        if not holds_nothing:
            _hold(need, wanted, state)
    return pledge


_NEED_AFTER = {
    PledgeState.DELIVERED: NeedState.DELIVERED,
    PledgeState.CONFIRMED: NeedState.CONFIRMED,
    PledgeState.REPORTED: NeedState.CONFIRMED,
}


def _hold(need: Need, wanted: Mapping[int, int], state: PledgeState) -> None:
    """Bring the need to where it stands once this pledge holds its lines."""
    if need.state is NeedState.PUBLISHED:
        for line in need.lines:
            line.pledged += wanted.get(line.id, 0)
    need.pledged_fen = sum(line.pledged * line.unit_price_fen for line in need.lines)
    if all(line.open == 0 for line in need.lines):
        need.state = max(need.state, _NEED_AFTER.get(state, NeedState.PLEDGED), key=list(NeedState).index)
        for name, days in _NEED_TIMES[need.state].items():
            setattr(need, name, getattr(need, name) or NOW - timedelta(days=days))


def days_ago(days: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(days=days)


def count_rows(model: type[Any]) -> int:
    """How many rows a table has at this moment."""
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
