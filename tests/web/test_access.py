"""Every address x every role: what the views let through, in one table (Z1)."""

import importlib
import pkgutil
import re

import pytest
from flask import Flask

from marketplace.core.permissions import Role
from tests import factories
from tests.apps import opened
from tests.client import Client
from tests.settings import make_settings
from tests.web import access
from tests.web.access import Row

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_SAMPLES = {"int": "1", "path": "x", "float": "1.0"}
_PLACE = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>")


def _rows() -> list[Row]:
    areas = [importlib.import_module(f"{access.__name__}.{m.name}") for m in pkgutil.iter_modules(access.__path__)]
    return [row for area in areas for row in area.ROWS]


ROWS = _rows()


def _named(row: Row) -> str:
    return f"{row.method} {row.path}"


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Method and rule of every route of the application."""
    with opened(make_settings(tmp_path_factory.mktemp("routes"))) as app:
        rules = list(app.url_map.iter_rules())
    found = {(method, rule.rule) for rule in rules for method in (rule.methods or set()) & _METHODS}
    return found - {("GET", "/static/<path:filename>")}


def test_every_address_has_one_row(routes: set[tuple[str, str]]) -> None:
    """Z1: an address without a row in tests/web/access/<area>.py fails, and so does a row without an address."""
    rows = [(row.method, row.path) for row in ROWS]
    assert sorted(routes - set(rows)) == [], "addresses without a row"
    assert sorted(set(rows) - routes) == [], "rows without an address"
    assert len(rows) == len(set(rows)), "rows that stand twice"


def _sample(path: str) -> str:
    """The path with something that does not exist in each place."""
    return _PLACE.sub(lambda found: _SAMPLES.get(found[1] or "", "none-such"), path)


def _status(client: Client, row: Row) -> tuple[int, str]:
    response = (
        client.open(_sample(row.path), method=row.method) if row.method == "GET" else client.post(_sample(row.path))
    )
    return response.status_code, response.headers.get("Location", "")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "public")
def test_each_role_gets_through_where_its_row_says_so(app: Flask, client: Client, role: Role | None) -> None:
    """Z1, Z2: a visitor is sent to sign in, a wrong role gets 403, the right one gets past the lock."""
    if role is not None:
        client.login(factories.make_user(role))
    wrong = [_complaint(client, row, role) for row in ROWS]
    assert [w for w in wrong if w] == []


def _complaint(client: Client, row: Row, role: Role | None) -> str:
    if row.path == "/logout":
        return ""
    status, location = _status(client, row)
    to_login = status in (302, 303) and location.split("?")[0].endswith("/login")
    if status >= 500:
        return f"{_named(row)}: {status}"
    if role is None and not row.public:
        return "" if to_login or status == 401 else f"{_named(row)} is open to a visitor: {status}"
    if row.public or role in row.allowed:
        return f"{_named(row)} refuses {role}: {status}" if status == 403 or (to_login and not row.public) else ""
    return "" if status == 403 else f"{_named(row)} lets {role} pass: {status}"
