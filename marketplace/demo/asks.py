"""Plan needs: who asks for what, in which state each stands, and which gifts brought it there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from marketplace.core.kinds import PovertyCause, SupportKind, Urgency
from marketplace.core.money import FEN_PER_YUAN, Money
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.demo.facts import AS_OF
from marketplace.demo.gifts import PROMISE_DAYS, Circle, Gift, a_part_of, make_gift, may_be_unpaid, share_out, walk
from marketplace.demo.texts import NeedText
from marketplace.demo.times import YEAR_DAYS, Calendar, wait_for_donor
from marketplace.needs.models import MONEY_UNIT
from marketplace.needs.service import LineRow

# How long a need stays open unless somebody covers it.
OPEN_DAYS = 180
_N, _P = NeedState, PledgeState
_COVERED = {_N.PLEDGED: _P.RECEIVED, _N.DELIVERED: _P.DELIVERED, _N.CONFIRMED: _P.CONFIRMED, _N.CLOSED: _P.REPORTED}
_URGENCIES = ((Urgency.NORMAL, 76), (Urgency.URGENT, 18), (Urgency.CRITICAL, 6))


@dataclass(frozen=True, slots=True)
class Asker:
    """A household that needs can be posted for."""

    id: int
    village: str
    head_name: str
    member_count: int
    cause: PovertyCause


@dataclass(slots=True)
class Ask:
    """A planned need; ``days`` says when each step was made, counted from its first draft."""

    text: NeedText
    state: NeedState
    village: str
    household: Asker | None
    lines: list[LineRow]
    story: str
    urgency: Urgency
    days: dict[str, float] = field(default_factory=dict)
    horizon: float = 0.0
    was_returned: bool = False
    helped_before: bool = False
    gifts: list[Gift] = field(default_factory=list)

    @property
    def calendar(self) -> Calendar:
        """When it all was."""
        return Calendar.ending(self.horizon)

    @property
    def quantities(self) -> list[int]:
        """What is asked for, by line."""
        return [line.quantity for line in self.lines]


@dataclass(slots=True)
class Planner:
    """Draws needs of a given kind and state from texts, askers and donors."""

    texts: Mapping[SupportKind, Sequence[NeedText]]
    by_cause: Mapping[PovertyCause, Sequence[Asker]]
    villages: Sequence[str]
    circle: Circle
    rng: Random
    used: set[int] = field(default_factory=set)

    def plan(self, kind: SupportKind, state: NeedState, *, asker: Asker | None = None) -> Ask:
        """One need with its history; ``asker`` is drawn where none is given."""
        text = self.rng.choice(self._texts_for(kind, asker))
        household = asker or (None if text.is_village_need else self._draw_asker(text.cause))
        ask = Ask(
            text=text,
            state=state,
            village=household.village if household else self.rng.choice(self.villages),
            household=household,
            lines=_lines(text, rng=self.rng),
            story="",
            urgency=self.rng.choices([u for u, _ in _URGENCIES], weights=[w for _, w in _URGENCIES])[0],
            helped_before=household is not None and household.id in self.used,
        )
        ask.story = _story(ask, rng=self.rng)
        if household is not None:
            self.used.add(household.id)
        self._live(ask, is_recent=asker is not None)
        return ask

    def _texts_for(self, kind: SupportKind, asker: Asker | None) -> Sequence[NeedText]:
        texts = self.texts[kind]
        return texts if asker is None else [text for text in texts if not text.is_village_need] or texts

    def _draw_asker(self, cause: PovertyCause) -> Asker:
        """A household with this main cause, mostly one that has not asked before."""
        askers = self.by_cause.get(cause) or next(iter(self.by_cause.values()))
        for _ in range(10):
            asker = self.rng.choice(askers)
            if asker.id not in self.used or self.rng.random() < 0.08:
                break
        return asker

    def _live(self, ask: Ask, *, is_recent: bool) -> None:
        """Fill in the days of the need's history and of its gifts; ``is_recent`` money has yet to arrive."""
        rng = self.rng
        submitted = rng.uniform(0.02, 0.8)
        ask.was_returned = ask.state not in _UNREVIEWED and rng.random() < 0.1
        decided = submitted + rng.uniform(0.1, 3.2)
        ask.days["submitted"] = submitted
        if ask.was_returned and ask.state is not _N.RETURNED:
            ask.days |= {"returned": decided, "resubmitted": (again := decided + rng.uniform(0.2, 2.0))}
            decided = again + rng.uniform(0.1, 3.0)
        if ask.state in _COVERED:
            self._cover(ask, published=decided, is_recent=is_recent)
        else:
            self._stand_open(ask, decided=decided)

    def _cover(self, ask: Ask, *, published: float, is_recent: bool) -> None:
        """A need that found all it asks for."""
        rng, kind = self.rng, ask.text.kind
        parts = share_out(
            ask.quantities,
            is_money=kind is SupportKind.MONEY,
            donors=rng.choices((1, 2, 3), weights=(72, 21, 7))[0],
            rng=rng,
        )
        ask.gifts = self._gifts(ask, parts)
        moments = [published + wait_for_donor(rng)]
        while len(moments) < len(ask.gifts):
            moments.append(moments[-1] + rng.expovariate(1 / 5))
        ask.days |= {"published": published, "pledged": moments[-1]}
        if ask.state is _N.PLEDGED:
            self._be_on_the_way(ask, moments, is_unpaid=is_recent and kind is SupportKind.MONEY)
            return
        ends = [walk(g, _COVERED[ask.state], accepted=m, rng=rng) for g, m in zip(ask.gifts, moments, strict=True)]
        self._mark(ask)
        lag = {_N.CLOSED: YEAR_DAYS, _N.CONFIRMED: 12.0, _N.DELIVERED: 14.0}[ask.state]
        room = max(min(lag, YEAR_DAYS - max(ends)), 0.2)
        ask.horizon = max(ends) + rng.uniform(0.1, room)
        self._add_a_lapsed_one(ask, before=moments[0])

    def _be_on_the_way(self, ask: Ask, moments: Sequence[float], *, is_unpaid: bool) -> None:
        """Some gifts have arrived, some were promised this week; not all have been delivered."""
        rng = self.rng
        lag = rng.uniform(0.05, 5.5) if is_unpaid or rng.random() < 0.4 else rng.uniform(5.5, 38.0)
        ask.horizon = moments[-1] + lag
        for number, (gift, accepted) in enumerate(zip(ask.gifts, moments, strict=True)):
            waits = may_be_unpaid(accepted, until=ask.horizon) and (is_unpaid or rng.random() < 0.75)
            state = _P.ACCEPTED if waits else _P.RECEIVED
            if not waits and number and rng.random() < 0.4:
                state = _P.DELIVERED
            walk(gift, state, accepted=accepted, rng=rng, until=ask.horizon - 0.02)

    def _mark(self, ask: Ask) -> None:
        """The need is delivered, confirmed and closed when the last of its gifts is."""
        for need_step, gift_step in (("delivered", "delivered"), ("confirmed", "by_second"), ("closed", "reported")):
            if all(gift_step in gift.days for gift in ask.gifts):
                ask.days[need_step] = max(gift.days[gift_step] for gift in ask.gifts)

    def _stand_open(self, ask: Ask, *, decided: float) -> None:
        """A need that is a draft, under review, refused, or still looking for somebody."""
        rng, days = self.rng, ask.days
        match ask.state:
            case _N.DRAFT:
                days.clear()
                ask.horizon = rng.uniform(0.1, 30.0)
            case _N.SUBMITTED:
                ask.horizon = days["submitted"] + rng.uniform(0.05, 5.0)
            case _N.RETURNED:
                ask.was_returned = True
                days["returned"] = decided
                ask.horizon = decided + rng.uniform(0.1, 12.0)
            case _N.REJECTED:
                days |= {"rejected": decided, "closed": decided}
                ask.horizon = decided + rng.uniform(0.1, 200.0)
            case _N.WITHDRAWN:
                days["closed"] = decided
                if ask.text.kind is not SupportKind.MONEY and rng.random() < 0.4:
                    days |= {"published": decided, "closed": decided + rng.uniform(3.0, 40.0)}
                ask.horizon = days["closed"] + rng.uniform(0.1, 150.0)
            case _N.EXPIRED:
                days |= {"published": decided, "closed": decided + OPEN_DAYS + 1.0}
                ask.horizon = days["closed"] + rng.uniform(0.5, 60.0)
            case _:
                days["published"] = decided
                ask.horizon = decided + 0.1 + rng.betavariate(1, 1.7) * (OPEN_DAYS - 25)
                if ask.state is _N.PUBLISHED:
                    self._cover_partly(ask)

    def _cover_partly(self, ask: Ask) -> None:
        """Three in ten open needs have found a part of what they ask for; some were promised and let down."""
        rng, published = self.rng, ask.days["published"]
        parts = a_part_of(ask.quantities, is_money=ask.text.kind is SupportKind.MONEY, rng=rng)
        if not parts or rng.random() > 0.3:
            self._add_a_lapsed_one(ask, before=ask.horizon)
            return
        (gift,) = ask.gifts = self._gifts(ask, [parts])
        open_days = ask.horizon - published
        accepted = published + rng.uniform(0.1, 0.95) * open_days
        if rng.random() < 0.1:
            gift.state = _P.OFFERED
            gift.days["accepted"] = ask.horizon - min(open_days, PROMISE_DAYS - 1) * rng.uniform(0.1, 0.9)
        elif may_be_unpaid(accepted, until=ask.horizon):
            walk(gift, _P.ACCEPTED, accepted=accepted, rng=rng)
        else:
            state = rng.choice((_P.RECEIVED, _P.DELIVERED, _P.CONFIRMED, _P.REPORTED))
            walk(gift, state, accepted=accepted, rng=rng, until=ask.horizon - 0.02)

    def _add_a_lapsed_one(self, ask: Ask, *, before: float) -> None:
        """A promise that was not kept, taken back or declined, over well before the next one."""
        rng, published = self.rng, ask.days["published"]
        last_start = before - PROMISE_DAYS - 0.5
        if last_start <= published or rng.random() > 0.16:
            return
        accepted = rng.uniform(published, last_start)
        (gift,) = self._gifts(ask, [share_out(ask.quantities, is_money=False, donors=1, rng=rng)[0]])
        gift.days["accepted"] = accepted
        gift.state = rng.choice((_P.LAPSED, _P.LAPSED, _P.CANCELLED, _P.DECLINED))
        ended = PROMISE_DAYS + 0.4 if gift.state is _P.LAPSED else rng.uniform(0.1, 4.0)
        gift.days["ended"] = accepted + ended
        ask.gifts.append(gift)

    def _gifts(self, ask: Ask, parts: Sequence[list[tuple[int, int]]]) -> list[Gift]:
        givers = [gift.giver for gift in ask.gifts]
        made = []
        for part in parts:
            givers.append(self.circle.pick(ask.text.kind, but=givers, rng=self.rng))
            made.append(make_gift(givers[-1], part, kind=ask.text.kind, rng=self.rng))
        return made


