"""Measure the lint on whole needs: ``python -m tests.benchmarks.lint_needs [--misses a|b]``.

400 needs by an author who had not read the rules: reason, category, kind, lines in own words. A need that must be
flagged counts as found where any finding stops it or asks for a reason; a clean one as flagged where any does. The
set was cut in two halves at random before the rules were mended after it: only the misses of half "a" were looked
at, so that half "b" tells what the mending is worth. Before it, .459 of "a" and .550 of "b" were found.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.needs.lint import Asked, Draft, DraftLine, Finding, Severity, check_need
from marketplace.needs.models import MONEY_UNIT

NEEDS = Path(__file__).parent.parent / "fixtures" / "lint_needs.jsonl"
HALVES = ("a", "b")
# Labels of older lists that the set uses.
_OLDER = {
    "危房改造": NeedCategory.HOU,
    "生活必需品": NeedCategory.DLY,
    "转移就业": NeedCategory.JOB,
    "技能培训": NeedCategory.JOB,
}
_CATEGORIES = {category.label: category for category in NeedCategory}
# A household that asks for the first time, under the usual caps.
_NOTHING_ASKED = Asked(0, 0, 6, 5_000_000)


@dataclass
class Measured:
    """Counts of needs and of those with a finding, by group; what went wrong, in words."""

    needs: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def share(self, *, clean: bool) -> float:
        """Found among those that must be flagged, or flagged among the clean ones."""
        groups = [group for group in self.needs if group.startswith("clean") == clean]
        return sum(self.found[group] for group in groups) / sum(self.needs[group] for group in groups)


def draft_of(row: dict[str, Any]) -> Draft:
    """A row as a need is checked: lines in own words, without a band; prices in yuan become fen.

    The set has titles, which nobody types here: a title is read as one more thing in own words.
    """
    category = _OLDER.get(row["category"]) or _CATEGORIES[row["category"]]
    kind = next(kind for kind in SupportKind if kind.value == row["kind"])
    title = {"name": row["title"], "quantity": 1, "unit": "", "unit_price": 0}
    return Draft(
        lines=tuple(_line(line, kind) for line in [*row["lines"], title]),
        story=row["why_text"],
        category=category,
        is_village_need=category is NeedCategory.PUB,
        asked=_NOTHING_ASKED,
    )


def _line(line: dict[str, Any], kind: SupportKind) -> DraftLine:
    price = round(line["unit_price"] * 100)
    if kind is SupportKind.MONEY:
        return DraftLine(line["name"], kind, round(line["quantity"] * price), MONEY_UNIT, 1, is_own_words=True)
    return DraftLine(line["name"], kind, line["quantity"], line["unit"], price, is_own_words=True)


def findings_in(row: dict[str, Any]) -> list[Finding]:
    """What stops the need or asks for a reason; that a reason is short counts where it was planted that it is vague."""
    aside = set() if row["group"] == "vague" else {"too_short"}
    found = check_need(draft_of(row))
    return [finding for finding in found if finding.severity is not Severity.NOTE and finding.rule not in aside]


def needs(half: str | None = None) -> Iterator[dict[str, Any]]:
    """The rows of one half, or all."""
    for line in NEEDS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if half in (None, row["half"]):
            yield row


def measure(half: str | None = None) -> Measured:
    """Both kinds of needs of one half, or of all."""
    result = Measured()
    for row in needs(half):
        rules = sorted({finding.rule for finding in findings_in(row)})
        result.needs[row["group"]] += 1
        result.found[row["group"]] += bool(rules)
        if bool(rules) != (row["expect"] == "flag"):
            things = "、".join(line["name"] for line in row["lines"])
            result.wrong.append(f"{row['id']} {row['group']} {rules}: {things} | {row['why_text']} ({row['why']})")
    return result


def report(half: str, *, with_misses: bool) -> str:
    """Recall, share of clean needs flagged, both by group, as lines of text."""
    result = measure(half)
    lines = [f"== half {half}: {sum(result.needs.values())} needs"]
    lines += [f"  {group:14} {result.found[group]:3}/{count}" for group, count in sorted(result.needs.items())]
    lines.append(f"  recall {result.share(clean=False):.3f}, clean needs flagged {result.share(clean=True):.3f}")
    return "\n".join(lines + ["    " + line for line in result.wrong if with_misses]) + "\n"


if __name__ == "__main__":
    for part in HALVES:
        sys.stdout.write(report(part, with_misses=part in sys.argv[2:] and sys.argv[1] == "--misses"))
