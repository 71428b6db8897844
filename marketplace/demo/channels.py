"""The agreements of the five channels: made-up projects whose money adds up to the published sums, to the fen."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from marketplace.core.codes import Prefix
from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import Channel
from marketplace.core.money import Money
from marketplace.db.clock import china_day
from marketplace.demo.facts import AS_OF, OPENED, ChannelFact
from marketplace.demo.places import Places
from marketplace.demo.telling import Teller
from marketplace.ledger.models import EntryKind
from marketplace.pairings.service import AgreementRow, Step

_UNITS = {
    Channel.CENTRAL: ("中央单位", 18),
    Channel.GUANGDONG: ("广东协作单位", 24),
    Channel.PROVINCIAL: ("省直部门", 90),
    Channel.IN_PROVINCE: ("省内协作单位", 120),
    Channel.LOCAL: ("州县单位", 80),
}
_PROJECTS = (
    "通组路硬化",
    "人畜饮水",
    "村幼教点",
    "卫生室设备",
    "牦牛养殖",
    "青稞加工点",
    "蔬菜大棚",
    "太阳能路灯",
    "技能培训班",
    "易地搬迁配套",
    "村级活动室",
    "危房加固",
)
_FEN_PER_THOUSAND_YUAN = 100_000


def make_agreements(
    channels: dict[Channel, ChannelFact], *, places: Places, teller: Teller, rng: Random
) -> list[AgreementRow]:
    """One row per project of every channel, in the order of signing."""
    rows = [
        row
        for channel, fact in channels.items()
        for row in _channel(channel, fact, places=places, teller=teller, rng=rng)
    ]
    return sorted(rows, key=lambda row: row.signed_at)


def spread_money(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Amounts in whole thousands of yuan that add up to ``total_fen``; the largest takes what is over."""
    thousands = [part.fen for part in Money(total_fen // _FEN_PER_THOUSAND_YUAN).split(weights)]
    amounts = [part * _FEN_PER_THOUSAND_YUAN for part in thousands]
    amounts[amounts.index(max(amounts))] += total_fen - sum(amounts)
    return amounts


def _channel(channel: Channel, fact: ChannelFact, *, places: Places, teller: Teller, rng: Random) -> list[AgreementRow]:
    weights = [rng.randrange(20, 400) for _ in range(fact.projects)]
    agreed = spread_money(fact.agreed_fen, weights)
    received = _received(agreed, fact.received_fen)
    word, units = _UNITS[channel]
    rows = []
    for number, (promised, came) in enumerate(zip(agreed, received, strict=True)):
        village = rng.choice(places.villages)
        signed = OPENED + timedelta(days=rng.uniform(1, 200))
        rows.append(
            AgreementRow(
                code=teller.code(Prefix.AGREEMENT),
                channel=channel,
                unit=f"{word} {number % units + 1:03d}（演示）",
                title=f"{places.words(at_level(village, Level.TOWNSHIP))}{rng.choice(_PROJECTS)}（演示）",
                division_code=at_level(village, Level.COUNTY),
                agreed_fen=promised,
                signed_on=china_day(signed),
                signed_at=signed,
                steps=_steps(came, signed=signed, county=places.names[at_level(village, Level.COUNTY)], rng=rng),
            )
        )
    return rows


def _received(agreed: Sequence[int], total_fen: int) -> list[int]:
    """What came of each promise: never more than it, in all exactly ``total_fen``."""
    received, left, promised = [], total_fen, sum(agreed)
    for amount in agreed:
        share = min(amount, left, amount * total_fen // promised // _FEN_PER_THOUSAND_YUAN * _FEN_PER_THOUSAND_YUAN)
        received.append(share)
        left -= share
    for number, amount in enumerate(agreed):
        more = min(amount - received[number], left)
        received[number] += more
        left -= more
    return received


def _steps(came: int, *, signed: datetime, county: str, rng: Random) -> tuple[Step, ...]:
    """The money arrives in one or two parts; most of it is passed on and used within the year."""
    if not came:
        return ()
    custodian, payee = f"{county}财政专户（演示）", f"{county}项目实施单位（演示）"
    parts = [came] if came < 2 or rng.random() < 0.6 else [came - came // 2, came // 2]
    steps, spent, now = [], 0, signed
    room = (AS_OF - signed) / timedelta(days=1)
    for number, part in enumerate(parts, start=1):
        now += timedelta(days=rng.uniform(0.1, 0.3) * room)
        steps.append(Step(EntryKind.RECEIVE, part, now, custodian=custodian, voucher_no=f"CZ-{number:02d}"))
    passed_on = came * rng.randrange(60, 101) // 100
    if passed_on:
        now += timedelta(days=0.1 * room)
        steps.append(Step(EntryKind.DISBURSE, passed_on, now, custodian=custodian, payee=payee))
        spent = passed_on * rng.randrange(55, 101) // 100
    if spent:
        now += timedelta(days=0.1 * room)
        steps.append(Step(EntryKind.USE, spent, now, payee=payee, what="项目支出", voucher_no="FP-01"))
    return tuple(steps)
