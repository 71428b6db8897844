"""Works out a proposal from what is open now: asks and purses for the engine, its flows back into lines of needs."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import reduce
from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from marketplace.allocations.models import Waiting
from marketplace.core.divisions import contains
from marketplace.core.kinds import SupportKind
from marketplace.core.workflow import PledgeState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.donors.models import Preference
from marketplace.matching.adopted import adopted_model
from marketplace.matching.engine.allocate import Allocation, Asks, Fairness, allocate
from marketplace.matching.engine.allocate_measure import measure
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.explain import explain_pairs
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.problem import DonorRow, NeedRow, Problem
from marketplace.matching.loading import donor_rows, gift_mixes, need_rows
from marketplace.matching.writing import terms_of
from marketplace.needs.models import NeedLine
from marketplace.pledges.models import Pledge, PledgeLine

# Nobody is asked for less than 50 yuan, unless it is all that a need still asks or a donor still gives.
LEAST_OFFER_FEN = 5_000
# Who does not say how many jobs or places there are is asked for one at a time.
PLACES_AT_ONCE = 1
Array = NDArray[Any]
_WHOLE = frozenset({SupportKind.JOB, SupportKind.TRAINING})


@dataclass(frozen=True, slots=True)
class OpenLine:
    """What is open of a line beyond pledges and offers that wait for an answer."""

    id: int
    price_fen: int
    open: int


@dataclass(frozen=True, slots=True)
class PlannedNeed:
    """What one need asks and would get, in fen or places, and why it would get no more."""

    need_id: int
    is_places: bool
    asked: int
    given: int
    why: Waiting


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """What one donor would give to one need; quantities by line id, terms as they are stored."""

    need_id: int
    donor_id: int
    quantities: tuple[tuple[int, int], ...]
    value_fen: int
    score: int
    terms: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A proposal that nobody has stored yet."""

    area: str
    model_version: str
    needs: tuple[PlannedNeed, ...]
    parts: tuple[PlannedPart, ...]
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Market:
    """The problem of an area with the ids behind its rows; lines[i] are those of need i."""

    problem: Problem
    model: Model
    need_ids: Sequence[int]
    donor_ids: Sequence[int]
    lines: Sequence[Sequence[OpenLine]]
    is_places: Sequence[bool]


def plan_allocation(area: str, *, now: datetime, workers: int = 1) -> Plan:
    """What the donors' stated budgets could do for the open needs of an area (R-M8: nobody is obliged to anything).

    Takes part: donors who are not paused, leave personal suggestions on, and give in this area. A donor gives at most
    the stated budget less what is offered already; who states none is asked for no more than its usual gift, and
    who has never given either, for nothing. Jobs and places go as far as the stated number less what is promised and
    offered; who states none is asked for one. Reads only; takes seconds for a prefecture.
    """
    market = _market(area, now=now)
    purses = _purses(market, now=now)
    parts: list[PlannedPart] = []
    needs: list[PlannedNeed] = []
    figures: dict[str, Any] = {}
    for name, is_places in (("money", False), ("places", True)):
        asks = _asks(market, purses=purses, is_places=is_places)
        found = allocate(
            market.problem,
            asks=asks,
            model=market.model,
            fairness=Fairness(least=1 if is_places else LEAST_OFFER_FEN),
            workers=workers,
        )
        left = found.asks.purse.copy()
        made = _parts(market, found, purse=left)
        given = Counter[int]()
        for part in made:
            given[part.need_id] += sum(q for _, q in part.quantities) if is_places else part.value_fen
        parts += made
        needs += _needs(market, found, given=given, left=left)
        figures[name] = _figures(found, given=given)
    return Plan(area, market.model.version, tuple(needs), tuple(parts), figures)


def _market(area: str, *, now: datetime) -> _Market:
    needs = {i: row for i, row in need_rows(day=china_day(now)).items() if contains(area, row.division)}
    donors = {
        i: row
        for i, row in donor_rows(day=china_day(now), mixes=gift_mixes()).items()
        if row.is_personalised and _reaches(row, area)
    }
    lines = _open_lines(needs)
    need_ids = sorted((i for i in needs if lines.get(i)), key=lambda i: needs[i].code)
    donor_ids = sorted(donors, key=lambda i: donors[i].code)
    # Offers go as far as the stated budget; what is offered already counts in the purse, not in the rules.
    problem = build_problem([needs[i] for i in need_ids], donors=[donors[i] for i in donor_ids])
    return _Market(
        problem=problem,
        model=adopted_model(),
        need_ids=need_ids,
        donor_ids=donor_ids,
        lines=[lines[i] for i in need_ids],
        is_places=[_is_whole(needs[i], lines[i]) for i in need_ids],
    )


