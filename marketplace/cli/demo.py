"""``marketplace demo``: the synthetic prefecture, built once, then served."""

import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import sqlalchemy as sa

from marketplace.app import alembic
from marketplace.cli.context import Refused, say, with_app
from marketplace.cli.serve import DEFAULT_PORT, address_of, ensure_free, run_server
from marketplace.config import Settings, instance_folder
from marketplace.core.permissions import Role
from marketplace.db import db
from marketplace.db.types import Keys
from marketplace.demo.build import Stage, build
from marketplace.demo.facts import sizes_at
from marketplace.demo.instance import ACCOUNTS_FILE, Home, new_password
from marketplace.demo.warming import compiling

DEFAULT_SEED = 20181217
HOST = "127.0.0.1"
# Below this share the build is over before a second process could help.
_SMALL = 0.2
_WORDS = {
    Stage.PLACES: "Divisions and catalogue",
    Stage.HOUSEHOLDS: "Households",
    Stage.PLANS: "Histories of needs",
    Stage.DONORS: "Donors",
    Stage.NEEDS: "Needs",
    Stage.GIFTS: "Gifts, ledger, photos",
    Stage.CHANNELS: "Agreements of five channels",
    Stage.NOTICES: "Notices and complaints",
    Stage.ACCOUNTS: "Accounts",
    Stage.MATCHING: "Matching of open needs",
}
_PLACES = (
    ("/", "Home"),
    ("/needs", "Needs"),
    ("/disclosure", "Disclosure"),
    ("/statistics", "Statistics"),
    ("/login", "Log in"),
)


class Scale(click.ParamType[float]):
    """A share above 0 and up to 1."""

    name = "SCALE"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a sentence."""
        try:
            scale = float(value)
            sizes_at(scale)
        except ValueError:
            self.fail(say("Give a number above 0 and at most 1, for example 0.02."), param, ctx)
        return scale


@click.command()
@click.option("--fresh", is_flag=True, help="Build again, in place of the demonstration that is there.")
@click.option("--no-serve", is_flag=True, help="Build only.")
@click.option("--scale", type=Scale(), default=1.0, show_default=True, help="Share of the published figures.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option("--seed", default=DEFAULT_SEED, show_default=True, help="The same seed makes the same rows.")
def demo(fresh: bool, no_serve: bool, scale: float, port: int, seed: int) -> None:
    """Build the demonstration of a whole prefecture, synthetic throughout, and serve it on this machine."""
    home = Home(instance_folder())
    with ExitStack() as stack:
        with _speaking():
            if not no_serve:
                ensure_free(HOST, port=port)
            home.claim()
            settings = _settings()
            stack.enter_context(home.locked())
            is_wanted = fresh or not home.is_ready(settings)
            if is_wanted:
                home.clear(settings)
        if is_wanted:
            _build(home, settings, seed=seed, scale=scale)
        with with_app(settings=settings, migrated=False):
            _welcome(home, seed=seed, scale=scale, port=port, is_served=not no_serve)
    if not no_serve:
        run_server(settings, host=HOST, port=port)


@contextmanager
def _speaking() -> Iterator[None]:
    """The terminal's language before there is an instance: an application on an empty database in memory."""
    with TemporaryDirectory() as folder:
        keys = Keys(secrets.token_bytes(32), secrets.token_bytes(32))
        settings = Settings(Path(folder), "sqlite://", secrets.token_urlsafe(32), keys)
        with with_app(settings=settings, migrated=False):
            yield


def _settings() -> Settings:
    settings = Settings.from_env()
    if not settings.demonstration:
        raise Refused(say("MARKETPLACE_DEMONSTRATION is off: take it out of the environment to build one here."))
    return settings


def _build(home: Home, settings: Settings, *, seed: int, scale: float) -> None:
    started = time.monotonic()
    if home.embedded_database(settings) is not None:
        home.begin(settings, seed=seed, scale=scale)
    with with_app(settings=settings, migrated=False):
        if home.embedded_database(settings) is None:
            _empty_elsewhere(home, settings)
            home.begin(settings, seed=seed, scale=scale)
        alembic.upgrade()
        with compiling() if scale > _SMALL else nullcontext():
            accounts = build(seed=seed, scale=scale, password=new_password(), progress=_Meter(scale).hear)
        home.finish(settings, seed=seed, scale=scale, accounts=accounts)
        click.echo(say("Built in %(seconds)s seconds.", seconds=round(time.monotonic() - started)), err=True)


def _empty_elsewhere(home: Home, settings: Settings) -> None:
    """A database outside the folder is emptied only where this folder's own demonstration is in it."""
    if not sa.inspect(db.engine).get_table_names():
        return
    if not home.owns(settings):
        raise Refused(
            say("The database of MARKETPLACE_DATABASE_URL holds tables already. Give the demonstration an empty one.")
        )
    alembic.downgrade("base")


def _welcome(home: Home, *, seed: int, scale: float, port: int, is_served: bool) -> None:
    if alembic.needs_upgrade():
        alembic.upgrade()
    state = home.state()
    if state is not None and (state.seed, state.scale) != (seed, scale):
        click.echo(
            say(
                "The demonstration here was built with --scale %(scale)s --seed %(seed)s; it is used as it is. "
                "Build another one with --fresh.",
                scale=state.scale,
                seed=state.seed,
            ),
            err=True,
        )
    address = address_of(HOST, port=port)
    click.echo(say("Demonstration data: all of it is synthetic; no real person is meant."))
    for path, words in _PLACES:
        click.echo(f"  {address}{path}  {say(words)}")
    click.echo(say("Accounts (also in %(file)s):", file=str(home.folder / ACCOUNTS_FILE)))
    labels = {role.value: role.label for role in Role}
    for account in home.accounts():
        role = account["role"]
        click.echo(f"  {account['phone']}  {account['password']}  {role} {labels[role]}  {account['division']}")
    if is_served:
        click.echo(say("Serving on %(address)s. Stop with Ctrl-C.", address=address))


class _Meter:
    """Shows on stderr what is being made, how many, and how long it took."""

    def __init__(self, scale: float) -> None:
        self._households = sizes_at(scale).households
        self._made = 0
        self._started = time.monotonic()
        self._stages = list(Stage)
        self._begin(0)

    def hear(self, stage: Stage, count: int) -> None:
        """Rows of a stage were made."""
        self._made += count
        if stage is Stage.HOUSEHOLDS and self._made < self._households:
            if sys.stderr.isatty():
                click.echo(f"\r{self._head}  {100 * self._made // self._households} %", err=True, nl=False)
            return
        took = time.monotonic() - self._started
        start = "\r" if sys.stderr.isatty() else ""
        click.echo(f"{start}{self._head}  {self._made:,}  ({took:.1f} s)", err=True)
        position = self._stages.index(stage) + 1
        if position < len(self._stages):
            self._begin(position)

    def _begin(self, position: int) -> None:
        self._made, self._started = 0, time.monotonic()
        self._head = f"{position + 1}/{len(self._stages)} {say(_WORDS[self._stages[position]])}"
        if sys.stderr.isatty():
            click.echo(f"{self._head} …", err=True, nl=False)
