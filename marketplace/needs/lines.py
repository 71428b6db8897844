"""The lines of a draft: made from the catalogue, put in order, summed up in the title."""

from collections.abc import Collection, Sequence

from marketplace.core.kinds import SupportKind
from marketplace.db import db
from marketplace.needs.bands import bands_for
from marketplace.needs.models import CatalogueItem, Need, NeedLine
from marketplace.needs.wording import kind_of, title_of, value_of


def lines_of(items: Collection[CatalogueItem], *, area: str) -> list[NeedLine]:
    """One piece of each item at what it usually costs in the county of ``area``; money at its usual amount."""
    bands = bands_for(items, area=area)
    return [_line(item, bands[item.id].typical_fen) for item in items]


def _line(item: CatalogueItem, typical_fen: int) -> NeedLine:
    is_money = item.kind is SupportKind.MONEY
    return NeedLine(
        item_id=item.id,
        kind=item.kind,
        name=item.full_name,
        quantity=max(typical_fen, 1) if is_money else 1,
        unit=item.unit,
        unit_price_fen=1 if is_money else typical_fen,
    )


def set_lines(need: Need, lines: Sequence[NeedLine]) -> None:
    """Put the lines in this order; positions are unique, so that they are vacated first."""
    for line in need.lines:
        line.position += 1000
    db.session.flush()
    need.lines = list(lines)
    for position, line in enumerate(lines):
        line.position = position
    db.session.flush()
    retitle(need)


def retitle(need: Need) -> None:
    """Title, value and kind follow the lines."""
    need.title = title_of(need.lines)
    need.value_fen = value_of(need.lines)
    need.kind = kind_of(need.lines) if need.lines else None
    db.session.flush()
