"""``marketplace user``: the first administrator comes in by a one-time link."""

import re

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.config import Settings
from marketplace.core.permissions import Role
from marketplace.db import db
from tests.cli.running import Said, run
from tests.client import Client
from tests.factories import Tree, count_rows, make_user

PHONE = "13800138000"
PASSWORD = "four common words do well"


def add(settings: Settings, tree: Tree, **changes: str) -> Said:
    values = {"phone": PHONE, "name": "达瓦", "role": "county_admin", "division": tree.county, **changes}
    return run(settings, "user", "add", *(f"--{name}={value}" for name, value in values.items()))


def link_in(said: Said) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/\S+)", said.out)
    assert found is not None, said
    return found[1]


def test_the_link_lets_the_first_administrator_in(app: Flask, settings: Settings, tree: Tree, client: Client) -> None:
    said = add(settings, tree)
    assert said.status == 0
    link = link_in(said)
    assert client.get("/desk").status_code in (302, 303)
    done = client.submit(link, password=PASSWORD)
    assert done.status_code == 303
    assert client.get("/desk").status_code == 200
    (user,) = db.session.query(User).all()
    assert [(g.role, g.division_code) for g in user.grants] == [(Role.COUNTY_ADMIN, tree.county)]


def test_the_link_works_once(app: Flask, settings: Settings, tree: Tree, client: Client) -> None:
    link = link_in(add(settings, tree))
    client.submit(link, password=PASSWORD)
    assert app.test_client().get(link).status_code == 404


def test_a_lost_link_can_be_made_again(app: Flask, settings: Settings, tree: Tree, client: Client) -> None:
    add(settings, tree)
    said = run(settings, "user", "link", "--phone", "138 0013 8000")
    assert said.status == 0
    assert client.submit(link_in(said), password=PASSWORD).status_code == 303


def test_the_link_has_the_address_of_the_site(settings: Settings, tree: Tree) -> None:
    said = run(
        settings,
        "user",
        "add",
        f"--phone={PHONE}",
        "--name=x",
        "--role=auditor",
        f"--division={tree.county}",
        "--site=https://jiedui.example",
    )
    assert "  https://jiedui.example/" in said.out


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phone": "138"}, "11 digits"),
        ({"division": "51"}, "12 digits"),
        ({"division": "999999000000"}, "no such division"),
        ({"name": " "}, "name"),
    ],
)
def test_a_mistake_is_answered_in_a_sentence(
    app: Flask, settings: Settings, tree: Tree, changes: dict[str, str], sentence: str
) -> None:
    said = add(settings, tree, **changes)
    assert said.status == 1
    assert sentence in said.err
    assert count_rows(User) == 0


def test_an_unknown_role_lists_those_that_there_are(settings: Settings, tree: Tree) -> None:
    said = add(settings, tree, role="king")
    assert said.status == 2
    assert "county_admin" in said.err


def test_a_role_is_given_once(settings: Settings, tree: Tree) -> None:
    assert add(settings, tree).status == 0
    assert add(settings, tree).status == 1


def test_somebody_who_has_a_password_gets_a_role_and_no_link(app: Flask, settings: Settings, tree: Tree) -> None:
    make_user(Role.DONOR, phone=PHONE, password=PASSWORD)
    said = add(settings, tree)
    assert said.status == 0
    assert "http" not in said.out


def test_nobody_is_not_given_a_link(settings: Settings, tree: Tree) -> None:
    said = run(settings, "user", "link", "--phone", "13900139000")
    assert said.status == 1
    assert "no account" in said.err
