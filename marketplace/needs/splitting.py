"""Two needs in one draft become two drafts: small needs find donors sooner."""

from datetime import datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix, new_code
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.kinds import NeedCategory
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.needs import policy
from marketplace.needs.catalogue import items_by_id, search_items
from marketplace.needs.lines import lines_of, retitle, set_lines
from marketplace.needs.lint import room_of, wishes_of
from marketplace.needs.models import CatalogueItem, Need, NeedLine
from marketplace.needs.queries import get_need

_EDITABLE = (NeedState.DRAFT, NeedState.RETURNED)


def split_need(code: str, *, by: Actor, now: datetime) -> tuple[Need, Need]:
    """Move what does not belong with the rest into a second draft; returns both.

    Lines of another kind move; where the lines agree, what the reason asks for besides becomes the second draft's
    lines, as the catalogue has it. The reason stands in both until somebody shortens it; agreement is given anew.
    Split twice by accident, the second call finds nothing to split. Raises Invalid where all belongs together.
    """
    need = get_need(code, actor=by)
    policy.ensure_can_edit(by, need)
    if need.state not in _EDITABLE:
        raise Conflict("This need has been sent: it can no longer be changed.")
    moved = _lines_apart(need)
    added = [] if moved else _wished_apart(need)
    if not moved and not added:
        raise Invalid("All of this need belongs together: there is nothing to split.")
    second = Need(
        code=new_code(Prefix.NEED),
        household_id=need.household_id,
        division_code=need.division_code,
        poster_id=by.user_id or need.poster_id,
        client_key=f"split-{need.code}-{_times_split(need) + 1}",
        step="how-much",
        story=need.story,
        urgency=need.urgency,
        needed_by=need.needed_by,
        created_at=now,
    )
    db.session.add(second)
    db.session.flush()
    copies = lines_of(added, area=need.division_code) or [_copy(line) for line in moved]
    set_lines(need, [line for line in need.lines if line not in moved])
    set_lines(second, copies)
    for half in (need, second):
        half.category = _category(half) or need.category
        retitle(half)
    audit.record(
        by,
        "need.split",
        subject="need",
        subject_id=need.id,
        at=now,
        division=need.division_code,
        second=second.code,
    )
    db.session.flush()
    return need, second


def _lines_apart(need: Need) -> list[NeedLine]:
    """Lines that belong with the dearest line's kind stay; these are the others."""
    categories = _categories(need)
    listed = [line for line in need.lines if line.id in categories]
    if not listed:
        return []
    first = room_of(categories[max(listed, key=lambda line: line.value_fen).id])
    return [line for line in listed if room_of(categories[line.id]) != first]


def _wished_apart(need: Need) -> list[CatalogueItem]:
    """What the catalogue has of those things in the reason that are of another kind than the lines."""
    here = {room_of(category) for category in _categories(need).values()}
    words = [word for word, category in wishes_of(need.story) if room_of(category) not in here]
    found = [items[0] for word in dict.fromkeys(words) if (items := search_items(word, most=1))]
    return list({item.id: item for item in found if room_of(item.category) not in here}.values())


def _categories(need: Need) -> dict[int, NeedCategory]:
    items = items_by_id({line.item_id for line in need.lines if line.item_id is not None})
    return {line.id: items[line.item_id].category for line in need.lines if line.item_id in items}


def _category(need: Need) -> NeedCategory | None:
    found = _categories(need)
    listed = [line for line in need.lines if line.id in found]
    return found[max(listed, key=lambda line: line.value_fen).id] if listed else None


def _times_split(need: Need) -> int:
    begun = sa.select(sa.func.count()).where(Need.client_key.startswith(f"split-{need.code}-"))
    return db.session.scalar(begun) or 0


def _copy(line: NeedLine) -> NeedLine:
    return NeedLine(
        item_id=line.item_id,
        kind=line.kind,
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_fen=line.unit_price_fen,
    )
