"""Who may call which address: one module of rows for each area of the pages."""

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.core.permissions import Role

EVERYBODY = frozenset(Role)


@dataclass(frozen=True)
class Row:
    """One rule of the url map: ``path`` as it is written in the route, ``<code>`` and all.

    ``allowed`` are the roles that pass the view's own lock; the rest get 403, and a visitor is sent to sign in.
    ``public`` rows are open to visitors too. A signed-in page for everybody has ``allowed=EVERYBODY``.
    """

    method: str
    path: str
    allowed: frozenset[Role] = frozenset()
    public: bool = False

    def __init__(self, method: str, path: str, *, allowed: Iterable[Role] = (), public: bool = False) -> None:
        object.__setattr__(self, "method", method)
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "allowed", frozenset(allowed))
        object.__setattr__(self, "public", public)
