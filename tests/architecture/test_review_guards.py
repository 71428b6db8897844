"""The database itself refuses who may not decide on a need, and a flagged need that one person alone approved."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.households.models import Household, Member
from marketplace.needs.models import Need
from marketplace.relatives.models import Kinship, StaffRelative
from tests.factories import NOW, TREE, grant, make_need, make_user

ONE = bytes(31) + b"\x01"


def refused(need: Need, **values: object) -> bool:
    """True where the database says no to writing these columns of a need."""
    try:
        with transaction() as session:
            session.execute(sa.update(Need).where(Need.id == need.id).values(**values))
    except sa.exc.DBAPIError as error:
        return "may not decide" in str(error.orig) or "two different people" in str(error.orig)
    return False


def put(*rows: object) -> None:
    with transaction() as session:
        session.add_all(rows)


def reviewer() -> User:
    return make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)


def _poster_again(need: Need, user: User) -> None:
    with transaction() as session:
        session.execute(sa.update(User).where(User.id.in_((need.poster_id, user.id))).values(id_index=ONE))


def _own_member(need: Need, user: User) -> None:
    _number_a_member(need)
    with transaction() as session:
        session.execute(sa.update(User).where(User.id == user.id).values(id_index=ONE))


def _same_phone(need: Need, user: User) -> None:
    with transaction() as session:
        chosen = sa.update(Household).where(Household.id == need.household_id)
        session.execute(chosen.values(phone_index=user.phone_index))


def _speaks_for_it(need: Need, user: User) -> None:
    with transaction() as session:
        session.execute(sa.update(Household).where(Household.id == need.household_id).values(user_id=user.id))


def _of_the_village(need: Need, user: User) -> None:
    grant(user, Role.VILLAGE_SUPERVISOR, division=need.division_code)


def _related(need: Need, user: User) -> None:
    put(_relative(user, household_id=need.household_id))


def _related_to_poster(need: Need, user: User) -> None:
    put(_relative(user, other_user_id=need.poster_id))


def _declared_by_poster(need: Need, user: User) -> None:
    row = _relative(user, other_user_id=user.id)
    row.user_id = row.declared_by = need.poster_id
    put(row)


def _related_to_member(need: Need, user: User) -> None:
    _number_a_member(need)
    put(_relative(user, id_index=ONE))


def _number_a_member(need: Need) -> None:
    with transaction() as session:
        first = sa.select(sa.func.min(Member.id)).where(Member.household_id == need.household_id).scalar_subquery()
        session.execute(sa.update(Member).where(Member.id == first).values(id_index=ONE))


def _relative(user: User, **named: object) -> StaffRelative:
    return StaffRelative(user_id=user.id, kinship=Kinship.SIBLING, declared_at=NOW, declared_by=user.id, **named)


TIES = (
    _poster_again,
    _own_member,
    _same_phone,
    _speaks_for_it,
    _of_the_village,
    _related,
    _related_to_poster,
    _declared_by_poster,
    _related_to_member,
)


@pytest.mark.parametrize("column", ["reviewer_id", "first_reviewer_id"])
@pytest.mark.parametrize("tie", TIES, ids=lambda tie: tie.__name__.strip("_"))
def test_nobody_decides_for_his_own(app: Flask, tie: Callable[[Need, User], None], column: str) -> None:
    """R-V3, Z6: the same person, his household, his village, his relatives: refused by the database."""
    need, user = make_need(NeedState.SUBMITTED), reviewer()
    tie(need, user)
    assert refused(need, **{column: user.id})


def test_the_poster_and_a_stranger_are_told_apart(app: Flask) -> None:
    """R-V3"""
    need = make_need(NeedState.SUBMITTED)
    assert refused(need, first_reviewer_id=need.poster_id)
    assert not refused(need, reviewer_id=reviewer().id, first_reviewer_id=None)


def test_an_ended_declaration_bars_nobody(app: Flask) -> None:
    need, user, county = make_need(NeedState.SUBMITTED), reviewer(), make_user(Role.COUNTY_ADMIN, division=TREE.county)
    row = _relative(user, household_id=need.household_id)
    row.ended_at, row.ended_by = NOW, county.id
    put(row)
    assert not refused(need, reviewer_id=user.id)


def test_a_flagged_need_is_never_published_by_one_person(app: Flask) -> None:
    """Four eyes on what stands out: nobody first, the same person twice, one person with two accounts."""
    need, one, other = make_need(NeedState.SUBMITTED, is_flagged=True), reviewer(), reviewer()
    public = {"state": NeedState.PUBLISHED, "published_at": NOW}
    assert refused(need, reviewer_id=one.id, **public)
    assert refused(need, reviewer_id=one.id, first_reviewer_id=one.id, **public)
    with transaction() as session:
        session.execute(sa.update(User).where(User.id.in_((one.id, other.id))).values(id_index=ONE))
    assert refused(need, reviewer_id=one.id, first_reviewer_id=other.id, **public)
    assert not refused(need, reviewer_id=one.id, first_reviewer_id=reviewer().id, **public)
    assert db.session.scalars(sa.select(Need.state)).one() is NeedState.PUBLISHED


def test_a_public_need_cannot_be_flagged_behind_its_back(app: Flask) -> None:
    assert refused(make_need(), is_flagged=True)


def test_nobody_ends_his_own_declaration_in_the_table(app: Flask) -> None:
    user = reviewer()
    row = _relative(user, other_user_id=reviewer().id)
    row.ended_at, row.ended_by = NOW, user.id
    with pytest.raises(sa.exc.IntegrityError, match="never_ended_by_oneself"):
        put(row)
