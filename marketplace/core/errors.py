"""Errors that carry a sentence fit for the user; each surface maps them once to its own form."""

from collections.abc import Mapping


class DomainError(Exception):
    """A rule refused the act. ``message`` is a translatable sentence with ``%(name)s`` places for ``params``."""

    status = 422

    def __init__(self, message: str, *, field: str | None = None, **params: object) -> None:
        super().__init__(message % params if params else message)
        self.message = message
        self.field = field
        self.params: Mapping[str, object] = params


class Invalid(DomainError):
    """The input breaks a rule; ``field`` names the input to change (422). ``others``: what else is wrong with it."""

    others: tuple["Invalid", ...] = ()


class NotFound(DomainError):
    """There is no such row for this actor: hidden rows answer the same as missing ones (404)."""

    status = 404


class Forbidden(DomainError):
    """The actor may see the row but not do this to it (403)."""

    status = 403


class Conflict(DomainError):
    """Somebody else was first, or the state moved on (409)."""

    status = 409
