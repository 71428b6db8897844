"""Command line of the marketplace: one group whose commands are loaded only when they are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from marketplace.config import SettingsError
from marketplace.core.collector import uncollected

EXIT_REFUSED = 1
EXIT_MISCONFIGURED = 2


class Misconfigured(click.ClickException):
    """A setting is missing or wrong: one sentence on stderr, exit status 2."""

    exit_code = EXIT_MISCONFIGURED


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command lives ("module:attribute") and what the list of commands says about it."""

    place: str
    summary: str

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self.place.partition(":")
        with uncollected():
            command: click.Command = getattr(import_module(module), attribute)
        return command


COMMANDS: Mapping[str, Lazy] = {
    "demo": Lazy("marketplace.cli.demo:demo", "Build the demonstration and serve it."),
    "serve": Lazy("marketplace.cli.serve:serve", "Serve the site."),
    "db": Lazy("marketplace.cli.db:db_group", "Create, migrate and check the database."),
    "user": Lazy("marketplace.cli.user:user", "Add people who work with the site."),
    "import": Lazy("marketplace.cli.import_:import_group", "Read divisions, households and the catalogue from files."),
    "match": Lazy("marketplace.cli.match:match", "Rank donors and needs, and explain a ranking."),
    "stats": Lazy("marketplace.cli.stats:stats", "Print the success rates and what stands behind them."),
    "ledger": Lazy("marketplace.cli.ledger:ledger", "Check the book."),
    "nightly": Lazy("marketplace.cli.nightly:nightly", "Do what is due: lapse pledges, expire needs."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now."""
        lazy = COMMANDS.get(cmd_name)
        return lazy.load() if lazy else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a wrong setting ends in one sentence."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise Misconfigured(str(error)) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jiedui-marketplace", prog_name="marketplace")
def main() -> None:
    """Jiedui 结对: a matching marketplace for social assistance.

    Settings come from MARKETPLACE_* variables and from settings.json in the instance folder; README lists them.
    """
