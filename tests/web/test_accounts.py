"""Logging in and out, first passwords, and who may grant roles where."""

import re
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from marketplace.accounts import service
from marketplace.accounts.models import RoleGrant, User
from marketplace.accounts.queries import find_user_by_phone
from marketplace.audit.models import AuditEntry
from marketplace.core.permissions import Role
from marketplace.db import transaction
from tests.client import Client
from tests.factories import NOW, Tree, grant, make_user

PASSWORD = "read the snow on the pass"
PHONE = "13900000001"
WRONG = "手机号或密码不对。"


@pytest.fixture
def clerk(tree: Tree) -> User:
    return make_user(Role.VILLAGE_CLERK, division=tree.village, phone=PHONE, password=PASSWORD)


def _sign_in(client: Client, phone: str = PHONE, password: str = PASSWORD, **fields: str):
    return client.submit("/login", form="/login", phone=phone, password=password, **fields)


def test_right_password_opens_the_desk_of_a_clerk(client: Client, clerk: User) -> None:
    response = _sign_in(client)
    assert (response.status_code, response.location) == (303, "/desk")
    assert "村信息员" in client.get("/account").text


@pytest.mark.parametrize("typed", ["139 0000 0001", "１３９０００００００１", "+86 139-0000-0001"])
def test_a_phone_number_may_be_typed_with_spaces_and_full_width_digits(client: Client, clerk: User, typed: str) -> None:
    assert _sign_in(client, phone=typed).status_code == 303


@pytest.mark.parametrize(
    ("phone", "password"), [(PHONE, "not the password"), ("13900000099", PASSWORD), ("12", "quite another")]
)
def test_unknown_phone_and_wrong_password_get_the_same_sentence(
    client: Client, clerk: User, phone: str, password: str
) -> None:
    response = _sign_in(client, phone=phone, password=password)
    assert response.status_code == 422
    assert WRONG in response.text
    assert f'value="{phone}"' in response.text, "what was typed is kept"
    assert password not in response.text


def test_unknown_phone_and_wrong_password_take_about_the_same_time(client: Client, clerk: User) -> None:
    def seconds(phone: str) -> float:
        began = time.perf_counter()
        with pytest.raises(Exception, match="wrong"):
            service.authenticate(phone, password="not the password", now=NOW)
        return time.perf_counter() - began

    known = min(seconds(PHONE) for _ in range(3))
    unknown = min(seconds("13900000099") for _ in range(3))
    assert 0.2 < known / unknown < 5, "without the work for nobody it would be a hundred times faster"


def test_a_person_without_a_password_cannot_log_in(client: Client, tree: Tree) -> None:
    make_user(Role.DONOR, phone=PHONE)
    assert _sign_in(client, password="nobody has this password").status_code == 422


def test_a_person_who_was_shut_out_cannot_log_in_nor_go_on(client: Client, clerk: User, session: Session) -> None:
    _sign_in(client)
    with transaction():
        session.get_one(User, clerk.id).active = False
    assert client.get("/account").location.startswith("/login")
    assert _sign_in(client).status_code == 422


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_five_wrong_passwords_close_the_account_for_a_while_and_only_this_one(
    client: Client, clerk: User, tree: Tree
) -> None:
    """A1: per account, whoever tries; the right password would be a sixth try."""
    make_user(Role.DONOR, phone="13900000002", password=PASSWORD)
    answers = [_sign_in(client, password="not the password").status_code for _ in range(5)]
    assert answers == [422] * 5
    refused = _sign_in(client)
    assert refused.status_code == 429
    assert "请等 15 分钟" in refused.text
    assert _sign_in(client, phone="13900000002").status_code == 303


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_right_passwords_do_not_count_against_the_limit(client: Client, clerk: User) -> None:
    """A1: only failures count."""
    for _ in range(6):
        assert _sign_in(client).status_code == 303
        client.logout()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_fifty_wrong_passwords_from_one_address_close_it(client: Client, clerk: User) -> None:
    """A1: per address, over all accounts."""
    for number in range(50):
        assert _sign_in(client, phone=f"1380000{number:04d}", password="").status_code == 422
    assert _sign_in(client).status_code == 429


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "desk"]
)
def test_login_never_leads_to_another_site(client: Client, clerk: User, target: str) -> None:
    assert _sign_in(client, next=target).location == "/desk"


def test_login_leads_back_to_the_page_that_asked_for_it(client: Client, clerk: User) -> None:
    asked = client.get("/account?x=1")
    assert asked.location == "/login?next=%2Faccount%3Fx%3D1"
    response = client.submit(asked.location, phone=PHONE, password=PASSWORD)
    assert response.location == "/account?x=1"


def test_session_changes_at_login(client: Client, clerk: User) -> None:
    """A4: nothing that was in the session before goes on."""
    client.get("/login")
    with client.session_transaction() as before:
        before["planted"] = "x"
        token = before["csrf_token"]
    _sign_in(client)
    with client.session_transaction() as after:
        assert "planted" not in after
        assert after.get("csrf_token") != token


