"""The factories make rows that the database takes, in every state."""

import pytest
from flask import Flask

from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.needs.models import Need
from tests.factories import actor_for, count_rows, make_need, make_pledge, make_user, money_line


@pytest.mark.parametrize("state", NeedState)
def test_need_can_be_made_in_every_state(app: Flask, state: NeedState) -> None:
    need = make_need(state)
    assert need.state is state
    assert count_rows(Need) == 1


@pytest.mark.parametrize("state", PledgeState)
def test_pledge_can_be_made_in_every_state(app: Flask, state: PledgeState) -> None:
    pledge = make_pledge(state, need=make_need(lines=[money_line()]))
    assert pledge.state is state
    assert pledge.value_fen == 148_000


def test_user_has_the_role_that_was_asked_for(app: Flask) -> None:
    user = make_user(Role.VILLAGE_CLERK, division="513332101201")
    assert [g.role for g in actor_for(user).grants] == [Role.VILLAGE_CLERK]
