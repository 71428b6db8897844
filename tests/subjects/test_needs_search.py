"""Search finds what people mean: twenty queries over 116 texts, and the order that the matches stand in."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import listing, service
from marketplace.needs.facets import Kept
from marketplace.needs.filters import NeedFilters, Sort
from marketplace.needs.listing import RANKED, list_public_needs
from marketplace.needs.models import Decision, Need
from marketplace.regions.models import Division, Level
from tests.factories import NOW, TREE, days_ago, make_need, make_user

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


def test_pages_go_on_past_what_is_ranked_at_once(app: Flask) -> None:
    clerk, reviewer = make_user(), make_user()
    many = RANKED + 3
    with transaction():
        service.insert_needs(
            service.NeedRow(
                code=f"XQ-{position:06d}-00",
                client_key=f"many-{position}",
                division_code=TREE.village,
                poster_id=clerk.id,
                category=NeedCategory.WRM,
                story="家里没有被子",
                lines=(service.LineRow("棉被", SupportKind.GOODS, 1, "床", 100),),
                created_at=days_ago(20),
                submitted_at=days_ago(20),
                published_at=days_ago(10),
                state=NeedState.PUBLISHED,
                reviews=(service.ReviewRow(reviewer.id, Decision.APPROVE, days_ago(10), ("consent",)),),
            )
            for position in range(many)
        )
    filters = NeedFilters(words="棉被", sort=Sort.RELEVANCE)
    pages, cursor = [], None
    while not pages or cursor:
        page = list_public_needs(filters, cursor, now=NOW, size=40)
        pages.append([card.code for card in page.cards])
        cursor = page.next_cursor
        assert len(pages) <= many
    assert [len(page) for page in pages] == [40, 40, many - 80]
    assert len({code for page in pages for code in page}) == page.counts.found == many


def test_a_need_that_left_the_list_since_it_was_read_is_not_shown(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "kept", Kept(many=1))
    first, second = make_need(), make_need()
    for sort in (Sort.WAITING, Sort.SMALL, Sort.NEWEST):
        assert len(list_public_needs(NeedFilters(sort=sort), now=NOW).cards) == 2
    with transaction():
        first.hidden_at = NOW
    for filters in (NeedFilters(), NeedFilters(words="棉被", sort=Sort.RELEVANCE)):
        assert [card.code for card in list_public_needs(filters, now=NOW).cards] == [second.code]


@pytest.mark.parametrize("sort", [Sort.WAITING, Sort.SMALL, Sort.NEWEST])
def test_equals_are_paged_through_once_each_although_the_last_one_shown_has_gone(app: Flask, sort: Sort) -> None:
    codes = [make_need(published_at=days_ago(5)).code for _ in range(5)]
    page = list_public_needs(NeedFilters(sort=sort), now=NOW, size=2)
    seen = [card.code for card in page.cards]
    with transaction() as session:
        session.scalars(sa.select(Need).where(Need.code == seen[-1])).one().hidden_at = NOW
    while page.next_cursor:
        page = list_public_needs(NeedFilters(sort=sort), page.next_cursor, now=NOW, size=2)
        seen += [card.code for card in page.cards]
    assert sorted(seen) == sorted(codes)
