"""What a donor reads about one's own pledge: what is due, what happened, what its unit counts say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from marketplace.core.money import Money
from marketplace.core.workflow import PledgeState
from marketplace.db.clock import CHINA, china_day
from marketplace.fulfilment.models import FollowUp, GivenBack
from marketplace.fulfilment.thanks import Thanks
from marketplace.ledger.models import FEN
from marketplace.ledger.rules import Totals
from marketplace.pledges.models import Pledge, PledgeLine, Way
from marketplace.regions.queries import place_name


@dataclass(frozen=True, slots=True)
class Event:
    """One point of the timeline."""

    icon: str
    title: str
    at: datetime | None = None
    text: str = ""
    done: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One pledge in the list of one's own."""

    pledge: Pledge
    words: str
    place: str
    thanks: Thanks | None
    # When the donor was told that the need was withdrawn (R-V6).
    told_at: datetime | None
    given_back: Sequence[GivenBack] = ()

    @property
    def is_due(self) -> bool:
        """True while the donor has something to do."""
        return self.pledge.state is PledgeState.ACCEPTED

    @property
    def told(self) -> str:
        """What the donor is told about a need that was withdrawn; empty where it was not. It names nobody."""
        if self.told_at is None and not self.given_back:
            return ""
        happened = _("This need was withdrawn.")
        if self.told_at is not None:
            happened = _(
                "This need was withdrawn on %(day)s: there is reason to doubt what was said, and it is being looked"
                " into.",
                day=china_day(self.told_at).isoformat(),
            )
        return str(_("%(first)s %(second)s", first=happened, second=self._what_becomes_of_it()))

    def _what_becomes_of_it(self) -> str:
        if self.pledge.state is PledgeState.CANCELLED:
            return str(_("Your pledge has ended: send nothing."))
        if self.given_back:
            return str(_("What had arrived was given back to you. If it did not come, report it or call."))
        if self.pledge.state is PledgeState.RECEIVED:
            return str(
                _("What has arrived is kept and passed on to nobody. It is given back to you; you read it here.")
            )
        return str(_("What you gave had been handed over; it stays in the public book."))

    @property
    def is_offer(self) -> bool:
        """True while the donor has not answered what staff proposed."""
        return self.pledge.state is PledgeState.OFFERED


@dataclass(frozen=True, slots=True)
class Sum:
    """One unit of a pledge: of what, promised, arrived, used, given back, in words; the last one may be empty."""

    items: str
    promised: str
    arrived: str
    used: str
    returned: str
    left: str


def quantity(amount: int, unit: str) -> str:
    """``4 床``; money in yuan."""
    return str(_("%(yuan)s yuan", yuan=Money(amount).short)) if unit == FEN else f"{amount:,} {unit}"


def line_words(line: PledgeLine) -> str:
    """``棉被 4 床``."""
    return f"{line.need_line.name} {quantity(line.quantity, line.need_line.unit)}"


def pledge_words(pledge: Pledge) -> str:
    """All lines of a pledge."""
    return str(_(" + ")).join(line_words(line) for line in pledge.lines)


def row_of(
    pledge: Pledge,
    *,
    place: str,
    thanks: Thanks | None,
    told_at: datetime | None,
    given_back: Sequence[GivenBack] = (),
) -> Row:
    """A pledge for the list."""
    return Row(pledge, pledge_words(pledge), place, thanks, told_at, given_back)


def sums_of(pledge: Pledge, balances: dict[str, Totals]) -> list[Sum]:
    """What the ledger says of a pledge, unit by unit."""
    names = {unit: [line.need_line.name for line in pledge.lines if line.need_line.unit == unit] for unit in balances}
    return [
        Sum(
            items=str(_(" + ")).join(names[unit]),
            promised=quantity(totals.pledged - totals.released, unit),
            arrived=quantity(totals.received, unit),
            used=quantity(totals.used, unit),
            returned=quantity(totals.returned, unit) if totals.returned else "",
            left=quantity(totals.left, unit),
        )
        for unit, totals in sorted(balances.items())
    ]


