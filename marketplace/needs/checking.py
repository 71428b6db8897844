"""Gather what the lint must know about a need: its lines with their bands, the household's names and recent needs."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.core.errors import Invalid
from marketplace.db import db
from marketplace.households.models import Household, Member
from marketplace.needs.bands import bands_for
from marketplace.needs.caps import NEVER_ASKED, asked_by
from marketplace.needs.catalogue import items_by_id, items_called
from marketplace.needs.lint import Draft, DraftLine, Finding, check_need, refusals
from marketplace.needs.models import Need, NeedLine
from marketplace.needs.similar import COMPARED_WITHIN, stories_to_compare
from marketplace.regions.models import Division

ENTRY_PENDING = "The household's entry into the register has not passed its notice: the need is published after it."
# Endings that a village's name carries in the register and nobody writes in a story.
_VILLAGE_ENDINGS = ("村民委员会", "居民委员会", "社区居委会", "村委会", "居委会", "社区", "村")


def is_entry_pending(need: Need) -> bool:
    """True where the household is new to the register and its entry has not passed a notice yet (R-V4)."""
    household = db.session.get(Household, need.household_id) if need.household_id is not None else None
    return household is not None and household.entry_pending


def lint_of(need: Need, *, now: datetime) -> list[Finding]:
    """The findings on a need as it is stored now; at review they are worked out anew."""
    return check_need(draft_of(need, now=now))


def draft_of(need: Need, *, now: datetime) -> Draft:
    """The need as the lint sees it."""
    items = items_by_id({line.item_id for line in need.lines if line.item_id is not None})
    called = items_called({line.name for line in need.lines if line.item_id is None})
    bands = bands_for([*items.values(), *called], area=need.division_code)
    lines = []
    for line in need.lines:
        item = items.get(line.item_id or 0)
        # What somebody wrote in own words costs no more than the thing of that name and unit in the catalogue.
        same = [item] if item else [i for i in called if i.unit == line.unit and line.name in (i.name, i.full_name)]
        lines.append(
            DraftLine(
                name=line.name,
                kind=line.kind,
                quantity=line.quantity,
                unit=line.unit,
                unit_price_fen=line.unit_price_fen,
                low_fen=min((bands[i.id].low_fen for i in same), default=None),
                high_fen=max((bands[i.id].high_fen for i in same), default=None),
                most=max((i.most for i in same), default=None),
                is_own_words=item is None,
                category=item.category if item else None,
            )
        )
    household = db.session.get(Household, need.household_id) if need.household_id is not None else None
    own, others = _stories(need, now=now)
    return Draft(
        lines=tuple(lines),
        story=need.story,
        names=_names(need.household_id),
        village=village_stem(need.division_code),
        recent=tuple(_recent(need, now=now)),
        own_stories=tuple(own),
        other_stories=tuple(others),
        is_village_need=need.household_id is None,
        category=need.category,
        cause=household.main_cause if household else None,
        asked=asked_by(household.id, but=need, now=now) if household else None,
    )


def raise_refusals(findings: list[Finding]) -> None:
    """Stop where a finding refuses the need, with the sentence of each at its field."""
    errors = [Invalid(finding.message, field=finding.field, **finding.params) for finding in refusals(findings)]
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]


def village_stem(code: str) -> str:
    """The village's name as people say it: ``温拖`` for 温拖村民委员会; empty above the village."""
    name = (
        db.session.scalar(sa.select(Division.name).where(Division.code == code, Division.code.not_like("%000"))) or ""
    )
    for ending in _VILLAGE_ENDINGS:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def _names(household_id: int | None) -> tuple[str, ...]:
    if household_id is None:
        return ()
    members = db.session.scalars(sa.select(Member.name).where(Member.household_id == household_id))
    head = db.session.scalar(sa.select(Household.head_name).where(Household.id == household_id))
    return tuple(dict.fromkeys([*members, *([head] if head else [])]))


def _recent(need: Need, *, now: datetime) -> list[tuple[str, str]]:
    if need.household_id is None:
        return []
    rows = db.session.execute(
        sa.select(NeedLine.name, Need.code)
        .join(Need, NeedLine.need_id == Need.id)
        .where(
            Need.household_id == need.household_id,
            Need.id != need.id,
            Need.state.not_in(NEVER_ASKED),
            Need.submitted_at > now - COMPARED_WITHIN,
        )
        .order_by(Need.submitted_at.desc())
    )
    return [(row.name, row.code) for row in rows]


def _stories(need: Need, *, now: datetime) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Code and reason of needs to compare with: this household's, and others' of the county."""
    rows = stories_to_compare(need, now=now)
    is_own = [need.household_id is not None and row.household_id == need.household_id for row in rows]
    own = [(row.code, row.story) for row, mine in zip(rows, is_own, strict=True) if mine]
    others = [(row.code, row.story) for row, mine in zip(rows, is_own, strict=True) if not mine]
    return own, others
