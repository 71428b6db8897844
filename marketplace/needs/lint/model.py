"""What the lint reads and what it says: a draft as it is checked, and findings."""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum

from marketplace.core.kinds import NeedCategory, PovertyCause, SupportKind
from marketplace.needs.lint.fixes import FIXES


class Severity(StrEnum):
    """What a finding does: stops the need, asks for a reason to go on all the same, or only informs."""

    REFUSE = "refuse"
    FLAG = "flag"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: which rule, how grave, a translatable sentence with its values, and the field to change."""

    rule: str
    severity: Severity
    message: str
    field: str
    params: dict[str, object] = dataclass_field(default_factory=dict)

    @property
    def fix(self) -> str:
        """A translatable sentence that says how to put it right; empty where the message says it already."""
        return FIXES.get(self.rule, "")

    @property
    def asks_reason(self) -> bool:
        """True where the need may go on once somebody says by a code why."""
        return self.severity is Severity.FLAG


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as it is checked; the band is in fen, for money lines of the whole amount."""

    name: str
    kind: SupportKind
    quantity: int
    unit: str
    unit_price_fen: int
    low_fen: int | None = None
    high_fen: int | None = None
    most: int | None = None
    is_own_words: bool = False
    category: NeedCategory | None = None

    @property
    def price_fen(self) -> int:
        """What the reference band is about: the unit price, or the amount of a money line."""
        return self.quantity if self.kind is SupportKind.MONEY else self.unit_price_fen


@dataclass(frozen=True, slots=True)
class Asked:
    """What a household has asked for within a period, and what one household may ask for (R-V7)."""

    needs: int
    value_fen: int
    most_needs: int
    most_fen: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A need as it is checked, with what is known about who asks."""

    lines: tuple[DraftLine, ...]
    story: str
    # Names that must not stand in any text: members of the household, the village.
    names: tuple[str, ...] = ()
    village: str = ""
    # Item names of the household's other needs of the last 180 days, with their need codes.
    recent: tuple[tuple[str, str], ...] = ()
    # Code and text of needs of the last 180 days: the household's own, and other households' of the county.
    own_stories: tuple[tuple[str, str], ...] = ()
    other_stories: tuple[tuple[str, str], ...] = ()
    is_village_need: bool = False
    category: NeedCategory | None = None
    cause: PovertyCause | None = None
    asked: Asked | None = None

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every free text with the field it stands in."""
        yield "story", self.story
        for position, line in enumerate(self.lines):
            if line.is_own_words:
                yield line_field(position), line.name

    @property
    def value_fen(self) -> int:
        """What all lines are worth."""
        return sum(line.quantity * line.unit_price_fen for line in self.lines)


def line_field(position: int) -> str:
    """The form field that a line's findings point to."""
    return f"line-{position}"
