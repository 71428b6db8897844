"""Rolling origins: one history cut at several days, each measured by itself, and all of them pooled.

Windows may not overlap, for a gift that is tested twice would count twice. Each origin learns anew from all that came
before its own day, and nothing of one is kept for the next but its lists and its cases.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from time import perf_counter
from typing import Any

from marketplace.core.errors import Invalid
from marketplace.matching.engine import evaluate
from marketplace.matching.engine.evaluate import Origin, Progress
from marketplace.matching.engine.history import History

_MONTHS = 12


def run(
    history: History,
    *,
    splits: Sequence[date],
    months: int | None = None,
    until: date | None = None,
    min_gifts: int = 10,
    seed: int = 0,
    progress: Progress = lambda words: None,
) -> dict[str, Any]:
    """evaluate.run() for one split; for several the same keys over the queries and cases of all, and ``origins``.

    ``months``: the length of every test window; without it each runs to the next split, the last to ``until``.
    ``origins`` holds the document of each. ``candidates`` and ``donors`` are sums over them; their weights are their
    own. Invalid where windows overlap, a split stands twice or has no history on both sides.
    """
    windows = windows_of(splits, months=months, until=until)
    bounds = [evaluate.bounds_of(history, split=split, until=end) for split, end in windows]
    if len(windows) == 1:
        ((split, last),) = windows
        return evaluate.run(history, split=split, until=last, min_gifts=min_gifts, seed=seed, progress=progress)
    started = perf_counter()
    found: list[Origin] = []
    documents: list[dict[str, Any]] = []
    for number, (start, end) in enumerate(bounds, start=1):
        begun = perf_counter()
        origin = evaluate.find_origin(
            history,
            start=start,
            end=end,
            min_gifts=min_gifts,
            seed=seed,
            progress=_after(f"origin {number} of {len(bounds)}, {date.fromordinal(start)}: ", progress),
        )
        found.append(origin)
        own = evaluate.figures([origin], seed=seed)
        documents.append(origin.about | own | {"seconds": round(perf_counter() - begun, 1)})
    progress("pooling the origins")
    pooled = evaluate.figures(found, seed=seed)
    return _about(found) | pooled | {"origins": documents, "seconds": round(perf_counter() - started, 1)}


def windows_of(
    splits: Sequence[date], *, months: int | None = None, until: date | None = None
) -> list[tuple[date, date | None]]:
    """The first day of every test and the first after it, in the order of time; None is the end of the history."""
    if months and until:
        raise Invalid("Give either --until or the length of the windows (--years, --months), not both.")
    ordered = sorted(splits)
    for one, following in pairwise(ordered):
        if one == following:
            raise Invalid("--split %(day)s stands twice: leave one of the two out.", day=one.isoformat())
        if months and months_later(one, months) > following:
            raise Invalid(
                "The test window from %(day)s runs to %(end)s, over the next split %(next)s:"
                " make the windows shorter, or set the splits further apart.",
                day=one.isoformat(),
                end=months_later(one, months).isoformat(),
                next=following.isoformat(),
            )
    if months:
        return [(one, months_later(one, months)) for one in ordered]
    return list(zip(ordered, [*ordered[1:], until], strict=True))


def months_later(day: date, months: int) -> date:
    """The same day so many months later, the month's last where it is shorter; at most the last day there is."""
    years, month = divmod(day.month - 1 + months, _MONTHS)
    if day.year + years > date.max.year:
        return date.max
    _, days = monthrange(day.year + years, month + 1)
    return date(day.year + years, month + 1, min(day.day, days))


def _about(found: Sequence[Origin]) -> dict[str, Any]:
    first, last = found[0].about, found[-1].about
    return (
        {name: first[name] for name in ("split", "min_gifts", "seed")}
        | {"until": last["until"]}
        | {name: sum(origin.about[name] for origin in found) for name in ("candidates", "donors") if name in first}
    )


def _after(told: str, progress: Progress) -> Progress:
    return lambda words: progress(told + words)
