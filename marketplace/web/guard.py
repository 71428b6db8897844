"""Access to views: every one is @public or @requires; who acts is worked out once per request."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.queries import actor_of
from marketplace.core.actor import PUBLIC, Actor
from marketplace.core.errors import Forbidden
from marketplace.core.permissions import Permission
from marketplace.donors.queries import find_donor_id
from marketplace.households.queries import find_household_id

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "access"
_PUBLIC = "public"
_SIGNED_IN = "signed_in"


def public(view: F) -> F:
    """Anybody may call this view."""
    setattr(view, _MARK, _PUBLIC)
    return view


def signed_in(view: F) -> F:
    """Anybody who has signed in may call this view."""
    setattr(view, _MARK, _SIGNED_IN)
    return view


def requires(*permissions: Permission) -> Callable[[F], F]:
    """Only an actor with one of these permissions, somewhere, may call this view; the service checks the row."""

    def mark(view: F) -> F:
        setattr(view, _MARK, permissions)
        return view

    return mark


def access_of(view: Callable[..., Any]) -> Any:
    """The mark of a view: "public", "signed_in", a tuple of permissions, or None where it was forgotten."""
    return getattr(view, _MARK, None)


def is_public(view: Callable[..., Any] | None) -> bool:
    """True where anybody may call this view."""
    return view is not None and access_of(view) == _PUBLIC


def check_every_view(app: Flask) -> None:
    """Refuse to start while a view says nothing about access."""
    unsaid = sorted(name for name, view in app.view_functions.items() if access_of(view) is None)
    if unsaid:
        raise RuntimeError(f"views without @public, @signed_in or @requires: {', '.join(unsaid)}")


def check_access(endpoint: str | None) -> ResponseReturnValue | None:
    """Before each request: refuse what the view's mark refuses; signing in comes before being refused."""
    access = access_of(current_app.view_functions[endpoint]) if endpoint else _PUBLIC
    if access == _PUBLIC:
        return None
    if not current_user.is_authenticated:
        response: ResponseReturnValue = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        return response
    if isinstance(access, tuple) and not any(current_actor().has(p) for p in access):
        raise Forbidden("Your role does not allow this.")
    return None


def current_actor() -> Actor:
    """The person behind this request, with the roles in force at this moment (Z7)."""
    if "actor" not in g:
        g.actor = _load_actor()
    actor: Actor = g.actor
    return actor


def _load_actor() -> Actor:
    if not current_user.is_authenticated:
        return PUBLIC
    user_id = int(current_user.id)
    return actor_of(current_user, donor_id=find_donor_id(user_id), household_id=find_household_id(user_id))