_UNREVIEWED = frozenset({_N.DRAFT, _N.SUBMITTED, _N.RETURNED, _N.REJECTED, _N.WITHDRAWN})
# Not a word about who lives there: how far, how high, how the year went.
_OPENINGS = (
    "村子离县城{km}公里。",
    "这里海拔{height}米。",
    "家在半山，离公路{km}公里。",
    "今年雪下得早。",
    "今年收成不好。",
    "冬天封山两个月。",
)


def _lines(text: NeedText, *, rng: Random) -> list[LineRow]:
    if text.kind is SupportKind.MONEY:
        yuan = text.lines[0].price_yuan * rng.choice((6, 8, 10, 10, 12, 15)) // 10 // 100 * 100
        return [LineRow(text.lines[0].name, text.kind, yuan * FEN_PER_YUAN, MONEY_UNIT, 1)]
    return [
        LineRow(line.name, text.kind, line.quantity, line.unit, line.price_yuan * FEN_PER_YUAN) for line in text.lines
    ]


def _story(ask: Ask, *, rng: Random) -> str:
    opening = ""
    if rng.random() < 0.6:
        opening = rng.choice(_OPENINGS).format(km=rng.randrange(6, 96), height=rng.randrange(28, 45) * 100)
    return opening + ask.text.story.format(amount=Money(ask.lines[0].quantity).short)


def last_open_day(ask: Ask) -> float:
    """Until when the need is open, in days after its first draft."""
    return ask.days["published"] + OPEN_DAYS


def is_settled(ask: Ask) -> bool:
    """No step lies after the day of the figures."""
    steps = [*ask.days.values(), *(day for gift in ask.gifts for day in gift.days.values())]
    return all(ask.calendar.at(day) <= AS_OF + timedelta(seconds=1) for day in steps)
