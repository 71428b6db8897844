"""A proposal made ready for a page: figures in words, needs with their parts, no name of a donor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from marketplace.allocations.models import Allocation, AllocationPart, Waiting
from marketplace.allocations.queries import NeedWithParts
from marketplace.core.actor import Actor
from marketplace.core.divisions import Level
from marketplace.core.kinds import DonorType
from marketplace.core.money import FEN_PER_YUAN, Money, percent
from marketplace.core.permissions import ROLE_PERMISSIONS, Permission
from marketplace.core.workflow import PledgeState
from marketplace.matching.queries import read_terms
from marketplace.needs.models import NeedLine
from marketplace.regions.queries import place_name
from marketplace.web.donors.story import quantity
from marketplace.web.matching.showing import Reason, reasons_in_words

_PER_MILLE = 1000
_TEN_THOUSAND = 10_000
_LARGE_FEN = 10 * _TEN_THOUSAND * FEN_PER_YUAN


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure: label, value, the whole that it is a part of, what it means, and its unit."""

    label: str
    value: str
    of: str
    source: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ShownPart:
    """What one donor would give: by code and type, nothing else of the person."""

    id: int
    donor_code: str
    donor_type: DonorType
    words: str
    score: int
    reasons: tuple[Reason, ...]
    offer_code: str
    state: PledgeState | None


@dataclass(frozen=True, slots=True)
class ShownNeed:
    """One need of the proposal."""

    code: str
    title: str
    place: str
    published_at: datetime | None
    asked: str
    given: str
    given_units: int
    asked_units: int
    why: Waiting
    parts: tuple[ShownPart, ...]


def area_choices(actor: Actor) -> list[tuple[str, str]]:
    """Code and name of every area that the actor may allocate for."""
    areas = {g.division for g in actor.grants if Permission.MATCH_ALLOCATE in ROLE_PERMISSIONS[g.role]}
    return [(area, place_name(area, Level.COUNTY)) for area in sorted(areas)]


def figures_of(allocation: Allocation) -> list[Figure]:
    """The figures that a decision rests on; places only where some are asked for."""
    money, places = allocation.figures["money"], allocation.figures["places"]
    needs, zero = money["needs"] + places["needs"], money["zero_help"] + places["zero_help"]
    found = [
        Figure(_("Needs that get something"), f"{needs - zero:,}", f"{needs:,}", ""),
        Figure(
            _("Placed"),
            *_short(money["placed"], _("of %(yuan)s yuan that these needs still ask", yuan=_yuan(money["demand"]))),
        ),
        Figure(
            _("Not placed"),
            *_short(
                money["supply"] - money["placed"],
                _(
                    "of %(yuan)s yuan that donors of this area stated: nothing open fits it",
                    yuan=_yuan(money["supply"]),
                ),
            ),
        ),
        Figure(
            _("Price of fairness"),
            f"{percent(round(max(money['score_loss'], 0) * _PER_MILLE), _PER_MILLE)} %",
            "",
            _("so much fit is given up, against the best fit alone, so that few get nothing"),
        ),
    ]
    if places["demand"]:
        placed, asked = f"{places['placed']:,}", f"{places['demand']:,}"
        found.append(Figure(_("Jobs and places"), placed, asked, _("never divided")))
    return found


def rows_of(found: Sequence[NeedWithParts]) -> list[ShownNeed]:
    """Needs with their parts, in the order given."""
    return [_row(one) for one in found]


def _row(one: NeedWithParts) -> ShownNeed:
    asked, need = one.asked, one.asked.need
    in_words = _places if asked.is_places else _in_yuan
    return ShownNeed(
        code=need.code,
        title=need.title,
        place=place_name(need.division_code),
        published_at=need.published_at,
        asked=in_words(asked.asked),
        given=in_words(asked.given),
        given_units=asked.given,
        asked_units=asked.asked,
        why=asked.why,
        parts=tuple(_part(part, one.lines) for part in one.parts),
    )


def _part(part: AllocationPart, lines: dict[int, NeedLine]) -> ShownPart:
    return ShownPart(
        id=part.id,
        donor_code=part.donor.code,
        donor_type=part.donor.donor_type,
        words=str(_(" + ")).join(_line(lines[line_id], amount) for line_id, amount in part.quantities),
        score=part.score,
        reasons=reasons_in_words(read_terms(part.terms)),
        offer_code=part.pledge.code if part.pledge else "",
        state=part.pledge.state if part.pledge else None,
    )


def _line(line: NeedLine, amount: Any) -> str:
    return f"{line.name} {quantity(amount, line.unit)}"


def _short(fen: int, source: str) -> tuple[str, str, str, str]:
    """Value, whole, source and unit of an amount; a large one in ten thousands, so that it fits a telephone."""
    if fen < _LARGE_FEN:
        return _yuan(fen), "", source, _("yuan")
    return f"{fen / FEN_PER_YUAN / _TEN_THOUSAND:,.1f}", "", source, _("10,000 yuan")


def _yuan(fen: int) -> str:
    return Money(fen).short


def _in_yuan(fen: int) -> str:
    return str(_("%(yuan)s yuan", yuan=_yuan(fen)))


def _places(count: int) -> str:
    return str(_("%(count)s places", count=f"{count:,}"))
