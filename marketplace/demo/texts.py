"""The written needs and offers that the demonstration is told with (CC0, made up, without any person in them)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.core.kinds import DonorType, L, NeedCategory, PovertyCause, SupportKind, find_member

_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class TextLine:
    """One item asked for; ``price_yuan`` is 0 for work, places and lessons."""

    name: str
    quantity: int
    unit: str
    price_yuan: int


@dataclass(frozen=True, slots=True)
class NeedText:
    """A need in words, with its items."""

    id: str
    category: NeedCategory
    kind: SupportKind
    cause: PovertyCause
    is_village_need: bool
    lines: tuple[TextLine, ...]
    story: str


@dataclass(frozen=True, slots=True)
class OfferText:
    """What a donor says it can give."""

    donor_type: DonorType
    kind: SupportKind
    words: str


def read_need_texts() -> list[NeedText]:
    """All need texts, in the file's order."""
    return [
        NeedText(
            id=row["id"],
            category=_member(NeedCategory, row["category"]),
            kind=_member(SupportKind, row["kind"]),
            cause=_member(PovertyCause, row["cause"]),
            is_village_need=row["asker"] == "village",
            lines=tuple(TextLine(**line) for line in row["lines"]),
            story=row["story"],
        )
        for row in _rows("need_texts.jsonl")
    ]


def read_offer_texts() -> list[OfferText]:
    """All offer texts, in the file's order."""
    return [
        OfferText(_member(DonorType, row["donor_type"]), _member(SupportKind, row["kind"]), row["words"])
        for row in _rows("offers.jsonl")
    ]


def _rows(name: str) -> list[dict[str, Any]]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _member(kind: type[L], code: str) -> L:
    member = find_member(kind, code)
    if member is None:
        raise LookupError(f"{kind.__name__} has no code {code!r}")
    return member