def _reaches(row: DonorRow, area: str) -> bool:
    return not row.areas or any(contains(own, area) or contains(area, own) for own in row.areas)


def _is_whole(row: NeedRow, lines: Sequence[OpenLine]) -> bool:
    return row.kind in _WHOLE or not any(line.price_fen for line in lines)


def _open_lines(need_ids: Collection[int]) -> dict[int, list[OpenLine]]:
    """By need, what nobody has pledged and nobody is thinking about; needs without any are left out."""
    waiting = (
        sa.select(PledgeLine.line_id, sa.func.sum(PledgeLine.quantity))
        .join(Pledge)
        .where(Pledge.state == PledgeState.OFFERED)
        .group_by(PledgeLine.line_id)
    )
    offered = {line_id: int(quantity) for line_id, quantity in db.session.execute(waiting)}
    chosen = sa.select(NeedLine).where(NeedLine.pledged < NeedLine.quantity).order_by(NeedLine.need_id, NeedLine.id)
    wanted, found = frozenset(need_ids), defaultdict[int, list[OpenLine]](list)
    for line in db.session.scalars(chosen):
        left = line.open - offered.get(line.id, 0)
        if line.need_id in wanted and left > 0:
            found[line.need_id].append(OpenLine(line.id, line.unit_price_fen, left))
    return dict(found)


def _purses(market: _Market, *, now: datetime) -> tuple[list[int], list[int]]:
    """Fen and places that each donor could still be asked for."""
    chosen = (
        sa.select(Pledge.donor_id, sa.func.sum(Pledge.value_fen))
        .where(Pledge.state == PledgeState.OFFERED, Pledge.expires_at > now)
        .group_by(Pledge.donor_id)
    )
    waiting = {donor_id: int(value) for donor_id, value in db.session.execute(chosen)}
    stated, usual = market.problem.donors.budget_fen.tolist(), market.problem.donors.typical_fen.tolist()
    fen = [
        max((budget if budget >= 0 else max(typical, 0)) - waiting.get(donor_id, 0), 0)
        for donor_id, budget, typical in zip(market.donor_ids, stated, usual, strict=True)
    ]
    rooms, offered, promised = _places(now=now)
    places = []
    for donor_id in market.donor_ids:
        room = rooms.get(donor_id)
        left = PLACES_AT_ONCE if room is None else room - promised[donor_id]
        places.append(max(left - offered[donor_id], 0))
    return fen, places


def _places(*, now: datetime) -> tuple[dict[int, int | None], Counter[int], Counter[int]]:
    """By donor: the places stated, those in offers that wait for an answer, those promised (from accepted to kept)."""
    rooms = dict(db.session.execute(sa.select(Preference.donor_id, Preference.places)).all())
    chosen = (
        sa.select(Pledge.donor_id, Pledge.state, PledgeLine.quantity, PledgeLine.released)
        .join(PledgeLine, PledgeLine.pledge_id == Pledge.id)
        .join(NeedLine, NeedLine.id == PledgeLine.line_id)
        .where(
            sa.or_(NeedLine.kind.in_(_WHOLE), NeedLine.unit_price_fen == 0),
            sa.or_(Pledge.state != PledgeState.OFFERED, Pledge.expires_at > now),
        )
    )
    offered, promised = Counter[int](), Counter[int]()
    for donor_id, state, quantity, released in db.session.execute(chosen):
        if state is PledgeState.OFFERED:
            offered[donor_id] += quantity
        else:
            promised[donor_id] += quantity - released
    return rooms, offered, promised


def _asks(market: _Market, *, purses: tuple[list[int], list[int]], is_places: bool) -> Asks:
    opens, steps = [], []
    for lines, whole in zip(market.lines, market.is_places, strict=True):
        prices = [line.price_fen for line in lines if line.price_fen]
        takes_part = whole is is_places
        if is_places:
            opens.append(sum(line.open for line in lines) if takes_part else 0)
            steps.append(1)
        else:
            opens.append(sum(line.open * line.price_fen for line in lines) if takes_part else 0)
            steps.append(reduce(gcd, prices) if prices else 1)
    return Asks(
        open=np.array(opens, dtype=np.int64),
        step=np.array(steps, dtype=np.int64),
        purse=np.array(purses[is_places], dtype=np.int64),
    )


