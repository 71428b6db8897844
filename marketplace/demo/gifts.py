"""Who gives how much to a need, and how far each gift has come by the day of the figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from marketplace.core.kinds import SupportKind
from marketplace.core.money import FEN_PER_YUAN, Money
from marketplace.core.workflow import HOLDING_PLEDGE_STATES, PledgeState
from marketplace.demo.givers import Giver
from marketplace.demo.times import within
from marketplace.pledges.models import Way

# A promise is kept for a week; help that has not arrived by then is open to others again.
PROMISE_DAYS = 7.0
_SAFE_PROMISE_DAYS = 6.3
_P = PledgeState
_FAR = 1_000.0
# How far a gift is along the way; the number of steps that it has been through.
LEVELS = {_P.ACCEPTED: 0, _P.RECEIVED: 1, _P.DELIVERED: 2, _P.CONFIRMED: 3, _P.REPORTED: 4}
_REGULARS_SHARE = 0.15


@dataclass(slots=True)
class Gift:
    """One promise of one donor to one need; ``parts`` are (position of the line, quantity).

    ``days`` says when each step was made, counted from the need's first draft.
    """

    giver: Giver
    state: PledgeState
    parts: list[tuple[int, int]]
    way: Way
    days: dict[str, float] = field(default_factory=dict)
    intent: str = ""
    shows_name: bool = False
    shows_amount: bool = True
    is_related: bool = False
    id: int = 0
    code: str = ""

    @property
    def level(self) -> int:
        """Steps made so far; -1 for a promise that ended or was not accepted."""
        return LEVELS.get(self.state, -1)

    @property
    def holds(self) -> bool:
        """True where its part of the need is not open to others."""
        return self.state in HOLDING_PLEDGE_STATES


@dataclass(slots=True)
class Circle:
    """The donors by what they give; a sixth of them give most of it."""

    by_kind: dict[SupportKind, list[Giver]]

    @classmethod
    def of(cls, givers: Sequence[Giver], *, rng: Random) -> "Circle":
        """Every donor who is not paused, in an order that the seed decides."""
        open_ = [giver for giver in givers if not giver.paused]
        shuffled = rng.sample(open_, k=len(open_))
        by_kind = {kind: [g for g in shuffled if kind in g.kinds] or shuffled for kind in SupportKind}
        return cls(by_kind)

    def pick(self, kind: SupportKind, *, but: Sequence[Giver], rng: Random) -> Giver:
        """A donor of this kind who is none of ``but`` where another one is left."""
        pool = self.by_kind[kind]
        regulars = max(1, int(len(pool) * _REGULARS_SHARE))
        for _ in range(20):
            giver = rng.choice(pool[:regulars] if rng.random() < 0.6 else pool)
            if all(giver is not other for other in but):
                return giver
        return next((g for g in pool if all(g is not other for other in but)), pool[0])


def share_out(quantities: Sequence[int], *, is_money: bool, donors: int, rng: Random) -> list[list[tuple[int, int]]]:
    """All of a need's lines, given by at most ``donors`` donors; every part is above zero."""
    if donors == 1:
        return [list(enumerate(quantities))]
    if len(quantities) > 1:
        cut = rng.randrange(1, len(quantities))
        whole = list(enumerate(quantities))
        return [whole[:cut], whole[cut:]]
    step = 100 * FEN_PER_YUAN if is_money else 1
    steps = quantities[0] // step
    donors = min(donors, steps)
    if donors < 2:
        return [[(0, quantities[0])]]
    weights = [rng.randrange(1, 4) for _ in range(donors)]
    parts = [part.fen * step for part in Money(steps).split(weights)]
    parts[0] += quantities[0] - sum(parts)
    return [[(0, part)] for part in parts if part]


def a_part_of(quantities: Sequence[int], *, is_money: bool, rng: Random) -> list[tuple[int, int]]:
    """Some of a need's lines, never all; empty where it cannot be divided."""
    if len(quantities) > 1:
        position = rng.randrange(len(quantities))
        return [(position, quantities[position])]
    step = 100 * FEN_PER_YUAN if is_money else 1
    steps = quantities[0] // step
    return [(0, rng.randrange(1, steps) * step)] if steps > 1 else []


def make_gift(giver: Giver, parts: list[tuple[int, int]], *, kind: SupportKind, rng: Random) -> Gift:
    """A gift that has not begun; the donor's own choices are made."""
    ways = (Way.CHARITY,) if kind is SupportKind.MONEY else (Way.SHIP, Way.SHIP, Way.DIRECT)
    return Gift(
        giver=giver,
        state=_P.ACCEPTED,
        parts=parts,
        way=rng.choice(ways),
        intent=rng.choice(_INTENTS) if rng.random() < 0.5 else "",
        shows_name=giver.shows_name and rng.random() < 0.9,
        shows_amount=giver.shows_amount,
        is_related=rng.random() < 0.05,
    )


def walk(gift: Gift, state: PledgeState, *, accepted: float, rng: Random, until: float = _FAR) -> float:
    """Let a gift come as far as ``state``, not later than the day ``until``; returns the day of its last step."""
    gift.state, now = state, accepted
    gift.days["accepted"] = accepted
    for name, low, high in _STEPS[: _STEPS_TO[gift.level]]:
        slow = 2.5 if name in _SLOW and rng.random() < 0.1 else 1.0
        now += within(rng, low, high * slow, room=until - now)
        gift.days[name] = now
    if gift.state is _P.RECEIVED and rng.random() < 0.5:
        # Not everything that arrived has been passed on yet.
        gift.days.pop("used", None)
        if rng.random() < 0.5:
            gift.days.pop("disbursed", None)
    return max(gift.days.values())


def may_be_unpaid(accepted: float, *, until: float) -> bool:
    """True where a promise made on that day has not run out."""
    return until - accepted < _SAFE_PROMISE_DAYS


_STEPS = (
    ("received", 0.2, 6.0),
    ("disbursed", 0.2, 3.0),
    ("used", 0.2, 4.0),
    ("delivered", 0.3, 6.0),
    ("by_household", 0.1, 4.0),
    ("by_second", 0.1, 4.0),
    ("reported", 0.5, 8.0),
)
# How many of the steps each level has made.
_STEPS_TO = (0, 3, 4, 6, 7)
_SLOW = frozenset({"delivered", "by_second", "reported"})
_INTENTS = (
    "请用在这一户身上。",
    "愿冬天暖和一点。",
    "量力而行，一点心意。",
    "希望早点送到。",
    "不用回信，用好就行。",
    "请按清单买，多的退给别的户。",
)