def how_to(pledge: Pledge) -> str:
    """What the donor does now, by the way that was chosen; this site takes no money."""
    names = {"place": place_name(pledge.need.division_code), "code": pledge.code}
    if pledge.way is Way.SHIP:
        return str(_("Send it to the township office of %(place)s. Write %(code)s on the parcel.", **names))
    if pledge.way is Way.DIRECT:
        return str(_("Call the township office of %(place)s before you come, and name %(code)s.", **names))
    return str(_("Transfer it to the charity's account for %(place)s. Write %(code)s as the purpose.", **names))


def events_of(
    pledge: Pledge,
    thanks: Thanks | None,
    answers: Sequence[FollowUp] = (),
    *,
    stopped_at: datetime | None = None,
    given_back: Sequence[GivenBack] = (),
) -> list[Event]:
    """From promise to feedback; what is still to come stands at the end, unfinished."""
    if pledge.accepted_at is None:
        return _offer_events(pledge)
    made = Event("full", _("Pledged"), pledge.accepted_at, pledge_words(pledge))
    ended = pledge.ended_at is not None
    due = _("due by %(day)s", day=china_day(pledge.expires_at).isoformat())
    steps = [
        _step("full", _("Arrived"), pledge.received_at, coming=due),
        _step("box", _("Delivered"), pledge.delivered_at),
        _step("seal", _("Confirmed by the household and a second person"), pledge.confirmed_at),
        _step("heart", _("Feedback"), pledge.reported_at, text=f"“{thanks.words}”" if thanks else ""),
    ]
    returned = [_returned(row) for row in given_back]
    if stopped_at is not None:
        stopped = Event("late", _("The need was withdrawn"), stopped_at, _("You do not have to send anything."))
        return [made, *(step for step in steps if step.done), stopped, *returned]
    if returned:
        return [made, *(step for step in steps if step.done), *returned]
    if ended:
        return [made, *(step for step in steps if step.done), _ending(pledge)]
    return [made, *steps, *map(_later, answers)]


def _returned(row: GivenBack) -> Event:
    text = _("%(reason)s. Paper %(number)s.", reason=row.reason.rstrip("。."), number=row.voucher_no)
    return Event("cross", _("Given back to you"), row.at, text)


def _later(answer: FollowUp) -> Event:
    """What the household said months later; its own words stay with staff."""
    useful = _("still of use") if answer.still_useful else _("of no use any more")
    needed = _("still needed") if answer.still_needed else _("no longer needed")
    asked = _("%(days)s days after the delivery", days=answer.days)
    return Event("heart", asked, answer.at, f"{useful}{_(', ')}{needed}")


def _step(icon: str, title: str, at: datetime | None, *, text: str = "", coming: str = "") -> Event:
    if at is None:
        return Event("wait", title, text=coming, done=False)
    return Event(icon, title, at, text)


def _offer_events(pledge: Pledge) -> list[Event]:
    """An offer that was never accepted: made, and answered or over."""
    made = Event("heart", _("Offered to you"), pledge.created_at, pledge_words(pledge))
    words = {PledgeState.DECLINED: _("You declined"), PledgeState.CANCELLED: _("The offer was taken back")}
    if pledge.state is PledgeState.OFFERED:
        until = _("please answer by %(day)s", day=china_day(pledge.expires_at).isoformat())
        return [made, Event("wait", _("Your answer"), text=until, done=False)]
    return [made, Event("late", words.get(pledge.state, _("The offer ran out")), pledge.ended_at)]


def _ending(pledge: Pledge) -> Event:
    title = {PledgeState.CANCELLED: _("You took it back")}
    text = _("What had not arrived is open to others again.")
    return Event("late", title.get(pledge.state, _("Lapsed")), pledge.ended_at, text)


@dataclass(frozen=True, slots=True)
class PublicGift:
    """What a donor's public page shows of a gift made under the donor's name; nothing else of it leaves (R-P2)."""

    code: str
    words: str
    place: str
    month: str
    # None where the donor hides the amount.
    value_fen: int | None


def public_gift(pledge: Pledge) -> PublicGift:
    """A gift for the public; a hidden amount hides the quantities too."""
    arrived = pledge.received_at or pledge.created_at
    names = str(_(" + ")).join(line.need_line.name for line in pledge.lines)
    return PublicGift(
        code=pledge.code,
        words=pledge_words(pledge) if pledge.shows_amount else names,
        place=place_name(pledge.need.division_code),
        month=f"{arrived.astimezone(CHINA):%Y-%m}",
        value_fen=pledge.value_fen if pledge.shows_amount else None,
    )
