"""Measure the lint on the planted and the clean texts: ``python -m tests.benchmarks.lint_measure [--misses]``.

Planted: a text counts as found where any finding of a kind that stops it or asks for a reason falls on it; recall
by what was planted. Clean: a text counts as flagged where any such finding falls on it. Both in two halves: the
held-out one was written before any rule was tuned. Blind: evasions and clean texts written without knowledge of the
rules, measured once before the rules were mended after them; what they show since then is no longer blind. The
second set was written after that mending, from other angles; its first figures are in the history.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from marketplace.core.kinds import SupportKind
from marketplace.needs.lint import Draft, DraftLine, Finding, Severity, check_need

HALVES = ("tune", "held")
BLIND = {"blind": "lint_blind.jsonl", "second": "lint_blind_second.jsonl"}
FIXTURES = Path(__file__).parent.parent / "fixtures"
_LINE = DraftLine("棉被", SupportKind.GOODS, 1, "床", 18_000, 12_000, 26_000, 6)
# Findings about prices, caps and length say nothing of what is planted.
_ABOUT_WORDS = frozenset(
    {
        *("id_number", "card", "phone", "plate", "chat", "contact", "says_name", "member_name", "name_part"),
        *("village_name", "school", "address", "child_age", "child", "illness", "body"),
        *("luxury", "forbidden", "brand", "complaint", "odd_signs", "vague", "several", "not_chinese"),
    }
)
# A reason that says nothing is refused as too short as well.
_FOUND_BY = {"vague": frozenset({"too_short"})}
PERSONAL = ("id_number", "phone", "card", "plate", "chat", "address", "says_name", "member_name", "school", "minor")
MUST_FIND = (*PERSONAL, "illness", "forbidden")


@dataclass
class Measured:
    """Counts of one half of the texts, and what was missed or flagged for nothing."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    clean: int = 0
    flagged: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    raised: Counter[str] = field(default_factory=Counter)
    wrongly: int = 0

    def recall(self, *kinds: str) -> float:
        """Found among planted of these kinds."""
        return sum(self.found[kind] for kind in kinds) / sum(self.planted[kind] for kind in kinds)


def texts(name: str) -> Iterator[dict[str, str]]:
    """The rows of a fixture."""
    for line in (FIXTURES / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def findings_in(text: str, *, names: tuple[str, ...] = (), kind: str = "") -> list[Finding]:
    """What the lint says of a text, prices and length aside; ``kind`` is what was planted."""
    about = _ABOUT_WORDS | _FOUND_BY.get(kind, frozenset())
    findings = check_need(Draft(lines=(_LINE,), story=text, names=names))
    return [f for f in findings if f.rule in about and f.severity is not Severity.NOTE]


def measure(half: str | None = None) -> Measured:
    """All planted and clean texts, or one half of them ("tune" or "held"), or one of the BLIND sets."""
    result = Measured()
    for row in _rows(half):
        rules = {
            finding.rule for finding in findings_in(row["text"], names=tuple(row.get("names", ())), kind=row["kind"])
        }
        if row["kind"] == "clean":
            result.clean += 1
            result.wrongly += bool(rules)
            result.flagged.update(rules)
            if rules:
                result.wrong.append(f"flagged {sorted(rules)}: {row['text']}")
        else:
            result.planted[row["kind"]] += 1
            result.found[row["kind"]] += bool(rules)
            result.raised.update(rules)
            if not rules:
                result.wrong.append(f"missed {row['kind']}: {row['text']}")
    return result


def _rows(half: str | None) -> Iterator[dict[str, str]]:
    if half in BLIND:
        yield from texts(BLIND[half])
        return
    for row in texts("lint_planted.jsonl"):
        if half in (None, row["half"]):
            yield row
    for row in texts("lint_clean.jsonl"):
        if half in (None, row["half"]):
            yield {"kind": "clean", **row}


def report(half: str, *, with_misses: bool) -> str:
    """Recall by kind, precision by rule, and the share of clean texts flagged, as lines of text."""
    result = measure(half)
    lines = [f"== {half}: {sum(result.planted.values())} planted, {result.clean} clean"]
    lines += [f"  recall {kind:12} {result.found[kind]:3}/{count}" for kind, count in result.planted.items()]
    lines.append(f"  recall, personal data and forbidden: {result.recall(*MUST_FIND):.3f}")
    for rule, count in sorted(result.raised.items()):
        lines.append(f"  precision {rule:12} {count / (count + result.flagged[rule]):.3f}")
    lines.append(f"  clean texts flagged: {result.wrongly}/{result.clean} = {result.wrongly / result.clean:.3f}")
    return "\n".join(lines + ["    " + line for line in result.wrong if with_misses]) + "\n"


if __name__ == "__main__":
    for part in (*HALVES, *BLIND):
        sys.stdout.write(report(part, with_misses="--misses" in sys.argv))
