"""Daily snapshots: what the statistics said of a day when the day was over, kept beside what is counted now."""

from dataclasses import astuple, dataclass, fields
from datetime import date, datetime

import sqlalchemy as sa

from marketplace.core.kinds import Channel
from marketplace.db import db
from marketplace.db.once import insert_once
from marketplace.ledger.rules import Totals
from marketplace.statistics.cohorts import Cohort
from marketplace.statistics.cube import Cube, cube_of, summed
from marketplace.statistics.models import Snapshot
from marketplace.statistics.queries import ChannelTotals, Coverage, channels, count_donors, coverage_by_county
from marketplace.statistics.rates import Rates
from marketplace.statistics.seen import seen_needs

_FORMAT = 1
_NOBODY = Coverage(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Kept:
    """A day's figures as they were kept."""

    day: date
    taken_at: datetime
    cube: Cube
    coverage: dict[str, Coverage]
    donors: int
    channel_totals: list[ChannelTotals]

    def reach(self, prefix: str = "") -> Coverage:
        """Coverage of the counties whose code begins so."""
        chosen = [reach for county, reach in self.coverage.items() if county.startswith(prefix)]
        return Coverage(*(sum(numbers) for numbers in zip(*map(astuple, chosen), strict=True))) if chosen else _NOBODY


@dataclass(frozen=True, slots=True)
class Correction:
    """A count of an old day that is counted otherwise today (更正)."""

    name: str
    old: int
    new: int


def take_snapshot(day: date, *, as_of: datetime, now: datetime) -> bool:
    """Keep the figures of a day as they stand at ``as_of``, its end; False where the day has been kept before."""
    cube = cube_of(seen_needs(Cohort(as_of=as_of, kind=None)))
    figures = {
        "format": _FORMAT,
        "cells": [[*key, *astuple(rates)] for key, rates in sorted(cube.leaves.items())],
        "hidden": sorted(cube.hidden),
        "coverage": {county: astuple(reach) for county, reach in coverage_by_county(as_of=as_of).items()},
        "donors": count_donors(as_of=as_of),
        "channels": [[c.channel.value, c.projects, c.agreed_fen, c.received_fen] for c in channels(as_of=as_of)],
    }
    values = {"day": day, "taken_at": now, "figures": figures}
    return insert_once(db.session, Snapshot, key=["day"], values=values)


def find_snapshot(day: date) -> Kept | None:
    """The figures that were kept for a day."""
    found = db.session.get(Snapshot, day)
    if found is None:
        return None
    told = found.figures
    leaves = {tuple(row[:3]): Rates(*row[3:]) for row in told["cells"]}
    return Kept(
        day=found.day,
        taken_at=found.taken_at,
        cube=Cube(summed(leaves), frozenset(map(tuple, told["hidden"])), leaves),
        coverage={key: Coverage(*counts) for key, counts in told["coverage"].items()},
        donors=told["donors"],
        channel_totals=[_channel(*row) for row in told["channels"]],
    )


def _channel(code: str, projects: int, agreed_fen: int, received_fen: int) -> ChannelTotals:
    channel = next(channel for channel in Channel if channel.value == code)
    return ChannelTotals(channel, projects, Totals(pledged=agreed_fen, received=received_fen))


def last_day() -> date | None:
    """The latest day that was kept."""
    return db.session.scalar(sa.select(sa.func.max(Snapshot.day)))


def corrections_of(old: Rates, new: Rates) -> list[Correction]:
    """The counts that are not the same any more."""
    pairs = [(f.name, getattr(old, f.name), getattr(new, f.name)) for f in fields(Rates)]
    return [Correction(name, before, after) for name, before, after in pairs if before != after]
