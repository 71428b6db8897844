"""Pages of accounts."""

from marketplace.web.accounts import people as _people  # noqa: F401  (puts its views into the blueprint)
from marketplace.web.accounts.views import bp

__all__ = ["bp"]
