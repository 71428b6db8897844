"""What happened to a need, as the public may read it: months, never days (a day tells whose visit it was)."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from marketplace.db.clock import CHINA
from marketplace.needs.models import Need


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the timeline, for templates/components/timeline.html."""

    icon: str
    title: str
    text: str
    done: bool
    at: None = None


def month_of(moment: datetime) -> str:
    """``2018-10`` in China."""
    return f"{moment.astimezone(CHINA):%Y-%m}"


def timeline_of(need: Need) -> list[Event]:
    """Posted, reviewed and published, covered, delivered, confirmed: what is still to come has no month."""
    steps: list[tuple[str, str, datetime | None]] = [
        ("pen", _("Posted by the village clerk"), need.submitted_at or need.created_at),
        ("shield", _("Reviewed and published"), need.published_at),
        ("full", _("Everything is pledged"), need.pledged_at),
        ("box", _("Delivered"), need.delivered_at),
        ("seal", _("Confirmed by the household and a second person"), need.confirmed_at),
    ]
    return [
        Event(icon, title, month_of(at), True) if at else Event("wait", title, _("still to come"), False)
        for icon, title, at in steps
    ]
