"""What is wrong or doubtful about a need before others see it: small rules, each with a sentence that says what to do.

A rule takes a Draft and yields findings; RULES lists them. Posting and review run the same list.
"""

from collections.abc import Callable, Iterable, Sequence

from marketplace.needs.lint.amounts import caps, price, quantity
from marketplace.needs.lint.fitting import category_fits, cause_fits, room_of, several, wishes_of
from marketplace.needs.lint.fixes import RULE_NAMES
from marketplace.needs.lint.illness import illness
from marketplace.needs.lint.minors import minors
from marketplace.needs.lint.model import Asked, Draft, DraftLine, Finding, Severity, line_field
from marketplace.needs.lint.people import names
from marketplace.needs.lint.personal import personal_data
from marketplace.needs.lint.repeats import duplicate, near_copy
from marketplace.needs.lint.wording import LONGEST_STORY, SHORTEST_STORY, vague
from marketplace.needs.lint.words import odd_signs, words_to_look_at

__all__ = [
    "LONGEST_STORY",
    "RULES",
    "RULE_NAMES",
    "SHORTEST_STORY",
    "Asked",
    "Draft",
    "DraftLine",
    "Finding",
    "Severity",
    "check_need",
    "flags",
    "illness",
    "line_field",
    "minors",
    "names",
    "personal_data",
    "refusals",
    "room_of",
    "wishes_of",
]

RULES: Sequence[Callable[[Draft], Iterable[Finding]]] = (
    personal_data,
    names,
    minors,
    illness,
    vague,
    quantity,
    words_to_look_at,
    odd_signs,
    price,
    caps,
    several,
    duplicate,
    near_copy,
    category_fits,
    cause_fits,
)


def check_need(draft: Draft) -> list[Finding]:
    """Every finding of every rule, the grave ones first."""
    found = [finding for rule in RULES for finding in rule(draft)]
    order = list(Severity)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def refusals(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop the need."""
    return [finding for finding in findings if finding.severity is Severity.REFUSE]


def flags(findings: Iterable[Finding]) -> list[Finding]:
    """Those that ask for a reason, one of each rule."""
    return list({finding.rule: finding for finding in findings if finding.asks_reason}.values())
