"""The published figures of Ganzi prefecture as of 2018-12-17, and how a scale shrinks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from marketplace.core.kinds import Channel
from marketplace.core.workflow import NeedState
from marketplace.db.clock import CHINA

AS_OF = datetime(2018, 12, 17, 18, 0, tzinfo=CHINA)
# The platform of the demonstration opened with the year that its figures cover.
OPENED = datetime(2018, 1, 3, 9, 0, tzinfo=CHINA)
PREFECTURE = "513300000000"
HOUSEHOLDS = 33_014
DONORS = 7_177
MONEY_NEEDS_PUBLISHED = 313
MONEY_NEEDS_PLEDGED = 241
POOR_VILLAGES = 1_360


@dataclass(frozen=True, slots=True)
class ChannelFact:
    """A channel's projects and money of 2018; published in 万元, kept in fen."""

    projects: int
    agreed_fen: int
    received_fen: int


CHANNELS: Mapping[Channel, ChannelFact] = {
    Channel.CENTRAL: ChannelFact(18, 24_514_701_000, 6_415_366_000),
    Channel.GUANGDONG: ChannelFact(49, 16_471_000_000, 16_471_000_000),
    Channel.PROVINCIAL: ChannelFact(263, 32_099_963_000, 26_017_833_000),
    Channel.IN_PROVINCE: ChannelFact(426, 60_212_410_000, 51_612_250_000),
    Channel.LOCAL: ChannelFact(184, 14_600_000_000, 13_900_000_000),
}

_N = NeedState
# How the needs stand at AS_OF; both tables sum to the figures above or to about 1,500.
PLEDGED_MONEY: Mapping[NeedState, int] = {_N.PLEDGED: 58, _N.DELIVERED: 34, _N.CONFIRMED: 29, _N.CLOSED: 120}
OPEN_MONEY: Mapping[NeedState, int] = {_N.PUBLISHED: 57, _N.SUSPENDED: 4, _N.EXPIRED: 11}
UNPUBLISHED_MONEY: Mapping[NeedState, int] = {
    _N.DRAFT: 6,
    _N.SUBMITTED: 11,
    _N.RETURNED: 5,
    _N.REJECTED: 4,
    _N.WITHDRAWN: 4,
}
OTHER_NEEDS: Mapping[NeedState, int] = {
    _N.DRAFT: 70,
    _N.SUBMITTED: 110,
    _N.RETURNED: 45,
    _N.REJECTED: 30,
    _N.WITHDRAWN: 35,
    _N.PUBLISHED: 340,
    _N.SUSPENDED: 10,
    _N.EXPIRED: 50,
    _N.PLEDGED: 220,
    _N.DELIVERED: 120,
    _N.CONFIRMED: 100,
    _N.CLOSED: 370,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows of each sort to make."""

    households: int
    donors: int
    # States of the money needs (published and not) and of all other needs.
    money_needs: Mapping[NeedState, int]
    other_needs: Mapping[NeedState, int]
    channels: Mapping[Channel, ChannelFact]


# So that each of the donors' roles finds somebody.
FEWEST_DONORS = 40


def sizes_at(scale: float) -> Sizes:
    """The published figures at scale 1; below, the same ratios, every state and channel still there.

    ``scale`` lies in (0, 1]; ValueError otherwise.
    """
    if not 0 < scale <= 1:
        raise ValueError("the scale must be above 0 and at most 1")
    pledged = _share(PLEDGED_MONEY, round(MONEY_NEEDS_PLEDGED * scale))
    still_open = _share(OPEN_MONEY, round(MONEY_NEEDS_PUBLISHED * scale) - round(MONEY_NEEDS_PLEDGED * scale))
    return Sizes(
        households=max(round(HOUSEHOLDS * scale), 1),
        donors=max(round(DONORS * scale), FEWEST_DONORS),
        money_needs={**pledged, **still_open, **_shrink(UNPUBLISHED_MONEY, scale)},
        other_needs=_shrink(OTHER_NEEDS, scale),
        channels=CHANNELS,
    )


def _shrink(counts: Mapping[NeedState, int], scale: float) -> dict[NeedState, int]:
    return {state: max(1, round(count * scale)) for state, count in counts.items()}


def _share(counts: Mapping[NeedState, int], total: int) -> dict[NeedState, int]:
    """``total`` in the proportions of ``counts`` (largest remainder), so that the sum is exact."""
    whole = sum(counts.values())
    floors = {state: count * total // whole for state, count in counts.items()}
    by_remainder = sorted(counts, key=lambda state: -(counts[state] * total % whole))
    for state in by_remainder[: total - sum(floors.values())]:
        floors[state] += 1
    return floors
