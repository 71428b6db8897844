"""Make public needs findable by their items, reason, category and place."""

from collections.abc import Sequence

from marketplace.db import db
from marketplace.db.search import index_many, index_need
from marketplace.needs.models import Need
from marketplace.needs.places import public_places
from marketplace.needs.wording import search_tokens


def index_public_need(need: Need) -> None:
    """Let a need be found; replaces what it was found by before."""
    places = public_places([need.division_code])[need.division_code]
    index_need(db.session, need.id, _tokens(need, places))


def index_new_needs(needs: Sequence[Need]) -> None:
    """index_public_need for needs that are not in the index yet, in one statement."""
    places = public_places({need.division_code for need in needs})
    index_many(db.session, [(need.id, _tokens(need, places[need.division_code])) for need in needs])


def _tokens(need: Need, places: Sequence[str]) -> list[str]:
    return search_tokens(
        title=need.title, story=need.story, lines=need.lines, category=need.category, kind=need.kind, places=places
    )
