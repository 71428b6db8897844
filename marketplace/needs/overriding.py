"""A finding that stands out may be overridden, by a reason code that is kept and counted in public."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Invalid
from marketplace.db import db
from marketplace.needs.lint import Finding, flags
from marketplace.needs.models import Need, NeedOverride, OverrideReason, OverrideStage

_R = OverrideReason
# Which reasons can be meant for a rule; a rule that is not named takes the last two of all.
_REASONS: Mapping[str, tuple[OverrideReason, ...]] = {
    "price_high": (_R.LOCAL_PRICE, _R.WRITTEN_APPROVAL),
    "duplicate": (_R.OTHER_PERSON, _R.WORN_OUT, _R.REGULAR),
    "same_story": (_R.OTHER_PERSON, _R.WORN_OUT, _R.REGULAR),
    "near_copy": (_R.SAME_EVENT, _R.VISITED),
    "category_odd": (_R.BELONG_TOGETHER, _R.OTHER_MEANING),
    "several": (_R.BELONG_TOGETHER,),
    "needs_cap": (_R.WRITTEN_APPROVAL,),
    "value_cap": (_R.WRITTEN_APPROVAL,),
    "child": (_R.NOBODY_KNOWN, _R.OTHER_MEANING),
    "illness": (_R.NOBODY_KNOWN, _R.OTHER_MEANING),
    "body": (_R.NOBODY_KNOWN, _R.OTHER_MEANING),
    "name_part": (_R.OTHER_MEANING,),
}
_USUAL = (_R.OTHER_MEANING, _R.VISITED)
REMARK = "override-"


def reasons_for(rule: str) -> tuple[OverrideReason, ...]:
    """The reasons that a finding of this rule may be overridden with."""
    return _REASONS.get(rule, _USUAL)


def override_findings(
    need: Need,
    findings: Iterable[Finding],
    *,
    reasons: Mapping[str, OverrideReason],
    stage: OverrideStage,
    by: Actor,
    now: datetime,
) -> None:
    """Keep a reason for each finding that asks for one; ``reasons`` is by rule.

    Raises Invalid at ``override-<rule>`` where a reason is missing or cannot be meant for the rule.
    """
    if by.user_id is None:
        raise Invalid("A need is reviewed by a person.")
    asking = flags(findings)
    for finding in asking:
        if reasons.get(finding.rule) not in reasons_for(finding.rule):
            raise Invalid(
                "Something stands out here: choose why it may go on all the same, or change it.",
                field=REMARK + finding.rule,
            )
    old = sa.delete(NeedOverride).where(NeedOverride.need_id == need.id, NeedOverride.stage == stage)
    db.session.execute(old)
    for finding in asking:
        reason = reasons[finding.rule]
        row = NeedOverride(need_id=need.id, rule=finding.rule, reason=reason, stage=stage, user_id=by.user_id, at=now)
        db.session.add(row)
    db.session.flush()
    if asking:
        audit.record(
            by,
            "need.override",
            subject="need",
            subject_id=need.id,
            at=now,
            division=need.division_code,
            stage=stage.value,
            rules=[f"{finding.rule}:{reasons[finding.rule].value}" for finding in asking],
        )


def list_overrides(need: Need) -> list[NeedOverride]:
    """What was overridden on this need, at posting and at review."""
    wanted = (
        sa.select(NeedOverride).where(NeedOverride.need_id == need.id).order_by(NeedOverride.stage, NeedOverride.id)
    )
    return list(db.session.scalars(wanted))


def override_totals() -> list[tuple[str, OverrideReason, int]]:
    """How often reviewers published a need in spite of a rule, by reason; most often first. Public: counts alone."""
    counted = (
        sa.select(NeedOverride.rule, NeedOverride.reason, sa.func.count().label("times"))
        .join(Need, Need.id == NeedOverride.need_id)
        .where(NeedOverride.stage == OverrideStage.REVIEW, Need.published_at.is_not(None))
        .group_by(NeedOverride.rule, NeedOverride.reason)
        .order_by(sa.desc("times"), NeedOverride.rule, NeedOverride.reason)
    )
    return [(row.rule, row.reason, row.times) for row in db.session.execute(counted)]
