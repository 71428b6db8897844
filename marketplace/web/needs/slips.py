"""Slips' secrets between the request that made them and the page that prints them: in the session, for ten minutes."""

from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any

_KEY = "slips"
_SHOWN_FOR = timedelta(minutes=10)


def keep_slips(session: MutableMapping[str, Any], secrets: Mapping[str, str], *, now: datetime) -> None:
    """Let these secrets (by need code) be shown for a while; those made before are forgotten."""
    session[_KEY] = [dict(secrets), int((now + _SHOWN_FOR).timestamp())]


def kept_slips(session: MutableMapping[str, Any], *, now: datetime) -> dict[str, str]:
    """The secrets that may still be shown to the person who made them, by need code."""
    kept = session.get(_KEY)
    return dict(kept[0]) if kept and kept[1] >= now.timestamp() else {}
