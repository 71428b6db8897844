"""What stands out on a need, as fields that ask why it may go on all the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from marketplace.core.kinds import find_member
from marketplace.needs.lint import RULE_NAMES, Finding, flags
from marketplace.needs.models import NeedOverride, OverrideReason
from marketplace.needs.overriding import REMARK, override_totals, reasons_for
from marketplace.web.filters import term
from marketplace.web.i18n import say


@dataclass(frozen=True, slots=True)
class Question:
    """One remark that asks for a reason: the field's name, what was found, how to mend it, what may be chosen."""

    name: str
    remark: str
    fix: str
    choices: list[tuple[str, str]]
    chosen: str
    is_splittable: bool


def questions(
    findings: Iterable[Finding],
    *,
    typed: Mapping[str, str],
    earlier: Iterable[NeedOverride] = (),
) -> list[Question]:
    """A question for each finding that may be overridden; what was chosen before stays chosen."""
    before = {REMARK + row.rule: row.reason.value for row in earlier}
    asked = []
    for finding in flags(findings):
        name = REMARK + finding.rule
        asked.append(
            Question(
                name=name,
                remark=say(finding.message, **finding.params),
                fix=say(finding.fix) if finding.fix else "",
                choices=[(reason.value, str(term(reason))) for reason in reasons_for(finding.rule)],
                chosen=typed.get(name) or before.get(name, ""),
                is_splittable=finding.rule == "several",
            )
        )
    return asked


def overrides_in(typed: Mapping[str, str]) -> dict[str, OverrideReason]:
    """The reasons chosen in a form, by rule."""
    chosen = {
        name.removeprefix(REMARK): find_member(OverrideReason, code)
        for name, code in typed.items()
        if name.startswith(REMARK)
    }
    return {rule: reason for rule, reason in chosen.items() if reason is not None}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many public needs went through in spite of a rule, for a reason; the rule's name in the reader's words."""

    rule: str
    reason: OverrideReason
    times: int


def overrides_counted() -> list[Counted]:
    """The table of the public page, the most frequent first."""
    return [Counted(say(RULE_NAMES.get(rule, rule)), reason, times) for rule, reason, times in override_totals()]
