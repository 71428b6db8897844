"""What somebody typed outlives the session that it was typed in."""

import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user_by_phone
from marketplace.core.permissions import Role
from tests import html
from tests.client import Client
from tests.factories import Tree, make_user

PASSWORD = "read the snow on the pass"
PHONE, OTHER = "13900000001", "13900000002"
HERE = {"Origin": "http://localhost"}
KEPT = "刚才填的内容都还在"
NAME = '卓玛 <b>与</b>\n"同事"'


@pytest.fixture
def clerk(tree: Tree) -> User:
    return make_user(Role.VILLAGE_CLERK, division=tree.village, phone=PHONE, password=PASSWORD)


@pytest.fixture
def idle(client: Client, clerk: User) -> Client:
    """A reader who was away for more than half an hour."""
    client.login(clerk)
    with client.session_transaction() as stored:
        stored["seen"] = int(time.time()) - 31 * 60
    return client


def _post(client: Client, path: str, headers: dict[str, str] = HERE, **fields: str) -> TestResponse:
    return client.post(path, data=fields, headers=headers, csrf=False)


def _log_in(client: Client, page: TestResponse, phone: str = PHONE, password: str = PASSWORD) -> TestResponse:
    form = next(f for f in html.forms(page.text) if f.action == "/login")
    return client.post("/login", data={**form.fields, "phone": phone, "password": password}, csrf=False)


def _send(client: Client, page: TestResponse) -> TestResponse:
    form: Any = next(f for f in html.forms(page.text) if f.method == "post" and f.action != "/login")
    return client.post(form.action, data=form.fields, csrf=False)


def test_a_form_sent_after_the_session_ended_is_sent_by_one_tap_after_logging_in(idle: Client, clerk: User) -> None:
    asked = _post(idle, "/account/name", name=NAME)
    assert asked.status_code == 401
    assert "刚才填的内容都还在" in asked.text
    mistyped = _log_in(idle, asked, password="not the password")
    assert mistyped.status_code == 422
    again = _log_in(idle, mistyped)
    assert (again.status_code, KEPT in again.text) == (200, True)
    sent = _send(idle, again)
    assert (sent.status_code, sent.location) == (303, "/account")
    changed = find_user_by_phone(PHONE)
    assert changed is not None
    assert changed.name.split() == NAME.split()


def test_somebody_else_who_logs_in_there_is_not_offered_the_form(idle: Client, clerk: User, tree: Tree) -> None:
    make_user(Role.VILLAGE_CLERK, division=tree.village, phone=OTHER, password=PASSWORD)
    entered = _log_in(idle, _post(idle, "/account/name", name=NAME), phone=OTHER)
    assert (entered.status_code, entered.location) == (303, "/desk")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {}])
def test_a_form_that_another_site_sent_is_not_kept(idle: Client, headers: dict[str, str]) -> None:
    """A6: nobody can put words into a reader's mouth by way of the login page."""
    assert _post(idle, "/account/name", headers=headers, name=NAME).location == "/login"


def test_passwords_are_never_kept(idle: Client) -> None:
    asked = _post(idle, "/account/password", current=PASSWORD, password="another good pass phrase")
    assert asked.location == "/login"


def test_a_page_without_login_keeps_its_form_when_the_token_is_gone(client: Client, clerk: User) -> None:
    """The token lives in the session: a browser that was closed comes back without it."""
    page = _post(client, "/login", phone=PHONE, next="/account")
    assert (page.status_code, KEPT in page.text) == (400, True)
    form = next(f for f in html.forms(page.text) if f.action == "/login")
    assert form.fields["phone"] == [PHONE]
    assert client.post("/login", data={**form.fields, "password": PASSWORD}, csrf=False).location == "/account"


def test_a_sealed_form_that_was_changed_is_worth_nothing(client: Client, clerk: User) -> None:
    entered = client.submit("/login", form="/login", phone=PHONE, password=PASSWORD, kept="WyIvYWNjb3VudCJd.forged")
    assert (entered.status_code, entered.location) == (303, "/desk")