def test_logout_ends_every_session_of_the_person_on_the_server(app: Flask, client: Client, clerk: User) -> None:
    """A4: a copied cookie is dead, and so is the other device."""
    other = app.test_client()
    assert isinstance(other, Client)
    _sign_in(client)
    _sign_in(other)
    stolen = client.get_cookie("session")
    client.submit("/account", form="/logout")
    assert client.get("/account").location.startswith("/login")
    assert stolen is not None
    client.set_cookie("session", stolen.value)
    assert client.get("/account").location.startswith("/login")
    assert other.get("/account").location.startswith("/login")


@pytest.mark.parametrize(("seen", "began"), [(31 * 60, 31 * 60), (60, 12 * 3600 + 60)])
def test_sessions_end_when_idle_or_old(client: Client, clerk: User, seen: int, began: int) -> None:
    """A4: 30 minutes idle, 12 hours at most."""
    _sign_in(client)
    assert client.get("/account").status_code == 200
    now = int(time.time())
    with client.session_transaction() as stored:
        stored.update(seen=now - seen, began=now - began)
    assert client.get("/account").location.startswith("/login")


def test_use_keeps_a_session_alive(client: Client, clerk: User) -> None:
    _sign_in(client)
    with client.session_transaction() as stored:
        stored["seen"] = int(time.time()) - 20 * 60
    assert client.get("/account").status_code == 200
    with client.session_transaction() as stored:
        assert stored["seen"] > time.time() - 60


def test_a_revoked_role_is_refused_with_the_next_request(client: Client, clerk: User, session: Session) -> None:
    """Z7: an open session does not keep a role."""
    _sign_in(client)
    assert client.get("/desk").status_code == 200
    with transaction():
        session.scalars(sa.select(RoleGrant).where(RoleGrant.user_id == clerk.id)).one().revoked_at = NOW
    assert client.get("/desk").status_code == 403


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "密码至少 12 个字符"),
        ("x" * 129, "最多写 128 个字"),
        (f"my{PHONE}phone", "密码里不能有手机号"),
        ("aaaaaaaaaaaa", "请换一个"),
        ("abcabcabcabc", "请换一个"),
        ("123456789012", "请换一个"),
        ("qwertyuiopas", "请换一个"),
    ],
)
def test_a_guessable_password_is_refused_with_its_reason(
    client: Client, clerk: User, password: str, sentence: str
) -> None:
    """A2: 12 to 128 characters, no composition rules, nothing that is guessed at once."""
    _sign_in(client)
    response = client.submit("/account", form="/account/password", current=PASSWORD, password=password)
    assert response.status_code == 422
    assert sentence in response.text


def test_a_new_password_needs_the_present_one_and_ends_other_sessions(app: Flask, client: Client, clerk: User) -> None:
    other = app.test_client()
    assert isinstance(other, Client)
    _sign_in(client)
    _sign_in(other)
    new = "another sentence of mine"
    refused = client.submit("/account", form="/account/password", current="no", password=new)
    assert "这不是您现在的密码。" in refused.text
    assert client.submit("/account", form="/account/password", current=PASSWORD, password=new).status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").location.startswith("/login")
    client.logout()
    assert _sign_in(client).status_code == 422
    assert _sign_in(client, password=new).status_code == 303


def test_a_name_is_changed_and_an_empty_one_refused(client: Client, clerk: User) -> None:
    client.login(clerk)
    assert client.submit("/account", form="/account/name", name=" ").status_code == 422
    client.submit("/account", form="/account/name", name="泽仁")
    assert 'value="泽仁"' in client.get("/account").text


@pytest.fixture
def admin(tree: Tree) -> User:
    return make_user(Role.COUNTY_ADMIN, division=tree.county)


def _add(client: Client, **fields: str):
    asked = {"phone": "13900000003", "name": "次仁", "role": Role.VILLAGE_CLERK.value, **fields}
    return client.submit("/desk/people", form="/desk/people", **asked)


def test_an_invited_clerk_sets_a_password_by_a_link_that_works_once(
    app: Flask, client: Client, admin: User, tree: Tree, session: Session
) -> None:
    """A5: no default password; the link is shown once and kept as a keyed hash only."""
    client.login(admin)
    assert _add(client, division=tree.village).status_code == 303
    page = client.get("/desk/people").text
    link = re.search(r"/welcome/[\w-]+", page)
    assert link is not None
    assert "139****0003" in page
    assert "/welcome/" not in client.get("/desk/people").text

    guest = app.test_client()
    assert isinstance(guest, Client)
    assert guest.submit(link[0], password="short").status_code == 422
    assert guest.submit(link[0], password=PASSWORD).location == "/desk"
    assert guest.get(link[0]).status_code == 404
    assert guest.post(link[0], data={"password": PASSWORD}).status_code == 404
    assert _sign_in(guest.logout(), phone="13900000003").status_code == 303


