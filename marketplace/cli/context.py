"""What commands share: the application around a command, and one sentence instead of a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from alembic.util import CommandError
from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, OperationalError

from marketplace.app import alembic, create_app
from marketplace.cli import EXIT_REFUSED
from marketplace.config import Settings, SettingsError, terminal_language
from marketplace.core.errors import DomainError
from marketplace.db import db


class Refused(click.ClickException):
    """A command that cannot go on: one sentence on stderr, exit status 1."""

    exit_code = EXIT_REFUSED


@contextmanager
def with_app(*, settings: Settings | None = None, migrated: bool = True) -> Iterator[Flask]:
    """The application for one command, in the terminal's language; closes its connections at the end.

    Refuses a database that is not up to date unless ``migrated`` is False. DomainErrors become one sentence.
    """
    settings = settings or Settings.from_env()
    # Commands say themselves what they did.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        app = create_app(settings)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise SettingsError(f"MARKETPLACE_DATABASE_URL is not the address of a database: {error}") from error
    except OperationalError as error:
        raise _unreachable(error) from error
    engines: list[Engine] = []
    try:
        with app.app_context(), force_locale(terminal_language()):
            try:
                if migrated:
                    ensure_migrated()
                yield app
            except DomainError as error:
                raise Refused(sentence_of(error)) from error
            except OperationalError as error:
                raise _unreachable(error) from error
            finally:
                db.session.close()
                engines = list(db.engines.values())
    finally:
        # Also after a refusal; a context's end gives its last connection back first.
        for engine in engines:
            engine.dispose()


def ensure_migrated() -> None:
    """Refuse to work on a database whose tables are not those of this version."""
    try:
        behind = alembic.needs_upgrade()
    except CommandError as error:
        raise newer_database() from error
    if behind:
        raise Refused(say("The database is not up to date. Run: marketplace db upgrade"))


def newer_database() -> Refused:
    """The refusal of a database whose migration this version does not know."""
    return Refused(say("The database was made by a newer version of this program: install that one."))


def say(message: str, **params: Any) -> str:
    """A sentence in the terminal's language."""
    return str(gettext(message, **params))


def sentence_of(error: DomainError) -> str:
    """What a refused act says at the terminal."""
    params = {name: say(value) if isinstance(value, str) and value else value for name, value in error.params.items()}
    return say(error.message, **params)


def _unreachable(error: OperationalError) -> Refused:
    reason = " ".join(str(error.orig).split())
    return Refused(say("The database does not answer: %(reason)s", reason=reason))
