"""Phones that more than one household left: two neighbours with one, and an office's number in very many."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from marketplace.core.divisions import Level, at_level
from marketplace.demo import impossible
from marketplace.households.rows import HouseholdRow

# A few more than one case takes.
_WITH_OFFICE_PHONE = 24


@dataclass(slots=True)
class SharedPhones:
    """Hands them out as the households are registered; ``counts`` says how many each village has."""

    counts: Mapping[str, int]
    stage: str
    office_left: dict[str, int] = field(init=False)
    left: int = field(init=False)
    first_phone: str = ""

    def __post_init__(self) -> None:
        self.left = self.counts[self.stage]
        self.office_left = self._near_office()

    def of(self, row: HouseholdRow) -> HouseholdRow:
        """The last household of the accounts' village left the phone of its first; some near it the office's."""
        if row.division_code == self.stage:
            self.left -= 1
            row = replace(row, phone=self.first_phone or row.phone) if self.left == 0 else row
            self.first_phone = self.first_phone or row.phone or ""
        elif self.office_left.get(row.division_code):
            self.office_left[row.division_code] -= 1
            row = replace(row, phone=impossible.phone(impossible.OFFICE_PHONE))
        return row

    def _near_office(self) -> dict[str, int]:
        """How many households of which villages: the nearest ones, never of the accounts' village itself."""
        found: dict[str, int] = {}
        wanted = _WITH_OFFICE_PHONE
        nearest_first = sorted(self.counts, key=self._is_far)
        for village in nearest_first:
            if village != self.stage and wanted:
                found[village] = min(self.counts[village], wanted)
                wanted -= found[village]
        return found

    def _is_far(self, village: str) -> list[bool]:
        """Sorts the accounts' township first, then the rest of its county."""
        return [at_level(village, level) != at_level(self.stage, level) for level in (Level.TOWNSHIP, Level.COUNTY)]