def test_a_link_expires_after_three_days(client: Client, admin: User) -> None:
    with transaction():
        token = service.make_login_link(admin, now=NOW - service.LINK_LIFE)
    assert client.get(f"/welcome/{token}").status_code == 404


def test_an_administrator_cannot_grant_outside_the_area(client: Client, admin: User, tree: Tree) -> None:
    """Z2, Z4: neither another county nor the prefecture above, whatever the form is made to say."""
    client.login(admin)
    for place in (tree.village_of_other_county, tree.prefecture):
        response = _add(client, division=place)
        assert response.status_code == 422
        assert "请从列出的选项里选。" in response.text
    assert find_user_by_phone("13900000003") is None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", [Role.PREFECTURE_OBSERVER, Role.AUDITOR, Role.DONOR])
def test_an_administrator_cannot_grant_the_roles_of_those_who_watch(
    client: Client, admin: User, tree: Tree, role: Role
) -> None:
    client.login(admin)
    assert _add(client, role=role.value, division=tree.county).status_code == 422


def test_a_role_is_granted_at_its_own_level_only(client: Client, admin: User, tree: Tree) -> None:
    client.login(admin)
    response = _add(client, division=tree.county)
    assert response.status_code == 422
    assert "这个角色属于村，请选一个村。" in response.text
    assert 'value="次仁"' in response.text, "what was typed is kept"
    assert find_user_by_phone("13900000003") is None, "nothing is half-done"


def test_the_same_role_twice_is_refused(client: Client, admin: User, clerk: User, tree: Tree) -> None:
    client.login(admin)
    response = _add(client, phone=PHONE, division=tree.village)
    assert response.status_code == 422
    assert "此人在这里已有这个角色。" in response.text


def test_a_colleague_with_a_password_gets_a_role_but_no_link(
    client: Client, admin: User, clerk: User, tree: Tree
) -> None:
    client.login(admin)
    assert _add(client, phone=PHONE, division=tree.other_village).status_code == 303
    assert "/welcome/" not in client.get("/desk/people").text


def test_revoking_is_audited_and_works_inside_the_area_only(
    client: Client, admin: User, clerk: User, tree: Tree, session: Session
) -> None:
    """Z7, Z2: a role outside the area looks as if it did not exist."""
    own = session.scalars(sa.select(RoleGrant).where(RoleGrant.user_id == clerk.id)).one().id
    foreign = grant(clerk, Role.VILLAGE_CLERK, division=tree.village_of_other_county).id
    client.login(admin)
    assert client.post("/desk/people/revoke", data={"grant": foreign}).status_code == 404
    assert client.post("/desk/people/revoke", data={"grant": own}).status_code == 303
    assert client.post("/desk/people/revoke", data={"grant": own}).status_code == 409
    assert session.get_one(RoleGrant, own).revoked_by == admin.id
    acts = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.user_id == admin.id)).all()
    assert list(acts) == ["role.revoke"]


def test_nobody_changes_his_own_roles(client: Client, admin: User, session: Session) -> None:
    own = session.scalars(sa.select(RoleGrant).where(RoleGrant.user_id == admin.id)).one().id
    client.login(admin)
    response = client.post("/desk/people/revoke", data={"grant": own})
    assert response.status_code == 403
    assert "谁都不能改自己的角色" in response.text


def test_a_new_link_is_refused_for_somebody_who_also_works_elsewhere(
    client: Client, admin: User, clerk: User, tree: Tree, session: Session
) -> None:
    """A link opens the whole account: one county may not open another county's."""
    own = session.scalars(sa.select(RoleGrant).where(RoleGrant.user_id == clerk.id)).one().id
    client.login(admin)
    assert client.post("/desk/people/link", data={"grant": own}).status_code == 303
    assert "/welcome/" in client.get("/desk/people").text
    grant(clerk, Role.VILLAGE_CLERK, division=tree.village_of_other_county)
    assert client.post("/desk/people/link", data={"grant": own}).status_code == 403


def test_the_list_of_people_holds_the_own_area_and_masks_numbers(
    client: Client, admin: User, clerk: User, tree: Tree
) -> None:
    make_user(Role.VILLAGE_CLERK, division=tree.village_of_other_county, name="别县的人")
    make_user(Role.DONOR, division=tree.county, name="某爱心人士")
    client.login(admin)
    page = client.get("/desk/people").text
    assert clerk.name in page
    assert PHONE not in page
    assert "别县的人" not in page
    assert "某爱心人士" not in page


def test_accounts_are_made_from_well_formed_new_numbers_only(app: Flask, clerk: User) -> None:
    for phone, sentence in ((PHONE, "already an account"), ("12345", "11 digits")):
        with pytest.raises(Exception, match=sentence), transaction():
            service.add_user("泽仁", phone=phone, now=NOW)


def test_a_client_as_fixture_reaches_the_own_account(client_as: Callable[..., Client]) -> None:
    assert client_as(Role.DONOR).get("/account").status_code == 200
