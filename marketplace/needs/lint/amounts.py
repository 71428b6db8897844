"""Prices against the reference band, quantities and sums against the caps (R-V7)."""

from collections.abc import Iterator

from marketplace.core.kinds import SupportKind
from marketplace.core.money import Money
from marketplace.needs.lint.model import Draft, DraftLine, Finding, Severity, line_field


def price(draft: Draft) -> Iterator[Finding]:
    """A price outside the reference band, and what has none."""
    for position, line in enumerate(draft.lines):
        where = line_field(position)
        if line.low_fen is None or line.high_fen is None:
            if line.price_fen:
                yield Finding(
                    "no_reference", Severity.NOTE, "%(name)s: there is no reference price.", where, {"name": line.name}
                )
        elif line.price_fen > line.high_fen:
            yield Finding(
                "price_high",
                Severity.FLAG,
                "%(name)s: %(price)s yuan is %(percent)s %% above the reference price %(low)s–%(high)s yuan.",
                where,
                {**_band(line), "percent": _percent_above(line)},
            )
        elif line.price_fen < line.low_fen:
            yield Finding(
                "price_low",
                Severity.NOTE,
                "%(name)s: %(price)s yuan is below the reference price %(low)s–%(high)s yuan.",
                where,
                _band(line),
            )


def quantity(draft: Draft) -> Iterator[Finding]:
    """More than one household may ask for at once (R-V7)."""
    for position, line in enumerate(draft.lines):
        over = line.most is not None and line.kind is not SupportKind.MONEY and line.quantity > line.most
        if over and not draft.is_village_need:
            yield Finding(
                "over_cap",
                Severity.REFUSE,
                "%(name)s: the quantity must be between 1 and %(most)s (the most for one household).",
                line_field(position),
                {"name": line.name, "most": line.most},
            )


def caps(draft: Draft) -> Iterator[Finding]:
    """More needs, or more value, than one household may ask for within a period (R-V7)."""
    asked = draft.asked
    if asked is None or draft.is_village_need:
        return
    if asked.needs >= asked.most_needs:
        yield Finding(
            "needs_cap",
            Severity.FLAG,
            "This household has asked %(needs)s times within 180 days; %(most)s are usual at most.",
            "line-0",
            {"needs": asked.needs, "most": asked.most_needs},
        )
    if draft.value_fen + asked.value_fen > asked.most_fen:
        yield Finding(
            "value_cap",
            Severity.FLAG,
            "With this need the household asks for %(sum)s yuan within a year; the cap is %(most)s yuan.",
            "line-0",
            {"sum": Money(draft.value_fen + asked.value_fen).short, "most": Money(asked.most_fen).short},
        )


def _band(line: DraftLine) -> dict[str, object]:
    return {
        "name": line.name,
        "price": Money(line.price_fen).short,
        "low": Money(line.low_fen or 0).short,
        "high": Money(line.high_fen or 0).short,
    }


def _percent_above(line: DraftLine) -> int:
    """How far above the top of the band, rounded up."""
    high = line.high_fen or 1
    return -(-(line.price_fen - high) * 100 // high)
