"""``marketplace user``: the first people of a site, each with a one-time link to set a password."""

import click
from flask import Flask, url_for

from marketplace.accounts import service
from marketplace.accounts.queries import find_user_by_phone
from marketplace.cli.context import say, with_app
from marketplace.core.actor import SYSTEM
from marketplace.core.divisions import is_code
from marketplace.core.errors import Invalid, NotFound
from marketplace.core.identity import parse_phone
from marketplace.core.permissions import Role
from marketplace.db import transaction
from marketplace.db.clock import utc_now

_ROLES = {role.value: role for role in Role}
_site = click.option(
    "--site", default="http://127.0.0.1:8000", show_default=True, help="Address of the site, for the link."
)


@click.group()
def user() -> None:
    """Add people who work with the site."""


@user.command()
@click.option("--phone", required=True, help="Mobile number of 11 digits; the person logs in with it.")
@click.option("--name", required=True, help="What the pages call the person.")
@click.option("--role", required=True, type=click.Choice(list(_ROLES)), help="What the person may do there.")
@click.option("--division", required=True, metavar="CODE", help="12-digit code; the role reaches all below it.")
@_site
def add(phone: str, name: str, role: str, division: str, site: str) -> None:
    """Grant a role; somebody without a password gets a link, good once and for three days, to set one."""
    with with_app() as app:
        if not is_code(division):
            raise Invalid("A division code has 12 digits.", field="division")
        with transaction():
            _, token = service.invite(phone, name=name, role=_ROLES[role], division=division, by=SYSTEM, now=utc_now())
        click.echo(say("%(name)s may now work as %(role)s in %(division)s.", name=name, role=role, division=division))
        if token is not None:
            _show_link(app, token, site=site)


@user.command()
@click.option("--phone", required=True, help="The person's mobile number.")
@_site
def link(phone: str, site: str) -> None:
    """Print a new one-time link for somebody who has lost the first one or the password."""
    with with_app() as app:
        number = parse_phone(phone)
        with transaction():
            person = find_user_by_phone(number)
            if person is None:
                raise NotFound("There is no account with this phone number.")
            token = service.make_login_link(person, now=utc_now())
        _show_link(app, token, site=site)


def _show_link(app: Flask, token: str, *, site: str) -> None:
    with app.test_request_context(base_url=site):
        address = url_for("accounts.welcome", token=token, _external=True)
    click.echo(say("Send this link to the person; it works once, within three days:"))
    click.echo(f"  {address}")
