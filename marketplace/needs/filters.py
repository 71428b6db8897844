"""What a visitor may choose of the public list: filters, states, orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from marketplace.core.kinds import Labelled, NeedCategory, SupportKind, Urgency
from marketplace.core.workflow import NeedState


class Sort(StrEnum):
    """The order of the list."""

    WAITING = "waiting"
    SMALL = "small"
    NEWEST = "newest"
    RELEVANCE = "relevance"


class Band(Labelled):
    """Bands of the amount that is still missing (还缺的金额)."""

    UP_TO_500 = "0-500", "500 元以内"
    UP_TO_2000 = "500-2000", "500 – 2,000 元"
    ABOVE_2000 = "2000-", "2,000 元以上"


# Above the first, up to the second; in fen.
BAND_FEN: Mapping[Band, tuple[int, int | None]] = {
    Band.UP_TO_500: (0, 50_000),
    Band.UP_TO_2000: (50_000, 200_000),
    Band.ABOVE_2000: (200_000, None),
}


class Standing(Labelled):
    """Which needs the list shows (状态)."""

    OPEN = "open", "待认领"
    COVERED = "covered", "已对接"
    DONE = "done", "已送达"


STANDING_STATES: Mapping[Standing, tuple[NeedState, ...]] = {
    Standing.OPEN: (NeedState.PUBLISHED,),
    Standing.COVERED: (NeedState.PLEDGED,),
    Standing.DONE: (NeedState.DELIVERED, NeedState.CONFIRMED, NeedState.CLOSED),
}


@dataclass(frozen=True, slots=True)
class NeedFilters:
    """What the visitor chose; the default shows every open need, longest waiting first."""

    area: str | None = None
    categories: tuple[NeedCategory, ...] = ()
    kind: SupportKind | None = None
    band: Band | None = None
    urgency: Urgency | None = None
    standing: Standing = Standing.OPEN
    waits_long: bool = False
    never_helped: bool = False
    words: str = ""
    sort: Sort = Sort.WAITING
