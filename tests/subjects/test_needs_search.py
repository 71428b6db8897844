"""Search finds what people mean: twenty queries over 116 texts, and the order that the matches stand in."""

import json
from pathlib import Path

import pytest
from flask import Flask

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import service
from marketplace.needs.listing import NeedFilters, Sort, list_public_needs
from marketplace.needs.models import Decision
from marketplace.regions.models import Division, Level
from tests.factories import NOW, TREE, days_ago, make_user

FIXTURES = Path(__file__).parent.parent / "fixtures"
TEXTS = [json.loads(line) for line in (FIXTURES / "need_texts.jsonl").read_text(encoding="utf-8").splitlines()]
SEARCHES: dict[str, list[str]] = json.loads((FIXTURES / "searches.json").read_text(encoding="utf-8"))
TARGET = 0.95
_LONGEST = 500


@pytest.fixture
def ids(app: Flask) -> dict[str, str]:
    """Every text as a public need in its county; maps the need's code to the text's id."""
    clerk, reviewer = make_user(), make_user()
    counties = {name: f"5133{number:02d}000000" for number, name in enumerate(_counties(), start=50)}
    with transaction() as session:
        for name, code in counties.items():
            session.add(Division(code=code, name=name, level=Level.COUNTY, parent_code=TREE.prefecture))
        session.flush()
        needs = service.insert_needs(
            service.NeedRow(
                code=f"XQ-{position:06d}-00",
                client_key=text["id"],
                division_code=counties.get(text["county"], TREE.village),
                poster_id=clerk.id,
                category=_category(text["category"]),
                story=text["text"][:_LONGEST],
                lines=(_line(text),),
                created_at=days_ago(200),
                submitted_at=days_ago(200),
                published_at=days_ago(190 - position),
                state=NeedState.PUBLISHED,
                reviews=(service.ReviewRow(reviewer.id, Decision.APPROVE, days_ago(190), ("consent",)),),
            )
            for position, text in enumerate(TEXTS)
        )
    return {need.code: text["id"] for need, text in zip(needs, TEXTS, strict=True)}


def _counties() -> list[str]:
    return sorted({text["county"] for text in TEXTS if text["county"]})


def _category(label: str) -> NeedCategory:
    return next((category for category in NeedCategory if category.label == label), NeedCategory.DLY)


def _line(text: dict[str, str]) -> service.LineRow:
    """A line that says nothing: what is found must be found by the text, the category and the place."""
    if text["kind"] == "money":
        return service.LineRow("款", SupportKind.MONEY, 100_000, "fen", 1)
    return service.LineRow("物", SupportKind.GOODS, 1, "件", 100)


def _found(words: str, ids: dict[str, str], most: int = 10) -> list[str]:
    db.session.rollback()
    page = list_public_needs(NeedFilters(words=words, sort=Sort.RELEVANCE), now=NOW, size=most)
    return [ids[card.code] for card in [*page.cards, *page.near]][:most]


def _recall(words: str, relevant: list[str], ids: dict[str, str]) -> float:
    """Share of the relevant needs among the first ten; of more than ten, ten can be there."""
    return len(set(_found(words, ids)) & set(relevant)) / min(10, len(relevant))


def test_twenty_searches_find_what_was_meant(ids: dict[str, str]) -> None:
    recalls = {words: _recall(words, relevant, ids) for words, relevant in SEARCHES.items()}
    mean = sum(recalls.values()) / len(recalls)
    assert mean >= TARGET, {words: (round(r, 2), _found(words, ids)) for words, r in recalls.items() if r < 1}


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("mianbei", "au-029"),
        ("绵被 石渠", "au-029"),
        ("棉被 石渠縣", "au-029"),
        ("家裡沒有棉被", "edge-14"),
        ("輪椅", "au-019"),
        ("轮倚", "au-019"),
        ("ང་ལ་ཉལ་ཆས", "edge-12"),
        ("制氧机", "au-015"),
    ],
)
def test_search_understands_how_people_type(ids: dict[str, str], typed: str, wanted: str) -> None:
    assert wanted in _found(typed, ids)


def test_item_in_the_place_that_was_named_stands_first(ids: dict[str, str]) -> None:
    assert _found("棉被 石渠", ids)[0] == "au-029"


def test_best_matches_can_be_paged_through(ids: dict[str, str]) -> None:
    filters = NeedFilters(words="被子", sort=Sort.RELEVANCE)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = list_public_needs(filters, cursor, now=NOW, size=4)
        seen += [card.code for card in page.cards]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == page.counts.found
