"""The main navigation: what a reader, a donor and a member of staff find at the top of each page."""

from dataclasses import dataclass

from flask import request
from flask_babel import gettext as _

from marketplace.core.actor import Actor
from marketplace.core.permissions import Permission

_PLEDGE_PAGES = ("/my",)
_DESK_PAGES = ("/desk",)
_OPEN_PAGES = ("/disclosure", "/statistics", "/notices")
_METHOD_PAGES = ("/how-we-count",)


@dataclass(frozen=True, slots=True)
class Tab:
    """One entry of the main navigation."""

    word: str
    href: str
    current: bool


def tabs_for(actor: Actor) -> list[Tab]:
    """At most five, so that they fit a telephone; working pages take the place of the explanation."""
    tabs = [_tab(_("Home"), "/"), _tab(_("Needs"), "/needs", "/needs", "/divisions")]
    tabs.append(_tab(_("Disclosure"), "/disclosure", *_OPEN_PAGES))
    if actor.donor_id is not None or actor.has(Permission.PLEDGE_MAKE):
        tabs.append(_tab(_("My help"), "/my", *_PLEDGE_PAGES))
    if actor.has(Permission.DESK_OPEN):
        tabs.append(_tab(_("To do"), "/desk", *_DESK_PAGES))
    elif actor.has(Permission.OWN_NEED_CONFIRM):
        tabs.append(_tab(_("My needs"), "/desk/needs", *_DESK_PAGES))
    if len(tabs) == 3:
        tabs.append(_tab(_("How we count"), "/how-we-count", *_METHOD_PAGES))
    return tabs


def _tab(word: str, href: str, *sections: str) -> Tab:
    path = request.path
    current = path == href or any(path == s or path.startswith(f"{s}/") for s in sections)
    return Tab(word=word, href=href, current=current)
