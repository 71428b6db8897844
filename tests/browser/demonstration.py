"""A small demonstration over the real divisions, built by its own command, served, and entered by the login page."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from marketplace.config import Settings
from marketplace.core.permissions import Role
from tests.server import LiveServer, environment_of, plain_environment, running

BUILD_SECONDS = 300


@dataclass(frozen=True)
class Account:
    """What somebody types to sign in, and where the role is held."""

    phone: str
    password: str
    division: str


@dataclass(frozen=True)
class Demonstration:
    """A served demonstration and the accounts of its roles."""

    settings: Settings
    server: LiveServer
    accounts: dict[Role, Account]

    def sign_in(self, page: Page, role: Role) -> Page:
        """Type phone and password on the login page, as a new person would."""
        account = self.accounts[role]
        page.goto(f"{self.server.url}/login")
        page.get_by_label("手机号").fill(account.phone)
        page.get_by_label("密码").fill(account.password)
        page.get_by_role("main").get_by_role("button", name="登录").click()
        assert not page.url.endswith("/login"), page.get_by_role("main").inner_text()
        return page

    def command(self, *arguments: str) -> str:
        """What ``marketplace`` prints for this demonstration; it must succeed."""
        return _run(arguments, environment_of(self.settings))


@contextmanager
def demonstration(folder: Path, *, scale: str, database_url: str = "") -> Iterator[Demonstration]:
    """Build into an empty folder, or an empty database elsewhere, and serve until the end."""
    instance = {"MARKETPLACE_INSTANCE": str(folder)}
    if database_url:
        instance["MARKETPLACE_DATABASE_URL"] = database_url
    _run(("demo", "--no-serve", "--scale", scale), instance)
    rows = {row["role"]: row for row in json.loads((folder / "demo-accounts.json").read_text(encoding="utf-8"))}
    accounts = {role: Account(*(rows[role.value][name] for name in ("phone", "password", "division"))) for role in Role}
    settings = Settings.from_env(instance)
    with running(settings) as server:
        yield Demonstration(settings, server, accounts)


def _run(arguments: tuple[str, ...], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "marketplace", *arguments],
        env={**plain_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"marketplace {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout
