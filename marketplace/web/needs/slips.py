"""A slip's secret between the request that made it and the page that prints it: in the session, for ten minutes."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_KEY = "slip"
_SHOWN_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SlipShown:
    """Which need's secret may still be shown to the person who made it."""

    code: str
    secret: str

    def keep(self, session: MutableMapping[str, Any], *, now: datetime) -> None:
        """Let the slip page show it for a while; a later slip takes its place."""
        session[_KEY] = [self.code, self.secret, int((now + _SHOWN_FOR).timestamp())]

    @classmethod
    def find(cls, session: MutableMapping[str, Any], code: str, *, now: datetime) -> "SlipShown | None":
        """The secret of this need's slip while it may be shown."""
        kept = session.get(_KEY)
        if not kept or kept[0] != code or kept[2] < now.timestamp():
            return None
        return cls(kept[0], kept[1])
