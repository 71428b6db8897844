"""Findings of the lint as the pages show them: a sign, a tone and a sentence in the reader's language."""

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.needs.checking import ENTRY_PENDING, is_entry_pending
from marketplace.needs.lint import Finding, Severity
from marketplace.needs.models import MONEY_UNIT, Need
from marketplace.web.i18n import say

_LOOKS = {Severity.REFUSE: ("stop", "bad"), Severity.FLAG: ("late", "late"), Severity.NOTE: ("wait", "wait")}
_PRICES = "Prices lie within the reference band"
# What is looked for whenever a need is checked, with the rules that would have said so.
_CHECKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("No repetition within 180 days", frozenset({"duplicate", "same_story", "near_copy"})),
    (
        "No name, phone or ID number found",
        frozenset(
            {
                "id_number",
                "card",
                "phone",
                "plate",
                "chat",
                "contact",
                "says_name",
                "school",
                "address",
                "member_name",
                "village_name",
                "child_age",
                "child",
                "illness",
                "body",
                "name_part",
            }
        ),
    ),
    (_PRICES, frozenset({"price_high", "price_low", "no_reference"})),
    ("No luxury, brand or forbidden word", frozenset({"luxury", "brand", "forbidden", "complaint"})),
)


@dataclass(frozen=True, slots=True)
class Remark:
    """One line of the list of checks."""

    sign: str
    tone: str
    text: str
    is_good: bool


def remarks_of(findings: Iterable[Finding], *, need: Need) -> list[Remark]:
    """What stands out first, then what was looked at and found in order; prices only where there are any."""
    found = list(findings)
    broken = {finding.rule for finding in found}
    waits = [Remark(*_LOOKS[Severity.NOTE], say(ENTRY_PENDING), False)] if is_entry_pending(need) else []
    bad = [Remark(*_LOOKS[f.severity], say(f.message, **f.params), False) for f in found]
    has_prices = any(line.unit_price_fen and line.unit != MONEY_UNIT for line in need.lines)
    looked_at = [(message, rules) for message, rules in _CHECKS if has_prices or message != _PRICES]
    good = [Remark("ok", "", say(message), True) for message, rules in looked_at if not rules & broken]
    return [*waits, *bad, *good]
