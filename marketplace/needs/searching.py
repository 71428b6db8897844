"""Search of needs as people type: two characters, homophones, traditional characters, pinyin, places.

The index finds (db.search); ranking is by where each word stands, then by likeness (RapidFuzz).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from rapidfuzz import fuzz

from marketplace.core.text import SYNONYMS, bigrams, normal_form, pinyin, query_tokens
from marketplace.db import db
from marketplace.db.search import found_ids
from marketplace.needs.facets import Ints
from marketplace.needs.models import Need
from marketplace.needs.places import public_places

LONGEST_QUERY = 100
_SAME = {word: row for row in SYNONYMS for word in row}
# Those that have waited longest are ranked in every search that finds them.
_normal = lru_cache(maxsize=10_000)(normal_form)
# What a word is worth by where it stands; likeness only orders what is otherwise alike.
_IN_TITLE, _IN_STORY, _IN_PLACE, _IN_CATEGORY, _BY_SYNONYM, _BY_LIKENESS = 6.0, 4.0, 4.0, 1.5, 0.6, 1.0


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed query: its words and, per piece of a word, the tokens of which any may stand in a need."""

    terms: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, typed: str) -> "Search | None":
        """The search that was typed, or None where it holds no letter at all."""
        terms = tuple(normal_form(typed[:LONGEST_QUERY]).split())
        groups = tuple(group for term in terms for group in _pieces(term))
        return cls(terms, groups) if groups else None

    def all_words(self) -> Ints:
        """Ids of the needs that hold every piece of every word, by character or by sound."""
        return found_ids(db.session, self.groups)

    def some_words(self) -> Ints:
        """Ids of the needs that hold any piece of any word."""
        anything = tuple(dict.fromkeys(token for group in self.groups for token in group))
        return found_ids(db.session, [anything])

    def ranked(self, ids: Sequence[int]) -> list[int]:
        """The same ids, best first; equals keep their order."""
        rows = db.session.execute(
            sa.select(Need.id, Need.title, Need.story, Need.category, Need.division_code).where(Need.id.in_(ids))
        ).all()
        places = {
            code: _normal(" ".join(names)) for code, names in public_places({row.division_code for row in rows}).items()
        }
        scores = {
            row.id: self._score(
                title=_normal(row.title),
                story=_normal(row.story),
                place=places[row.division_code],
                category=row.category.label if row.category else "",
            )
            for row in rows
        }
        return sorted(ids, key=lambda id_: -scores[id_])

    def _score(self, *, title: str, story: str, place: str, category: str) -> float:
        total = 0.0
        for term in self.terms:
            total += max(
                [_found(term, title=title, story=story, place=place, category=category)]
                + [
                    _BY_SYNONYM * _found(word, title=title, story=story, place=place, category=category)
                    for word in _SAME.get(term, ())
                ]
            )
            total += _BY_LIKENESS * fuzz.partial_ratio(term, f"{title} {story}") / 100
        return total


def _found(word: str, *, title: str, story: str, place: str, category: str) -> float:
    return (
        _IN_TITLE * (word in title)
        + _IN_STORY * (word in story)
        + _IN_PLACE * (word in place)
        + _IN_CATEGORY * (word in category)
    )


def _pieces(term: str) -> list[tuple[str, ...]]:
    """Per pair of characters: the pair, its sound, or a synonym of the whole word; Latin words stand whole."""
    pairs = bigrams(term)
    if not pairs:
        return [tuple(group) for group in query_tokens(term)]
    row = _SAME.get(term, ())
    same = [*row[:1], *(pinyin(word) for word in (term, *row))]
    return [tuple(dict.fromkeys([pair, *_sound(pair), *same])) for pair in pairs]


def _sound(pair: str) -> list[str]:
    return ["py" + pinyin(pair)] if len(pair) > 1 else []
