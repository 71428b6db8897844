"""How many public needs stand behind the list and behind each choice beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from marketplace.core.kinds import NeedCategory
from marketplace.needs.facets import Facets, Mask
from marketplace.needs.filters import NeedFilters


@dataclass(frozen=True, slots=True)
class Counts:
    """How many needs stand behind the list and behind each choice."""

    open_in_all: int
    found: int
    by_category: Mapping[NeedCategory, int]
    # By the county's 12-digit code; leaves the chosen area open.
    by_county: Mapping[str, int]
    waits_long: int
    never_helped: int


def count_needs(
    facets: Facets, filters: NeedFilters, matching: Mask | None, *, open_in_all: int, now: datetime
) -> tuple[Mask, Counts]:
    """Which needs are found, and the numbers: categories leave the chosen ones open, counties the area.

    ``matching`` tells which needs hold the words typed; None where none were.
    """
    passing = facets.passing(filters, now=now)
    if matching is not None:
        passing &= matching
    there, fitting = passing & facets.within(filters.area), passing & facets.of_any(filters.categories)
    found = there & fitting
    counts = Counts(
        open_in_all=open_in_all,
        found=int(np.count_nonzero(found)),
        by_category=facets.by_category(there),
        by_county=facets.by_county(fitting),
        waits_long=int(np.count_nonzero(found & facets.waits_long(now))),
        never_helped=int(np.count_nonzero(found & ~facets.helped)),
    )
    return found, counts
