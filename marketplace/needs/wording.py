"""Words made from a need's lines: its title, its kind and worth, and what it can be searched by."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.money import Money
from marketplace.core.text import index_tokens, normal_form
from marketplace.needs.models import MONEY_UNIT

LONGEST_TITLE = 140
_LAST_OF_RUN = re.compile(r"[\u3400-\u9fff](?![\u3400-\u9fff])")


class LineLike(Protocol):
    """A line as it is stored or about to be."""

    @property
    def name(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit(self) -> str: ...
    @property
    def unit_price_fen(self) -> int: ...
    @property
    def kind(self) -> SupportKind: ...


def amount_words(line: LineLike) -> str:
    """``4 床``; a money line reads ``8,000 元``."""
    if line.unit == MONEY_UNIT:
        return f"{Money(line.quantity).short} 元"
    return f"{line.quantity:,} {line.unit}"


def short_name(name: str) -> str:
    """The item without its size in brackets: ``棉被（3 公斤，双人）`` -> ``棉被``."""
    return name.split("（")[0].strip() or name


def title_of(lines: Sequence[LineLike]) -> str:
    """``棉被 4 床、取暖炉 1 台``; what does not fit is counted at the end."""
    parts = [f"{short_name(line.name)} {amount_words(line)}" for line in lines]
    for shown in range(len(parts), 0, -1):
        rest = f" 等 {len(parts)} 样" if shown < len(parts) else ""
        title = "、".join(parts[:shown]) + rest
        if len(title) <= LONGEST_TITLE:
            return title
    return parts[0][:LONGEST_TITLE] if parts else ""


def value_of(lines: Iterable[LineLike]) -> int:
    """Quantity times unit price over all lines, in fen."""
    return sum(line.quantity * line.unit_price_fen for line in lines)


def kind_of(lines: Sequence[LineLike]) -> SupportKind:
    """The kind of the line that is worth most; the first of equals."""
    return max(lines, key=lambda line: line.quantity * line.unit_price_fen).kind


def search_tokens(
    *,
    title: str,
    story: str,
    lines: Iterable[LineLike],
    category: NeedCategory | None,
    kind: SupportKind | None,
    places: Iterable[str],
) -> list[str]:
    """What a need is found by: items, reason, category, kind, county and township; never the village."""
    words = [title, story, *(line.name for line in lines), *places]
    words += [category.label if category else "", kind.label if kind else ""]
    text = "\n".join(words)
    # A single character is looked for at the head of a pair: the last one of a run heads none.
    return sorted({*index_tokens(text), *_LAST_OF_RUN.findall(normal_form(text))})
