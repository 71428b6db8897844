"""Fixtures of all tests: each test gets its own migrated database, on SQLite and on a real PostgreSQL."""

import os
import shutil
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from marketplace.app import alembic
from marketplace.config import Settings
from marketplace.core.divisions import Level, at_level
from marketplace.core.permissions import Role
from marketplace.db import db
from tests import factories
from tests.apps import opened
from tests.client import Client
from tests.memory import memory_folder
from tests.postgres import NoPostgres, Server, running_server
from tests.server import LiveServer, running
from tests.settings import make_settings

BACKENDS = ("sqlite", "postgresql")
_TEMPLATE = "template_migrated"

# What takes a minute or so, longest first.
_LONGEST = (
    "browser/test_every_page.py",
    "web/test_pledge_races.py",
    "browser/test_whole_path.py",
    "subjects/test_demo.py",
    "browser/test_posting.py",
    "browser/test_review.py",
    "browser/test_giving.py",
    "web/test_needs.py",
    "cli/test_match.py",
    "cli/test_wheel.py",
    "web/test_canary.py",
    "subjects/test_ledger_machine.py",
    "subjects/test_matching_engine_changes.py",
    "cli/test_import.py",
)

# The same examples every time: a gate that fails by chance is not a gate.
hypothesis.settings.register_profile("gate", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile("gate")


def pytest_configure() -> None:
    """Give every test's folder a place in memory, unless somebody has chosen another."""
    if place := memory_folder():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, then those with many tests: the last to begin leaves other cores idle."""
    many = Counter(item.path for item in items)
    places = {Path(__file__).parent / name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: (places.get(item.path, len(places)), -many[item.path]))


def missing(what: str) -> None:
    """Skip loudly on a developer's machine, fail where CI says that everything must be there."""
    if os.environ.get("CI"):
        pytest.fail(f"CI is set and this is missing: {what}")
    warnings.warn(pytest.PytestWarning(f"NOT TESTED: {what}"), stacklevel=2)
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A private PostgreSQL for this run."""
    starting = running_server()
    try:
        server = starting.__enter__()
    except NoPostgres as error:
        missing(str(error))
    try:
        yield server
    finally:
        starting.__exit__(None, None, None)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all migrations; tests copy it."""
    folder = tmp_path_factory.mktemp("migrated")
    path = folder / "template.sqlite"
    migrate(make_settings(folder, f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server with a migrated template database; tests copy it."""
    postgres.create(_TEMPLATE)
    migrate(make_settings(tmp_path_factory.mktemp("migrated-pg"), postgres.url(_TEMPLATE)))
    return postgres


def migrate(settings: Settings) -> None:
    """Bring the database of these settings up to date and let go of it."""
    # Only a file that nobody holds open has taken in its write-ahead log.
    with opened(settings) as app, app.app_context():
        alembic.upgrade()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Which database this test runs on; parametrise it indirectly to have one only."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated, empty database of one's own."""
    if backend == "sqlite":
        path = tmp_path / "jiedui.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("migrated_postgres")
    name = f"test_{uuid.uuid4().hex[:16]}"
    server.create(name, template=_TEMPLATE)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings for this test's own database and instance folder."""
    return make_settings(tmp_path, database_url)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application, with an application context for the test's own reads and writes."""
    with opened(settings) as app:
        app.testing = True
        app.test_client_class = Client
        with app.app_context():
            yield app


@pytest.fixture
def make_app() -> Iterator[Callable[[Settings], Flask]]:
    """``make_app(settings)``: a further application; its connections are closed at the test's end."""
    with ExitStack() as apps:
        yield lambda settings: apps.enter_context(opened(settings))


@pytest.fixture
def serve(app: Flask, settings: Settings) -> Iterator[Callable[..., LiveServer]]:
    """``serve(workers=4)``: the real server on this test's database; one worker only on SQLite."""
    with ExitStack() as servers:

        def start(*, workers: int = 1, **changes: Any) -> LiveServer:
            return servers.enter_context(running(replace(settings, **changes), workers=workers))

        yield start


@pytest.fixture
def session(app: Flask) -> Session:
    """The test's session; each request through the client has another."""
    return db.session


@pytest.fixture
def client(app: Flask) -> Client:
    """A visitor who has not signed in."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client


@pytest.fixture
def login(client: Client) -> Callable[..., Client]:
    """Sign the client in as a user."""
    return client.login


@pytest.fixture
def tree(app: Flask) -> factories.Tree:
    """A prefecture with two counties, their townships and villages."""
    return factories.make_tree()


# A role works at the level where people hold it in life.
_HOME = {
    Role.VILLAGE_CLERK: Level.VILLAGE,
    Role.VILLAGE_SUPERVISOR: Level.VILLAGE,
    Role.ASSIGNED_OFFICER: Level.VILLAGE,
    Role.TOWNSHIP_REVIEWER: Level.TOWNSHIP,
    Role.COUNTY_ADMIN: Level.COUNTY,
    Role.AUDITOR: Level.COUNTY,
}


@pytest.fixture
def client_as(app: Flask, tree: factories.Tree) -> Callable[..., Client]:
    """``client_as(Role.X)``: a new client signed in as somebody with that role at its usual place."""

    def make(role: Role, division: str = "") -> Client:
        place = division or at_level(tree.village, _HOME.get(role, Level.PREFECTURE))
        client = app.test_client()
        assert isinstance(client, Client)
        return client.login(factories.make_user(role, division=place))

    return make
