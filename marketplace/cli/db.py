"""``marketplace db``: bring the database to the tables of this version, or back."""

import click
from alembic.util import CommandError

from marketplace.app import alembic
from marketplace.cli.context import Refused, ensure_migrated, newer_database, say, with_app


@click.group("db")
def db_group() -> None:
    """Create, migrate and check the database."""


@db_group.command()
def upgrade() -> None:
    """Create the tables or bring them up to date; does nothing where they are."""
    with with_app(migrated=False):
        try:
            alembic.upgrade()
        except CommandError as error:
            raise newer_database() from error
        click.echo(say("The database is up to date (migration %(revision)s).", revision=_current()))


@db_group.command()
@click.argument("target", default="-1")
@click.option("--yes", is_flag=True, help="Do not ask: what the undone migrations added is lost.")
def downgrade(target: str, yes: bool) -> None:
    """Go back to migration TARGET ("0001"), by a number of steps ("-1"), or to nothing ("base")."""
    with with_app(migrated=False):
        if not yes:
            click.confirm(say("Rows that the undone migrations hold are lost. Go on?"), abort=True)
        try:
            alembic.downgrade(int(target) if target.lstrip("-").isdigit() and target.startswith("-") else target)
        except CommandError as error:
            raise Refused(str(error)) from error
        click.echo(say("The database is at migration %(revision)s.", revision=_current()))


@db_group.command()
def check() -> None:
    """Exit 0 where the database has every migration and its tables are those of the models, else 1."""
    with with_app():
        ensure_migrated()
        differences = alembic.compare_metadata()
        for difference in differences:
            click.echo(f"  {difference}", err=True)
        if differences:
            raise Refused(say("The models and the database differ in %(number)d places.", number=len(differences)))
        click.echo(say("The models and the database agree (migration %(revision)s).", revision=_current()))


def _current() -> str:
    return ", ".join(script.revision for script in alembic.current()) or "base"