def _parts(market: _Market, found: Allocation, *, purse: Array) -> list[PlannedPart]:
    """The flows as quantities of lines, and what they leave of the purses put together to whole things again.

    purse: (D,) int64, emptied by what is given.
    """
    pairs = found.pairs
    left = {need: list(lines) for need, lines in enumerate(market.lines)}
    taken: dict[int, Counter[int]] = defaultdict(Counter)
    flows = np.flatnonzero(found.units)
    most = [(row, int(found.units[row])) for row in flows.tolist()]
    # Who gives already first, then the best by score.
    rest = np.lexsort((-pairs.scores, found.units == 0, pairs.needs))
    for row, units in [*most, *((row, None) for row in rest.tolist())]:
        need, donor = int(pairs.needs[row]), int(pairs.donors[row])
        wanted, is_places = sum(line.open for line in left[need]), market.is_places[need]
        if not wanted:
            continue
        more, lines = _taken(left[need], int(purse[donor]) if units is None else units, is_places=is_places)
        worth = _worth(market, need, more)
        is_small = worth < (1 if is_places else LEAST_OFFER_FEN) and sum(more.values()) < wanted
        if not more or (units is None and row not in taken and is_small):
            continue
        taken[row].update(more)
        left[need] = lines
        purse[donor] -= worth
    rows = np.array(sorted(taken), dtype=np.int64)
    explained = explain_pairs(market.problem, model=market.model, needs=pairs.needs[rows], donors=pairs.donors[rows])
    return [
        PlannedPart(
            need_id=market.need_ids[int(pairs.needs[row])],
            donor_id=market.donor_ids[int(pairs.donors[row])],
            quantities=tuple(sorted(taken[row].items())),
            value_fen=_value(market, int(pairs.needs[row]), taken[row]),
            score=explanation.points,
            terms=terms_of(explanation),
        )
        for row, explanation in zip(rows.tolist(), explained, strict=True)
    ]


def _value(market: _Market, need: int, quantities: Mapping[int, int]) -> int:
    """What the quantities of a need's lines cost, in fen."""
    prices = {line.id: line.price_fen for line in market.lines[need]}
    return sum(prices[line] * quantity for line, quantity in quantities.items())


def _worth(market: _Market, need: int, quantities: Mapping[int, int]) -> int:
    """The same in the unit of the purse: fen, or places."""
    return sum(quantities.values()) if market.is_places[need] else _value(market, need, quantities)


def _taken(lines: Sequence[OpenLine], units: int, *, is_places: bool) -> tuple[dict[int, int], list[OpenLine]]:
    """What ``units`` buy of the lines, the dearest first, and what is left of them."""
    taken, rest = dict[int, int](), list[OpenLine]()
    for line in sorted(lines, key=lambda line: (-line.price_fen, line.id)):
        price = 1 if is_places else line.price_fen
        quantity = min(line.open, units // price) if price else 0
        units -= quantity * price
        if quantity:
            taken[line.id] = quantity
        rest.append(replace(line, open=line.open - quantity))
    return taken, rest


def _needs(market: _Market, found: Allocation, *, given: Mapping[int, int], left: Array) -> Iterator[PlannedNeed]:
    """left: (D,) what the purses hold after all that is given."""
    starts = np.searchsorted(found.pairs.needs, np.arange(len(market.need_ids) + 1)).tolist()
    for row, (low, high) in enumerate(pairwise(starts)):
        asked, need_id = int(found.asks.open[row]), market.need_ids[row]
        if asked:
            could = found.pairs.donors[low:high]
            why = _why(asked - given[need_id], could=len(could), left=int(left[could].max(initial=0)))
            yield PlannedNeed(need_id, market.is_places[row], asked, given[need_id], why)


def _why(missing: int, *, could: int, left: int) -> Waiting:
    """left: the most that is left in any purse that could give."""
    if missing == 0:
        return Waiting.NOTHING
    if could == 0:
        return Waiting.NO_DONOR
    return Waiting.TOO_LITTLE if left else Waiting.USED_UP


def _figures(found: Allocation, *, given: Mapping[int, int]) -> dict[str, Any]:
    """The engine's figures, with what whole lines really take."""
    figures = asdict(measure(found))
    placed, helped = sum(given.values()), sum(1 for units in given.values() if units)
    figures |= {"placed": placed, "zero_help": figures["needs"] - helped}
    figures["placed_share"] = placed / figures["supply"] if figures["supply"] else 0.0
    figures["zero_help_share"] = figures["zero_help"] / figures["needs"] if figures["needs"] else 0.0
    return figures
